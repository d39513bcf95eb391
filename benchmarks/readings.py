"""What is read off the results: the best of the rounds, and the spread over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.limit import flops_per_sample
from benchmarks.networks import NETWORKS
from benchmarks.plan import SIZES
from benchmarks.reducers import METHODS, REDUCERS
from benchmarks.results import Results
from benchmarks.rounds import Measurement
from rnn_utils import Recipe

Value = TypeVar("Value")


class Range(NamedTuple):
    """A quantity in the best and in the worst of several rounds."""

    best: float
    worst: float

    @classmethod
    def highest(cls, measurements: Iterable[Measurement], name: str) -> Range:
        """Read a quantity of which more is better."""
        values = [each[name] for each in measurements]
        return cls(max(values), min(values))

    @classmethod
    def lowest(cls, measurements: Iterable[Measurement], name: str) -> Range:
        """Read a quantity of which less is better."""
        values = [each[name] for each in measurements]
        return cls(min(values), max(values))


class Training(NamedTuple):
    """How a contender trained a network."""

    samples_per_second: Range
    cold_seconds: Range
    start_seconds: Range  # before the cold ones
    peak_mib: Range
    loss: float  # mean over the first pass, in nats
    parameters: int


class Reduction(NamedTuple):
    """How a library reduced images."""

    seconds: Range
    extra_mib: Range


def trainings(results: Results) -> dict[str, dict[str, Training]]:
    """Read the part "speed": by network, then by contender."""
    read = {
        network: {
            contender: Training(
                Range.highest(found, "samples_per_second"),
                Range.lowest(found, "cold_seconds"),
                Range.lowest(found, "start_seconds"),
                Range.lowest(found, "peak_mib"),
                found[0]["loss"],
                found[0]["parameters"],
            )
            for contender in CONTENDERS
            if (found := results.of("training", network=network, contender=contender))
        }
        for network in NETWORKS
    }
    return {network: row for network, row in read.items() if row}


def limits(results: Results) -> dict[str, float]:
    """Return the samples a second that the arithmetic allows for each network, where measured."""
    rates = [each["flops_per_second"] for each in results.of("sgemm")]
    if not rates:
        return {}
    recipe = Recipe(**results.recipe)
    return {
        name: max(rates) / flops_per_sample(network, recipe) for name, network in NETWORKS.items()
    }


def reductions(results: Results) -> dict[str, dict[str, Reduction]]:
    """Read the part "reduction": by method, then by reducer."""
    return {
        method: {
            reducer: Reduction(Range.lowest(found, "seconds"), Range.lowest(found, "extra_mib"))
            for reducer in REDUCERS
            if (found := results.of("reduction", method=method, reducer=reducer))
        }
        for method in METHODS
    }


def growth(results: Results) -> dict[str, dict[str, dict[int, float]]]:
    """Read the part "growth": samples a second by size, by contender, by the size's value."""
    return {
        size: {
            contender: speeds
            for contender in CONTENDERS
            if (speeds := _speeds_by_size(results, size, contender))
        }
        for size in SIZES
    }


def _speeds_by_size(results: Results, size: str, contender: str) -> dict[int, float]:
    """Return the best speed at each value of a size, where no other size is varied."""
    others = {name: results.recipe[name] for name in SIZES if name != size}
    speeds: dict[int, float] = {}
    for each in results.of("training", contender=contender):
        if others.items() <= each["recipe"].items():
            value = each["recipe"][size]
            speeds[value] = max(each["samples_per_second"], speeds.get(value, 0))
    return dict(sorted(speeds.items()))


def others(row: Mapping[str, Value]) -> dict[str, Value]:
    """Return a row without this book's own entry."""
    return {name: value for name, value in row.items() if name != OURS}


def times_fastest_peer(row: Mapping[str, Training]) -> float | None:
    """Return this book's steady speed over the fastest other's; None without either."""
    peers = [peer.samples_per_second.best for peer in others(row).values()]
    return row[OURS].samples_per_second.best / max(peers) if peers and OURS in row else None
