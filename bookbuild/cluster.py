"""Pages on Dask: the processes of this machine, or the workers behind a scheduler.

A worker that dies has its page run again by another, as often as Dask's setting
``distributed.scheduler.allowed-failures`` says. A page that fails is a result like any other, so
it is not run again. Workers get a page as data and return it as data; they share no disk.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager

import psutil
from dask.system import CPU_COUNT
from distributed import Client, Future, Nanny, Scheduler, SpecCluster, get_worker, wait
from distributed.scheduler import KilledWorker
from distributed.system import MEMORY_LIMIT

from bookbuild.book import BookError
from bookbuild.place import Place, survey, visible_gpus
from bookbuild.runner import run_task
from bookbuild.task import Run, Task

Say = Callable[[str], None]

KERNEL_BYTES = 2.5 * 2**30  # what a kernel with TensorFlow and the full data set takes
KERNEL_GPU_MIB = 3000  # and of a GPU: seven pages at once took 18,500 of an H100
CONNECT_SECONDS = 10
PATIENCE_SECONDS = 30
LOOPBACK = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
SCHEDULER = {"cls": Scheduler, "options": {"port": 0, **LOOPBACK}}


@contextmanager
def local(workers: int) -> Iterator[Client]:
    """Start processes on this machine; where there are GPUs, each works on one of them.

    Parameters
    ----------
    workers : int
        How many pages are run at once.
    """
    _silence()
    gpus = visible_gpus()
    nannies = {}
    for n in range(workers):
        env = {"CUDA_VISIBLE_DEVICES": gpus[n % len(gpus)].identifier} if gpus else {}
        options = {"nthreads": 1, "memory_limit": 0, "silence_logs": logging.ERROR, "env": env}
        nannies[n] = {"cls": Nanny, "options": LOOPBACK | options}
    with SpecCluster(nannies, SCHEDULER) as cluster, Client(cluster) as client:
        yield client


def default_workers() -> int:
    """Return how many pages this machine has cores and memory for, those of its GPUs included."""
    room = int(min(psutil.virtual_memory().available, MEMORY_LIMIT) // KERNEL_BYTES)
    if gpus := visible_gpus():
        room = min(room, sum(gpu.memory // KERNEL_GPU_MIB for gpu in gpus))
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


def look(client: Client, asked: Iterable[str]) -> list[Place]:
    """Return the different places that the workers of a cluster are.

    Raises
    ------
    BookError
        If a worker cannot import bookbuild, or its sources differ from those here.
    """
    ours = survey()
    places = client.run(survey, list(asked), on_error="return")
    for address, place in places.items():
        if isinstance(place, BaseException):
            raise BookError(
                f"the worker {address} cannot run pages ({place}): install this repository there"
            )
        for package in ("bookbuild", "rnn_utils"):
            if getattr(place, package) != getattr(ours, package):
                raise BookError(
                    f"the worker {address} has another {package}: bring both to one commit, "
                    "then restart the worker"
                )
    return list(places.values())


def run_all(client: Client, tasks: Sequence[Task], say: Say) -> Iterator[tuple[int, Run]]:
    """Run pages in the order given, as many at once as there are workers.

    A page that is to run alone waits until the others are done, and then has all cores.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    tasks : sequence of Task
        The pages.
    say : callable
        Told each line that a page says, as it says it.

    Yields
    ------
    int, Run
        The place of a task in `tasks` and what became of it, as each is finished.
    """
    topic = f"bookbuild-{uuid.uuid4()}"
    client.subscribe_topic(topic, lambda event: say(event[1]))
    slots = _slots_by_host(client)
    waiting, running = deque(sorted(enumerate(tasks), key=lambda each: each[1].alone)), {}
    while waiting or running:
        while waiting and len(running) < _most_beside(waiting[0][1], client):
            number, task = waiting.popleft()
            key = f"{task.name}-{uuid.uuid4()}"
            future = client.submit(_work, task, slots, topic, key=key, pure=False, retries=0)
            running[future] = number
        for future in _finished(client, list(running), say):
            result = _result(future)
            future.release()  # lest its page be run again should its worker die
            yield running.pop(future), result


def _most_beside(task: Task, client: Client) -> int:
    """Return how many pages may run at once when this is one of them."""
    return 1 if task.alone else max(1, sum(client.nthreads().values()))


def _finished(client: Client, running: Sequence[Future], say: Say) -> list[Future]:
    """Wait until a page is finished, or so long that it is worth a look for new workers."""
    try:
        wait(running, timeout=PATIENCE_SECONDS, return_when="FIRST_COMPLETED")
    except asyncio.TimeoutError:  # before Python 3.11 not the built-in one
        if not client.nthreads():
            address = client.scheduler.address
            say(f"no worker is left: start one with `dask worker {address} --nthreads 1`")
    except CancelledError as error:
        raise BookError("the scheduler is gone; pages that were finished are kept") from error
    return [future for future in running if future.done()]


def _slots_by_host(client: Client) -> dict[str, int]:
    """Return how many pages run at once on each machine."""
    slots: dict[str, int] = {}
    for worker in client.scheduler_info(n_workers=-1)["workers"].values():
        slots[worker["host"]] = slots.get(worker["host"], 0) + worker["nthreads"]
    return slots


def _work(task: Task, slots: dict[str, int], topic: str) -> Run:
    """Run a page, in a worker; whatever goes wrong is said of the page and spares the worker."""
    worker = get_worker()
    host = worker.address.rpartition(":")[0].rpartition("/")[2]
    pages = 1 if task.alone else slots.get(host, worker.state.nthreads)
    cores = max(1, CPU_COUNT // pages)
    try:
        return run_task(task, cores, lambda line: worker.log_event(topic, line))
    except Exception as error:
        return Run(error=f"it could not be run: {type(error).__name__}: {error}")


def _result(future: Future) -> Run:
    """Return what a task returned, or why it returned nothing."""
    try:
        return future.result()
    except KilledWorker as error:
        return Run(error=f"it was given up: {error.allowed_failures + 1} workers died running it")
    except Exception as error:
        return Run(error=f"its result did not arrive: {type(error).__name__}: {error}")
