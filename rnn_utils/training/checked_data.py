"""Sequences and labels that were checked: whoever has such an object need not check again."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnn_utils.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Examples:
    """Sequences and the class of each.

    Attributes
    ----------
    sequences : float32 array (n, n_steps, n_input)
        Finite, and at least one.
    labels : int64 array (n,)
        Whole numbers; `for_recipe` makes sure that they are the recipe's classes.
    """

    sequences: np.ndarray
    labels: np.ndarray

    @classmethod
    def checked(cls, sequences: Any, labels: Any, prefix: str = "") -> Examples:
        """Return examples, or raise ValueError, whose message has the prefix before each name."""
        sequences, labels = checked_sequences(sequences, prefix), np.asarray(labels)
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise ValueError(
                f"{prefix}labels must be whole numbers of shape (n,), got {labels.dtype} of shape "
                f"{labels.shape}"
            )
        if len(labels) != len(sequences):
            raise ValueError(f"{len(sequences)} {prefix}sequences, but {len(labels)} labels")
        return cls(sequences, labels.astype(np.int64))

    @classmethod
    def for_recipe(cls, sequences: Any, labels: Any, recipe: Recipe, prefix: str = "") -> Examples:
        """Return examples of the recipe's sizes, or raise ValueError."""
        examples = cls.checked(sequences, labels, prefix)
        shape = examples.sequences.shape
        if shape[1:] != (recipe.n_steps, recipe.n_input):
            raise ValueError(
                f"{prefix}sequences have shape {shape}, but the recipe reads "
                f"n_steps={recipe.n_steps} rows of n_input={recipe.n_input}"
            )
        examples.check_classes(recipe.n_classes, prefix)
        return examples

    def check_classes(self, n_classes: int, prefix: str = "") -> None:
        """Raise ValueError if a label is not a class from 0 to n_classes - 1."""
        wrong = (self.labels < 0) | (self.labels >= n_classes)
        if wrong.any():
            i = int(wrong.argmax())
            label = f"{prefix}label {self.labels[i]} at index {i}"
            raise ValueError(f"{label} is not a class from 0 to {n_classes - 1}")


@dataclass(frozen=True, eq=False)
class Task:
    """What to learn from, by which recipe, and what to measure on the way."""

    training: Examples
    validation: Examples | None
    recipe: Recipe
    patience: int | None = None  # epochs without a better validation loss, after which to stop

    @classmethod
    def checked(
        cls, sequences: Any, labels: Any, recipe: Any, validation: Any, patience: Any = None
    ) -> Task:
        """Return the task, or raise TypeError or ValueError if its parts do not fit together."""
        if not isinstance(recipe, Recipe):
            raise TypeError(f"recipe must be a Recipe, got {recipe!r}")
        training = Examples.for_recipe(sequences, labels, recipe)
        n = len(training.labels)
        if recipe.batch_size > n:
            raise ValueError(f"batch_size is {recipe.batch_size}, but there are only {n} sequences")
        if validation is not None:
            if not isinstance(validation, (tuple, list)) or len(validation) != 2:
                raise TypeError(
                    "validation must be a pair (sequences, labels), got "
                    f"{reprlib.repr(validation)}: hold back digits of the training set yourself"
                )
            validation = Examples.for_recipe(*validation, recipe, prefix="validation ")
        if patience is not None:
            if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
                raise ValueError(
                    f"patience must be a number of epochs, 1 or more, got {patience!r}"
                )
            if validation is None:
                raise ValueError(
                    f"patience is {patience}, but there is no validation to be patient about: hold "
                    "back digits of the training set and give them as validation"
                )
        return cls(training, validation, recipe, patience)


def checked_sequences(sequences: Any, prefix: str = "") -> np.ndarray:
    """Return sequences as float32, or raise ValueError; the prefix stands before their name."""
    sequences = np.asarray(sequences)
    if sequences.ndim != 3 or sequences.dtype.kind != "f":
        raise ValueError(
            f"{prefix}sequences must be floats of shape (n, steps, features), got "
            f"{sequences.dtype} of shape {sequences.shape}; reduce_images makes them from images"
        )
    if sequences.size == 0:
        raise ValueError(f"there are no {prefix}sequences to read: shape {sequences.shape}")
    with np.errstate(over="ignore"):  # what float32 cannot hold is found as infinite
        sequences = sequences.astype(np.float32, copy=False)
    if not np.isfinite(sequences).all():
        where = np.argwhere(~np.isfinite(sequences))[0]
        value = sequences[tuple(where)]
        raise ValueError(f"{prefix}sequences hold {value} at index {tuple(map(int, where))}")
    return sequences
