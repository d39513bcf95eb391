"""Train on several machines: each runs the same program, and a batch is shared among them.

The machines add up their gradients after every batch, so a batch is as slow as the slowest of
them, and one that is lost stops the others.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rnn_utils.backend import tf
from rnn_utils.engine import watchman

LOST = (  # what TensorFlow raises when another machine fails; other errors are this machine's own
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.UnknownError,
)


class WorkerLost(ConnectionError):
    """Another machine of the cluster does not answer, so training cannot go on."""


@contextmanager
def several_machines(
    addresses: Sequence[str], index: int
) -> Iterator[tf.distribute.MultiWorkerMirroredStrategy]:
    """Join the cluster as its machine number `index`; build and train the model in this block.

    The block is to be entered before TensorFlow's first operation, on every machine with the same
    addresses. It waits for the others. When one of them is lost, TensorFlow either notices, which
    raises `WorkerLost`, or waits for ever where nothing can interrupt it. So `watchman` asks every
    other machine each second whether it still answers, and ends this process, with a message,
    when one has not for a while. While it waits for the others to join, Ctrl+C ends it
    by way of the watchman too; of signals to this process alone, only SIGKILL does. The block ends
    on all machines at the same time.

    Parameters
    ----------
    addresses : sequence of str
        ``host:port`` of every machine; all must be able to reach each other.
    index : int
        Which of them this one is, counted from 0.

    Yields
    ------
    tf.distribute.MultiWorkerMirroredStrategy
        The block lies in its scope.

    Raises
    ------
    ValueError
        If there is no machine with that number, an address is not ``host:port`` or given twice, or
        this machine's port is in use.
    RuntimeError
        If TensorFlow has already begun to work in this process.
    WorkerLost
        If another machine fails while this one waits for it.
    """
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
            raise ValueError(f"an address is like 192.168.0.2:4000, got {address!r}")
        if addresses.count(address) > 1:
            raise ValueError(f"each machine has its own address, but {address} is there twice")
    if not 0 <= index < len(addresses):
        numbers = f"the {len(addresses)} machines are numbered from 0 to {len(addresses) - 1}"
        raise ValueError(f"index is {index}, but {numbers}")
    check_port(int(addresses[index].rpartition(":")[2]))
    earlier = os.environ.get("TF_CONFIG")
    os.environ["TF_CONFIG"] = json.dumps(
        {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}}
    )
    others = [address for i, address in enumerate(addresses) if i != index]
    watching = subprocess.Popen([sys.executable, watchman.__file__, str(os.getpid()), *others])
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        heed_termination()
        with strategy.scope():
            yield strategy
            leave_together(strategy)
    except LOST as error:
        raise WorkerLost(
            "another machine of the cluster failed: start the program again on all machines. "
            f"TensorFlow says: {reason(error)}"
        ) from error
    finally:
        watching.kill()
        watching.wait()
        os.environ.pop("TF_CONFIG")
        if earlier is not None:
            os.environ["TF_CONFIG"] = earlier


def reason(error: tf.errors.OpError) -> str:
    """Return the line that says why: it follows the paragraphs on where in the graph it was."""
    return str(error).strip().split("\n\n")[-1].splitlines()[0]


def check_port(port: int) -> None:
    """Raise ValueError if TensorFlow could not listen at a port of this machine."""
    try:
        socket.create_server(("", port)).close()
    except OSError as error:
        raise ValueError(
            f"this machine cannot listen at port {port} ({error.strerror}): choose another, on all "
            "machines"
        ) from error


def heed_termination() -> None:
    """Let SIGTERM do again what it did before TensorFlow's strategy took it for itself."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM) or signal.SIG_DFL)


def leave_together(strategy: tf.distribute.MultiWorkerMirroredStrategy) -> None:
    """Wait until all machines are here, lest one that is done look like one that is lost."""

    @tf.function(autograph=False)
    def count_all():
        here = strategy.run(lambda: tf.constant(1))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, here, axis=None)

    count_all()
