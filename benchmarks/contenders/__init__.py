"""Who takes part. Each module here trains the book's networks as one library's users would.

A module has one function, ``prepare(network, recipe, sequences, labels) -> Trainer``, and imports
its library at the top, so that importing the module costs what importing the library does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple


class Trainer(NamedTuple):
    """A network with its data, ready to train: a pass reads each sequence once."""

    parameters: int
    first_pass: Callable[[], float]  # compiles what is to be compiled; returns the mean loss
    next_pass: Callable[[], float]  # goes on training


@dataclass(frozen=True)
class Contender:
    """One library, used in one way."""

    label: str
    module: str
    packages: tuple[str, ...]  # importable names
    options: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> Callable[..., Trainer]:
        """Import the library and return the module's `prepare`."""
        return import_module(f"{__name__}.{self.module}").prepare


OURS = "ours"
CONTENDERS = {
    OURS: Contender("this book", "ours", ("tensorflow",)),
    "keras": Contender("Keras fit", "keras_fit", ("keras",)),
    "keras-unrolled": Contender("Keras fit, unrolled", "keras_fit", ("keras",), {"unroll": True}),
    "pytorch": Contender("PyTorch", "pytorch", ("torch",)),
    "jax": Contender("JAX", "jax_scan", ("jax", "optax")),
}
