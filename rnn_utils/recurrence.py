"""The three recurrences and their gradients in TensorFlow, written out for speed on a CPU.

TensorFlow runs a graph operation by operation. On small matrices starting one and copying for it
costs as much as computing, and automatic differentiation makes many. Here a step is a few products
and the gates, forward and back. Input, a 1 for the bias and the state before lie side by side in
one matrix v, so that one product gives all that a gate's sigmoid is taken of, and one product on
the way back all the derivatives by its weights. Each gate has products of its own: taking the
columns of a wide one apart would copy them.

Each cell is a pair of functions. The forward one reads sequences (batch, n_steps, n_input) from a
state of zeros; it returns the states, one tensor (batch, n_hidden) per step, and what the way
back needs. The backward one is given the derivative of the loss by each state, None where there
is none, and returns those by the sequences and the weights. Weights and the order of the gates
are Keras's: z, r, h~ in a GRU; i, f, c~, o in an LSTM. `dh` is the derivative of the loss by h,
`a` is what tanh or sigmoid is taken of. The tests hold values and gradients against Keras's
layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rnn_utils.startup import tf

Tensor = Any

tanh_gradient = tf.raw_ops.TanhGrad  # dy (1 - y^2), where y = tanh(x)
sigmoid_gradient = tf.raw_ops.SigmoidGrad  # dy y (1 - y), where y = sigmoid(x)


class Cell(NamedTuple):
    """How a cell goes through a sequence, and back."""

    forward: Callable[..., tuple[list[Tensor], Any]]
    backward: Callable[..., tuple[Tensor, ...]]


def run(cell: Cell, x: Tensor, weights: list[Tensor], return_sequences: bool = False) -> Tensor:
    """Run a cell over sequences, with its own gradient.

    Parameters
    ----------
    cell : Cell
        `RNN`, `GRU` or `LSTM`.
    x : tensor (batch, n_steps, n_input)
        The sequences; n_steps must be known.
    weights : list of tensors
        As `layer.trainable_variables` of the Keras layer lists them.
    return_sequences : bool
        Return every state (batch, n_steps, n_hidden), not only the last (batch, n_hidden).
    """

    @tf.custom_gradient
    def passes(x, *weights):
        h, saved = cell.forward(x, *weights)

        def gradient(d_out):
            dh = tf.unstack(d_out, axis=1) if return_sequences else [None] * (len(h) - 1) + [d_out]
            return cell.backward(dh, saved, *weights)

        return tf.stack(h, axis=1) if return_sequences else h[-1], gradient

    return passes(x, *weights)


# --- basic RNN: h_t = tanh(x_t W + h_{t-1} U + b) ---------------------------------------------


def rnn_forward(x, W, U, b):
    """Return the states; keep each step's input and state."""
    weights = tf.concat([W, b[None], U], axis=0)
    one, h = start(x, U)
    states, saved = [], []
    for x_t in tf.unstack(x, axis=1):
        v = tf.concat([x_t, one, h], axis=1)
        h = tf.tanh(v @ weights)
        saved.append((v, h))
        states.append(h)
    return states, saved


def rnn_backward(dh, saved, W, U, b):
    """Go back through the steps, from the state to what tanh is taken of."""
    dx, d_weights, dh_later = [], [], None
    for t in reversed(range(len(saved))):
        v, h = saved[t]
        da = tanh_gradient(y=h, dy=add(dh[t], dh_later))
        dh_later = back(da, U)
        dx.append(back(da, W))
        d_weights.append(outer(v, da))
    dW, db, dU = tf.split(tf.add_n(d_weights), [W.shape[0], 1, U.shape[0]])
    return tf.stack(dx[::-1], axis=1), dW, dU, db[0]


# --- GRU: h_t = z h_{t-1} + (1 - z) h~, with h~ = tanh(x-part + r * h-part) ----------------------
# The candidate has two products, since the reset gate acts on one of them alone: [x, 1] and [1, h].


def gru_forward(x, W, U, b):
    """Return the states; keep each step's inputs, gates, candidate and what it was made of."""
    (W_z, W_r, W_h), (U_z, U_r, U_h) = by_gate(W, 3), by_gate(U, 3)
    (bx_z, bx_r, bx_h), (bh_z, bh_r, bh_h) = by_gate(b[:1], 3), by_gate(b[1:], 3)
    for_z = tf.concat([W_z, bx_z + bh_z, U_z], axis=0)
    for_r = tf.concat([W_r, bx_r + bh_r, U_r], axis=0)
    from_x, from_h = tf.concat([W_h, bx_h], axis=0), tf.concat([bh_h, U_h], axis=0)
    one, h = start(x, U)
    states, saved = [], []
    for x_t in tf.unstack(x, axis=1):
        x_1, one_h = tf.concat([x_t, one], axis=1), tf.concat([one, h], axis=1)
        v = tf.concat([x_t, one_h], axis=1)
        z, r = tf.sigmoid(v @ for_z), tf.sigmoid(v @ for_r)
        h_h = one_h @ from_h
        h_tilde = tf.tanh(x_1 @ from_x + r * h_h)
        change = h - h_tilde
        h = h_tilde + z * change
        saved.append((x_1, one_h, v, z, r, h_tilde, h_h, change))
        states.append(h)
    return states, saved


def gru_backward(dh, saved, W, U, b):
    """Go back through the steps; the two sides of the candidate differ by the reset gate."""
    (W_z, W_r, W_h), (U_z, U_r, U_h) = by_gate(W, 3), by_gate(U, 3)
    dx, d_gates, d_from_x, d_from_h, dh_later = [], [], [], [], None
    for t in reversed(range(len(saved))):
        x_1, one_h, v, z, r, h_tilde, h_h, change = saved[t]
        dh_t = add(dh[t], dh_later)
        dh_kept = dh_t * z
        da_tilde = tanh_gradient(y=h_tilde, dy=dh_t - dh_kept)
        da_z = sigmoid_gradient(y=z, dy=dh_t * change)
        da_r = sigmoid_gradient(y=r, dy=da_tilde * h_h)
        dh_h = da_tilde * r
        dh_later = add(dh_kept, back(da_z, U_z), back(da_r, U_r), back(dh_h, U_h))
        dx.append(add(back(da_z, W_z), back(da_r, W_r), back(da_tilde, W_h)))
        d_gates.append([outer(v, da_z), outer(v, da_r)])
        d_from_x.append(outer(x_1, da_tilde))
        d_from_h.append(outer(one_h, dh_h))
    n_input, n_hidden = W.shape[0], U.shape[0]
    dW, db, dU = tf.split(over_steps(d_gates), [n_input, 1, n_hidden])
    dW_h, dbx_h = tf.split(tf.add_n(d_from_x), [n_input, 1])
    dbh_h, dU_h = tf.split(tf.add_n(d_from_h), [1, n_hidden])
    # z and r take the sum of the two biases, so both biases have the same derivative there.
    dW, dU = tf.concat([dW, dW_h], axis=1), tf.concat([dU, dU_h], axis=1)
    db = tf.concat([tf.tile(db, (2, 1)), tf.concat([dbx_h, dbh_h], axis=0)], axis=1)
    return tf.stack(dx[::-1], axis=1), dW, dU, db


# --- LSTM: c_t = f c_{t-1} + i c~, h_t = o tanh(c_t) --------------------------------------------


def lstm_forward(x, W, U, b):
    """Return the states; keep each step's input, gates, candidate and cell states."""
    gates = zip(by_gate(W, 4), by_gate(b[None], 4), by_gate(U, 4), strict=True)
    for_i, for_f, for_c, for_o = [tf.concat(weights, axis=0) for weights in gates]
    one, h = start(x, U)
    c = h
    states, saved = [], []
    for x_t in tf.unstack(x, axis=1):
        v, c_prev = tf.concat([x_t, one, h], axis=1), c
        i, f, o = tf.sigmoid(v @ for_i), tf.sigmoid(v @ for_f), tf.sigmoid(v @ for_o)
        c_tilde = tf.tanh(v @ for_c)
        c = f * c_prev + i * c_tilde
        tanh_c = tf.tanh(c)
        h = o * tanh_c
        saved.append((v, c_prev, i, f, c_tilde, o, tanh_c))
        states.append(h)
    return states, saved


def lstm_backward(dh, saved, W, U, b):
    """Go back through the steps: by h to the gates, by c to the cell state before."""
    W_gates, U_gates = by_gate(W, 4), by_gate(U, 4)
    dx, d_gates, dh_later, dc_later = [], [], None, None
    for t in reversed(range(len(saved))):
        v, c_prev, i, f, c_tilde, o, tanh_c = saved[t]
        dh_t = add(dh[t], dh_later)
        dc = add(tanh_gradient(y=tanh_c, dy=dh_t * o), dc_later)
        da = [
            sigmoid_gradient(y=i, dy=dc * c_tilde),
            sigmoid_gradient(y=f, dy=dc * c_prev),
            tanh_gradient(y=c_tilde, dy=dc * i),
            sigmoid_gradient(y=o, dy=dh_t * tanh_c),
        ]
        dc_later = dc * f
        dh_later = add(*map(back, da, U_gates))
        dx.append(add(*map(back, da, W_gates)))
        d_gates.append([outer(v, da_gate) for da_gate in da])
    dW, db, dU = tf.split(over_steps(d_gates), [W.shape[0], 1, U.shape[0]])
    return tf.stack(dx[::-1], axis=1), dW, dU, db[0]


RNN = Cell(rnn_forward, rnn_backward)
GRU = Cell(gru_forward, gru_backward)
LSTM = Cell(lstm_forward, lstm_backward)


def by_gate(weights: Tensor, gates: int) -> list[Tensor]:
    """Take weights or biases (rows, gates * n_hidden) apart."""
    return tf.split(weights, gates, axis=1)


def start(x: Tensor, U: Tensor) -> tuple[Tensor, Tensor]:
    """Return a 1 for the bias and the state 0 before the first step, for each sequence."""
    batch = tf.shape(x)[0]
    return tf.ones((batch, 1)), tf.zeros((batch, U.shape[0]))


def back(da: Tensor, weights: Tensor) -> Tensor:
    """Return the derivative by x or h, where a = x W + h U and `weights` is W or U."""
    return tf.matmul(da, weights, transpose_b=True)


def outer(v: Tensor, da: Tensor) -> Tensor:
    """Return the derivative by the weights, where a = v weights: outer products, summed up."""
    return tf.matmul(v, da, transpose_a=True)


def over_steps(d_gates: list[list[Tensor]]) -> Tensor:
    """Add up each gate's derivatives over the steps and put the gates side by side."""
    return tf.concat([tf.add_n(gate) for gate in zip(*d_gates, strict=True)], axis=1)


def add(*terms: Tensor | None) -> Tensor:
    """Return the sum of those terms that there are."""
    return tf.add_n([term for term in terms if term is not None])
