"""What a run of a part leaves, and what can be read off it: the best of the rounds, the goals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS, COPY, NETWORKS, OURS, PILLOW, Peer
from benchmarks.jobs import MASKS, SIZES, Measurement
from rnn_utils import Recipe

Row = dict[str, list[Measurement]]  # the rounds of each contender or reducer

# What the book's engine is to reach.
TIMES_FASTEST_PEER = {
    "basic": 2.0,
    "bidirectional": 1.6,
    "deep": 1.5,
    "lstm": 1.4,
    "masked": 1.4,
    "masked-steps": 1.4,
}
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
    rounds: int = 1
    left_out: dict[str, str] = field(default_factory=dict)  # label of a peer to the reason
    measurements: list[Measurement] = field(default_factory=list)

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
    return _rows(results.of("training"), "network", "contender")


def reductions(results: Results) -> dict[str, Row]:
    """Return the rounds of each reducer, by method."""
    return _rows(results.of("reduction"), "method", "reducer")


def growth(results: Results) -> dict[str, dict[int, Row]]:
    """Return the rounds of each contender, by size and its values, the other sizes unchanged."""
    read = {}
    for size in SIZES:
        others = {other: results.recipe[other] for other in SIZES if other != size}
        rows = _rows(results.of("training", **others), size, "contender")
        read[size] = dict(sorted(rows.items()))
    return read


def _rows(found: Iterable[Measurement], what: str, who: str) -> dict[Any, Row]:
    """Return the rounds of each peer for each value of an argument or size."""
    rows: dict[Any, Row] = {}
    for each in found:
        value = {**each.get("recipe", {}), **each}[what]
        rows.setdefault(value, {}).setdefault(each[who], []).append(each)
    return rows


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


def ratio(row: Row, one: str, other: str, quantity: str) -> float | None:
    """Return a quantity of one peer over that of another; None where either was not measured."""
    if not {one, other} <= row.keys():
        return None
    return best(row[one], quantity) / best(row[other], quantity)


def times_fastest_peer(row: Row) -> float | None:
    """Return this book's steady speed over the fastest other's; None without either."""
    speeds = {name: best(rounds, "samples_per_second") for name, rounds in row.items()}
    ours = speeds.pop(OURS, None)
    return ours / max(speeds.values()) if ours and speeds else None


def goals(results: Results) -> Iterator[str]:
    """Say of each goal that the results of a part bear on whether it is met; none for growth."""
    limit = limits(results)
    networks = trainings(results) if results.part in ("speed", MASKS) else {}
    for network, row in networks.items():
        if OURS not in row:
            continue
        label, fastest = NETWORKS[network].label, times_fastest_peer(row)
        yield from _goal(f"{label}, times the fastest peer", fastest, TIMES_FASTEST_PEER[network])
        if limit:
            share = best(row[OURS], "samples_per_second") / limit[network]
            yield from _goal(f"{label}, share of the limit", share, SHARE_OF_LIMIT[network])
        for peer, bounds in COLD_TIMES.items():
            if network in bounds:
                text = f"{label}, cold, times {CONTENDERS[peer].label}"
                yield from _goal(text, ratio(row, peer, OURS, "cold_seconds"), bounds[network])
    for method, row in reductions(results).items():
        if OURS not in row:
            continue
        pillow, copy = ratio(row, PILLOW, OURS, "seconds"), ratio(row, OURS, COPY, "seconds")
        extra = best(row[OURS], "extra_mib")
        yield from _goal(f"{method}, times Pillow", pillow, TIMES_PILLOW)
        yield from _goal(f"{method}, time of a plain copy", copy, TIMES_COPY, at_most=True)
        yield from _goal(f"{method}, extra MiB", extra, EXTRA_MIB, at_most=True)


def _goal(text: str, value: float | None, bound: float, at_most: bool = False) -> Iterator[str]:
    """Say whether a goal is met; nothing where what it compares with was not measured."""
    if value is not None:
        mark = "met   " if (value <= bound if at_most else value >= bound) else "MISSED"
        yield f"{mark} {text}: {value:.2f} ({'at most' if at_most else 'at least'} {bound:g})"
