"""Run graphs as they were traced: what that saves is the wait for the first update."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rnn_utils.parallel import has_gpu
from rnn_utils.startup import tf

OFF = "disable_meta_optimizer"  # TensorFlow's name for it

lock = Lock()
found: list[bool] = []  # by the blocks that run now, in all threads; the first is to be restored


@contextmanager
def as_traced() -> Iterator[None]:
    """Leave out TensorFlow's search for a better graph, for functions called in this block.

    Before the first call of a function TensorFlow looks for constants, repetitions and operations
    to merge. In the updates of this book it finds nothing that makes them faster, and looking is a
    good part of the wait for the first. A GPU's graphs are still searched: there it also chooses
    memory layouts.
    """
    with lock:
        found.append(tf.config.optimizer.get_experimental_options().get(OFF, False))
        tf.config.optimizer.set_experimental_options({OFF: found[0] or not has_gpu()})
    try:
        yield
    finally:
        with lock:
            before = found.pop()
            if not found:
                tf.config.optimizer.set_experimental_options({OFF: before})
