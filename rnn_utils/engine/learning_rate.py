"""The learning rate's schedule: up a line, then down a cosine."""

from __future__ import annotations

import math
from typing import Any

from rnn_utils.backend import tf
from rnn_utils.recipe import Recipe


def learning_rate(recipe: Recipe, made: Any) -> Any:
    """Return the rate of the next update, a scalar tensor.

    Parameters
    ----------
    recipe : Recipe
        With warm_up it rises over so many updates to its learning_rate; with decay it falls to 0
        over the others, along half a cosine (Loshchilov and Hutter, 2017).
    made : scalar tensor
        How many updates were made.
    """
    rate = tf.constant(recipe.learning_rate)
    if recipe.warm_up:
        rate *= tf.minimum((made + 1) / recipe.warm_up, 1)
    if recipe.decay:
        falling = max(recipe.iterations - recipe.warm_up, 1)  # 1, not 0, if all are warm-up
        done = tf.maximum(made - recipe.warm_up, 0) / falling
        rate *= (1 + tf.cos(math.pi * done)) / 2
    return rate
