"""The recipe: every number that decides a run of this book, in one place."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Recipe:
    """The numbers of one run: the task, the network and how it is trained.

    The defaults are those of the cookbook chapter that this book rebuilds. A variation is
    ``dataclasses.replace(recipe, n_hidden=128)``.

    Raises
    ------
    TypeError
        If a value is not a number of the right kind.
    ValueError
        If a value makes no sense, such as zero iterations or a negative learning rate.
    """

    n_input: int = 16  # pixels per image row = features per time step
    n_steps: int = 16  # image rows = time steps
    n_hidden: int = 64  # units of each recurrent layer
    n_classes: int = 10
    n_layers: int = 3  # recurrent layers, deep network only
    learning_rate: float = 0.01  # step size of Adam
    batch_size: int = 500  # sequences per update
    iterations: int = 100  # updates of the parameters
    seed: int = 0  # decides the initial weights and the order of the batches

    def __post_init__(self) -> None:
        for field in fields(self):
            check = _learning_rate if field.name == "learning_rate" else _whole_number
            object.__setattr__(self, field.name, check(field.name, getattr(self, field.name)))


def _whole_number(name: str, value: object) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None
    least, most = (0, 2**31 - 1) if name == "seed" else (1, math.inf)
    if not least <= number <= most:
        bounds = f"from 0 to {most}" if name == "seed" else "1 or more"
        raise ValueError(f"{name} must be {bounds}, got {value!r}")
    return number


def _learning_rate(name: str, value: object) -> float:
    try:
        if isinstance(value, (bool, str)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
    return number
