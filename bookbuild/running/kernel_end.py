"""The end of a kernel: how it died, and the processes that it leaves behind."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import suppress

import psutil

MARK = "BOOKBUILD_KERNEL"  # a variable that all that a kernel starts inherits
ADOPT_ORPHANS = 36  # Linux's PR_SET_CHILD_SUBREAPER
ROUNDS = 20  # a process that is ended may just have started another
ROUND_SECONDS = 0.05
SILENT = "resource_tracker"  # Python's own, which ends with what it tracks


def adopt_orphans() -> None:
    """Become the parent of what loses its own below this process, so that it can be found."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)


def why_it_died(status: int | None) -> str:
    """Say what an exit status tells of the end of a kernel; None is that of one at work."""
    if status is None:
        return "the kernel does not answer"
    if status >= 0:
        return f"the kernel died: the code of the cell ended it with status {status}"
    if -status == signal.SIGKILL:
        return "the kernel died: it was killed (SIGKILL), as the system does when memory runs out"
    what = signal.strsignal(-status) or f"signal {-status}"
    return f"the kernel died: {what}, from a fault in compiled code or from elsewhere"


def children() -> set[psutil.Process]:
    """Return the processes below this one."""
    return set(psutil.Process().children(recursive=True))


def end_what_is_left(
    mark: str, spared: int | None = None, others: Collection[psutil.Process] | None = None
) -> list[str]:
    """End what a kernel started, and return the command lines.

    Parameters
    ----------
    mark : str
        The value of `MARK` in the kernel's environment.
    spared : int, optional
        The process of the kernel itself.
    others : collection of psutil.Process, optional
        Those below this one that were there before the kernel. All that came since are taken for
        the kernel's, which they are only where one page is run at a time; by default none is.
    """
    ended = {}
    for _ in range(ROUNDS):
        found = [process for process in _marked(mark, others) if process.pid != spared]
        for process in found:
            try:
                ended[process] = " ".join(process.cmdline()) or process.name()
                process.kill()
            except psutil.Error:  # it ended by itself
                ended.pop(process, None)
        if not found:
            break
        time.sleep(ROUND_SECONDS)
        for process in found:  # an orphan that was adopted has nobody else who would
            with suppress(psutil.Error):
                process.wait(0)
    return sorted({command for command in ended.values() if command and SILENT not in command})


def _marked(mark: str, others: Collection[psutil.Process] | None) -> Iterator[psutil.Process]:
    """Yield the processes with a mark, and those below this one that threw theirs away."""
    below = set() if others is None else children().difference(others)
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            found = process.environ().get(MARK)
            # All that a kernel starts is of another session than this process.
            apart = process in below and os.getsid(process.pid) != os.getsid(0)
            if found == mark or (found is None and apart):
                yield process
        except (psutil.Error, OSError):  # another user's, or dead
            continue
