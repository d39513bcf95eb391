"""Several machines, played by processes of this one: examples/several_machines.py, really run."""

import json
import os
import runpy
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from rnn_utils import Recipe, basic_rnn, load_mnist, reduce_images, train
from rnn_utils.backend import tf
from rnn_utils.engine.machines import WorkerLost, several_machines

SMALL = {"n_hidden": 8, "batch_size": 20, "iterations": 20}
PATIENCE = 200  # seconds until a process counts as hanging


@pytest.fixture
def run(root):
    """Return a function that starts a program as one of several workers."""
    workers = []

    def started(*words):
        worker = subprocess.Popen(
            [sys.executable, *map(str, words)],
            env={**os.environ, "PYTHONPATH": str(root), "CUDA_VISIBLE_DEVICES": "-1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that a test can interrupt it, as Ctrl+C does a program
        )
        workers.append(worker)
        return worker

    yield started
    for worker in workers:
        worker.kill()
        worker.wait()


@pytest.fixture
def start(root, run):
    """Return a function that starts the example as one of several workers."""
    program = root / "examples" / "several_machines.py"

    def started(addresses, index, recipe, *options):
        words = [*addresses, "--index", index, "--source", "mnist-5k", *options]
        return run(program, *words, "--recipe", json.dumps(recipe))

    return started


@pytest.fixture
def addresses():
    """Return two addresses on the loopback that nobody listens to."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return [f"127.0.0.1:{port}" for port in ports]


def test_two_workers_have_the_losses_of_one_process(start, addresses, tmp_path):
    file = tmp_path / "results.json"
    workers = [start(addresses, index, SMALL, "--into", file) for index in (0, 1)]
    for worker in workers:
        said, _ = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0, said
    digits = load_mnist("mnist-5k")
    recipe = Recipe(**SMALL)
    alone = train(
        basic_rnn(recipe),
        reduce_images(digits.train_images),
        digits.train_labels,
        recipe,
        progress=False,
    )
    together = json.loads(file.read_text())["loss"]
    np.testing.assert_allclose(together, alone.loss, rtol=1e-4)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_lost_worker_ends_the_others_with_a_word(start, addresses, number):
    first, second = (start(addresses, i, {**SMALL, "iterations": 10**6}) for i in (0, 1))
    while "it/s" not in (line := next_part(first)):
        assert line, "the first worker ended before it trained"
    second.send_signal(number)
    assert second.wait(timeout=PATIENCE) == -number
    said, _ = first.communicate(timeout=PATIENCE)
    assert first.returncode != 0
    assert f"{addresses[1]} does not answer" in said or "another machine of the cluster" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_the_others_is_announced_and_can_be_interrupted(start, addresses, number):
    worker = start(addresses, 0, SMALL)
    while "waiting for" not in (line := worker.stdout.readline()):
        assert line, "it ended instead of waiting"
    assert line == f"rnn_utils: waiting for {addresses[1]}\n"
    os.killpg(worker.pid, number)
    said, _ = worker.communicate(timeout=PATIENCE)
    assert worker.returncode != 0
    assert f"interrupted while waiting for {addresses[1]}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--recipe", '{"hidden": 3}', "unexpected keyword argument 'hidden'"),
        ("--recipe", '{"n_hidden": "3"}', "n_hidden"),
        ("--recipe", "{bad", "{bad: Expecting property name"),
        ("--into", "nowhere/results.json", "there is no folder nowhere"),
    ],
)
def test_a_mistake_in_the_command_is_told_before_anything_runs(
    root, monkeypatch, capsys, option, value, words
):
    program = str(root / "examples" / "several_machines.py")
    command = [program, "127.0.0.1:4000", "--index", "0", option, value]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr("rnn_utils.load_mnist", lambda source: pytest.fail("it began"))
    with pytest.raises(SystemExit, match=r"^2$"):
        runpy.run_path(program, run_name="__main__")
    assert words in capsys.readouterr().err


def next_part(worker):
    """Return what a worker said up to the next end of a line or return of its progress bar."""
    said = ""
    while (letter := worker.stdout.read(1)) not in ("", "\n", "\r"):
        said += letter
    return said or letter


@pytest.mark.parametrize(
    ("machines", "index", "words"),
    [
        (["10.0.0.1:4000", "10.0.0.2:4000"], 2, "index is 2, but the 2 machines"),
        (["10.0.0.1:4000"], -1, "index is -1"),
        (["10.0.0.1"], 0, "got '10.0.0.1'"),
        (["10.0.0.1:http"], 0, "got '10.0.0.1:http'"),
        (["10.0.0.1:65536"], 0, "got '10.0.0.1:65536'"),
        (["10.0.0.1:4000", "10.0.0.1:4000"], 0, "10.0.0.1:4000 is there twice"),
    ],
)
def test_nonsense_is_refused_before_anything_starts(machines, index, words):
    with pytest.raises(ValueError, match=words), several_machines(machines, index):
        pass
    assert "TF_CONFIG" not in os.environ


def test_a_port_in_use_is_named(addresses):
    port = int(addresses[0].rpartition(":")[2])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(ValueError, match=rf"cannot listen at port {port} \(Address already in use"),
        several_machines(addresses, 0),
    ):
        pass


def test_a_mistake_of_this_machine_is_not_blamed_on_another(addresses, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "as it was")
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", tf.distribute.get_strategy)
    with (
        pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"),
        several_machines(addresses[:1], 0),
    ):
        tf.zeros(2) + tf.zeros(3)
    assert os.environ["TF_CONFIG"] == "as it was"


def test_a_lost_machine_is_told_in_one_line_without_a_trace(addresses, monkeypatch):
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", tf.distribute.get_strategy)
    trace = "Graph execution error:\n\nDetected at node a defined at:\n  File b, line 1\n\n"
    words = "aborted by: Connection reset by peer\nThe error could be from before."
    said = r"again on all machines\. TensorFlow says: aborted by: Connection reset by peer$"
    for message in (trace + words, words):
        with pytest.raises(WorkerLost, match=said), several_machines(addresses[:1], 0):
            raise tf.errors.UnavailableError(None, None, message)


def test_the_first_to_be_done_waits_for_the_others(run, addresses, tmp_path):
    """A machine that is gone for five seconds counts as lost; here the second is late by eight."""
    late = tmp_path / "late.py"
    late.write_text(
        "import sys, time\n"
        "from rnn_utils.engine.machines import several_machines\n"
        "with several_machines(sys.argv[2:], int(sys.argv[1])):\n"
        "    time.sleep(8 * int(sys.argv[1]))\n"
        "print('both done')\n"
    )
    workers = [run(late, index, *addresses) for index in (0, 1)]
    for worker in workers:
        said, _ = worker.communicate(timeout=PATIENCE)
        assert (worker.returncode, said) == (0, "both done\n")
