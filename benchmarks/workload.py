"""The digits that everybody reads: written once, read by every process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rnn_utils import Recipe, reduce_images

DIGITS = 70_000  # images that are reduced: MNIST's training and test sets


def save_digits(folder: Path) -> str:
    """Write the digits where the workers find them; return which set they are.

    Where only the small set can be had, its digits are repeated to the same number.
    """
    # The other processes need only NumPy of what reading the digits takes.
    from rnn_utils import load_mnist

    mnist = load_mnist()
    images = np.concatenate([mnist.train_images, mnist.test_images])
    labels = np.concatenate([mnist.train_labels, mnist.test_labels])
    again = np.arange(DIGITS) % len(images)
    np.save(folder / "images.npy", images[again])
    np.save(folder / "labels.npy", labels[again])
    return mnist.source


def load_images(folder: Path, count: int) -> np.ndarray:
    """Return `count` digits as MNIST has them: uint8 (count, 28, 28)."""
    return np.load(folder / "images.npy")[:count]


def load_sequences(folder: Path, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences (n, n_steps, n_input) and labels, as many as one pass updates on.

    A recipe that reads more rows than a digit has reads the digit again from the top.
    """
    n = recipe.iterations * recipe.batch_size
    if n > DIGITS:
        raise ValueError(
            f"{recipe.iterations} updates of {recipe.batch_size} read {n:,} digits, but there "
            f"are {DIGITS:,}: use fewer iterations"
        )
    sequences = reduce_images(load_images(folder, n))
    rows = np.arange(recipe.n_steps) % sequences.shape[1]
    if len(rows) != sequences.shape[1]:  # else handed over as reduce_images made them
        sequences = sequences[:, rows]
    return sequences, np.load(folder / "labels.npy")[:n]
