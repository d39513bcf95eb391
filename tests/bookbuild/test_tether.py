"""A program ends with the process that called it, and so does all that it started."""

import subprocess
import sys

import psutil
import pytest

from bookbuild.running import tether

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
# It starts another, says so, and waits.
FAMILY = """
import subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(other.pid, flush=True)
time.sleep(60)
"""
CALLER = f"""
from bookbuild.running import tether
tether.call([{sys.executable!r}, "-c", {FAMILY!r}])
"""


def test_output_and_status_are_the_programs_own():
    code = "import sys; print('out'); print('error', file=sys.stderr); sys.exit(3)"
    done = tether.call([sys.executable, "-c", code], **PIPES)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "error\n")


def test_a_program_that_takes_too_long_is_ended_with_its_children():
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(subprocess.TimeoutExpired):
        tether.call([sys.executable, "-c", FAMILY], 1.0, **PIPES)
    assert set(psutil.Process().children(recursive=True)) <= before


def test_nothing_outlives_a_caller_that_is_killed():
    caller = subprocess.Popen([sys.executable, "-c", CALLER], stdout=subprocess.PIPE, text=True)
    started = psutil.Process(int(caller.stdout.readline()))
    family = [*psutil.Process(caller.pid).children(recursive=True), started]
    caller.kill()
    assert psutil.wait_procs(family, timeout=20)[1] == []
    caller.wait()
