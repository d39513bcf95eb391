"""The book's four networks: what they are called and what decides the size of their layers."""

from __future__ import annotations

from typing import NamedTuple


class Network(NamedTuple):
    """The form of a network; the sizes are those of a `Recipe`."""

    label: str
    gates: int  # products of the same size that a layer has at each step
    directions: int = 1
    stacked: bool = False  # whether it has the recipe's n_layers, or one


NETWORKS = {
    "basic": Network("Basic", gates=1),
    "bidirectional": Network("Bidirectional", gates=1, directions=2),
    "deep": Network("Deep (3 × GRU)", gates=3, stacked=True),
    "lstm": Network("LSTM", gates=4),
}
