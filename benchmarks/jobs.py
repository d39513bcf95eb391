"""The jobs of a run: which ones a part has, and how each is run in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS, METHODS, NETWORKS, OURS, REDUCERS
from rnn_utils import Recipe

Job = dict[str, Any]  # "measure" names a function of `worker`, the rest are its arguments
Measurement = dict[str, Any]  # the job, the round, and what was measured or an "error"

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"batch_size": "batch", "n_hidden": "hidden units", "n_steps": "time steps"}  # that grow
GROWTH_NETWORK = "basic"
GROWTH_SAMPLES = 50_000  # at most, in a pass
GPU = "gpu"  # the part that needs one
MASKS = "masks"  # the part with sequences of different lengths
ON_CPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # no start-up lines of the libraries


class WorkerError(RuntimeError):
    """A job's process failed; the message is the last thing it said."""


@dataclass(frozen=True)
class Plan:
    """Who takes part, at what size, how often."""

    contenders: tuple[str, ...] = tuple(CONTENDERS)
    networks: tuple[str, ...] = tuple(name for name, each in NETWORKS.items() if not each.masked)
    reducers: tuple[str, ...] = tuple(REDUCERS)
    recipe: Recipe = field(default_factory=Recipe)
    rounds: int = 3
    passes: int = 3  # timed in each process, at least
    seconds: float = 2.0  # for which a process goes on timing passes
    digits: int = 70_000  # to be reduced
    # The values that each of SIZES takes.
    growth: tuple[tuple[int, ...], ...] = ((125, 500, 2000), (32, 64, 128), (8, 16, 32))


TINY = Recipe(n_hidden=8, n_steps=4, batch_size=20, iterations=2)
TINY_GROWTH = ((10, 20), (8, 16), (4, 8))
QUICK = Plan(recipe=TINY, rounds=1, passes=1, seconds=0.0, digits=500, growth=TINY_GROWTH)


def speed_jobs(plan: Plan) -> list[Job]:
    """List the matrix product, and every network with every contender."""
    return [{"measure": "sgemm"}, *training_jobs(plan, plan.networks, [plan.recipe])]


def mask_jobs(plan: Plan) -> list[Job]:
    """List the networks that read sequences of different lengths, with this book and Keras."""
    peers = tuple(name for name in (OURS, "keras") if name in plan.contenders)
    masked = [name for name, form in NETWORKS.items() if form.masked]
    return training_jobs(replace(plan, contenders=peers), masked, [plan.recipe])


def gpu_jobs(plan: Plan) -> list[Job]:
    """List every network with every contender, on a GPU, where passes are short."""
    jobs = training_jobs(plan, plan.networks, [plan.recipe])
    return [{**job, "device": GPU, "seconds": 0.5} for job in jobs]


def growth_jobs(plan: Plan) -> list[Job]:
    """List one network at growing sizes, one size at a time, with every contender."""
    recipes = []
    for size, values in zip(SIZES, plan.growth, strict=True):
        for value in values:
            recipe = replace(plan.recipe, **{size: value})
            updates = min(recipe.iterations, GROWTH_SAMPLES // recipe.batch_size)
            recipes.append(replace(recipe, iterations=updates))
    return training_jobs(plan, [GROWTH_NETWORK], dict.fromkeys(recipes))  # each recipe once


def training_jobs(plan: Plan, networks: Iterable[str], recipes: Iterable[Recipe]) -> list[Job]:
    """List some networks by some recipes, with every contender."""
    return [
        {
            "measure": "training",
            "contender": contender,
            "network": network,
            "recipe": asdict(recipe),
            "passes": plan.passes,
            "seconds": plan.seconds,
        }
        for recipe in recipes
        for network in networks
        for contender in plan.contenders
    ]


def reduction_jobs(plan: Plan) -> list[Job]:
    """List both ways to reduce with every library, and a plain copy."""
    how = {"count": plan.digits, "passes": plan.passes, "seconds": plan.seconds}
    return [
        {"measure": "reduction", "reducer": reducer, "method": method, **how}
        for method in METHODS
        for reducer in plan.reducers
    ]


PARTS: dict[str, Callable[[Plan], list[Job]]] = {
    "speed": speed_jobs,
    MASKS: mask_jobs,
    GPU: gpu_jobs,
    "reduction": reduction_jobs,
    "growth": growth_jobs,
}


def run_rounds(
    jobs: Sequence[Job], rounds: int, folder: Path, pythons: Mapping[str, str]
) -> Iterator[Measurement]:
    """Run every job once per round, in the order given, so that contenders take turns.

    Parameters
    ----------
    jobs : sequence of Job
        Ordered so that those to be compared follow each other.
    rounds : int
        How often.
    folder : Path
        Where the digits are.
    pythons : mapping of str to str
        For contenders that are installed elsewhere, the Python that runs their jobs.

    Yields
    ------
    Measurement
        A job that failed has its reason under "error" and is not tried again.
    """
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
            yield {**job, "round": number, **result}


def run_job(job: Job, folder: Path, python: str = sys.executable, **env: str) -> dict[str, Any]:
    """Run one job in a process of its own and return what it measured.

    Its environment has what `env` adds, and hides the GPUs, unless the job is for one.

    Raises
    ------
    WorkerError
        If the process fails.
    """
    command = [python, "-m", "benchmarks.worker", json.dumps({**job, "folder": str(folder)})]
    env = {**os.environ, **QUIET, **({} if job.get("device") == GPU else ON_CPU), **env}
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if run.returncode != 0:
        said = run.stderr.strip().splitlines() or ["nothing"]
        raise WorkerError(f"exit status {run.returncode}, {said[-1]}")
    return json.loads(run.stdout.splitlines()[-1])
