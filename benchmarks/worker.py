"""One measurement in a process of its own: a job as JSON comes in, what was measured goes out.

``python -m benchmarks.worker '{"measure": "sgemm", "folder": "/where/the/digits/are"}'``
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookbuild.running.kernel_report import peak_memory
from rnn_utils import Recipe

if TYPE_CHECKING:
    from benchmarks.contenders import Trainer

MIB = 2**20


def digits(folder: Path) -> dict[str, Any]:
    """Write the digits into the folder for the jobs to come."""
    from benchmarks.workload import save_digits

    return {"source": save_digits(folder)}


def sgemm(folder: Path) -> dict[str, Any]:
    """Measure the rate of matrix products."""
    from benchmarks.limit import measure_sgemm

    return {"flops_per_second": measure_sgemm()}


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
    from benchmarks.contenders import CONTENDERS
    from benchmarks.workload import load_sequences

    numbers = Recipe(**recipe)
    chosen = CONTENDERS[contender]
    sequences, labels = load_sequences(folder, numbers)

    def start() -> Trainer:
        return chosen.load()(network, numbers, sequences, labels, **chosen.options)

    trainer, start_seconds = timed(start)
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
    from benchmarks.reducers import REDUCERS
    from benchmarks.workload import load_images

    images = load_images(folder, count)
    reduce = REDUCERS[reducer].reduce
    reduce(images[:1], method)
    before = peak_memory()
    reduce(images, method)
    extra = peak_memory() - before
    return {
        "seconds": min(repeat(lambda: reduce(images, method), passes, seconds)),
        "extra_mib": extra / MIB,
    }


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


MEASUREMENTS = {work.__name__: work for work in (digits, sgemm, training, reduction)}

if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    measure = MEASUREMENTS[job.pop("measure")]
    print(json.dumps(measure(Path(job.pop("folder")), **job)))
