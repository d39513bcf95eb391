"""How far the book's networks come: ``python -m benchmarks accuracy``, for chapter 5.

Every network is trained with several seeds by the better recipe, stretched to ten epochs, each in
a process of one thread. What is finished is kept: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import psutil

from benchmarks.jobs import Job, Measurement, WorkerError, run_job
from benchmarks.results import Results
from rnn_utils import BETTER, Recipe, load_mnist

ACCURACY = "accuracy"  # the part
NETWORKS = ("basic", "bidirectional", "deep", "lstm", "gru")
EPOCHS, SEEDS = 10, 5
METHOD = "area"
HELD_BACK = 5000  # training digits, or a tenth where there are fewer than 20,000
ONE_THREAD = {"TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
TINY = {"n_hidden": 8, "batch_size": 100}
SLOWEST_FIRST = ("deep", "lstm", "gru", "bidirectional", "basic")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog=f"benchmarks {ACCURACY}", description="Train the book's networks for ten epochs."
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--seeds", type=_count, default=SEEDS, metavar="N", help="how many")
    parser.add_argument("--epochs", type=_count, default=EPOCHS, metavar="N")
    parser.add_argument(
        "--workers",
        type=_count,
        default=max(1, (os.cpu_count() or 1) // 2),
        metavar="N",
        help="processes at the same time; default: half of the cores",
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where the result goes")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def run(
    arguments: argparse.Namespace, machine: Mapping[str, str], published: Path, tried: Path
) -> int:
    """Train what is not there yet; write the file after each run.

    Parameters
    ----------
    arguments : argparse.Namespace
        Of `parser`.
    machine : mapping
        What describes this one. Runs of another machine or commit are not gone on with.
    published, tried : Path
        The folder of a whole run, and of any other.

    Returns
    -------
    int
        0, or 1 where a training failed.
    """
    busy = psutil.cpu_percent(interval=1.0)
    mnist = load_mnist("mnist-5k" if arguments.quick else "auto")
    held = held_back(len(mnist.train_images))
    recipe = stretched(len(mnist.train_images) - held, arguments.epochs, arguments.quick)
    full = parser().parse_args([])
    same = ("networks", "seeds", "epochs", "quick")
    whole = all(getattr(arguments, name) == getattr(full, name) for name in same)
    folder = arguments.into or (published if whole and mnist.source == "mnist" else tried)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{ACCURACY}.json"
    results = Results(
        part=ACCURACY,
        date=date.today().isoformat(),
        machine={**machine, "processes": f"{arguments.workers} at the same time, of one thread"},
        busy_percent=busy,
        digits=mnist.source,
        recipe=asdict(recipe),
        rounds=1,
        left_out={},
        measurements=[],
    )
    jobs = [
        {"network": network, "seed": seed}
        for network in sorted(arguments.networks, key=SLOWEST_FIRST.index)
        for seed in range(arguments.seeds)
    ]
    done = finished(file, results)
    waiting = [job for job in jobs if not kept(job, done)]
    if done:
        print(f"{len(jobs) - len(waiting)} of {len(jobs)} trainings are in {file} already")
    work = {"measure": ACCURACY, "source": mnist.source, "held": held, "method": METHOD}

    def train(job: Job) -> Measurement:
        seeded = asdict(replace(recipe, seed=job["seed"]))
        all_of_it = {**work, "network": job["network"], "recipe": seeded}
        try:
            return {**job, **run_job(all_of_it, Path(empty), env=ONE_THREAD)}
        except WorkerError as error:
            return {**job, "error": str(error)}

    with tempfile.TemporaryDirectory() as empty, ThreadPoolExecutor(arguments.workers) as pool:
        try:
            futures = [pool.submit(train, job) for job in waiting]
            for number, future in enumerate(as_completed(futures), start=1):
                done.append(found := future.result())
                done.sort(key=lambda each: (NETWORKS.index(each["network"]), each["seed"]))
                print(f"{number} of {len(waiting)}: {progress_line(found)}", flush=True)
                replace(results, measurements=done).write(file)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    print(f"wrote {file}")
    return int(any("error" in each for each in done))


def held_back(digits: int) -> int:
    """Return how many of the training digits are not learned from."""
    return HELD_BACK if digits >= 20_000 else digits // 10


def stretched(digits: int, epochs: int, quick: bool = False) -> Recipe:
    """Return the better recipe for some epochs of so many digits."""
    sizes = TINY if quick else {}
    updates = epochs * (digits // sizes.get("batch_size", BETTER.batch_size))
    share = BETTER.warm_up / BETTER.iterations
    return replace(BETTER, **sizes, iterations=updates, warm_up=round(share * updates))


def finished(file: Path, results: Results) -> list[Measurement]:
    """Return the runs of a file that are of the same machine, digits and recipe."""
    if not file.exists():
        return []
    before = Results.read(file)
    if identity(before) != identity(results):
        print(f"{file} is of another machine, commit, recipe or set of digits: all is run anew")
        return []
    return [each for each in before.measurements if "error" not in each]


def identity(results: Results) -> tuple[object, ...]:
    """Return what two runs must have in common; writing the file makes git call the book dirty."""
    machine = {name: text.removesuffix("-dirty") for name, text in results.machine.items()}
    return machine, results.digits, results.recipe


def kept(job: Job, done: list[Measurement]) -> bool:
    """Tell whether a job is among those that are done."""
    return any(job.items() <= each.items() for each in done)


def progress_line(found: Measurement) -> str:
    """Say what a training found."""
    what = f"{found['network']}, seed {found['seed']}"
    if "error" in found:
        return f"{what} FAILED: {found['error']}"
    return f"{what}: {found['accuracy']:.4f} in {found['seconds']:.0f} s"
