"""What the book's engine is to reach, and whether a run shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.contenders import OURS
from benchmarks.networks import NETWORKS
from benchmarks.readings import limits, reductions, times_fastest_peer, trainings
from benchmarks.reducers import COPY, PILLOW
from benchmarks.results import Results

TIMES_FASTEST_PEER = {"basic": 2.0, "bidirectional": 1.6, "deep": 1.5, "lstm": 1.4}
SHARE_OF_LIMIT = {"basic": 0.5, "bidirectional": 0.5, "deep": 0.4, "lstm": 0.5}
COLD_TIMES_KERAS = 1.0
COLD_TIMES_PYTORCH = {"basic": 1.5, "bidirectional": 1.5, "lstm": 1.5}
TIMES_PILLOW = 20.0
TIMES_COPY = 4.0
EXTRA_MIB = 300.0


class Goal(NamedTuple):
    """A bound on a figure, and the figure."""

    text: str
    value: float
    bound: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the run shows it."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        mark = "met   " if self.met else "MISSED"
        limit = "at most" if self.at_most else "at least"
        return f"{mark} {self.text}: {self.value:.2f} ({limit} {self.bound:g})"


def goals(results: Results) -> list[Goal]:
    """Return the goals that the results of a part bear on; none for growth."""
    return list({"speed": _speed, "reduction": _reduction}.get(results.part, lambda _: ())(results))


def _speed(results: Results) -> Iterator[Goal]:
    limit = limits(results)
    for network, row in trainings(results).items():
        if OURS not in row:
            continue
        label, ours = NETWORKS[network].label, row[OURS]
        speed = ours.samples_per_second.best
        if ratio := times_fastest_peer(row):
            yield Goal(f"{label}, times the fastest peer", ratio, TIMES_FASTEST_PEER[network])
        yield Goal(f"{label}, share of the limit", speed / limit[network], SHARE_OF_LIMIT[network])
        cold = ours.cold_seconds.best
        if "keras" in row:
            ratio = row["keras"].cold_seconds.best / cold
            yield Goal(f"{label}, cold, times Keras fit", ratio, COLD_TIMES_KERAS)
        if "pytorch" in row and network in COLD_TIMES_PYTORCH:
            ratio = row["pytorch"].cold_seconds.best / cold
            yield Goal(f"{label}, cold, times PyTorch", ratio, COLD_TIMES_PYTORCH[network])


def _reduction(results: Results) -> Iterator[Goal]:
    for method, row in reductions(results).items():
        if OURS not in row:
            continue
        seconds = row[OURS].seconds.best
        if PILLOW in row:
            ratio = row[PILLOW].seconds.best / seconds
            yield Goal(f"{method}, times Pillow", ratio, TIMES_PILLOW)
        if COPY in row:
            ratio = seconds / row[COPY].seconds.best
            yield Goal(f"{method}, time of a plain copy", ratio, TIMES_COPY, at_most=True)
        yield Goal(f"{method}, extra MiB", row[OURS].extra_mib.best, EXTRA_MIB, at_most=True)
