"""Which sequences an update learns from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnn_utils.recipe import Recipe


def draw_batches(n: int, recipe: Recipe) -> Iterator[np.ndarray]:
    """Yield int64 indices (batch_size,) of each of the recipe's iterations.

    Batches are cut from a random permutation of the n sequences; when too few are left for
    another batch, a new permutation is drawn and they are left out. So no batch holds a sequence
    twice.
    """
    rng = np.random.default_rng(recipe.seed)
    order = np.empty(0, np.int64)
    for _ in range(recipe.iterations):
        if len(order) < recipe.batch_size:
            order = rng.permutation(n).astype(np.int64, copy=False)
        batch, order = np.split(order, [recipe.batch_size])
        yield batch
