"""What plots and diagrams are given: checked, and in the form in which they draw it.

Whatever is wrong raises a `ValueError` that names it.
"""

from collections.abc import Mapping, Sequence

import numpy as np


def numbers(name: str, values: np.ndarray, ndim: int) -> np.ndarray:
    """Return `values` as finite floats of rank `ndim`, or say what is wrong with them."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of numbers, got {values!r:.60}") from None
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape})")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity; leave out what was not measured")
    return array


def named(what: str, entries: Mapping[str, np.ndarray], ndim: int) -> dict[str, np.ndarray]:
    """Return the entries of a mapping, each as `numbers` of rank `ndim`."""
    if not isinstance(entries, Mapping):
        raise ValueError(
            f"{what} must map names to arrays, such as {{'basic RNN': losses}}, "
            f"got {type(entries).__name__}"
        )
    if not entries:
        raise ValueError(f"{what} is empty: give at least one named array")
    return {name: numbers(f"{what}[{name!r}]", values, ndim) for name, values in entries.items()}


def check_at_least(name: str, value: int, least: int) -> None:
    """Refuse a number that is too small."""
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def as_grey(stack: np.ndarray) -> np.ndarray:
    """Scale grey values by the largest of the stack, so that 255 and 1.0 are the same ink."""
    return stack / max(stack.max(), np.finfo(float).tiny)


def shares(name: str, values: Sequence[float]) -> np.ndarray:
    """Return fractions between 0 and 1, in one dimension."""
    array = numbers(name, values, 1)
    if array.min() < 0 or array.max() > 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {array}")
    return array


def counts(name: str, values: np.ndarray) -> np.ndarray:
    """Return a square matrix of whole numbers, not all of them 0."""
    array = numbers(name, values, 2)
    if array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be square, got shape {array.shape}")
    if (array < 0).any() or (array != np.round(array)).any():
        raise ValueError(f"{name} must hold counts: whole numbers, none below 0")
    if not array.any():
        raise ValueError(f"{name} counts no image at all")
    return array.astype(int)


def distribution(name: str, values: np.ndarray) -> np.ndarray:
    """Return rows of probabilities, each of which sums to 1."""
    array = numbers(name, values, 2)
    if (array < 0).any() or not np.allclose(array.sum(axis=1), 1, atol=1e-3):
        raise ValueError(f"each row of {name} must be probabilities that sum to 1 (apply softmax)")
    return array


def class_numbers(name: str, values: np.ndarray, n_classes: int) -> np.ndarray:
    """Return class numbers, each from 0 to `n_classes` - 1."""
    array = numbers(name, values, 1)
    if (array != np.round(array)).any() or array.min() < 0 or array.max() >= n_classes:
        raise ValueError(f"{name} must be classes 0 to {n_classes - 1}, got {np.unique(array)}")
    return array.astype(int)


def labels_for(labels: Sequence | None, number: int) -> list[str]:
    """Return one text per place, or none at all where there are no labels."""
    if labels is None:
        return []
    texts = [str(label) for label in labels]
    if len(texts) != number:
        raise ValueError(f"{len(texts)} labels were given for {number} places")
    return texts
