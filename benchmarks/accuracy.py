"""How far the book's networks come: ``python -m benchmarks accuracy``, for chapter 5.

Every network is trained with several seeds by the better recipe, stretched to ten epochs, each in
a process of one thread. What is finished is kept: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from multiprocessing.pool import ThreadPool

import psutil

from benchmarks.jobs import Job, Measurement, WorkerError, run_job
from benchmarks.options import PUBLISHED, TRIED, common, count
from benchmarks.results import Results
from rnn_utils import BETTER, Recipe, load_mnist

ACCURACY = "accuracy"  # the part
NETWORKS = ("basic", "bidirectional", "deep", "lstm", "gru")
SLOWEST_FIRST = ("deep", "lstm", "gru", "bidirectional", "basic")
ONE_THREAD = {"TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = common("benchmarks accuracy", "Train the book's networks for ten epochs.", NETWORKS)
    parser.add_argument("--seeds", type=count, default=5, metavar="N", help="how many")
    parser.add_argument("--epochs", type=count, default=10, metavar="N")
    half = max(1, (os.cpu_count() or 1) // 2)
    said = "processes at the same time; default: half of the cores"
    parser.add_argument("--workers", type=count, default=half, metavar="N", help=said)
    return parser


def run(arguments: argparse.Namespace, machine: Mapping[str, str]) -> int:
    """Train what is not there yet; write the file after each run.

    Parameters
    ----------
    arguments : argparse.Namespace
        Of `parser`.
    machine : mapping
        What describes this one. Runs of another machine or commit are not gone on with.

    Returns
    -------
    int
        0, or 1 where a training failed.
    """
    busy = psutil.cpu_percent(interval=1.0)
    mnist = load_mnist("mnist-5k" if arguments.quick else "auto")
    held = min(5000, len(mnist.train_images) // 10)  # digits that are not learned from
    sizes = {"n_hidden": 8, "batch_size": 100} if arguments.quick else {}
    learned = len(mnist.train_images) - held
    recipe = stretched(replace(BETTER, **sizes), learned, arguments.epochs)
    results = Results(
        part=ACCURACY,
        date=date.today().isoformat(),
        machine={**machine, "processes": f"{arguments.workers} at the same time, of one thread"},
        busy_percent=busy,
        digits=mnist.source,
        recipe=asdict(recipe),
    )
    whole = arguments == parser().parse_args(["--workers", str(arguments.workers)])
    folder = arguments.into or (PUBLISHED if whole and mnist.source == "mnist" else TRIED)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{ACCURACY}.json"
    before = Results.read(file) if file.exists() else results
    done = [each for each in before.measurements if "error" not in each]
    if identity(before) != identity(results):
        print(f"{file} is of another machine, commit, recipe or set of digits: all is run anew")
        done = []
    networks = sorted(arguments.networks, key=SLOWEST_FIRST.index)
    jobs = [{"network": each, "seed": seed} for each in networks for seed in range(arguments.seeds)]
    waiting = [job for job in jobs if not any(job.items() <= each.items() for each in done)]
    if done:
        print(f"{len(jobs) - len(waiting)} of {len(jobs)} trainings are in {file} already")
    work = {"measure": ACCURACY, "recipe": results.recipe, "source": mnist.source, "held": held}

    def train(job: Job) -> Measurement:
        try:
            return {**job, **run_job({**job, **work}, folder, **ONE_THREAD)}
        except WorkerError as error:
            return {**job, "error": str(error)}

    with ThreadPool(arguments.workers) as pool:
        for number, found in enumerate(pool.imap_unordered(train, waiting), start=1):
            print(f"{number} of {len(waiting)}: {progress_line(found)}", flush=True)
            done = sorted([*done, found], key=lambda e: (NETWORKS.index(e["network"]), e["seed"]))
            replace(results, measurements=done).write(file)
    print(f"wrote {file}")
    return int(any("error" in each for each in done))


def stretched(recipe: Recipe, digits: int, epochs: int) -> Recipe:
    """Return a recipe for some epochs of so many digits, with its share of warm-up."""
    updates = epochs * (digits // recipe.batch_size)
    warm_up = round(recipe.warm_up / recipe.iterations * updates)
    return replace(recipe, iterations=updates, warm_up=warm_up)


def identity(results: Results) -> tuple[object, ...]:
    """Return what two runs must have in common; writing the file makes git call the book dirty."""
    machine = {name: text.removesuffix("-dirty") for name, text in results.machine.items()}
    return machine, results.digits, results.recipe


def progress_line(found: Measurement) -> str:
    """Say what a training found."""
    said = " FAILED: {error}" if "error" in found else ": {accuracy:.4f} in {seconds:.0f} s"
    return ("{network}, seed {seed}" + said).format_map(found)
