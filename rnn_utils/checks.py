"""Does what is to be trained fit together? Each check says what it found and what it wants."""

from __future__ import annotations

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
    sequences, labels = checked_data(sequences, labels, recipe)
    if recipe.batch_size > len(sequences):
        raise ValueError(
            f"batch_size is {recipe.batch_size}, but there are only {len(sequences)} sequences"
        )
    if validation is not None:
        validation = checked_data(*validation, recipe, what="validation ")
    return sequences, labels, validation


def checked_data(
    sequences: np.ndarray, labels: np.ndarray, recipe: Recipe | None = None, what: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences as float32 and labels as int64, or say what does not fit."""
    sequences, labels = np.asarray(sequences), np.asarray(labels)
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
        raise ValueError(f"there are no {what}sequences: shape {sequences.shape}")
    with np.errstate(over="ignore"):  # what float32 cannot hold is found as infinite
        sequences = sequences.astype(np.float32, copy=False)
    if not np.isfinite(sequences).all():
        where = np.argwhere(~np.isfinite(sequences))[0]
        raise ValueError(
            f"{what}sequences hold {sequences[tuple(where)]} at index {tuple(map(int, where))}"
        )
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
