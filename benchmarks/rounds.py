"""Run jobs round after round, each in a fresh process, so that contenders take turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Job = dict[str, Any]  # "measure" names a function of `worker`, the rest are its arguments
Measurement = dict[str, Any]  # the job, the round, and what was measured or an "error"

ON_CPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # no start-up lines of the libraries


class WorkerError(RuntimeError):
    """A job's process failed; the message is the last thing it said."""


def run_rounds(
    jobs: Sequence[Job],
    rounds: int,
    folder: Path,
    say: Callable[[Measurement], None],
    pythons: Mapping[str, str],
) -> list[Measurement]:
    """Run every job once per round, in the order given.

    Parameters
    ----------
    jobs : sequence of Job
        Ordered so that those to be compared follow each other.
    rounds : int
        How often.
    folder : Path
        Where the digits are.
    say : callable
        Told of each measurement as it comes.
    pythons : mapping of str to str
        For contenders that are installed elsewhere, the Python that runs their jobs.

    Returns
    -------
    list of Measurement
        A job that failed has its reason under "error" and is not tried again.
    """
    measurements: list[Measurement] = []
    failed: list[Job] = []
    for number in range(1, rounds + 1):
        for job in jobs:
            if job in failed:
                continue
            try:
                result = run_job(job, folder, pythons.get(job.get("contender"), sys.executable))
            except WorkerError as error:
                failed.append(job)
                result = {"error": str(error)}
            measurements.append({**job, "round": number, **result})
            say(measurements[-1])
    return measurements


def run_job(job: Job, folder: Path, python: str = sys.executable) -> dict[str, Any]:
    """Run one job in a process of its own and return what it measured.

    Its environment hides the GPUs, unless the job is for one.

    Raises
    ------
    WorkerError
        If the process fails.
    """
    command = [python, "-m", "benchmarks.worker", json.dumps({**job, "folder": str(folder)})]
    env = {**os.environ, **QUIET, **({} if job.get("device") == "gpu" else ON_CPU)}
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if run.returncode != 0:
        said = run.stderr.strip().splitlines() or ["nothing"]
        raise WorkerError(f"exit status {run.returncode}, {said[-1]}")
    return json.loads(run.stdout.splitlines()[-1])
