"""Sequences and labels that were checked: whoever has such an object need not check again."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnn_utils.backend import keras
from rnn_utils.engine.masks import lengths_for, lengths_of
from rnn_utils.engine.model_checks import check_range, check_reads
from rnn_utils.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Examples:
    """Sequences and the class of each, or of each of their steps.

    Attributes
    ----------
    sequences : float32 array (n, n_steps, n_input), or int32 array (n, n_steps)
        Finite, and at least one.
    labels : int64 array (n,) or (n, n_steps)
        Whole numbers; `for_recipe` makes sure that they are the recipe's classes.
    lengths : int32 array (n,), optional
        The steps of each sequence that are real; what follows is padding.
    """

    sequences: np.ndarray
    labels: np.ndarray
    lengths: np.ndarray | None = None

    @classmethod
    def checked(cls, sequences: Any, labels: Any, mask: Any = None, prefix: str = "") -> Examples:
        """Return examples, or raise ValueError, whose message has the prefix before each name."""
        sequences, labels = checked_sequences(sequences, prefix), np.asarray(labels)
        if labels.ndim not in (1, 2) or labels.dtype.kind not in "iu":
            raise ValueError(
                f"{prefix}labels must be whole numbers of shape (n,), or (n, n_steps) for one at "
                f"each step, got {labels.dtype} of shape {labels.shape}"
            )
        if len(labels) != len(sequences):
            raise ValueError(f"{len(sequences)} {prefix}sequences, but {len(labels)} labels")
        if labels.ndim == 2 and labels.shape[1] != sequences.shape[1]:
            raise ValueError(
                f"{prefix}sequences have {sequences.shape[1]} steps, but there are "
                f"{labels.shape[1]} labels for each"
            )
        lengths = None if mask is None else lengths_of(mask, sequences.shape, prefix)
        return cls(sequences, labels.astype(np.int64), lengths)

    @classmethod
    def for_recipe(
        cls, sequences: Any, labels: Any, recipe: Recipe, mask: Any = None, prefix: str = ""
    ) -> Examples:
        """Return examples of the recipe's sizes, or raise ValueError."""
        examples = cls.checked(sequences, labels, mask, prefix)
        shape = examples.sequences.shape
        if shape[1:] != (recipe.n_steps, recipe.n_input)[: len(shape) - 1]:
            rows = f" rows of n_input={recipe.n_input}" if len(shape) == 3 else " whole numbers"
            raise ValueError(
                f"{prefix}sequences have shape {shape}, but the recipe reads "
                f"n_steps={recipe.n_steps}{rows}"
            )
        if len(shape) == 2:
            check_range(examples.sequences, recipe.n_input, prefix)
        return examples

    @property
    def has_labels_per_step(self) -> bool:
        """Whether each step has a label of its own."""
        return self.labels.ndim == 2

    @property
    def counts(self) -> np.ndarray:
        """True for each label that is not that of a padded step, of the labels' shape."""
        if self.lengths is None or not self.has_labels_per_step:
            return np.ones(self.labels.shape, bool)
        return np.arange(self.labels.shape[1]) < self.lengths[:, None]

    def read_by(self, model: keras.Model, prefix: str = "") -> Examples:
        """Return them with the lengths that a model gives them, if it makes a mask of its own.

        Raises
        ------
        ValueError, TypeError
            If it reads other sequences, or another mask was given.
        """
        check_reads(model, self.sequences, prefix)
        return replace(self, lengths=lengths_for(model, self.sequences, self.lengths, prefix))

    def check_classes(self, n_classes: int, prefix: str = "") -> None:
        """Raise ValueError if a label is not a class from 0 to n_classes - 1; padding has none."""
        wrong = self.counts & ((self.labels < 0) | (self.labels >= n_classes))
        if wrong.any():
            where = tuple(map(int, np.argwhere(wrong)[0]))
            index = where if len(where) > 1 else where[0]
            label = f"{prefix}label {self.labels[where]} at index {index}"
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
        cls,
        sequences: Any,
        labels: Any,
        recipe: Any,
        mask: Any,
        validation: Any,
        patience: Any = None,
    ) -> Task:
        """Return the task, or raise TypeError or ValueError if its parts do not fit together."""
        if not isinstance(recipe, Recipe):
            raise TypeError(f"recipe must be a Recipe, got {recipe!r}")
        training = Examples.for_recipe(sequences, labels, recipe, mask)
        n = len(training.labels)
        if recipe.batch_size > n:
            raise ValueError(f"batch_size is {recipe.batch_size}, but there are only {n} sequences")
        if validation is not None:
            if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
                raise TypeError(
                    "validation must be a pair (sequences, labels), got "
                    f"{reprlib.repr(validation)}: hold back digits of the training set yourself, "
                    "with a mask as third where there is one"
                )
            held_back, classes, *its_mask = validation
            validation = Examples.for_recipe(
                held_back, classes, recipe, *its_mask, prefix="validation "
            )
            if validation.has_labels_per_step != training.has_labels_per_step:
                raise ValueError(
                    f"labels have shape {training.labels.shape}, but validation labels "
                    f"{validation.labels.shape}: give both one label for each sequence, or both "
                    "one for each step"
                )
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

    def for_model(self, model: keras.Model) -> Task:
        """Return the task as a model reads it, or raise ValueError or TypeError."""
        training, validation = self.training.read_by(model), self.validation
        training.check_classes(self.recipe.n_classes)
        if validation is not None:
            validation = validation.read_by(model, "validation ")
            validation.check_classes(self.recipe.n_classes, "validation ")
        return replace(self, training=training, validation=validation)


def checked_sequences(sequences: Any, prefix: str = "") -> np.ndarray:
    """Return sequences as float32 or int32, or raise ValueError with a prefix before their name."""
    sequences = np.asarray(sequences)
    is_whole = sequences.ndim == 2 and sequences.dtype.kind in "iu"
    if not is_whole and (sequences.ndim != 3 or sequences.dtype.kind != "f"):
        raise ValueError(
            f"{prefix}sequences must be floats of shape (n, steps, features), got "
            f"{sequences.dtype} of shape {sequences.shape}; reduce_images makes them from images, "
            "and a model that embeds whole numbers reads those of shape (n, steps)"
        )
    if sequences.size == 0:
        raise ValueError(f"there are no {prefix}sequences to read: shape {sequences.shape}")
    if is_whole:
        check_range(sequences, 2**31, prefix)
        return sequences.astype(np.int32, copy=False)
    with np.errstate(over="ignore"):  # what float32 cannot hold is found as infinite
        sequences = sequences.astype(np.float32, copy=False)
    if not np.isfinite(sequences).all():
        where = np.argwhere(~np.isfinite(sequences))[0]
        value = sequences[tuple(where)]
        raise ValueError(f"{prefix}sequences hold {value} at index {tuple(map(int, where))}")
    return sequences
