"""Adam (Kingma and Ba, 2015) with the recipe's learning rate, one fused operation per weight.

Keras's Adam makes the same step out of a dozen small operations per weight. On networks of this
size they are a noticeable part of an update, and of the wait before the first.
"""

from __future__ import annotations

import math
from typing import Any

from rnn_utils.recipe import Recipe
from rnn_utils.startup import keras, tf

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Keras's values


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

    def learning_rate(self) -> Any:
        """Return the rate of the next update, a scalar tensor: up a line, down a cosine."""
        recipe, made = self.recipe, self.updates
        rate = tf.constant(recipe.learning_rate)
        if recipe.warm_up:
            rate *= tf.minimum((made + 1) / recipe.warm_up, 1)
        if recipe.decay:
            falling = max(recipe.iterations - recipe.warm_up, 1)  # 1, not 0, if all are warm-up
            done = tf.maximum(made - recipe.warm_up, 0) / falling
            rate *= (1 + tf.cos(math.pi * done)) / 2
        return rate

    def step(self, gradients: list[Any]) -> None:
        """Change the weights, in a replica's context; the gradients are those of all replicas."""
        recipe, t = self.recipe, self.updates + 1
        rate = self.learning_rate()
        recurrent_rate = rate * recipe.recurrent_rate
        beta_1, beta_2, epsilon = map(tf.constant, (BETA_1, BETA_2, EPSILON))
        beta_1_power, beta_2_power = beta_1**t, beta_2**t
        for weight, m, v, gradient in zip(self.weights, *self.moments, gradients, strict=True):
            own_rate = recurrent_rate if weight.name == "recurrent_kernel" else rate
            if recipe.weight_decay and weight.name.endswith("kernel"):
                weight.value.assign_sub(own_rate * recipe.weight_decay * weight.value)
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
        tf.raw_ops.AssignAddVariableOp(resource=self.updates.handle, value=1.0)
