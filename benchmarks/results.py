"""What a run of a part leaves, and what can be read off it: the best of the rounds, the goals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import (
    CONTENDERS,
    COPY,
    METHODS,
    NETWORKS,
    OURS,
    PILLOW,
    REDUCERS,
    Peer,
)
from benchmarks.jobs import SIZES, Measurement
from rnn_utils import Recipe

Row = dict[str, list[Measurement]]  # the rounds of each contender or reducer
PEERS = {"training": ("contender", CONTENDERS), "reduction": ("reducer", REDUCERS)}

# What the book's engine is to reach.
TIMES_FASTEST_PEER = {"basic": 2.0, "bidirectional": 1.6, "deep": 1.5, "lstm": 1.4}
SHARE_OF_LIMIT = {"basic": 0.5, "bidirectional": 0.5, "deep": 0.4, "lstm": 0.5}
COLD_TIMES = {
    "keras": {"basic": 1.0, "bidirectional": 1.0, "deep": 1.0, "lstm": 1.0},
    "pytorch": {"basic": 1.5, "bidirectional": 1.5, "lstm": 1.5},
}
TIMES_PILLOW = 20.0
TIMES_COPY = 4.0
EXTRA_MIB = 300.0


@dataclass(frozen=True)
class Results:
    """One part, measured in one run on one machine."""

    part: str
    date: str
    machine: dict[str, str]
    busy_percent: float  # of the processor in use by others, just before the run
    digits: str  # which set they are from
    recipe: dict[str, Any]  # of the run; in "growth", the one that sizes are varied from
    rounds: int
    left_out: dict[str, str]  # label of a peer to the reason
    measurements: list[Measurement]

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write as JSON, one measurement a line."""
        head = {name: value for name, value in asdict(self).items() if name != "measurements"}
        opening = json.dumps(head, indent=1).removesuffix("\n}")
        lines = ",\n".join(f"  {json.dumps(each)}" for each in self.measurements)
        text = f'{opening},\n "measurements": [\n{lines}\n ]\n}}\n'
        path.write_text(text, encoding="utf-8")

    def of(self, measure: str, **arguments: Any) -> list[Measurement]:
        """Return the measurements of a kind that succeeded, with the arguments or sizes given."""
        wanted = {"measure": measure, **arguments}.items()
        found = [each for each in self.measurements if "error" not in each]
        return [each for each in found if wanted <= {**each.get("recipe", {}), **each}.items()]

    @property
    def failures(self) -> list[Measurement]:
        """The measurements that failed; each has its reason under "error"."""
        return [each for each in self.measurements if "error" in each]


def spread(rounds: Iterable[Measurement], quantity: str) -> tuple[float, float]:
    """Return a quantity in the best and in the worst of several rounds."""
    values = sorted(each[quantity] for each in rounds)
    if quantity == "samples_per_second":  # of all else, less is better
        values.reverse()
    return values[0], values[-1]


def best(rounds: Iterable[Measurement], quantity: str) -> float:
    """Return a quantity in the best of several rounds."""
    return spread(rounds, quantity)[0]


def trainings(results: Results) -> dict[str, Row]:
    """Return the rounds of each contender, by network."""
    return _rows(results, "training", "network", NETWORKS)


def reductions(results: Results) -> dict[str, Row]:
    """Return the rounds of each reducer, by method."""
    return _rows(results, "reduction", "method", METHODS)


def growth(results: Results) -> dict[str, dict[int, Row]]:
    """Return the rounds of each contender, by size and its values, the other sizes unchanged."""
    read = {}
    for size in SIZES:
        values = sorted({each["recipe"][size] for each in results.of("training")})
        others = {other: results.recipe[other] for other in SIZES if other != size}
        read[size] = _rows(results, "training", size, values, **others)
    return read


def _rows(results: Results, measure: str, what: str, values: Iterable, **others: Any) -> dict:
    """Return the rounds of each peer for each value of an argument, where there are any."""
    who, names = PEERS[measure]
    rows = {}
    for value in values:
        row = {name: results.of(measure, **{who: name, what: value}, **others) for name in names}
        rows[value] = {name: rounds for name, rounds in row.items() if rounds}
    return {value: row for value, row in rows.items() if row}


def labels(rows: Iterable[Row], peers: Mapping[str, Peer]) -> dict[str, str]:
    """Return name and label of each peer that is in any of the rows."""
    there = {name for row in rows for name in row}
    return {name: peer.label for name, peer in peers.items() if name in there}


def limits(results: Results) -> dict[str, float]:
    """Return the samples a second that the arithmetic allows for each network, where measured.

    The limit is the rate of single-precision matrix products on this machine (SGEMM, by NumPy),
    divided by the operations of the products that a sample needs.
    """
    rate = max((each["flops_per_second"] for each in results.of("sgemm")), default=0)
    recipe = Recipe(**results.recipe)
    return {name: rate / form.flops_per_sample(recipe) for name, form in NETWORKS.items() if rate}


def times_fastest_peer(row: Row) -> float | None:
    """Return this book's steady speed over the fastest other's; None without either."""
    speeds = {name: best(rounds, "samples_per_second") for name, rounds in row.items()}
    ours = speeds.pop(OURS, None)
    return ours / max(speeds.values()) if ours and speeds else None


def goals(results: Results) -> Iterator[str]:
    """Say of each goal that the results of a part bear on whether it is met; none for growth."""
    limit = limits(results)
    networks = trainings(results) if results.part == "speed" else {}
    for network, row in networks.items():
        if OURS not in row:
            continue
        label = NETWORKS[network].label
        if ratio := times_fastest_peer(row):
            yield _goal(f"{label}, times the fastest peer", ratio, TIMES_FASTEST_PEER[network])
        share = best(row[OURS], "samples_per_second") / limit[network]
        yield _goal(f"{label}, share of the limit", share, SHARE_OF_LIMIT[network])
        for peer, bounds in COLD_TIMES.items():
            if peer in row and network in bounds:
                ratio = best(row[peer], "cold_seconds") / best(row[OURS], "cold_seconds")
                text = f"{label}, cold, times {CONTENDERS[peer].label}"
                yield _goal(text, ratio, bounds[network])
    for method, row in reductions(results).items():
        if OURS not in row:
            continue
        ours = best(row[OURS], "seconds")
        if PILLOW in row:
            ratio = best(row[PILLOW], "seconds") / ours
            yield _goal(f"{method}, times Pillow", ratio, TIMES_PILLOW)
        if COPY in row:
            ratio = ours / best(row[COPY], "seconds")
            yield _goal(f"{method}, time of a plain copy", ratio, TIMES_COPY, at_most=True)
        extra = best(row[OURS], "extra_mib")
        yield _goal(f"{method}, extra MiB", extra, EXTRA_MIB, at_most=True)


def _goal(text: str, value: float, bound: float, at_most: bool = False) -> str:
    mark = "met   " if (value <= bound if at_most else value >= bound) else "MISSED"
    return f"{mark} {text}: {value:.2f} ({'at most' if at_most else 'at least'} {bound:g})"
