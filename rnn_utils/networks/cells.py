"""The book's equations in plain NumPy: one function per cell and time step.

Here is what a recurrent layer computes, with the letters of the chapters and nothing hidden:

- one step of each cell: `rnn_step`, `gru_step`, `lstm_step`;
- the same step over a whole sequence: `rnn`, `gru`, `lstm`;
- two directions and several layers: `bidirectional`, `stack`;
- the read-out: `read_out`, `softmax`;
- the weights of a Keras layer under the names of the equations: `weights_of`.

States are row vectors, as in Keras: ``x @ W + h @ U + b``. The floating-point type of the inputs
is kept, so a float64 sequence is computed in float64.

Sources: Elman 1990 (basic RNN); Hochreiter and Schmidhuber 1997 with the forget gate of
Gers et al. 2000 (LSTM); Cho et al. 2014 (GRU).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray


def sigmoid(a: Array) -> Array:
    """Return the logistic function of `a`, between 0 and 1, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def softmax(y: Array) -> Array:
    """Turn logits (..., n_classes) into probabilities that sum to 1."""
    e = np.exp(y - y.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def read_out(h: Array, W_y: Array, b_y: Array) -> Array:
    """Return the logits y = h W_y + b_y, of shape (..., n_classes)."""
    return h @ W_y + b_y


# --- basic RNN ------------------------------------------------------------------------------


class RNNWeights(NamedTuple):
    """Weights of a basic RNN layer with d inputs and n units."""

    W: Array  # (d, n) input to hidden: Keras's kernel
    U: Array  # (n, n) hidden to hidden: Keras's recurrent_kernel
    b: Array  # (n,)


def rnn_step(x: Array, h_prev: Array, w: RNNWeights) -> Array:
    """Return the new state h of a basic RNN: a mix of input and old state, squashed.

    Parameters
    ----------
    x : array (batch, d)
        The input of this time step.
    h_prev : array (batch, n)
        The state after the step before.
    w : RNNWeights
        The layer's weights.

    Returns
    -------
    array (batch, n)
        Values between -1 and 1.
    """
    return np.tanh(x @ w.W + h_prev @ w.U + w.b)


def rnn(x: Array, w: RNNWeights, h: Array | None = None) -> Array:
    """Run a basic RNN over x (batch, steps, d) and return all its states (batch, steps, n)."""
    h = _zeros(x, w.U) if h is None else h
    states = []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w)
        states.append(h)
    return np.stack(states, axis=1)


# --- GRU ------------------------------------------------------------------------------------


class GRUWeights(NamedTuple):
    """Weights of a GRU layer with d inputs and n units.

    The candidate has a second bias, `b_r_h`, only in the convention that resets *after* the
    product (Keras's default); in the original one it is None.
    """

    W_z: Array  # (d, n) input to update gate
    U_z: Array  # (n, n) hidden to update gate
    b_z: Array  # (n,)
    W_r: Array  # (d, n) input to reset gate
    U_r: Array  # (n, n) hidden to reset gate
    b_r: Array  # (n,)
    W_h: Array  # (d, n) input to candidate
    U_h: Array  # (n, n) hidden to candidate
    b_h: Array  # (n,)
    b_r_h: Array | None = None  # (n,) inside the reset, with reset_after=True


class GRUState(NamedTuple):
    """What a GRU computes in one step, each (batch, n); over a sequence (batch, steps, n)."""

    h: Array  # the state
    z: Array  # update gate: the share of the old state that is kept
    r: Array  # reset gate
    h_tilde: Array  # candidate state


def gru_step(x: Array, h_prev: Array, w: GRUWeights) -> GRUState:
    """Return one step of a GRU; z keeps the old state, as in Keras and TensorFlow 1.

    Parameters
    ----------
    x : array (batch, d)
        The input of this time step.
    h_prev : array (batch, n)
        The state after the step before.
    w : GRUWeights
        With `b_r_h` the reset gate acts after the matrix product, without it before.
    """
    # Update gate: how much of the old state stays.
    z = sigmoid(x @ w.W_z + h_prev @ w.U_z + w.b_z)
    # Reset gate: how much of the old state the candidate may see.
    r = sigmoid(x @ w.W_r + h_prev @ w.U_r + w.b_r)
    # Candidate: what the state would be if nothing were kept.
    if w.b_r_h is None:
        h_tilde = np.tanh(x @ w.W_h + (r * h_prev) @ w.U_h + w.b_h)
    else:
        h_tilde = np.tanh(x @ w.W_h + r * (h_prev @ w.U_h + w.b_r_h) + w.b_h)
    return GRUState(z * h_prev + (1 - z) * h_tilde, z, r, h_tilde)


def gru(x: Array, w: GRUWeights, h: Array | None = None) -> GRUState:
    """Run a GRU over x (batch, steps, d) and return state and gates, each (batch, steps, n)."""
    h = _zeros(x, w.U_h) if h is None else h
    steps = []
    for t in range(x.shape[1]):
        steps.append(gru_step(x[:, t], h, w))
        h = steps[-1].h
    return GRUState(*(np.stack(values, axis=1) for values in zip(*steps, strict=True)))


# --- LSTM -----------------------------------------------------------------------------------


class LSTMWeights(NamedTuple):
    """Weights of an LSTM layer with d inputs and n units."""

    W_f: Array  # (d, n) input to forget gate
    U_f: Array  # (n, n) hidden to forget gate
    b_f: Array  # (n,)
    W_i: Array  # (d, n) input to input gate
    U_i: Array  # (n, n) hidden to input gate
    b_i: Array  # (n,)
    W_c: Array  # (d, n) input to candidate
    U_c: Array  # (n, n) hidden to candidate
    b_c: Array  # (n,)
    W_o: Array  # (d, n) input to output gate
    U_o: Array  # (n, n) hidden to output gate
    b_o: Array  # (n,)


class LSTMState(NamedTuple):
    """What an LSTM computes in one step, each (batch, n); over a sequence (batch, steps, n)."""

    h: Array  # the state that the layer puts out
    c: Array  # the cell state: its long memory
    f: Array  # forget gate
    i: Array  # input gate
    c_tilde: Array  # candidate
    o: Array  # output gate


def lstm_step(x: Array, h_prev: Array, c_prev: Array, w: LSTMWeights) -> LSTMState:
    """Return one step of an LSTM.

    Parameters
    ----------
    x : array (batch, d)
        The input of this time step.
    h_prev : array (batch, n)
        The state after the step before.
    c_prev : array (batch, n)
        The cell state after the step before.
    w : LSTMWeights
        The layer's weights.
    """
    # Forget gate: how much of each memory stays.
    f = sigmoid(x @ w.W_f + h_prev @ w.U_f + w.b_f)
    # Input gate: how much of the candidate is written.
    i = sigmoid(x @ w.W_i + h_prev @ w.U_i + w.b_i)
    # Candidate: what could be written.
    c_tilde = np.tanh(x @ w.W_c + h_prev @ w.U_c + w.b_c)
    # Cell state: the old memory, partly forgotten, plus the new, partly written.
    c = f * c_prev + i * c_tilde
    # Output gate: how much of the memory is shown.
    o = sigmoid(x @ w.W_o + h_prev @ w.U_o + w.b_o)
    return LSTMState(o * np.tanh(c), c, f, i, c_tilde, o)


def lstm(x: Array, w: LSTMWeights, h: Array | None = None, c: Array | None = None) -> LSTMState:
    """Run an LSTM over x (batch, steps, d) and return states and gates, (batch, steps, n)."""
    h = _zeros(x, w.U_f) if h is None else h
    c = _zeros(x, w.U_f) if c is None else c
    steps = []
    for t in range(x.shape[1]):
        steps.append(lstm_step(x[:, t], h, c, w))
        h, c = steps[-1].h, steps[-1].c
    return LSTMState(*(np.stack(values, axis=1) for values in zip(*steps, strict=True)))


# --- two directions, several layers ---------------------------------------------------------

Weights = RNNWeights | GRUWeights | LSTMWeights


def states(x: Array, w: Weights) -> Array:
    """Run the cell that `w` belongs to and return its states h (batch, steps, n) only."""
    if isinstance(w, RNNWeights):
        return rnn(x, w)
    return (gru(x, w) if isinstance(w, GRUWeights) else lstm(x, w)).h


class BothDirections(NamedTuple):
    """The states of two layers that read one sequence in opposite directions.

    Both are in the order of the rows: ``backward[:, t]`` has seen the rows t, t + 1, ... last.
    """

    forward: Array  # (batch, steps, n)
    backward: Array  # (batch, steps, n)

    @property
    def last(self) -> Array:
        """Each direction's state after its last row, joined: (batch, 2 n)."""
        return np.concatenate([self.forward[:, -1], self.backward[:, 0]], axis=-1)

    @property
    def joined(self) -> Array:
        """Both states at every row, joined: (batch, steps, 2 n)."""
        return np.concatenate([self.forward, self.backward], axis=-1)


def bidirectional(x: Array, forward: Weights, backward: Weights) -> BothDirections:
    """Run one layer from the first row to the last, and one from the last to the first."""
    return BothDirections(states(x, forward), states(x[:, ::-1], backward)[:, ::-1])


def stack(x: Array, layers: Sequence[Weights]) -> list[Array]:
    """Feed each layer the states of the one below; return every layer's (batch, steps, n)."""
    outputs = []
    for w in layers:
        x = states(x, w)
        outputs.append(x)
    return outputs


def _zeros(x: Array, U: Array) -> Array:
    return np.zeros((x.shape[0], U.shape[0]), dtype=np.result_type(x, U))


# --- from Keras -----------------------------------------------------------------------------


def weights_of(layer: Any) -> Any:
    """Read the weights of a Keras layer under the names of the equations.

    Parameters
    ----------
    layer : keras.layers.SimpleRNN, GRU, LSTM, Bidirectional or Dense
        With Keras's default activations, built, and with biases.

    Returns
    -------
    RNNWeights, GRUWeights or LSTMWeights
        For Bidirectional a pair of them, forward and backward; for Dense the pair (W_y, b_y).

    Raises
    ------
    TypeError
        If the layer is of another kind.
    ValueError
        If the layer has no weights yet, no bias, or other activations than the equations.
    """
    kind = type(layer).__name__
    if kind == "Bidirectional":
        return weights_of(layer.forward_layer), weights_of(layer.backward_layer)
    if kind not in _READERS:
        raise TypeError(f"no equations here for a layer of type {kind}; there are {[*_READERS]}")
    _check_equations(layer, kind)
    return _READERS[kind](*layer.get_weights())


def _check_equations(layer: Any, kind: str) -> None:
    if not layer.built:
        raise ValueError(f"the layer {layer.name!r} has no weights yet: call it on data first")
    if not layer.use_bias:
        raise ValueError(f"the layer {layer.name!r} has no bias, the equations have one")
    expected = {"activation": "linear" if kind == "Dense" else "tanh"}
    if kind in ("GRU", "LSTM"):
        expected["recurrent_activation"] = "sigmoid"
    for gate, equation in expected.items():
        activation = getattr(layer, gate)
        name = getattr(activation, "__name__", type(activation).__name__)
        if name != equation:
            raise ValueError(
                f"the layer {layer.name!r} has {gate}={name!r}, the equations {equation!r}"
            )


def _gru_weights(kernel: Array, recurrent_kernel: Array, bias: Array) -> GRUWeights:
    (W_z, W_r, W_h), (U_z, U_r, U_h) = _split(kernel, 3), _split(recurrent_kernel, 3)
    if bias.ndim == 1:
        (b_z, b_r, b_h), b_r_h = _split(bias, 3), None
    else:  # reset_after=True: one bias beside x W, one beside h U
        (b_z, b_r, b_h), (b_u_z, b_u_r, b_r_h) = _split(bias[0], 3), _split(bias[1], 3)
        b_z, b_r = b_z + b_u_z, b_r + b_u_r
    return GRUWeights(W_z, U_z, b_z, W_r, U_r, b_r, W_h, U_h, b_h, b_r_h)


def _lstm_weights(kernel: Array, recurrent_kernel: Array, bias: Array) -> LSTMWeights:
    # Keras keeps the gates side by side in the order i, f, c, o.
    (W_i, W_f, W_c, W_o), (U_i, U_f, U_c, U_o) = _split(kernel, 4), _split(recurrent_kernel, 4)
    b_i, b_f, b_c, b_o = _split(bias, 4)
    return LSTMWeights(W_f, U_f, b_f, W_i, U_i, b_i, W_c, U_c, b_c, W_o, U_o, b_o)


def _split(joined: Array, parts: int) -> list[Array]:
    return np.split(joined, parts, axis=-1)


def _dense_weights(W_y: Array, b_y: Array) -> tuple[Array, Array]:
    return W_y, b_y


_READERS: dict[str, Callable[..., Any]] = {  # of `layer.get_weights()`
    "SimpleRNN": RNNWeights,
    "GRU": _gru_weights,
    "LSTM": _lstm_weights,
    "Dense": _dense_weights,
}
