"""Check that a model can be run, and trained, here.

Each check raises an error that names what was found and what to do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rnn_utils.backend import keras, tf
from rnn_utils.engine.devices import shard_sizes
from rnn_utils.recipe import Recipe

# Layers that compute with the whole batch, or count their calls.
BATCH_LAYERS = (keras.layers.BatchNormalization, keras.layers.SpectralNormalization)


def is_stock(model: Any) -> bool:
    """Tell whether a model is its layers and nothing else: no subclass, and built."""
    kind = type(model)
    return (
        kind.__module__.startswith("keras.")
        and kind.__name__ in ("Sequential", "Functional")
        and model.built
    )


def reads_input(layer: keras.Layer, model: keras.Model) -> bool:
    """Tell whether a layer reads the input of a stock model as it is."""
    read = [tensor for node in layer._inbound_nodes for tensor in node.input_tensors]
    return any(tensor is each for tensor in read for each in model.inputs)


def check_reads(model: Any, sequences: np.ndarray, prefix: str = "") -> None:
    """Check that a model reads sequences.

    Raises
    ------
    TypeError
        If it is not a Keras model.
    ValueError
        If it reads sequences of another shape, or embeds fewer whole numbers.
    """
    if not isinstance(model, keras.Layer):
        raise TypeError(
            f"model must be a Keras model, got {model!r}: the functions that build one are called "
            "with a recipe, as in basic_rnn(recipe)"
        )
    of_model = getattr(model, "input_shape", None)  # unknown before the first call of some models
    if of_model is None:
        return
    reads = of_model[1:] if isinstance(of_model, tuple) else ()
    if len(reads) == 3 and reads[-1] == 1:  # Keras gives a batch of rank 3 such an axis
        reads = reads[:-1]
    shape = sequences.shape
    if len(reads) != len(shape) - 1 or any(
        wanted not in (None, given) for wanted, given in zip(reads, shape[1:], strict=True)
    ):
        raise ValueError(
            f"the model {model.name!r} reads {of_model}, but the {prefix}sequences are {shape}"
        )
    if len(shape) == 2:
        sizes = [
            layer.input_dim
            for layer in (model.layers if is_stock(model) else [])
            if isinstance(layer, keras.layers.Embedding) and reads_input(layer, model)
        ]
        check_range(sequences, min(sizes, default=2**31), prefix)


def check_range(sequences: np.ndarray, n: int, prefix: str = "") -> None:
    """Raise ValueError if whole numbers (n, n_steps) are not from 0 to n - 1."""
    if sequences.min() >= 0 and sequences.max() < n:
        return
    where = tuple(map(int, np.argwhere((sequences < 0) | (sequences >= n))[0]))
    raise ValueError(
        f"{prefix}sequences hold {sequences[where]} at index {where}, which is not from 0 to "
        f"{n - 1}: padding too is one of these numbers"
    )


def check_logits(
    logits: Any, n_steps: int, n_classes: int | None = None, per_step: bool | None = None
) -> None:
    """Raise ValueError if a model does not put out a float32 logit for each class.

    There is one for each sequence, or one for each of its n_steps steps; None allows both.
    """
    if not tf.is_tensor(logits):
        raise ValueError(f"the model puts out a {type(logits).__name__}, not one tensor of logits")
    if logits.dtype != tf.float32:
        remedy = "give its last layer dtype='float32'"
        raise ValueError(f"the model puts out {logits.dtype.name}, logits are float32: {remedy}")
    rank, steps = logits.shape.rank, logits.shape[1:-1]
    fits = {False: rank == 2, True: rank == 3 and steps[0] in (None, n_steps)}
    if not (any(fits.values()) if per_step is None else fits[per_step]) or (
        n_classes not in (None, logits.shape[-1])
    ):
        wanted = "n_classes" if n_classes is None else f"n_classes={n_classes}"
        steps, remedy = "", ""
        if per_step:
            steps, remedy = f"n_steps={n_steps}, ", ": return_sequences=True gives one at each step"
        raise ValueError(
            f"the model puts out {logits.shape}, but logits are (batch, {steps}{wanted}){remedy}"
        )


def check_output(model: Any, logits: Any, recipe: Recipe, per_step: bool, has_mask: bool) -> None:
    """Do what `check_logits` does, and see that the loss will leave nothing out.

    Raises
    ------
    ValueError
        If the call of the model added a loss, or it masks steps that are not known beforehand.
    """
    check_logits(logits, recipe.n_steps, recipe.n_classes, per_step)
    if model.losses:
        raise ValueError(
            f"the model {model.name!r} adds a loss of its own, such as a regulariser, which this "
            "training leaves out: use the recipe's weight_decay"
        )
    if per_step and not has_mask:
        check_no_mask(model, logits)


def check_no_mask(model: Any, logits: Any) -> None:
    """Raise ValueError if logits for each step carry a mask that nobody knows of."""
    if getattr(logits, "_keras_mask", None) is not None:
        raise ValueError(
            f"the model {model.name!r} makes its mask on the way, so the loss does not know which "
            "steps are padding: make it of the model's input, or give `mask`"
        )


def check_trainable(model: Any, recipe: Recipe) -> None:
    """Check that training leaves nothing of a model out, and does nothing differently.

    Raises
    ------
    ValueError
        If there is a stateful layer, a layer that computes with a whole batch where batches are
        cut into shards, a weight with a constraint or of another type than float32, or no weight
        to train; and if the replicas cannot train it.
    """
    check_replicas(model, recipe)
    is_cut = shard_sizes(recipe) != [recipe.batch_size]
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            raise ValueError(
                f"the layer {layer.name!r} is stateful, but sequences are drawn at random, so none "
                "goes on where another ended: build it with stateful=False"
            )
        if is_cut and layer.trainable and isinstance(layer, BATCH_LAYERS):
            raise ValueError(
                f"the layer {layer.name!r}, a {type(layer).__name__}, computes with whole batches, "
                "which are cut here: give the recipe shards=1, and train on one device"
            )
    for weight in model.trainable_variables:
        if weight.constraint is not None:
            remedy = "which this training leaves out: build its layer without one"
            raise ValueError(f"the weight {weight.path!r} has a constraint, {remedy}")
        if weight.dtype != "float32":
            remedy = "and training keeps float32: build the model of layers with dtype='float32'"
            raise ValueError(f"the weight {weight.path!r} is {weight.dtype}, {remedy}")
    if not model.trainable_variables:
        remedy = "give it a keras.Input, or unfreeze a layer"
        raise ValueError(f"the model {model.name!r} has no weights to train: {remedy}")


def check_replicas(model: Any, recipe: Recipe) -> None:
    """Raise ValueError if the replicas cannot share a batch equally, or do not have the model."""
    strategy = tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    mirrored = strategy.extended.variable_created_in_scope
    if replicas > 1 and not all(mirrored(weight.value) for weight in model.variables):
        raise ValueError(
            f"the model {model.name!r} was built outside the scope of the strategy that trains it: "
            "build it inside, too, after `with strategy.scope():`"
        )
    if recipe.batch_size % replicas:
        more = math.ceil(recipe.batch_size / replicas) * replicas
        size = f"a batch_size of {recipe.batch_size}"
        raise ValueError(f"{size} cannot be shared equally by {replicas} replicas: try {more}")


def check_fresh(model: Any, others: list[Any], seed: int) -> None:
    """Raise ValueError if a model is one of the others, or of another architecture than they."""
    if any(model is other for other in others):
        raise ValueError("build returned the same model twice: it must make a fresh one each time")
    shapes = [weight.shape for weight in model.variables]
    if any(shapes != [weight.shape for weight in other.variables] for other in others):
        raise ValueError(
            f"build made another architecture with seed {seed} than before: only seeds may differ"
        )
