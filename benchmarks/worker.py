"""One measurement in a process of its own: a job as JSON comes in, what was measured goes out.

``python -m benchmarks.worker '{"measure": "sgemm", "folder": "/where/the/digits/are"}'``
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders import CONTENDERS, NETWORKS, PADDING, REDUCERS
from bookbuild.running.kernel_report import peak_memory
from rnn_utils import Recipe, reduce_images

MIB = 2**20
DIGITS = 70_000  # images that are reduced: MNIST's training and test sets


def digits(folder: Path) -> dict[str, Any]:
    """Write the digits into the folder for the jobs to come.

    Where only the small set can be had, its digits are repeated to the same number.
    """
    from rnn_utils import load_mnist  # the other jobs need only NumPy of what this takes

    mnist = load_mnist()
    for what in ("images", "labels"):
        found = np.concatenate([getattr(mnist, f"{part}_{what}") for part in ("train", "test")])
        np.save(folder / f"{what}.npy", found[np.arange(DIGITS) % len(found)])
    return {"source": mnist.source}


def sgemm(folder: Path, side: int = 2048, products: int = 20) -> dict[str, Any]:
    """Measure the best rate of several single-precision matrix products."""
    a, b = np.random.default_rng(0).random((2, side, side), dtype=np.float32)
    out = np.empty_like(a)
    times = repeat(lambda: np.matmul(a, b, out=out), products + 1, 0)
    return {"flops_per_second": 2 * side**3 / min(times[1:])}  # the first one starts the threads


def training(
    folder: Path,
    contender: str,
    network: str,
    recipe: dict[str, Any],
    passes: int,
    seconds: float,
    device: str = "cpu",
) -> dict[str, Any]:
    """Measure how a contender trains a network: cold first, then steadily.

    Cold is from the model built to the result of the first pass, compilation included. Memory is
    measured after it. What comes before, importing the library and building the model, is told
    apart. Steady is the best of `passes` passes, or of more until `seconds` are over. The device is
    the one that the process was started for.
    """
    numbers, chosen, form = Recipe(**recipe), CONTENDERS[contender], NETWORKS[network]
    x, labels = load_sequences(folder, numbers, form.masked)
    if form.every_step:
        labels = np.repeat(labels[:, None], numbers.n_steps, axis=1)
    trainer, start_seconds = timed(lambda: chosen.prepare(network, numbers, x, labels))
    loss, cold_seconds = timed(trainer.first_pass)
    peak = peak_memory()
    trainer.next_pass()
    best = min(repeat(trainer.next_pass, passes, seconds))
    return {
        "library": " ".join((chosen.packages[0], version(chosen.packages[0]))),
        "parameters": trainer.parameters,
        "loss": float(loss),
        "start_seconds": start_seconds,
        "cold_seconds": cold_seconds,
        "samples_per_second": numbers.iterations * numbers.batch_size / best,
        "peak_mib": peak / MIB,
    }


def reduction(
    folder: Path, reducer: str, method: str, count: int, passes: int, seconds: float
) -> dict[str, Any]:
    """Measure how long the reduction of images takes, and the memory that it adds.

    The memory includes the reduced images, not the library: one image is reduced before.
    """
    images = np.load(folder / "images.npy")[:count]
    reduce = REDUCERS[reducer].reduce
    reduce(images[:1], method)
    before = peak_memory()
    reduce(images, method)
    extra = peak_memory() - before
    times = repeat(lambda: reduce(images, method), passes, seconds)
    return {"seconds": min(times), "extra_mib": extra / MIB}


def accuracy(
    folder: Path, network: str, seed: int, recipe: dict[str, Any], source: str, held: int
) -> dict[str, Any]:
    """Train a network and test it; look at digits that were held back five times an epoch.

    The seconds are those of the updates. A point of the curve holds the updates made, the mean
    training loss since the point before, and loss and accuracy on the digits held back.
    """
    from benchmarks.contenders.ours import BUILD
    from rnn_utils import deep_rnn, draw_batches, evaluate, load_mnist, predict_logits
    from rnn_utils.engine.grappler import without_grappler
    from rnn_utils.training.checked_data import Task
    from rnn_utils.training.loop import Trainer

    numbers, mnist = replace(Recipe(**recipe), seed=seed), load_mnist(source)
    x, labels = reduce_images(mnist.train_images, method="area"), mnist.train_labels
    test_x = reduce_images(mnist.test_images, method="area")
    builders = {**BUILD, "gru": lambda numbers: deep_rnn(replace(numbers, n_layers=1))}
    model = builders[network](numbers)
    trainer = Trainer(model, Task.checked(x[:-held], labels[:-held], numbers, None, None))
    batches = draw_batches(len(x) - held, numbers)
    per_point = max(1, (len(x) - held) // numbers.batch_size // 5)
    made, seconds, curve = 0, 0.0, []
    with without_grappler():
        while part := list(islice(batches, per_point)):
            losses, took = timed(partial(trainer.update, np.stack(part)))
            if not np.isfinite(losses).all():
                raise ArithmeticError(f"the training of {network} diverged")
            made, seconds = made + len(part), seconds + took
            found = evaluate(model, x[-held:], labels[-held:])
            curve.append([made, float(losses.mean()), found.loss, found.accuracy])
    misread = np.flatnonzero(predict_logits(model, test_x).argmax(axis=1) != mnist.test_labels)
    tested = evaluate(model, test_x, mnist.test_labels)
    return {
        "accuracy": tested.accuracy,
        "correct": tested.count - len(misread),
        "tested": tested.count,
        "test_loss": tested.loss,
        "misread": misread.tolist(),
        "parameters": model.count_params(),
        "seconds": seconds,
        "curve": curve,
    }


def load_sequences(
    folder: Path, recipe: Recipe, masked: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences (n, n_steps, n_input) and labels, as many as one pass updates on.

    A recipe that reads more rows than a digit has reads the digit again from the top. With masks,
    digits are read in columns, of which most have fewer than 16: see `cropped`.
    """
    n = recipe.iterations * recipe.batch_size
    if n > DIGITS:
        raise ValueError(
            f"{recipe.iterations} updates of {recipe.batch_size} read {n:,} digits, but there "
            f"are {DIGITS:,}: use fewer iterations"
        )
    sequences = reduce_images(np.load(folder / "images.npy")[:n])
    if masked:
        sequences = cropped(sequences.transpose(0, 2, 1))
    rows = np.arange(recipe.n_steps) % sequences.shape[1]
    if len(rows) != sequences.shape[1]:  # else handed over as reduce_images made them
        sequences = sequences[:, rows]
    return sequences, np.load(folder / "labels.npy")[:n]


def cropped(sequences: np.ndarray) -> np.ndarray:
    """Cut off the blank steps at both ends of sequences (n, n_steps, n_input), and pad the end."""
    n_steps = sequences.shape[1]
    inked = sequences.any(axis=2)  # (n, n_steps)
    first, blank_after = inked.argmax(axis=1), inked[:, ::-1].argmax(axis=1)
    steps = first[:, None] + np.arange(n_steps)  # (n, n_steps)
    moved = np.take_along_axis(sequences, steps[..., None] % n_steps, axis=1)
    moved[steps >= n_steps - blank_after[:, None]] = PADDING
    return moved


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `work` returns, and the seconds it took."""
    start = time.perf_counter()
    value = work()
    return value, time.perf_counter() - start


def repeat(work: Callable[[], Any], passes: int, seconds: float) -> list[float]:
    """Time `work` at least `passes` times, and more until `seconds` are over."""
    times: list[float] = []
    while len(times) < passes or sum(times) < seconds:
        times.append(timed(work)[1])
    return times


MEASUREMENTS = {work.__name__: work for work in (digits, sgemm, training, reduction, accuracy)}

if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    measure = MEASUREMENTS[job.pop("measure")]
    print(json.dumps(measure(Path(job.pop("folder")), **job)))
