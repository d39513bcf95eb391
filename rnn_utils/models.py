"""The four networks of the book, as plain Keras layers.

Each function takes a `Recipe` and returns a model that nobody has compiled: it reads a batch of
sequences (batch, n_steps, n_input) and puts out logits (batch, n_classes). The same recipe gives
the same initial weights, whatever else the program has drawn before.

The recurrent layers are Keras's, with a fast path for the CPU: see `rnn_utils.layers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rnn_utils import layers
from rnn_utils.recipe import Recipe
from rnn_utils.startup import keras


def basic_rnn(recipe: Recipe) -> keras.Model:
    """Return one recurrent layer, read out at the end: h_16 W_y + b_y."""
    seeds = _seeds(recipe)
    rnn = layers.SimpleRNN(recipe.n_hidden, **_start(seeds), name="rnn")
    return _classifier("basic_rnn", recipe, [rnn], seeds)


def bidirectional_rnn(recipe: Recipe) -> keras.Model:
    """Return two basic RNNs reading in opposite directions; both last states are read out.

    The backward layer is spelled out because `Bidirectional` would otherwise copy the forward
    one, seed included, and both directions would start from the same weights.
    """
    seeds = _seeds(recipe)
    forward = layers.SimpleRNN(recipe.n_hidden, **_start(seeds), name="forward")
    backward = layers.SimpleRNN(
        recipe.n_hidden, **_start(seeds), go_backwards=True, name="backward"
    )
    both = keras.layers.Bidirectional(forward, backward_layer=backward, name="rnn")
    return _classifier("bidirectional_rnn", recipe, [both], seeds)


def deep_rnn(recipe: Recipe, *, reset_after: bool = True) -> keras.Model:
    """Return n_layers GRU layers, one above the other; the top one's last state is read out.

    `reset_after=False` is the GRU of the paper and of TensorFlow 1; True is Keras's default, and
    the faster one.
    """
    seeds = _seeds(recipe)
    stack = [
        layers.GRU(
            recipe.n_hidden,
            **_start(seeds),
            reset_after=reset_after,
            return_sequences=layer < recipe.n_layers,
            unroll=not reset_after,
            name=f"gru_{layer}",
        )
        for layer in range(1, recipe.n_layers + 1)
    ]
    return _classifier("deep_rnn", recipe, stack, seeds)


def lstm(recipe: Recipe, *, forget_bias: float = 1.0) -> keras.Model:
    """Return one LSTM layer whose last state is read out.

    `forget_bias` is where the forget gates' bias starts; at 1, sigmoid(1) = 0.73 of each memory
    is kept at every step before anything is learned.
    """
    seeds = _seeds(recipe)
    layer = layers.LSTM(
        recipe.n_hidden,
        **_start(seeds),
        unit_forget_bias=False,
        bias_initializer=ForgetBias(forget_bias),
        name="lstm",
    )
    return _classifier("lstm", recipe, [layer], seeds)


@keras.saving.register_keras_serializable("rnn_utils")
class ForgetBias(keras.initializers.Initializer):
    """Start an LSTM's biases (i, f, c, o) at zero, save the forget gates' at `value`."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, shape: tuple[int], dtype: Any = None) -> Any:
        """Return the bias vector of 4 x units values."""
        return keras.ops.repeat(keras.ops.array([0, self.value, 0, 0], dtype), shape[0] // 4)

    def get_config(self) -> dict[str, float]:
        """Return what rebuilds this initialiser."""
        return {"value": self.value}


def _seeds(recipe: Recipe) -> Iterator[int]:
    """Yield a seed for each initialiser: two with the same seed would draw alike."""
    rng = np.random.default_rng(recipe.seed)
    while True:
        yield int(rng.integers(2**31))


def _start(seeds: Iterator[int]) -> dict[str, Any]:
    """Return Keras's own initialisers of a recurrent layer, seeded."""
    return {
        "kernel_initializer": keras.initializers.GlorotUniform(next(seeds)),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=next(seeds)),
    }


def _classifier(
    name: str,
    recipe: Recipe,
    recurrent: list[Callable[..., Any]],
    seeds: Iterator[int],
) -> keras.Model:
    """Put a linear read-out on top of recurrent layers that return their last state."""
    start = keras.initializers.GlorotUniform(next(seeds))
    read_out = keras.layers.Dense(recipe.n_classes, kernel_initializer=start, name="read_out")
    rows = keras.Input((recipe.n_steps, recipe.n_input), name="rows")
    return keras.Sequential([rows, *recurrent, read_out], name=name)
