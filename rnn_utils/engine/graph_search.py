"""Run graphs as they were traced: what that saves is the wait for the first update."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rnn_utils.backend import has_gpu, tf

OFF = "disable_meta_optimizer"  # TensorFlow's name for it

lock = Lock()
earlier: list[bool] = []  # for each block that runs now, in any thread: the setting before it


@contextmanager
def as_traced() -> Iterator[None]:
    """Leave out TensorFlow's search for a better graph, for functions called in this block.

    Before the first call of a function TensorFlow looks for constants, repetitions and operations
    to merge. In the updates of this book it finds nothing that makes them faster, and looking is a
    good part of the wait for the first. A GPU's graphs are still searched: there it also chooses
    memory layouts.
    """
    with lock:
        earlier.append(tf.config.optimizer.get_experimental_options().get(OFF, False))
        tf.config.optimizer.set_experimental_options({OFF: earlier[0] or not has_gpu()})
    try:
        yield
    finally:
        with lock:
            before = earlier.pop()
            if not earlier:
                tf.config.optimizer.set_experimental_options({OFF: before})
