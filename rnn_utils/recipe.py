"""The recipe: every number that decides a run of this book, in one place."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, fields

import numpy as np

FLOAT32_MAX = 3.4e38  # what is larger is infinite to a network


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
    warm_up: int = 0  # updates over which the learning rate rises to its value
    decay: bool = False  # then let it fall to 0 along a cosine, over the other updates
    clip_norm: float = math.inf  # a gradient that is longer, over all parameters, is shortened
    recurrent_rate: float = 1.0  # learning rate of the recurrent matrices, in learning rates
    weight_decay: float = 0.0  # an update shrinks a matrix by this share times its learning rate
    shards: int = 2  # parts of a batch that are worked on at the same time

    def __post_init__(self) -> None:
        for field in fields(self):
            check = _CHECKS[field.type]
            object.__setattr__(self, field.name, check(field.name, getattr(self, field.name)))
        if self.warm_up > self.iterations:
            raise ValueError(
                f"warm_up is {self.warm_up}, but there are only {self.iterations} iterations"
            )


def _whole_number(name: str, value: object) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    least, most = {"seed": (0, 2**31 - 1), "warm_up": (0, math.inf)}.get(name, (1, math.inf))
    if not least <= number <= most:
        bounds = f"{least} or more" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{name} must be {bounds}, got {value!r}")
    return number


def _yes_or_no(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def _number(name: str, value: object) -> float:
    try:
        number = None if isinstance(value, (bool, np.bool_, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None:
        raise TypeError(f"{name} must be a number, got {value!r}")
    enough = number >= 0 if name == "weight_decay" else number > 0
    unlimited = name == "clip_norm" and number == math.inf
    if not enough or (number > FLOAT32_MAX and not unlimited):
        least = {"clip_norm": "positive, and inf or", "weight_decay": "0 or more, and"}
        bounds = f"{least.get(name, 'positive and')} finite in float32"
        raise ValueError(f"{name} must be {bounds}, got {value!r}")
    return number


_CHECKS = {"int": _whole_number, "bool": _yes_or_no, "float": _number}

# The same networks and as many digits as an epoch has, 60,000, spent better: many small updates, a
# learning rate that rises and falls and is lower for the recurrent matrices, no gradient longer
# than 1, and weights that shrink a little. For more epochs, multiply iterations and warm_up.
BETTER = Recipe(
    learning_rate=0.012,
    batch_size=25,
    iterations=2400,
    warm_up=240,
    decay=True,
    clip_norm=1.0,
    recurrent_rate=0.25,
    weight_decay=0.03,
)
