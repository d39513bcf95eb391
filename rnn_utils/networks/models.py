"""The four networks of the book, made of `keras.layers` and nothing else.

Each function takes a `Recipe` and returns a model that nobody has compiled: it reads a batch of
sequences (batch, n_steps, n_input) and puts out logits (batch, n_classes). The same recipe gives
the same initial weights, whatever else the program has drawn before. A model that is saved or
exported needs only Keras, or TensorFlow, to be used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnn_utils.backend import enough_memory, keras
from rnn_utils.recipe import Recipe


def basic_rnn(recipe: Recipe) -> keras.Model:
    """Return one recurrent layer, read out at the end: h_16 W_y + b_y."""
    seeds = _seeds(recipe)
    start = _start(seeds)
    rnn = keras.layers.SimpleRNN(recipe.n_hidden, **start, name="rnn")
    return _classifier("basic_rnn", recipe, [rnn], seeds)


def bidirectional_rnn(recipe: Recipe) -> keras.Model:
    """Return two basic RNNs reading in opposite directions; both last states are read out.

    The backward layer is spelled out because `Bidirectional` would otherwise copy the forward
    one, seed included, and both directions would start from the same weights.
    """
    seeds = _seeds(recipe)
    forward = keras.layers.SimpleRNN(recipe.n_hidden, **_start(seeds), name="forward")
    backward = keras.layers.SimpleRNN(
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
        keras.layers.GRU(
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

    `forget_bias` is where the forget gates' bias starts; at 1, as in Keras, sigmoid(1) = 0.73 of
    each memory is kept at every step before anything is learned.
    """
    seeds = _seeds(recipe)
    layer = keras.layers.LSTM(recipe.n_hidden, **_start(seeds), name="lstm")
    model = _classifier("lstm", recipe, [layer], seeds)
    # The biases of the gates lie side by side, in the order i, f, c, o.
    layer.cell.bias.assign(np.repeat([0, forget_bias, 0, 0], recipe.n_hidden))
    return model


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


def _classifier(name: str, recipe: Recipe, stack: list[Any], seeds: Iterator[int]) -> keras.Model:
    """Put a linear read-out on top of recurrent layers that return their last state."""
    start = keras.initializers.GlorotUniform(next(seeds))
    read_out = keras.layers.Dense(recipe.n_classes, kernel_initializer=start, name="read_out")
    rows = keras.Input((recipe.n_steps, recipe.n_input), name="rows")
    sizes = ", ".join(f"{n}={getattr(recipe, n)}" for n in ("n_input", "n_hidden", "n_classes"))
    with enough_memory(f"a network with {sizes}", "try smaller sizes"):
        return keras.Sequential([rows, *stack, read_out], name=name)
