"""Pages on Dask: the processes of this machine, or the workers behind a scheduler.

A worker that dies has its page run again by another, as often as Dask's setting
``distributed.scheduler.allowed-failures`` says. A page that fails is a result like any other, so
it is not run again. Workers get a request and return an outcome; they share no disk.
"""

import asyncio
import logging
import socket
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import partial
from typing import Any

import dask
import psutil
from dask.system import CPU_COUNT
from distributed import Client, Future, Nanny, Scheduler, SpecCluster, get_worker, wait
from distributed.comm import get_address_host
from distributed.scheduler import KilledWorker
from distributed.system import MEMORY_LIMIT

from bookbuild.book import BookError
from bookbuild.running.machine import Machine, this_machine, visible_gpus
from bookbuild.running.request import Limits, Outcome, Request
from bookbuild.running.run_page import run_page

Say = Callable[[str], None]

KERNEL_BYTES = 2.5 * 2**30  # what a kernel with TensorFlow and the full data set takes
KERNEL_GPU_MIB = 3000  # and of a GPU: seven pages at once took 18,500 of an H100
FAILURES = "distributed.scheduler.allowed-failures"
CONNECT_SECONDS = 10
PATIENCE_SECONDS = 30
LOOPBACKS = ("127.0.0.1", "::1")  # of a machine that has IPv6 alone, the second


@contextmanager
def local(workers: int) -> Iterator[Client]:
    """Start processes on this machine; where there are GPUs, each works on one of them.

    Parameters
    ----------
    workers : int
        How many pages are run at once.
    """
    _silence()
    kept = {FAILURES: dask.config.get(FAILURES)}
    dask.config.refresh(paths=[], env={})  # a user's other settings are for his own clusters
    gpus = visible_gpus()
    nannies, here = {}, loopback()
    for n in range(workers):
        env = {"CUDA_VISIBLE_DEVICES": gpus[n % len(gpus)].identifier} if gpus else {}
        options = {"nthreads": 1, "memory_limit": 0, "silence_logs": logging.ERROR, "env": env}
        nannies[n] = {"cls": Nanny, "options": here | options}
    scheduler = {"cls": Scheduler, "options": {"port": 0, **here}}
    with (
        dask.config.set(kept),
        SpecCluster(nannies, scheduler) as cluster,
        Client(cluster) as client,
    ):
        yield client


def loopback() -> dict[str, Any]:
    """Return the options of Dask's servers that are to be reached from this machine only.

    Raises
    ------
    BookError
        If the machine has no such address.
    """
    for host in LOOPBACKS:
        try:
            socket.create_server((host, 0), family=socket.getaddrinfo(host, 0)[0][0]).close()
        except OSError:
            continue
        return {"host": host, "dashboard": False, "dashboard_address": f"{host}:0"}
    raise BookError(
        f"no process can be reached here, neither at {' nor at '.join(LOOPBACKS)}: bring up the "
        "loopback interface: ip link set lo up"
    )


def default_workers() -> int:
    """Return how many pages this machine has cores and memory for, those of its GPUs included."""
    room = int(min(psutil.virtual_memory().available, MEMORY_LIMIT) // KERNEL_BYTES)
    if gpus := visible_gpus():
        room = min(room, len(gpus) * min(gpu.free_mib // KERNEL_GPU_MIB for gpu in gpus))
    return max(1, min(CPU_COUNT, room))


@contextmanager
def remote(address: str) -> Iterator[Client]:
    """Connect to a scheduler.

    Raises
    ------
    BookError
        If none answers at the address, or it has no worker.
    """
    _silence()
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise BookError(
            f"no Dask scheduler answers at {address}: start one with `dask scheduler`, which "
            "says its address"
        ) from error
    except TypeError as error:  # of Dask's, where an address needs what its configuration lacks
        raise BookError(
            f"{address} cannot be reached ({error}): for tls:// set distributed.comm.tls in Dask's "
            "configuration to this client's certificate, key and authority"
        ) from error
    with client:
        if not client.nthreads():
            raise BookError(
                f"the scheduler at {address} has no worker: start some with "
                f"`dask worker {address} --nthreads 1`"
            )
        yield client


def _silence() -> None:
    """Keep Dask's log out of ours: what matters of it is said of the page it matters to."""
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).handlers = [logging.NullHandler()]


def machines_of(client: Client, asked: Iterable[str]) -> list[Machine]:
    """Describe the machines of a cluster's workers.

    Raises
    ------
    BookError
        If a worker cannot import bookbuild, or its sources differ from those here.
    """
    ours = this_machine()
    machines = client.run(this_machine, list(asked), on_error="return")
    for address, machine in machines.items():
        if isinstance(machine, BaseException):
            raise BookError(
                f"the worker {address} cannot run pages ({machine}): install this repository there"
            )
        python, here = machine.packages["python"], ours.packages["python"]
        if python.split(".")[:2] != here.split(".")[:2]:
            raise BookError(
                f"the worker {address} has Python {python}, and this is {here}: start it with the "
                "same one"
            )
        for package in ("bookbuild", "rnn_utils"):
            if getattr(machine, package) != getattr(ours, package):
                raise BookError(
                    f"the worker {address} has another {package}: bring both to one commit, "
                    "then restart the worker"
                )
    return list(machines.values())


def run_all(
    client: Client, requests: Sequence[Request], limits: Limits, say: Say
) -> Iterator[tuple[Request, Outcome]]:
    """Run pages in the order given, as many at once as there are workers.

    A page that is to run alone waits until the others are done, and then has all cores.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    requests : sequence of Request
        The pages.
    limits : Limits
        How long each may take.
    say : callable
        Told each line that a page says, as it says it.

    Yields
    ------
    Request, Outcome
        As each is finished.
    """
    topic = f"bookbuild-{uuid.uuid4()}"
    client.subscribe_topic(topic, lambda event: say(event[1]))
    slots = _slots_by_host(client)
    waiting = deque(sorted(requests, key=lambda request: request.runs_alone))
    running: dict[Future, Request] = {}
    while waiting or running:
        while waiting and len(running) < _most_beside(waiting[0], client):
            request = waiting.popleft()
            key = f"{request.page.name}-{uuid.uuid4()}"
            options = {"key": key, "pure": False, "retries": 0}
            running[client.submit(_work, request, limits, slots, topic, **options)] = request
        for future in _finished(client, list(running), say):
            outcome = _outcome(future)
            future.release()  # lest its page be run again should its worker die
            yield running.pop(future), outcome


def _most_beside(request: Request, client: Client) -> int:
    """Return how many pages may run at once when this is one of them."""
    return 1 if request.runs_alone else max(1, sum(client.nthreads().values()))


def _finished(client: Client, running: Sequence[Future], say: Say) -> list[Future]:
    """Wait until a page is finished, or so long that it is worth a look for new workers."""
    try:
        wait(running, timeout=PATIENCE_SECONDS, return_when="FIRST_COMPLETED")
    except asyncio.TimeoutError:  # before Python 3.11 not the built-in one
        if client.cluster:  # ours; Dask gives up a worker whose restart takes long, for good
            client.cluster.scale(len(client.cluster.worker_spec))
        elif not client.nthreads():
            address = client.scheduler.address
            say(f"no worker is left: start one with `dask worker {address} --nthreads 1`")
    except CancelledError as error:
        raise BookError("the scheduler is gone; pages that were finished are kept") from error
    return [future for future in running if future.done()]


def _slots_by_host(client: Client) -> dict[str, int]:
    """Return how many pages run at once on each machine."""
    slots: dict[str, int] = {}
    for address, worker in client.scheduler_info(n_workers=-1)["workers"].items():
        host = get_address_host(address)
        slots[host] = slots.get(host, 0) + worker["nthreads"]
    return slots


def _work(request: Request, limits: Limits, slots: dict[str, int], topic: str) -> Outcome:
    """Run a page, in a worker; whatever goes wrong is said of the page and spares the worker."""
    worker = get_worker()
    slots_here = slots.get(get_address_host(worker.address), worker.state.nthreads)
    pages = 1 if request.runs_alone else slots_here
    cores = max(1, CPU_COUNT // pages)
    try:
        one_at_a_time = worker.state.nthreads == 1
        say = partial(worker.log_event, topic)
        return run_page(request, limits, cores, say, one_at_a_time)
    except Exception as error:
        return Outcome(error=f"it could not be run: {type(error).__name__}: {error}")


def _outcome(future: Future) -> Outcome:
    """Return what a worker returned, or why it returned nothing."""
    try:
        return future.result()
    except KilledWorker as error:
        died = error.allowed_failures + 1
        return Outcome(error=f"it was given up: {died} workers died running it")
    except Exception as error:
        return Outcome(error=f"its result did not arrive: {type(error).__name__}: {error}")
