"""Does what is to be trained fit together? Each check says what it found and what it wants."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

from rnn_utils.recipe import Recipe


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
    if len(sequences) == 0:
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


def check_logits(logits: Any, recipe: Recipe) -> None:
    """Raise ValueError if a model does not put out one logit for each class."""
    if logits.shape.rank != 2 or logits.shape[1] != recipe.n_classes:
        raise ValueError(
            f"the model puts out {logits.shape}, but the recipe's logits are (batch, "
            f"n_classes={recipe.n_classes})"
        )


def check_model(model: Any) -> None:
    """Raise ValueError if a model has nothing to train, or a loss that would be left out."""
    if not model.trainable_variables:
        raise ValueError(
            f"the model {model.name!r} has no weights to train: give it a keras.Input, or unfreeze "
            "a layer"
        )
    if model.losses:
        raise ValueError(
            f"the model {model.name!r} adds a loss of its own, such as a regulariser, which this "
            "training leaves out: use the recipe's weight_decay"
        )
