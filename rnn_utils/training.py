"""The training loop of the book: draw a batch, measure the loss, follow its gradient, repeat.

`train` is one explicit loop, compiled by TensorFlow (`tf.function`); `evaluate` measures a model
on data that it was not trained on. Neither hides a step that the chapters talk about.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from tqdm import tqdm

from rnn_utils.adam import Adam
from rnn_utils.checks import (
    check_fresh,
    check_labels,
    check_logits,
    check_output,
    check_reads,
    check_trainable,
    checked_data,
    checked_sequences,
    checked_task,
)
from rnn_utils.graphs import as_traced
from rnn_utils.parallel import (
    check_replicas,
    clip,
    over_replicas,
    resident,
    shards_of_replica,
    sum_of_parts,
    sum_of_replicas,
)
from rnn_utils.progress import progress_stream
from rnn_utils.recipe import Recipe
from rnn_utils.startup import keras, tf

UPDATES_PER_CALL = 50  # updates between two looks from Python: progress and divergence
VALIDATED_EVERY = 10  # updates, where there is something to validate with
ROWS_PER_CALL = 5000  # sequences that are evaluated at once

ZERO = tf.UnconnectedGradients.ZERO  # the gradient of a weight that the loss does not depend on


@dataclass(frozen=True, eq=False)
class History:
    """What `train` measured. Losses are mean softmax cross-entropies in nats."""

    loss: np.ndarray  # (iterations,) on each batch, before the update that it leads to
    validation_updates: np.ndarray  # (k,) after how many updates the next two were measured
    validation_loss: np.ndarray  # (k,) empty without validation data
    validation_accuracy: np.ndarray  # (k,) shares between 0 and 1
    seconds: float  # to the last update, compilation (the first seed's) and validation included


@dataclass(frozen=True)
class Evaluation:
    """How well a model does on a set of sequences."""

    loss: float  # mean softmax cross-entropy in nats
    accuracy: float  # share of sequences whose largest logit is the right one
    count: int  # sequences measured

    @property
    def standard_error(self) -> float:
        """One standard error of the accuracy, for a test set drawn at random: sqrt(pq/n)."""
        return math.sqrt(self.accuracy * (1 - self.accuracy) / self.count)


class TrainingDiverged(ArithmeticError):
    """The loss or its gradient became infinite or not a number, so training stopped.

    Attributes
    ----------
    iteration : int
        The update that could not be made, counted from 1.
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
        super().__init__(
            f"loss or gradient is {loss} at iteration {iteration} with seed {recipe.seed} "
            f"({before}); the weights are those of the update before. Try a learning rate below "
            f"{recipe.learning_rate:g}, for instance {recipe.learning_rate / 10:g}, inputs "
            "scaled to [0, 1], or clipped gradients."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Tell pickle how to make it again, for trainings in a pool of processes."""
        made_from = self.iteration, self.loss, self.last_loss, self.recipe
        return type(self), made_from, {"runs": self.runs}


def train(
    model: keras.Model,
    sequences: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    *,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place with Adam, for `recipe.iterations` updates.

    Parameters
    ----------
    model : keras.Model
        Reads (batch, n_steps, n_input), puts out logits (batch, n_classes); not compiled.
    sequences : float array (n, n_steps, n_input)
        What to learn from; pixels in [0, 1] in this book.
    labels : integer array (n,)
        Classes from 0 to n_classes - 1.
    recipe : Recipe
        Its seed decides the batches, so equal seeds and equal initial weights give equal losses,
        bit for bit.
    validation : (sequences, labels), optional
        Measured after every 10th update and after the last.
    progress : bool
        Show a progress bar that leaves one line behind.

    Returns
    -------
    History

    Raises
    ------
    ValueError, TypeError
        If model, sequences, labels and recipe do not fit together, or the model has nothing to
        train or a loss of its own; the message names the value.
    TrainingDiverged
        If the loss or its gradient is no longer finite. The model is left as the update before
        made it.
    """
    sequences, labels, validation = checked_task(sequences, labels, recipe, validation)
    start = time.perf_counter()
    update = compile_update(model, sequences, labels, recipe)
    return repeat_update(update, model, len(sequences), recipe, validation, progress, start)


@dataclass(frozen=True, eq=False)
class Run:
    """One of several trainings that differ in nothing but the seed."""

    seed: int
    model: keras.Model  # as it was after the last update
    history: History


def train_seeds(
    build: Callable[[Recipe], keras.Model],
    sequences: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    seeds: Iterable[int],
    *,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    progress: bool = True,
) -> list[Run]:
    """Train a fresh model for each seed; the numbers are those of `train`, one at a time.

    The update is compiled once, for one model. Each seed's initial weights are copied into it,
    trained, and copied back.

    Parameters
    ----------
    build : callable
        Makes a model from a recipe with the seed in it: the same architecture for each.
    sequences, labels, recipe, validation, progress
        As `train` takes them; of the recipe, the seed is not used.
    seeds : iterable of int
        For instance ``range(5)``.

    Returns
    -------
    list of Run
        In the order of the seeds.

    Raises
    ------
    TypeError
        If build is no function, or seeds not iterable.
    ValueError, TrainingDiverged
        As `train` does, and if build returns a model again or makes another architecture. The
        model that diverged is lost, the runs before are in `runs`.
    """
    sequences, labels, validation = checked_task(sequences, labels, recipe, validation)
    if isinstance(build, keras.Layer) or not callable(build):
        raise TypeError(f"build must be a function such as basic_rnn, got {build!r}")
    if not isinstance(seeds, Iterable):
        raise TypeError(f"seeds must be several whole numbers such as range(5), got {seeds!r}")
    recipes = [replace(recipe, seed=seed) for seed in seeds]
    runs: list[Run] = []
    for seeded in recipes:
        start = time.perf_counter()
        model = build(seeded)
        check_reads(model, sequences)
        if not runs:
            worker = build(seeded)
            adam = Adam(worker.trainable_variables, recipe)
            zeros = [variable.numpy() for variable in adam.variables]
            update = compile_update(worker, sequences, labels, recipe, adam)
        check_fresh(model, [worker, *(run.model for run in runs)], seeded.seed)
        assign(worker.variables, model.variables)  # random states too, which weights leave out
        assign(adam.variables, zeros)
        try:
            history = repeat_update(
                update, worker, len(sequences), seeded, validation, progress, start
            )
        except TrainingDiverged as diverged:
            diverged.runs = runs
            raise
        assign(model.variables, worker.variables)
        runs.append(Run(seeded.seed, model, history))
    return runs


def assign(variables: Iterable[Any], values: Iterable[Any]) -> None:
    """Give each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def compile_update(
    model: keras.Model,
    sequences: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    adam: Adam | None = None,
) -> Callable[[Any], Any]:
    """Compile the loop body: batches of indices in, losses before each out.

    The data stays where the model is; only the indices of a batch travel.
    It is worked on in shards, whose losses and gradients add up to its own.
    """
    check_trainable(model, sequences)
    check_replicas(recipe, model)
    strategy = tf.distribute.get_strategy()
    x, y = resident(sequences), resident(labels)
    weights = model.trainable_variables
    adam = adam or Adam(weights, recipe)

    @tf.function(autograph=False)
    def loss_and_gradients(shard, x, y):
        share = shard.shape[0] / recipe.batch_size
        with tf.GradientTape() as tape:
            logits = model(tf.gather(x, shard), training=True)
            check_output(model, logits, recipe)
            loss = share * cross_entropy(tf.gather(y, shard), logits)
        values = [weight.value for weight in weights]
        return loss, tape.gradient(loss, values, unconnected_gradients=ZERO)

    def measure(batch, x, y):
        shards = shards_of_replica(batch, recipe)
        parts = [loss_and_gradients(shard, x, y) for shard in shards]
        loss, gradients = sum_of_parts(parts)
        return only_if_finite(loss, gradients), gradients

    def step(gradients):
        adam.step(clip(over_replicas(gradients), recipe.clip_norm))

    indices = tf.TensorSpec([None, recipe.batch_size], tf.int32)

    @tf.function(input_signature=[indices], autograph=False)
    def update(batches):
        def goes_on(i, finite, losses):
            return tf.logical_and(finite, i < tf.shape(batches)[0])

        def one_update(i, finite, losses):
            loss, gradients = strategy.run(measure, args=(batches[i], x, y))
            loss = sum_of_replicas(loss)
            finite = tf.math.is_finite(loss)
            make_step = partial(strategy.run, step, args=(gradients,))
            tf.cond(finite, make_step, lambda: None)
            return i + 1, finite, losses.write(i, loss)

        losses = tf.TensorArray(tf.float32, size=tf.shape(batches)[0])
        *_, losses = tf.while_loop(goes_on, one_update, (0, True, losses))
        return losses.stack()  # 0 after one that is not finite

    return update.get_concrete_function()


def only_if_finite(loss: Any, gradients: list[Any]) -> Any:
    """Return the loss, or not-a-number if the gradients hold a number that is not finite."""
    length = tf.linalg.global_norm(gradients)
    return tf.where(tf.math.is_finite(length), loss, math.nan)


def repeat_update(
    update: Callable[[Any], Any],
    model: keras.Model,
    n: int,
    recipe: Recipe,
    validation: tuple[np.ndarray, np.ndarray] | None,
    progress: bool,
    start: float,
) -> History:
    """Feed the update with batches of n sequences until the recipe's iterations are done."""
    at_once = UPDATES_PER_CALL if validation is None else VALIDATED_EVERY
    losses, validated = [], []
    bar = tqdm(total=recipe.iterations, disable=not progress, file=progress_stream(), ncols=70)
    with as_traced(), bar:
        for batches in draw_batches(n, recipe, at_once):
            new = update(tf.constant(batches)).numpy()
            finite = np.isfinite(new)
            if not finite.all():
                first = finite.argmin()  # where the first False is
                losses.extend(new[:first])
                raise TrainingDiverged(
                    len(losses) + 1, new[first], losses[-1] if losses else None, recipe
                )
            losses.extend(new)
            bar.set_postfix(loss=f"{new[-1]:.3f}", refresh=False)
            bar.update(len(new))
            if validation is not None:
                validated.append((len(losses), measure_checked(model, *validation)))

    return History(
        loss=np.array(losses),
        validation_updates=np.array([updates for updates, _ in validated], dtype=int),
        validation_loss=np.array([measured.loss for _, measured in validated]),
        validation_accuracy=np.array([measured.accuracy for _, measured in validated]),
        seconds=time.perf_counter() - start,
    )


def cross_entropy(labels: Any, logits: Any) -> Any:
    """Return the mean of -log softmax(logits)[label] over a batch, in nats."""
    return tf.reduce_mean(cross_entropies(labels, logits))


def cross_entropies(labels: Any, logits: Any) -> Any:
    """Return -log softmax(logits)[label] for each of a batch, in nats.

    Spelled out, since where operations are to repeat bit for bit, TensorFlow's own function is made
    of many more.
    """
    one_hot = tf.one_hot(labels, logits.shape[-1])
    return -tf.reduce_sum(one_hot * tf.nn.log_softmax(logits), axis=-1)


def draw_batches(n: int, recipe: Recipe, at_once: int = UPDATES_PER_CALL) -> Iterator[np.ndarray]:
    """Yield int32 indices (k, batch_size), k <= `at_once` updates at a time, `iterations` in all.

    Batches are cut from a random permutation of the n sequences; when too few are left for
    another batch, a new permutation is drawn and they are left out. So no batch holds a sequence
    twice.
    """
    rng = np.random.default_rng(recipe.seed)
    order = np.empty(0, np.int32)
    for first in range(0, recipe.iterations, at_once):
        batches = []
        for _ in range(min(at_once, recipe.iterations - first)):
            if len(order) < recipe.batch_size:
                order = rng.permutation(n).astype(np.int32)
            batch, order = np.split(order, [recipe.batch_size])
            batches.append(batch)
        yield np.stack(batches)


def predict_logits(model: keras.Model, sequences: np.ndarray) -> np.ndarray:
    """Return the model's logits (n, n_classes) for sequences (n, n_steps, n_input).

    Raises
    ------
    ValueError, TypeError
        If there are no sequences, they are not finite floats of that shape, or the model is not
        one that turns them into logits.
    """
    return logits_of_checked(model, checked_sequences(sequences))


def logits_of_checked(model: keras.Model, sequences: np.ndarray) -> np.ndarray:
    """Do what `predict_logits` does with sequences that `checked_sequences` returned."""
    check_reads(model, sequences)
    logits = []
    for first in range(0, len(sequences), ROWS_PER_CALL):
        part = model(sequences[first : first + ROWS_PER_CALL])
        check_logits(part)
        logits.append(part.numpy())
    return np.concatenate(logits)


def evaluate(model: keras.Model, sequences: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Measure loss and accuracy of a model on sequences and their labels.

    Parameters
    ----------
    model : keras.Model
        Reads (batch, steps, features), puts out logits (batch, n_classes).
    sequences : float array (n, steps, features)
        What to classify.
    labels : integer array (n,)
        Their true classes.

    Raises
    ------
    ValueError, TypeError
        If there is nothing to measure, or model, sequences and labels do not fit together.
    """
    return measure_checked(model, *checked_data(sequences, labels))


def measure_checked(model: keras.Model, sequences: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Do what `evaluate` does with data that `checked_data` returned."""
    logits = logits_of_checked(model, sequences)
    check_labels(labels, logits.shape[-1])
    losses = cross_entropies(labels, logits).numpy()
    return Evaluation(
        loss=float(losses.mean(dtype=np.float64)),
        accuracy=float((logits.argmax(axis=-1) == labels).mean()),
        count=len(labels),
    )
