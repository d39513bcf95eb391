"""A program that ends, with all that it started, when the process that called it does."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

# Its standard input ends with the caller, however that ends; no one else holds the other side.
TETHER = """
import os, signal, subprocess, sys, threading
end = lambda: (os.read(0, 1), os.killpg(0, signal.SIGKILL))
threading.Thread(target=end, daemon=True).start()
sys.exit(subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL))
"""


def call(
    command: Sequence[str], timeout: float | None = None, **options
) -> subprocess.CompletedProcess:
    """Run a program to its end, as `subprocess.run` does, and return what is known of it.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    timeout : float, optional
        Seconds after which it is ended.
    **options
        Of `subprocess.Popen`, such as ``stdout``.

    Raises
    ------
    subprocess.TimeoutExpired
        If it took longer.
    """
    its_end, our_end = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", TETHER, *command],
            stdin=its_end,
            start_new_session=True,
            **options,
        )
        try:
            out, error = process.communicate(timeout=timeout)
        finally:
            with suppress(ProcessLookupError):  # where nothing of it is left
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    finally:
        os.close(its_end)
        os.close(our_end)
    return subprocess.CompletedProcess(command, process.returncode, out, error)
