"""The training of the book: draw a batch, measure the loss, follow its gradient, repeat.

It makes the updates of the plain loop that chapter 1 prints, faster: `rnn_utils.engine` compiles
and runs them, and here is what stands around it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from tqdm import tqdm

from rnn_utils.backend import enough_memory, keras
from rnn_utils.engine.grappler import without_grappler
from rnn_utils.engine.model_checks import check_fresh, check_reads, check_trainable
from rnn_utils.engine.update import Update
from rnn_utils.page.progress import is_in_notebook, progress_stream
from rnn_utils.recipe import Recipe
from rnn_utils.training.batches import draw_batches
from rnn_utils.training.checked_data import Task
from rnn_utils.training.evaluate import Evaluation, logits_of, scored
from rnn_utils.training.history import History, Run, TrainingDiverged
from rnn_utils.training.interrupt import hold_back_interrupt

UPDATES_PER_CALL = 50  # updates between two looks from Python: progress and divergence
VALIDATED_EVERY = 10  # updates, where there is something to validate with


def train(
    model: keras.Model,
    sequences: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    *,
    mask: np.ndarray | None = None,
    validation: tuple[np.ndarray, ...] | None = None,
    patience: int | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place with Adam, for `recipe.iterations` updates.

    Parameters
    ----------
    model : keras.Model
        Reads (batch, n_steps, n_input), or whole numbers (batch, n_steps) which it embeds; puts
        out logits (batch, n_classes), or (batch, n_steps, n_classes). Not compiled.
    sequences : float array (n, n_steps, n_input), or integer array (n, n_steps)
        What to learn from: pixels in [0, 1], or numbers from 0 to n_input - 1.
    labels : integer array (n,) or (n, n_steps)
        Classes from 0 to n_classes - 1, of each sequence or of each step. The loss is the mean
        over the labels of a batch.
    recipe : Recipe
        Its seed decides the batches, so equal seeds and equal initial weights give equal losses,
        bit for bit.
    mask : bool array (n, n_steps), optional
        True at the real steps of each sequence, at least one, then False at its padding. Padding
        changes no state and has no loss. A model with a `Masking`, or an `Embedding` with
        ``mask_zero=True``, makes its own mask and needs none.
    validation : (sequences, labels) or (sequences, labels, mask), optional
        Measured after every 10th update and after the last.
    patience : int, optional
        Train it out: measure `validation` after every epoch, stop when its loss has not improved
        for so many epochs, and put back the weights of the best. `recipe.iterations` is the most.
    progress : bool
        Show a progress bar that leaves one line behind.

    Returns
    -------
    History
        In a notebook also where it is interrupted, with what was measured until then. A program
        gets a KeyboardInterrupt between two updates.

    Raises
    ------
    ValueError, TypeError
        If model, sequences, labels, mask and recipe do not fit together, or the model has nothing
        to train or a loss of its own; the message names the value.
    MemoryError
        If there is no room for an update; the message names the batch size and what to try.
    TrainingDiverged
        If the loss or its gradient is no longer finite, or the last update spoils the weights. The
        model is left as the update before made it.
    """
    start = time.perf_counter()
    task = Task.checked(sequences, labels, recipe, mask, validation, patience)
    history = Trainer(model, task).run(recipe.seed, progress)
    return replace(history, seconds=time.perf_counter() - start)


def train_seeds(
    build: Callable[[Recipe], keras.Model],
    sequences: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    seeds: Iterable[int],
    *,
    mask: np.ndarray | None = None,
    validation: tuple[np.ndarray, ...] | None = None,
    patience: int | None = None,
    progress: bool = True,
) -> list[Run]:
    """Train a fresh model for each seed; the numbers are those of `train`, one at a time.

    The update is compiled once, for one model. Each seed's initial weights are copied into it,
    trained, and copied back.

    Parameters
    ----------
    build : callable
        Makes a model from a recipe with the seed in it: the same architecture for each. For the
        first seed it is called twice.
    sequences, labels, recipe, mask, validation, patience, progress
        As `train` takes them; of the recipe, the seed is not used.
    seeds : iterable of int
        For instance ``range(5)``.

    Returns
    -------
    list of Run
        In the order of the seeds; in a notebook that is interrupted, those until then.

    Raises
    ------
    TypeError
        If build is no function, or seeds not iterable.
    ValueError, TrainingDiverged
        As `train` does, and if build returns a model again or makes another architecture. The
        model that diverged is lost, the runs before are in `runs`.
    """
    task = Task.checked(sequences, labels, recipe, mask, validation, patience)
    if isinstance(build, keras.Layer) or not callable(build):
        raise TypeError(f"build must be a function such as basic_rnn, got {build!r}")
    if not isinstance(seeds, Iterable):
        raise TypeError(f"seeds must be several whole numbers such as range(5), got {seeds!r}")
    runs: list[Run] = []
    for seeded in [replace(recipe, seed=seed) for seed in seeds]:
        start = time.perf_counter()
        model = build(seeded)
        check_reads(model, task.training.sequences)
        if not runs:
            trainer = Trainer(build(seeded), task)
        check_fresh(model, [trainer.model, *(run.model for run in runs)], seeded.seed)
        # The trainer's own model is the one that is compiled. Each seed's weights are copied into
        # it, trained there, and copied back.
        trainer.restart(model)
        try:
            history = trainer.run(seeded.seed, progress)
        except TrainingDiverged as diverged:
            diverged.runs = runs
            raise
        assign(model.variables, trainer.model.variables)
        runs.append(Run(seeded.seed, model, replace(history, seconds=time.perf_counter() - start)))
        if history.interrupted:
            break
    return runs


class Trainer:
    """A model and what it learns, with the compiled update.

    Parameters
    ----------
    model : keras.Model
        Is trained in place.
    task : Task
        Checked data, and the recipe.
    """

    def __init__(self, model: keras.Model, task: Task):
        task = task.for_model(model)
        check_trainable(model, task.recipe)
        self.model = model
        self.task = task
        examples = task.training
        with self.enough_memory():
            self.update = Update(
                model, examples.sequences, examples.labels, task.recipe, examples.lengths
            )

    def enough_memory(self) -> AbstractContextManager[None]:
        """Return what lets a MemoryError name the recipe's numbers that an update's room is for."""
        size, units = self.task.recipe.batch_size, self.task.recipe.n_hidden
        remedy = f"try batch_size={max(size // 2, 1)}, or fewer than n_hidden={units} units"
        return enough_memory(f"an update with batch_size={size}", remedy)

    def restart(self, model: keras.Model) -> None:
        """Start again from another model's values, with an optimiser that knows nothing."""
        assign(self.model.variables, model.variables)  # random states too, which weights leave out
        self.update.adam.restart()

    def run(self, seed: int, progress: bool = True) -> History:
        """Make the recipe's updates, with batches that are drawn by a seed.

        The history's seconds are those of this call, without compilation.
        """
        start = time.perf_counter()
        recipe = replace(self.task.recipe, seed=seed)
        losses: list[float] = []
        validated: list[tuple[int, Evaluation]] = []
        best: list[np.ndarray] = []  # the weights of the lowest validation loss, with patience
        bar = tqdm(total=recipe.iterations, disable=not progress, file=progress_stream(), ncols=70)
        with without_grappler(), bar, hold_back_interrupt() as is_interrupted:
            for batches in self._groups_of_batches(recipe):
                with self.enough_memory():
                    new = self.update(batches)
                # Stop at the first loss that is not finite: its update was not made.
                if not np.isfinite(new).all():
                    first = int(np.isfinite(new).argmin())
                    losses.extend(new[:first])
                    raise TrainingDiverged(
                        len(losses) + 1, new[first], losses[-1] if losses else None, recipe
                    )
                losses.extend(new)
                bar.set_postfix(loss=f"{new[-1]:.3f}", refresh=False)
                bar.update(len(new))
                if (held_back := self.task.validation) is not None:
                    logits = logits_of(self.model, held_back.sequences, held_back.lengths)
                    validated.append((len(losses), scored(logits, held_back)))
                if self.task.patience is not None:
                    by_epoch = [measured.loss for _, measured in validated]
                    epochs_since_best = len(by_epoch) - 1 - int(np.argmin(by_epoch))
                    if not epochs_since_best:
                        best = [variable.numpy() for variable in self.model.variables]
                    elif epochs_since_best >= self.task.patience:
                        break
                if is_interrupted():
                    break
        # No further update measures what the last one made of the weights.
        if not are_usable(self.model.trainable_variables):
            raise TrainingDiverged(len(losses) + 1, math.nan, losses[-1], recipe)
        if best:
            assign(self.model.variables, best)
        if interrupted := is_interrupted():
            if not is_in_notebook():
                raise KeyboardInterrupt
            print(f"Interrupted after {len(losses)} of {recipe.iterations} updates.")

        return History(
            loss=np.array(losses),
            validation_updates=np.array([updates for updates, _ in validated], dtype=int),
            validation_loss=np.array([measured.loss for _, measured in validated]),
            validation_accuracy=np.array([measured.accuracy for _, measured in validated]),
            seconds=time.perf_counter() - start,
            interrupted=interrupted,
        )

    def _groups_of_batches(self, recipe: Recipe) -> Iterator[np.ndarray]:
        """Yield the batches (updates, batch_size) that one call of the update is given."""
        examples = len(self.task.training.labels)
        batches = draw_batches(examples, recipe)
        if self.task.patience is not None:
            at_once = examples // recipe.batch_size  # an epoch
        else:
            at_once = UPDATES_PER_CALL if self.task.validation is None else VALIDATED_EVERY
        while group := list(islice(batches, at_once)):
            yield np.stack(group)


def are_usable(weights: Iterable[Any]) -> bool:
    """Tell whether a network can compute with its weights: float32 holds their squares."""
    with np.errstate(over="ignore"):
        return all(np.isfinite(np.square(weight.numpy())).all() for weight in weights)


def assign(variables: Iterable[Any], values: Iterable[Any]) -> None:
    """Give each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
