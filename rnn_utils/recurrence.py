"""The three recurrences and their gradients in TensorFlow, written out for speed on a CPU.

TensorFlow runs a graph operation by operation. On small matrices starting one and copying for it
costs as much as computing, and automatic differentiation makes many. Here a step is a few products
and the gates, forward and back. Each gate has products of its own: taking the columns of a wide
one apart would copy them. What the inputs add to a gate comes in one of two ways:

- In an RNN and an LSTM, input, a 1 for the bias and the state before lie side by side in one matrix
  v. So one product gives all that a gate's sigmoid is taken of, and one on the way back all the
  derivatives by its weights. That suits inputs that are narrow beside the state.
- In a GRU, one large product per gate of all inputs and a 1, before the first step, serves all
  steps. That suits the wide inputs of a stack's upper layers, and a candidate that takes its two
  sides apart anyway.

Each cell is a pair of functions. The forward one reads the inputs, a tensor (batch, n_input) per
step, from a state of zeros; it returns the states, (batch, n_hidden) per step, and what the way
back needs. The backward one is given the derivative of the loss by each state, None where there
is none, and returns those by the inputs and the weights. Weights and the order of the gates
are Keras's: z, r, h~ in a GRU; i, f, c~, o in an LSTM. `dh` is the derivative of the loss by h,
`a` is what tanh or sigmoid is taken of. The tests hold values and gradients against Keras's
layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from rnn_utils.startup import tf

Tensor = Any

tanh_gradient = tf.raw_ops.TanhGrad  # dy (1 - y^2), where y = tanh(x)
sigmoid_gradient = tf.raw_ops.SigmoidGrad  # dy y (1 - y), where y = sigmoid(x)


class Cell(NamedTuple):
    """How a cell goes through a sequence, and back."""

    forward: Callable[..., tuple[list[Tensor], Any]]
    backward: Callable[..., tuple[Tensor, ...]]


def run(
    cell: Cell,
    x: Tensor,
    weights: list[Tensor],
    return_sequences: bool = False,
    go_backwards: bool = False,
) -> Tensor:
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
    go_backwards : bool
        Read from the last step to the first; states are in the order in which they are computed.
    """
    order = slice(None, None, -1 if go_backwards else 1)

    @tf.custom_gradient
    def passes(x, *weights):
        h, saved = cell.forward(tf.unstack(x, axis=1)[order], *weights)

        def gradient(d_out):
            dh = tf.unstack(d_out, axis=1) if return_sequences else [None] * (len(h) - 1) + [d_out]
            dx, *d_weights = cell.backward(dh, saved, *weights)
            return tf.stack(dx[order], axis=1), *d_weights

        return tf.stack(h, axis=1) if return_sequences else h[-1], gradient

    return passes(x, *weights)


# --- basic RNN: h_t = tanh(x_t W + h_{t-1} U + b) ---------------------------------------------


def rnn_forward(x, W, U, b):
    """Return the states; keep each step's input and state."""
    at_first = tf.concat([W, b[None]], axis=0)  # before the first step the state is 0
    later = tf.concat([at_first, U], axis=0)
    one = ones(x[0])
    states, saved = [], []
    for x_t in x:
        v = tf.concat([x_t, one, *states[-1:]], axis=1)
        h = tf.tanh(v @ (later if states else at_first))
        saved.append((v, h))
        states.append(h)
    return states, saved


def rnn_backward(dh, saved, W, U, b):
    """Go back through the steps, from the state to what tanh is taken of."""
    das, dh_later = [], None
    for (_, h), dh_t in backwards(saved, dh):
        da = tanh_gradient(y=h, dy=add(dh_t, dh_later))
        dh_later = back(da, U)
        das.append([da])
    das = by_gate_and_step(das)
    rows = [W.shape[0], 1, U.shape[0]]
    dW, db, dU = tf.split(over_steps([v for v, _ in saved], das, sum(rows)), rows)
    return d_inputs(das, [W]), dW, dU, db[0]


# --- GRU: h_t = z h_{t-1} + (1 - z) h~, with h~ = tanh(x-part + r * h-part) ----------------------


def gru_forward(x, W, U, b):
    """Return the states; keep inputs with a 1, states, and each step's gates and candidate.

    Of the candidate also its h-part, and what the state before is ahead of it. Before the first
    step the state is zero, so nothing is multiplied by U there. z and r take the sum of both
    biases; the candidate's second one is multiplied by r, and so stands alone.
    """
    (bx_z, bx_r, bx_h), (bh_z, bh_r, bh_h) = tf.split(b[0], 3), tf.split(b[1], 3)
    U_z, U_r, U_h = by_gate(U, 3)
    inputs = tf.concat(x, axis=0)
    inputs = tf.concat([inputs, ones(inputs)], axis=1)  # (n_steps * batch, n_input + 1)
    biases = bx_z + bh_z, bx_r + bh_r, bx_h
    from_inputs = [
        tf.split(inputs @ tf.concat([W_gate, b_gate[None]], axis=0), len(x))
        for W_gate, b_gate in zip(by_gate(W, 3), biases, strict=True)
    ]
    h, h_z, h_r, h_h = 0.0, 0.0, 0.0, bh_h[None]
    states, saved = [], []
    for x_z, x_r, x_h in zip(*from_inputs, strict=True):
        z, r = tf.sigmoid(x_z + h_z), tf.sigmoid(x_r + h_r)
        h_tilde = tf.tanh(x_h + r * h_h)
        change = h - h_tilde
        saved.append((z, r, h_tilde, h_h, change))
        h = h_tilde + z * change  # = z h + (1 - z) h~
        states.append(h)
        # For the next step. After the last, a graph leaves them out.
        h_z, h_r, h_h = h @ U_z, h @ U_r, tf.nn.bias_add(h @ U_h, bh_h)
    return states, (inputs, states, saved)


def gru_backward(dh, saved, W, U, b):
    """Go back through the steps; the two sides of the candidate differ by the reset gate."""
    inputs, states, saved = saved
    U_z, U_r, U_h = by_gate(U, 3)
    das, dh_later = [], None
    for (z, r, h_tilde, h_h, change), dh_t in backwards(saved, dh):
        dh_t = add(dh_t, dh_later)
        dh_kept = dh_t * z
        da_tilde = tanh_gradient(y=h_tilde, dy=dh_t - dh_kept)
        da_z = sigmoid_gradient(y=z, dy=dh_t * change)
        da_r = sigmoid_gradient(y=r, dy=da_tilde * h_h)
        dh_h = da_tilde * r
        dh_later = add(dh_kept, back(da_z, U_z), back(da_r, U_r), back(dh_h, U_h))
        das.append([da_z, da_r, da_tilde, dh_h])
    da_z, da_r, da_tilde, dh_h = by_gate_and_step(das)
    over_x = [outer(inputs, tf.concat(da, axis=0)) for da in (da_z, da_r, da_tilde)]
    dW, dbx = tf.split(tf.concat(over_x, axis=1), [W.shape[0], 1])
    later = [da[1:] for da in (da_z, da_r, dh_h)]  # the first step has no state before it
    dU = over_steps(states[:-1], later, U.shape[0]) if len(states) > 1 else tf.zeros_like(U)
    # z and r take the sum of the two biases, so both biases have the same derivative there.
    db_z, db_r, _ = by_gate(dbx, 3)
    dbh_h = tf.reduce_sum(tf.add_n(dh_h), axis=0, keepdims=True)
    db = tf.concat([dbx, tf.concat([db_z, db_r, dbh_h], axis=1)], axis=0)
    return d_inputs([da_z, da_r, da_tilde], by_gate(W, 3)), dW, dU, db


# --- LSTM: c_t = f c_{t-1} + i c~, h_t = o tanh(c_t) --------------------------------------------


def lstm_forward(x, W, U, b):
    """Return the states; keep each step's input, gates, candidate and cell states."""
    W_b = zip(by_gate(W, 4), by_gate(b[None], 4), strict=True)
    at_first = [tf.concat(weights, axis=0) for weights in W_b]
    later = [tf.concat(weights, axis=0) for weights in zip(at_first, by_gate(U, 4), strict=True)]
    one, c = ones(x[0]), 0.0
    states, saved = [], []
    for x_t in x:
        v, c_prev = tf.concat([x_t, one, *states[-1:]], axis=1), c
        for_i, for_f, for_c, for_o = later if states else at_first
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
    U_gates = by_gate(U, 4)
    das, dh_later, dc_later = [], None, None
    for (_, c_prev, i, f, c_tilde, o, tanh_c), dh_t in backwards(saved, dh):
        dh_t = add(dh_t, dh_later)
        dc = add(tanh_gradient(y=tanh_c, dy=dh_t * o), dc_later)
        da = [
            sigmoid_gradient(y=i, dy=dc * c_tilde),
            sigmoid_gradient(y=f, dy=dc * c_prev),
            tanh_gradient(y=c_tilde, dy=dc * i),
            sigmoid_gradient(y=o, dy=dh_t * tanh_c),
        ]
        dc_later = dc * f
        dh_later = add(*map(back, da, U_gates))
        das.append(da)
    das = by_gate_and_step(das)
    rows = [W.shape[0], 1, U.shape[0]]
    dW, db, dU = tf.split(over_steps([v for v, *_ in saved], das, sum(rows)), rows)
    return d_inputs(das, by_gate(W, 4)), dW, dU, db[0]


RNN = Cell(rnn_forward, rnn_backward)
GRU = Cell(gru_forward, gru_backward)
LSTM = Cell(lstm_forward, lstm_backward)


def ones(x: Tensor) -> Tensor:
    """Return a 1 for the bias, for each row of x."""
    return tf.ones((tf.shape(x)[0], 1))


def by_gate(weights: Tensor, gates: int) -> list[Tensor]:
    """Split weights or biases (rows, gates * n_hidden) by gate."""
    return tf.split(weights, gates, axis=1)


def backwards(saved: list[Any], dh: list[Tensor | None]) -> Iterator[tuple[Any, Tensor | None]]:
    """Return what was kept of each step and the derivative by its state, from last to first."""
    return zip(reversed(saved), reversed(dh), strict=True)


def by_gate_and_step(das: list[list[Tensor]]) -> list[list[Tensor]]:
    """Sort what was listed step by step, from last to first: gate by gate, from first to last."""
    return [list(gate) for gate in zip(*reversed(das), strict=True)]


def back(da: Tensor, weights: Tensor) -> Tensor:
    """Return the derivative by x or h, where a = x W + h U and `weights` is W or U."""
    return tf.matmul(da, weights, transpose_b=True)


def outer(v: Tensor, da: Tensor) -> Tensor:
    """Return the derivative by the weights, where a = v weights: outer products, summed up."""
    return tf.matmul(v, da, transpose_a=True)


def over_steps(v: list[Tensor], das: list[list[Tensor]], rows: int) -> Tensor:
    """Return the derivative by weights that all steps share, the gates side by side.

    A step that used only the first of their rows has no part in the others.
    """

    def of_step(v_t, da_t):
        unused = rows - v_t.shape[1]
        return tf.pad(outer(v_t, da_t), [[0, unused], [0, 0]]) if unused else outer(v_t, da_t)

    return tf.concat([tf.add_n(list(map(of_step, v, da))) for da in das], axis=1)


def d_inputs(das: list[list[Tensor]], W_gates: list[Tensor]) -> list[Tensor]:
    """Return the derivative by each step's input (batch, n_input)."""
    dx = add(*[back(tf.concat(da, axis=0), W) for da, W in zip(das, W_gates, strict=True)])
    return tf.split(dx, len(das[0]))


def add(*terms: Tensor | None) -> Tensor:
    """Return the sum of those terms that there are."""
    present = [term for term in terms if term is not None]
    return present[0] if len(present) == 1 else tf.add_n(present)
