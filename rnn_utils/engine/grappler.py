"""Run graphs without Grappler, TensorFlow's search for better ones: the first call waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rnn_utils.backend import has_gpu, tf

OFF = "disable_meta_optimizer"  # TensorFlow's name for the setting

_lock = Lock()
_before: list[bool] = []  # what the setting was at the start of each block that runs now


@contextmanager
def without_grappler() -> Iterator[None]:
    """Leave out Grappler for functions called in this block.

    Before the first call of a function Grappler looks for constants, repetitions and operations
    to merge. In the updates of this book it finds nothing that makes them faster, and looking is a
    good part of the wait for the first. A GPU's graphs are still searched: there it also chooses
    memory layouts.
    """
    with _lock:
        _before.append(tf.config.optimizer.get_experimental_options().get(OFF, False))
        tf.config.optimizer.set_experimental_options({OFF: _before[0] or not has_gpu()})
    try:
        yield
    finally:
        # Blocks of several threads end in any order. The last takes what the first put into the
        # list: the user's own setting.
        with _lock:
            setting = _before.pop()
            if not _before:
                tf.config.optimizer.set_experimental_options({OFF: setting})
