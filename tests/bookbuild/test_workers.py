"""Workers that die, schedulers that are not there, builds that are killed."""

import os
import signal
import subprocess
import sys

import dask
import psutil
import pytest

from bookbuild.book import Book
from bookbuild.notebooks import ALONE, read
from bookbuild.running import workers
from bookbuild.running.request import Limits, requests_for
from bookbuild.running.run_record import record_of

DASK = [sys.executable, "-m", "dask"]
SLOW = "import time; time.sleep(1)"


def requests_of(book):
    return requests_for(Book.load(book.root).notebooks, {}, quick=False)


@pytest.fixture
def three(book):
    """Make a book of three slow pages, each of which prints its name."""
    for name in ("one", "two", "three"):
        book.add(name, SLOW, f"print('{name}')")
    return book


def complete(book):
    return all(book.printed(name) == f"{name}\n" for name in ("one", "two", "three"))


def test_in_a_fresh_clone_the_longest_page_starts_first(three):
    durations = three.root / "chapters" / "durations.json"
    durations.write_text('{"chapters/one": 1, "chapters/two": 3, "chapters/three": 2}')
    done = three.run("execute", "--workers", "1")
    assert done.returncode == 0, done.stderr
    finished = [line.split()[0] for line in done.stdout.splitlines() if " done in " in line]
    assert finished == ["chapters/two", "chapters/three", "chapters/one"]


@pytest.mark.parametrize("text", ["{", "[]", '{"chapters/one": "long"}'])
def test_durations_that_cannot_be_read_get_a_message(three, text):
    (three.root / "chapters" / "durations.json").write_text(text)
    done = three.execute()
    assert done.returncode == 2
    assert "chapters/durations.json cannot be read" in done.stderr


def test_a_page_goes_on_elsewhere_when_its_worker_dies(three):
    starts = []

    def say(line):
        if line.endswith("starts"):
            starts.append(line.split()[0])

    with workers.local(2) as client:
        (victim, *_) = client.run(os.getpid).values()
        outcomes = {}
        for request, outcome in workers.run_all(client, requests_of(three), Limits(), say):
            if not outcomes:
                psutil.Process(victim).kill()
            outcomes[request.page.source.stem] = outcome
    assert sorted(outcomes) == ["one", "three", "two"]
    assert all(outcome.ok for outcome in outcomes.values())


OWN_SETTINGS = {  # a user's, for his own clusters
    "distributed.comm.default-scheme": "tls",
    "distributed.comm.require-encryption": True,
    "distributed.worker.preload": ["nowhere"],
}


def test_a_page_that_kills_its_workers_is_given_up_and_the_others_finish(book):
    book.add("bad", "import os, psutil; psutil.Process(os.getppid()).kill()", SLOW)
    book.add("good", "x = 1")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1, **OWN_SETTINGS}),
        workers.local(1) as client,
    ):
        ran = workers.run_all(client, requests_of(book), Limits(), str)
        outcomes = {request.page.source.stem: outcome for request, outcome in ran}
    assert outcomes["bad"].error == "it was given up: 2 workers died running it"
    assert outcomes["good"].ok


def test_a_worker_that_does_not_come_back_is_replaced(book, monkeypatch):
    def say(line):
        assert "no worker is left" not in line

    monkeypatch.setattr(workers, "PATIENCE_SECONDS", 1)
    book.add("one", "x = 1")
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1ms"}),
        workers.local(1) as client,
    ):
        (lost,) = client.cluster.workers.values()
        client.cluster.sync(lost.close)
        ((_, outcome),) = workers.run_all(client, requests_of(book), Limits(), say)
    assert outcome.ok


def test_cores_are_shared_among_the_pages_that_run_at_once(three):
    assert three.execute().returncode == 0
    assert three.note("one")["cores"] == max(1, workers.CPU_COUNT // 2)


def test_a_scheduler_started_by_hand_runs_the_book_though_a_worker_dies(three, tmp_path):
    quiet = {"cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    address_file = tmp_path / "scheduler.json"
    scheduler = ["--scheduler-file", str(address_file)]
    processes = [
        subprocess.Popen([*DASK, "scheduler", *scheduler, "--host", "127.0.0.1", "--port", "0",
                          "--no-dashboard"], **quiet)
    ]  # fmt: skip
    try:
        for _ in range(2):
            command = [*DASK, "worker", *scheduler, "--nthreads", "1", "--no-nanny"]
            processes.append(subprocess.Popen([*command, "--no-dashboard"], **quiet))
        with workers.Client(scheduler_file=str(address_file), timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        command = [*three.command, "execute", "--scheduler", address]
        build = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in build.stdout:
            if "starts" in line:
                processes[1].kill()
                break
        build.communicate(timeout=100)
    finally:
        for process in processes:
            process.kill()
    assert build.returncode == 0
    assert complete(three)


def test_a_scheduler_that_does_not_answer_gets_a_message(book, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    book.add("one", "x = 1")
    done = book.run("execute", "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9: start one with `dask scheduler`" in (
        done.stderr
    )


def test_a_scheduler_without_workers_gets_a_message(book):
    book.add("one", "x = 1")
    with workers.SpecCluster(
        {}, {"cls": workers.Scheduler, "options": {"port": 0, **workers.loopback()}}
    ) as empty:
        done = book.run("execute", "--scheduler", empty.scheduler_address)
    assert done.returncode == 2
    assert "has no worker: start some with `dask worker tcp://" in done.stderr


def test_a_worker_with_other_sources_is_refused(book, monkeypatch):
    book.add("one", "x = 1")
    other = workers.this_machine()
    other.rnn_utils["cells.py"] = "edited"
    monkeypatch.setattr(workers.Client, "run", lambda *a, **k: {"tcp://far:1": other})
    done = book.execute()
    assert done.returncode == 2
    assert "the worker tcp://far:1 has another rnn_utils: bring both to one commit" in done.stderr


def test_a_worker_with_another_python_is_refused(book, monkeypatch):
    book.add("one", "x = 1")
    other = workers.this_machine()
    other.packages["python"] = "3.99.0"
    monkeypatch.setattr(workers.Client, "run", lambda *a, **k: {"tcp://far:1": other})
    done = book.execute()
    assert done.returncode == 2
    assert "the worker tcp://far:1 has Python 3.99.0, and this is 3." in done.stderr


def test_a_worker_without_bookbuild_is_refused(book, monkeypatch):
    book.add("one", "x = 1")
    lost = ModuleNotFoundError("No module named 'bookbuild'")
    monkeypatch.setattr(workers.Client, "run", lambda *a, **k: {"tcp://far:1": lost})
    done = book.execute()
    assert done.returncode == 2
    assert "the worker tcp://far:1 cannot run pages (No module named 'bookbuild')" in done.stderr


def test_workers_are_of_this_machine_or_of_a_cluster(book):
    book.add("one", "x = 1")
    done = book.execute("--workers", "2")
    assert done.returncode == 2
    assert "--workers is for this machine" in done.stderr


def test_a_build_that_is_killed_leaves_whole_pages_and_no_process(three):
    for moment in ("starts", "done"):
        build = subprocess.Popen([*three.command, "execute"], stdout=subprocess.PIPE, text=True)
        assert any(moment in line for line in build.stdout)
        children = psutil.Process(build.pid).children(recursive=True)
        os.kill(build.pid, signal.SIGKILL)
        build.communicate()
        assert psutil.wait_procs(children, timeout=20)[1] == []
        for path in (three.root / "_build" / "executed").rglob("*.ipynb"):
            assert record_of(read(path))
    done = three.execute()
    assert done.returncode == 0, done.stdout
    assert "fresh" in done.stdout
    assert complete(three)


def test_a_page_that_measures_speed_runs_alone_with_all_cores(three):
    three.edit(three.source("one"), lambda page: page["cells"][1]["metadata"].update(tags=[ALONE]))
    done = three.execute()
    assert done.returncode == 0, done.stderr
    events = [
        line for line in done.stdout.splitlines() if line.endswith("starts") or " done " in line
    ]
    assert [line.split()[0] for line in events[-2:]] == ["chapters/one", "chapters/one"]
    assert three.note("one")["cores"] == workers.CPU_COUNT
    assert complete(three)


def test_a_page_may_take_longer_than_the_wait_for_it(three, monkeypatch):
    monkeypatch.setattr(workers, "PATIENCE_SECONDS", 0.1)
    assert three.execute().returncode == 0
    assert complete(three)


def test_a_scheduler_that_asks_for_certificates_gets_a_message(book):
    book.add("one", "x = 1")
    done = book.run("execute", "--scheduler", "tls://127.0.0.1:8786")
    assert done.returncode == 2
    assert "tls://127.0.0.1:8786 cannot be reached" in done.stderr
    assert "set distributed.comm.tls in Dask's configuration" in done.stderr


def test_the_cores_of_a_machine_are_shared_whatever_its_address():
    class Workers:
        @staticmethod
        def scheduler_info(n_workers):
            addresses = ["tcp://[::1]:1", "tcp://[::1]:2", "tcp://10.0.0.7:3", "tls://10.0.0.7:4"]
            return {"workers": {each: {"nthreads": 1} for each in addresses}}

    assert workers._slots_by_host(Workers) == {"::1": 2, "10.0.0.7": 2}
