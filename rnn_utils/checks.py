"""Does what is to be trained fit together? Each check says what it found and what it wants."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

from rnn_utils.recipe import Recipe
from rnn_utils.startup import keras, tf


def checked_task(
    sequences: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    validation: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """Return what to train on and to validate with, checked against the recipe."""
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, got {recipe!r}")
    sequences, labels = checked_data(sequences, labels, recipe)
    if recipe.batch_size > len(sequences):
        raise ValueError(
            f"batch_size is {recipe.batch_size}, but there are only {len(sequences)} sequences"
        )
    if validation is not None:
        if not isinstance(validation, (tuple, list)) or len(validation) != 2:
            raise TypeError(
                "validation must be a pair (sequences, labels), got "
                f"{reprlib.repr(validation)}: hold back digits of the training set yourself"
            )
        validation = checked_data(*validation, recipe, what="validation ")
    return sequences, labels, validation


def checked_data(
    sequences: np.ndarray, labels: np.ndarray, recipe: Recipe | None = None, what: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences as float32 and labels as int64, or say what does not fit."""
    sequences, labels = checked_sequences(sequences, recipe, what), np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{what}labels must be whole numbers of shape (n,), got {labels.dtype} of shape "
            f"{labels.shape}"
        )
    if len(labels) != len(sequences):
        raise ValueError(f"{len(sequences)} {what}sequences, but {len(labels)} labels")
    if recipe is not None:
        check_labels(labels, recipe.n_classes, what)
    return sequences, labels.astype(np.int64)


def checked_sequences(
    sequences: np.ndarray, recipe: Recipe | None = None, what: str = ""
) -> np.ndarray:
    """Return sequences as float32, or say what is wrong with them."""
    sequences = np.asarray(sequences)
    if sequences.ndim != 3 or sequences.dtype.kind != "f":
        raise ValueError(
            f"{what}sequences must be floats of shape (n, steps, features), got "
            f"{sequences.dtype} of shape {sequences.shape}; reduce_images makes them from images"
        )
    if recipe is not None and sequences.shape[1:] != (recipe.n_steps, recipe.n_input):
        raise ValueError(
            f"{what}sequences have shape {sequences.shape}, but the recipe reads "
            f"n_steps={recipe.n_steps} rows of n_input={recipe.n_input}"
        )
    if sequences.size == 0:
        raise ValueError(f"there are no {what}sequences to read: shape {sequences.shape}")
    with np.errstate(over="ignore"):  # what float32 cannot hold is found as infinite
        sequences = sequences.astype(np.float32, copy=False)
    if not np.isfinite(sequences).all():
        where = np.argwhere(~np.isfinite(sequences))[0]
        raise ValueError(
            f"{what}sequences hold {sequences[tuple(where)]} at index {tuple(map(int, where))}"
        )
    return sequences


def check_labels(labels: np.ndarray, n_classes: int, what: str = "") -> None:
    """Raise ValueError if a label is not a class from 0 to n_classes - 1."""
    wrong = (labels < 0) | (labels >= n_classes)
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(
            f"{what}label {labels[i]} at index {i} is not a class from 0 to {n_classes - 1}"
        )


def check_logits(logits: Any, recipe: Recipe | None = None) -> None:
    """Raise ValueError if a model does not put out a float32 logit for each class."""
    if not tf.is_tensor(logits):
        raise ValueError(f"the model puts out a {type(logits).__name__}, not one tensor of logits")
    if logits.dtype != tf.float32:
        raise ValueError(
            f"the model puts out {logits.dtype.name}, but logits are float32: give its last layer "
            "dtype='float32'"
        )
    right = logits.shape.rank == 2 and (recipe is None or logits.shape[1] == recipe.n_classes)
    if not right:
        wanted = "n_classes" if recipe is None else f"n_classes={recipe.n_classes}"
        raise ValueError(f"the model puts out {logits.shape}, but logits are (batch, {wanted})")


def check_reads(model: Any, sequences: np.ndarray) -> None:
    """Raise TypeError or ValueError if a model is none, or not one for such sequences."""
    if not isinstance(model, keras.Layer):
        raise TypeError(
            f"model must be a Keras model, got {model!r}: the functions that build one are called "
            "with a recipe, as in basic_rnn(recipe)"
        )
    shape = getattr(model, "input_shape", None)  # unknown before the first call of some models
    if shape is None:
        return
    reads = shape[1:] if isinstance(shape, tuple) else ()
    if len(reads) == 3 and reads[-1] == 1:  # Keras adds such an axis by itself
        reads = reads[:-1]
    if len(reads) != 2 or any(
        of_model not in (None, there)
        for of_model, there in zip(reads, sequences.shape[1:], strict=True)
    ):
        raise ValueError(
            f"the model {model.name!r} reads {shape}, but the sequences are {sequences.shape}"
        )


def check_trainable(model: Any, sequences: np.ndarray) -> None:
    """Do what `check_reads` does, and raise ValueError if `train` can only train it in part."""
    check_reads(model, sequences)
    for layer in getattr(model, "layers", []):
        if getattr(layer, "stateful", False):
            raise ValueError(
                f"the layer {layer.name!r} is stateful, but sequences are drawn at random, so none "
                "goes on where another ended: build it with stateful=False"
            )
    for weight in model.trainable_variables:
        if weight.constraint is not None:
            raise ValueError(
                f"the weight {weight.path!r} has a constraint, which this training leaves out: "
                "build its layer without one"
            )
        if weight.dtype != "float32":
            raise ValueError(
                f"the weight {weight.path!r} is {weight.dtype}, and training keeps float32: build "
                "the model of layers with dtype='float32'"
            )
    if not model.trainable_variables:
        raise ValueError(
            f"the model {model.name!r} has no weights to train: give it a keras.Input, or unfreeze "
            "a layer"
        )


def check_output(model: Any, logits: Any, recipe: Recipe) -> None:
    """Do what `check_logits` does, and raise ValueError if the call of the model added a loss."""
    check_logits(logits, recipe)
    if model.losses:
        raise ValueError(
            f"the model {model.name!r} adds a loss of its own, such as a regulariser, which this "
            "training leaves out: use the recipe's weight_decay"
        )


def check_fresh(model: Any, others: list[Any], seed: int) -> None:
    """Raise ValueError if a model is one of the others, or of another architecture than they."""
    if any(model is other for other in others):
        raise ValueError("build returned the same model twice: it must make a fresh one each time")
    if any(
        [weight.shape for weight in model.variables] != [weight.shape for weight in other.variables]
        for other in others
    ):
        raise ValueError(
            f"build made another architecture with seed {seed} than before: only seeds may differ"
        )
