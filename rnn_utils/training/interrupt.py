"""Ctrl-C, or the stop button of a notebook, during training: it waits for the update at work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def hold_back_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold back the first interrupt inside the block, so that what was computed is not lost.

    A second one is not held back. Only a program's main thread is interrupted at all.

    Yields
    ------
    callable
        Tells whether there was one.
    """
    before = signal.getsignal(signal.SIGINT)
    came: list[int] = []

    def hold(number: int, frame: object) -> None:
        if came:
            before(number, frame)
        came.append(number)

    is_main = threading.current_thread() is threading.main_thread()
    if not (is_main and callable(before)):  # a program may ignore it, as under nohup
        yield lambda: False
        return
    signal.signal(signal.SIGINT, hold)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, before)
