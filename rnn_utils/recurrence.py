"""The three recurrences and their gradients in TensorFlow, written out for speed on a CPU.

Automatic differentiation repeats at every time step what could be done once for all of them. Here
the products that do not depend on the state before are taken out of the loop where that pays: the
inputs' on the way forward, the weights' gradients on the way back. What stays is one matrix
product per step and direction, and the gates.

Each cell is a pair of functions. The forward one reads a sequence (n_steps, batch, n_input) from
a state of zeros; it returns the states, one tensor (batch, n_hidden) per step, and what the way
back needs. The backward one is given the derivative of the loss by each state, None where there
is none, and returns those by the sequence and the weights. Weights and the order of the gates are
Keras's: z, r, h~ in a GRU; i, f, c~, o in an LSTM. `dh` is the derivative of the loss by h, `a` is
what tanh or sigmoid is taken of. The tests hold values and gradients against Keras's layers.
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
        x = tf.transpose(x, (1, 0, 2))
        h, saved = cell.forward(x, *weights)

        def gradient(d_out):
            dh = tf.unstack(d_out, axis=1) if return_sequences else [None] * (len(h) - 1) + [d_out]
            dx, *d_weights = cell.backward(dh, saved, x, *weights)
            return tf.transpose(dx, (1, 0, 2)), *d_weights

        return tf.stack(h, axis=1) if return_sequences else h[-1], gradient

    return passes(x, *weights)


# --- basic RNN: h_t = tanh(x_t W + h_{t-1} U + b) ---------------------------------------------


def rnn_forward(x, W, U, b):
    """Return the states; they are all that the way back needs."""
    h = []
    for from_x in tf.unstack(times(x, W) + b):
        h.append(tf.tanh(from_x + h[-1] @ U if h else from_x))
    return h, h


def rnn_backward(dh, h, x, W, U, b):
    """Go back through the steps, then sum up over all of them."""
    da, from_later = [None] * len(h), None
    for t in reversed(range(len(h))):
        da[t] = tanh_gradient(y=h[t], dy=add(dh[t], from_later))
        from_later = tf.matmul(da[t], U, transpose_b=True)
    dU = over_steps(tf.stack(h[:-1]), tf.stack(da[1:])) if len(h) > 1 else tf.zeros_like(U)
    da = tf.stack(da)
    return times(da, tf.transpose(W)), over_steps(x, da), dU, tf.reduce_sum(da, (0, 1))


# --- GRU: the reset gate acts after the product ------------------------------------------------


def gru_forward(x, W, U, b):
    """Return the states; keep the gates, the candidate and its part from the state before."""
    b_x, b_h = tf.unstack(b)
    h, saved = [tf.zeros((tf.shape(x)[1], U.shape[0]))], []
    for from_x in tf.unstack(times(x, W) + b_x):
        x_z, x_r, x_h = tf.split(from_x, 3, axis=1)
        h_z, h_r, h_h = tf.split(h[-1] @ U + b_h, 3, axis=1)
        z, r = tf.sigmoid(x_z + h_z), tf.sigmoid(x_r + h_r)
        h_tilde = tf.tanh(x_h + r * h_h)
        saved.append((h[-1], z, r, h_tilde, h_h))
        h.append(h_tilde + z * (h[-1] - h_tilde))
    return h[1:], saved


def gru_backward(dh, saved, x, W, U, b):
    """Go back through the steps; the two sides of the candidate differ by the reset gate."""
    da_x, da_h = [None] * len(saved), [None] * len(saved)
    from_later = None
    for t in reversed(range(len(saved))):
        h_prev, z, r, h_tilde, h_h = saved[t]
        dh_t = add(dh[t], from_later)
        dh_kept = dh_t * z
        da_tilde = tanh_gradient(y=h_tilde, dy=dh_t - dh_kept)
        da_z = sigmoid_gradient(y=z, dy=dh_t * (h_prev - h_tilde))
        da_r = sigmoid_gradient(y=r, dy=da_tilde * h_h)
        da_x[t] = tf.concat([da_z, da_r, da_tilde], axis=1)
        da_h[t] = tf.concat([da_z, da_r, da_tilde * r], axis=1)
        from_later = dh_kept + tf.matmul(da_h[t], U, transpose_b=True)
    da_x, da_h = tf.stack(da_x), tf.stack(da_h)
    dU = over_steps(tf.stack([h_prev for h_prev, *_ in saved]), da_h)
    db = tf.stack([tf.reduce_sum(da, (0, 1)) for da in (da_x, da_h)])
    return times(da_x, tf.transpose(W)), over_steps(x, da_x), dU, db


# --- LSTM --------------------------------------------------------------------------------------
# Its tensors are kept as columns, (n_hidden, batch): gates lie one below the other, so that
# taking them apart copies nothing. x, h and a 1 for the bias share one product per step.


def lstm_forward(x, W, U, b):
    """Return the states; keep each step's input, gates, candidate and cell state."""
    weights = tf.concat([W, U, b[None]], axis=0)  # (n_input + n_hidden + 1, 4 n_hidden)
    batch = tf.shape(x)[1]
    one, h = tf.ones((1, batch)), tf.zeros((U.shape[0], batch))
    c = h
    states, saved = [], []
    for x_t in tf.unstack(tf.transpose(x, (0, 2, 1))):
        v, c_prev = tf.concat([x_t, h, one], axis=0), c
        a_i, a_f, a_tilde, a_o = tf.split(tf.matmul(weights, v, transpose_a=True), 4)
        i, f, o = tf.sigmoid(a_i), tf.sigmoid(a_f), tf.sigmoid(a_o)
        c_tilde = tf.tanh(a_tilde)
        c = f * c_prev + i * c_tilde
        tanh_c = tf.tanh(c)
        h = o * tanh_c
        saved.append((v, c_prev, i, f, c_tilde, o, tanh_c))
        states.append(tf.transpose(h))
    return states, saved


def lstm_backward(dh, saved, x, W, U, b):
    """Go back through the steps: by h to the gates, by c to the cell state before."""
    dx, dweights, dh_later, dc_later = [], [], None, None
    for t in reversed(range(len(saved))):
        v, c_prev, i, f, c_tilde, o, tanh_c = saved[t]
        dh_t = add(None if dh[t] is None else tf.transpose(dh[t]), dh_later)
        dc = add(tanh_gradient(y=tanh_c, dy=dh_t * o), dc_later)
        da = tf.concat(
            [
                sigmoid_gradient(y=i, dy=dc * c_tilde),
                sigmoid_gradient(y=f, dy=dc * c_prev),
                tanh_gradient(y=c_tilde, dy=dc * i),
                sigmoid_gradient(y=o, dy=dh_t * tanh_c),
            ],
            axis=0,
        )
        dc_later = dc * f
        dh_later = U @ da
        dx.append(tf.matmul(da, W, transpose_a=True, transpose_b=True))
        dweights.append(tf.matmul(v, da, transpose_b=True))
    dW, dU, db = tf.split(tf.add_n(dweights), [W.shape[0], U.shape[0], 1])
    return tf.stack(dx[::-1]), dW, dU, db[0]


RNN = Cell(rnn_forward, rnn_backward)
GRU = Cell(gru_forward, gru_backward)
LSTM = Cell(lstm_forward, lstm_backward)


def times(x: Tensor, W: Tensor) -> Tensor:
    """Return x_t W for all steps by one product: (n_steps, batch, columns of W)."""
    n_steps, _, rows = x.shape
    return tf.reshape(tf.reshape(x, (-1, rows)) @ W, (n_steps, -1, W.shape[1]))


def over_steps(x: Tensor, da: Tensor) -> Tensor:
    """Return the gradient of a weight matrix, the sum of x_t^T da_t, by one product."""
    flat = [tf.reshape(each, (-1, each.shape[-1])) for each in (x, da)]
    return tf.matmul(*flat, transpose_a=True)


def add(*terms: Tensor | None) -> Tensor:
    """Return the sum of those terms that there are."""
    there = [term for term in terms if term is not None]
    return sum(there[1:], start=there[0])
