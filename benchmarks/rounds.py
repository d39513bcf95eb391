"""Run jobs round after round, each in a fresh process, so that contenders take turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Job = dict[str, Any]  # "measure" names a function of `worker`, the rest are its arguments
Measurement = dict[str, Any]  # the job, the round, and what was measured or an "error"

# The comparison is one of processors, and a page without the libraries' start-up lines.
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}


class WorkerError(RuntimeError):
    """A job's process failed; the message is the last thing it said."""


def run_rounds(
    jobs: Sequence[Job], rounds: int, folder: Path, say: Callable[[Measurement], None]
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
                result = run_job(job, folder)
            except WorkerError as error:
                failed.append(job)
                result = {"error": str(error)}
            measurements.append({**job, "round": number, **result})
            say(measurements[-1])
    return measurements


def run_job(job: Job, folder: Path) -> dict[str, Any]:
    """Run one job in a process of its own and return what it measured.

    Raises
    ------
    WorkerError
        If the process fails.
    """
    command = [
        sys.executable,
        "-m",
        "benchmarks.worker",
        json.dumps({**job, "folder": str(folder)}),
    ]
    run = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True
    )
    if run.returncode != 0:
        said = run.stderr.strip().splitlines() or ["nothing"]
        raise WorkerError(f"exit status {run.returncode}, {said[-1]}")
    return json.loads(run.stdout.splitlines()[-1])
