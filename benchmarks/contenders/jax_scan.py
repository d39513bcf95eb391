"""JAX as its documentation has it: a cell under `lax.scan`, Optax, a whole epoch under `jit`."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jax.nn import initializers, sigmoid

from benchmarks.contenders import NETWORKS, Trainer
from rnn_utils import Recipe

UNROLL = 16  # time steps that a scan's body holds
Pair = tuple[jax.Array, jax.Array]


class Layer(NamedTuple):
    """The parameters of one recurrent layer, its gates side by side."""

    kernel: jax.Array  # (n_input, gates * n_hidden)
    recurrent: jax.Array  # (n_hidden, gates * n_hidden)
    bias: jax.Array  # (gates * n_hidden,)
    recurrent_bias: jax.Array  # as `bias` in a GRU, empty elsewhere


def simple_step(layer: Layer, h: jax.Array, x: jax.Array) -> Pair:
    """Return the next state of a basic RNN, twice, as `lax.scan` wants it."""
    h = jnp.tanh(x @ layer.kernel + h @ layer.recurrent + layer.bias)
    return h, h


def gru_step(layer: Layer, h: jax.Array, x: jax.Array) -> Pair:
    """Return the next state of a GRU whose reset gate acts after the product, as in Keras."""
    from_x = jnp.split(x @ layer.kernel + layer.bias, 3, axis=-1)
    from_h = jnp.split(h @ layer.recurrent + layer.recurrent_bias, 3, axis=-1)
    z, r = sigmoid(from_x[0] + from_h[0]), sigmoid(from_x[1] + from_h[1])
    h = z * h + (1 - z) * jnp.tanh(from_x[2] + r * from_h[2])
    return h, h


def lstm_step(layer: Layer, state: Pair, x: jax.Array) -> tuple[Pair, jax.Array]:
    """Return the next (h, c) of an LSTM, and h."""
    h, c = state
    i, f, g, o = jnp.split(x @ layer.kernel + h @ layer.recurrent + layer.bias, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    h = sigmoid(o) * jnp.tanh(c)
    return (h, c), h


STEPS = {"basic": simple_step, "bidirectional": simple_step, "deep": gru_step, "lstm": lstm_step}


def prepare(network: str, recipe: Recipe, sequences: np.ndarray, labels: np.ndarray) -> Trainer:
    """Draw a network's parameters and compile nothing yet."""
    key = jax.random.key(recipe.seed)
    key, start = jax.random.split(key)
    parameters = draw_parameters(start, network, recipe)
    optimizer = optax.adam(recipe.learning_rate)
    state = parameters, optimizer.init(parameters)
    x, y = jnp.asarray(sequences), jnp.asarray(labels, jnp.int32)

    def loss_of(parameters: Any, rows: jax.Array, classes: jax.Array) -> jax.Array:
        logits = forward(network, parameters, rows)
        return optax.softmax_cross_entropy_with_integer_labels(logits, classes).mean()

    @partial(jax.jit, donate_argnums=0)
    def run_epoch(state: Any, key: jax.Array, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
        def update(state, batch):
            parameters, moments = state
            loss, gradients = jax.value_and_grad(loss_of)(parameters, x[batch], y[batch])
            updates, moments = optimizer.update(gradients, moments)
            return (optax.apply_updates(parameters, updates), moments), loss

        batches = jax.random.permutation(key, len(x)).reshape(-1, recipe.batch_size)
        state, losses = lax.scan(update, state, batches)
        return state, losses.mean()

    def epoch() -> float:
        nonlocal key, state
        key, shuffle = jax.random.split(key)
        state, loss = run_epoch(state, shuffle, x, y)
        return float(loss)

    return Trainer(sum(leaf.size for leaf in jax.tree.leaves(parameters)), epoch, epoch)


def forward(network: str, parameters: dict[str, Any], rows: jax.Array) -> jax.Array:
    """Return logits (batch, n_classes) for rows (batch, n_steps, n_input)."""
    sequence = rows.swapaxes(0, 1)  # (n_steps, batch, n_input)
    layers = parameters["layers"]
    if network == "bidirectional":
        forwards = scan_layer(network, layers[0], sequence)
        backwards = scan_layer(network, layers[1], sequence[::-1])
        last = jnp.concatenate([forwards[-1], backwards[-1]], axis=-1)
    else:
        for layer in layers:
            sequence = scan_layer(network, layer, sequence)
        last = sequence[-1]
    return last @ parameters["kernel"] + parameters["bias"]


def scan_layer(network: str, layer: Layer, sequence: jax.Array) -> jax.Array:
    """Return the state of a layer after each step, (n_steps, batch, n_hidden)."""
    h = jnp.zeros((sequence.shape[1], layer.recurrent.shape[0]))
    start = (h, h) if network == "lstm" else h
    _, states = lax.scan(partial(STEPS[network], layer), start, sequence, unroll=UNROLL)
    return states


def draw_parameters(key: jax.Array, network: str, recipe: Recipe) -> dict[str, Any]:
    """Draw parameters as Keras does: Glorot, orthogonal, zero, and one for an LSTM's memory."""
    form = NETWORKS[network]
    inputs = form.layer_inputs(recipe) * form.directions
    key, *keys = jax.random.split(key, len(inputs) + 1)
    layers = zip(keys, inputs, strict=True)
    n_read = form.directions * recipe.n_hidden
    return {
        "layers": [draw_layer(key, network, n_input, recipe.n_hidden) for key, n_input in layers],
        "kernel": initializers.glorot_uniform()(key, (n_read, recipe.n_classes)),
        "bias": jnp.zeros(recipe.n_classes),
    }


def draw_layer(key: jax.Array, network: str, n_input: int, n_hidden: int) -> Layer:
    """Draw the parameters of one layer."""
    for_kernel, for_recurrent = jax.random.split(key)
    width = NETWORKS[network].gates * n_hidden
    bias = jnp.zeros(width)
    if network == "lstm":
        bias = bias.at[n_hidden : 2 * n_hidden].set(1)
    return Layer(
        initializers.glorot_uniform()(for_kernel, (n_input, width)),
        initializers.orthogonal()(for_recurrent, (n_hidden, width)),
        bias,
        jnp.zeros(width if network == "deep" else 0),
    )
