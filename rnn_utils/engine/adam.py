"""Adam (Kingma and Ba, 2015) with the recipe's learning rate, one fused operation per weight.

Keras's Adam makes the same step out of a dozen small operations per weight. On networks of this
size they are a noticeable part of an update, and of the wait before the first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rnn_utils.backend import keras, tf
from rnn_utils.engine.learning_rate import learning_rate
from rnn_utils.recipe import Recipe

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Keras's values

# TensorFlow's operation computes 1 - beta_2 in float32, which is 1.3e-5 too small. So is its v, and
# its steps would be longer than Keras's by half of that.
RATE_CORRECTION = math.sqrt((1 - np.float32(BETA_2)) / (1 - BETA_2))


class Adam:
    """The optimiser's state, and its step.

    At step t = 1, 2, ... with the gradient g, for each number of each weight:

        m = beta_1 m + (1 - beta_1) g,  v = beta_2 v + (1 - beta_2) g^2
        weight -= rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)

    Keras's names tell weights apart. A `recurrent_kernel` has a rate of its own, `recurrent_rate`
    times the others'. With weight decay (Loshchilov and Hutter, 2019) every weight whose name ends
    in `kernel` first shrinks by its rate times `weight_decay`; biases do not.

    Parameters
    ----------
    weights : list of keras.Variable
        What is trained; each needs a gradient of its shape at every step.
    recipe : Recipe
        Its learning_rate, warm_up, decay and iterations decide the size of the steps, with
        recurrent_rate and weight_decay.

    Attributes
    ----------
    updates : tf.Variable
        How many updates were made.
    variables : list of tf.Variable
        All of the state: the updates, the m and the v of each weight.
    """

    def __init__(self, weights: list[keras.Variable], recipe: Recipe):
        self.weights = weights
        self.recipe = recipe
        self.updates = tf.Variable(0.0, trainable=False)
        self.moments = [
            [tf.Variable(tf.zeros(weight.shape), trainable=False) for weight in weights]
            for _ in range(2)
        ]
        self.variables = [self.updates, *self.moments[0], *self.moments[1]]

    def restart(self) -> None:
        """Forget all updates."""
        for variable in self.variables:
            variable.assign(tf.zeros_like(variable))

    def step(self, gradients: list[Any], share: Any = 1.0) -> None:
        """Change the weights by a share of a step, in a replica's context.

        The gradients are those of all replicas. A share of 0 leaves the weights as they are.
        """
        # The rates of this update, and how far m and v, which start at 0, still lag behind.
        recipe, t = self.recipe, self.updates + 1
        rate = learning_rate(recipe, self.updates) * RATE_CORRECTION * share
        recurrent_rate = rate * recipe.recurrent_rate
        beta_1, beta_2, epsilon = map(tf.constant, (BETA_1, BETA_2, EPSILON))
        beta_1_power, beta_2_power = beta_1**t, beta_2**t
        for weight, m, v, gradient in zip(self.weights, *self.moments, gradients, strict=True):
            own_rate = recurrent_rate if weight.name == "recurrent_kernel" else rate
            # Let a matrix shrink, by a share of its own rate.
            if recipe.weight_decay and weight.name.endswith("kernel"):
                weight.value.assign_sub(own_rate * recipe.weight_decay * weight.value)
            # Update m, v and the weight: one operation for all that the docstring says.
            tf.raw_ops.ResourceApplyAdam(
                var=weight.value.handle,
                m=m.handle,
                v=v.handle,
                beta1_power=beta_1_power,
                beta2_power=beta_2_power,
                lr=own_rate,
                beta1=beta_1,
                beta2=beta_2,
                epsilon=epsilon,
                grad=gradient,
            )
        tf.raw_ops.AssignAddVariableOp(resource=self.updates.handle, value=share)
