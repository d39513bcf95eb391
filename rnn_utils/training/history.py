"""What a training leaves behind: its history, its model, or the reason why it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnn_utils.backend import keras
from rnn_utils.recipe import Recipe


@dataclass(frozen=True, eq=False)
class History:
    """What `train` measured. Losses are mean softmax cross-entropies in nats."""

    loss: np.ndarray  # (iterations,) on each batch, before the update that it leads to
    validation_updates: np.ndarray  # (k,) after how many updates the next two were measured
    validation_loss: np.ndarray  # (k,) empty without validation data
    validation_accuracy: np.ndarray  # (k,) shares between 0 and 1
    seconds: float  # of the whole call; of several seeds the first has the compilation
    interrupted: bool = False  # whether a reader stopped it, in a notebook


@dataclass(frozen=True, eq=False)
class Run:
    """One of several trainings that differ in nothing but the seed."""

    seed: int
    model: keras.Model  # as it was after the last update
    history: History


class TrainingDiverged(ArithmeticError):
    """The loss or its gradient became infinite or not a number, so training stopped.

    Attributes
    ----------
    iteration : int
        The update that could not be made, counted from 1; one more than the recipe has, if the
        last one left weights that are of no use.
    loss : float
        What was found there.
    last_loss : float or None
        The loss before, the last finite one; None if there was none.
    recipe : Recipe
        What it was trained by.
    runs : list of Run
        From `train_seeds`: what was finished with the seeds before.
    """

    def __init__(self, iteration: int, loss: float, last_loss: float | None, recipe: Recipe):
        self.iteration = iteration
        self.loss = loss
        self.last_loss = last_loss
        self.recipe = recipe
        self.runs: list[Run] = []
        before = "no finite loss before it" if last_loss is None else f"{last_loss:.4g} before it"
        when = f"at iteration {iteration}"
        if iteration > recipe.iterations:
            when = f"after the last iteration, {recipe.iterations},"
        super().__init__(
            f"loss or gradient is {loss} {when} with seed {recipe.seed} "
            f"({before}); the weights are those of the update before. Try a learning rate below "
            f"{recipe.learning_rate:g}, for instance {recipe.learning_rate / 10:g}, inputs "
            "scaled to [0, 1], or clipped gradients."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Tell pickle how to make it again, for trainings in a pool of processes."""
        made_from = self.iteration, self.loss, self.last_loss, self.recipe
        return type(self), made_from, {"runs": self.runs}
