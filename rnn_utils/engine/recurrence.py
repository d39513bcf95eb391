"""The three recurrences and their gradients in TensorFlow, written out for speed.

TensorFlow runs a graph operation by operation. On small matrices it takes as long to start an
operation, and to copy what it reads, as to compute it; and automatic differentiation makes many.
Here a step is a few products and the gates, forward and back. Each gate has products of its own,
since cutting a wide product into its gates would copy them. What the inputs add to a gate comes in
one of two ways:

- In an RNN and an LSTM, the input, a 1 for the bias and the state before lie side by side in one
  matrix v. So one product gives the argument of a gate's sigmoid, and one the derivatives with
  respect to all of its weights. That suits inputs that are narrow beside the state.
- In a GRU, one large product per gate of all inputs and a 1, before the first step, serves all
  steps. That suits the wide inputs of a stack's upper layers, and a candidate that takes its two
  sides apart anyway.

Each cell is a pair of functions. The first goes through the steps: it reads the inputs, a tensor
(batch, n_input) per step, from a state of zeros, and returns the states, (batch, n_hidden) per
step, and what the gradient needs. The second is given the derivative of the loss with respect to
each state, None where there is none, and returns those with respect to the inputs and the weights.

Weights and the order of the gates are Keras's: z, r, h~ in a GRU; i, f, c~, o in an LSTM. `a` is
the argument of a tanh or sigmoid, and `da` or `dh` the derivative of the loss with respect to it
or to h. The tests hold values and gradients to those of Keras's layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from rnn_utils.backend import tf

Tensor = Any

tanh_gradient = tf.raw_ops.TanhGrad  # dy (1 - y^2), where y = tanh(x)
sigmoid_gradient = tf.raw_ops.SigmoidGrad  # dy y (1 - y), where y = sigmoid(x)


class Cell(NamedTuple):
    """How a cell goes through a sequence, and its gradient."""

    states: Callable[..., tuple[list[Tensor], Any]]
    gradient: Callable[..., tuple[Tensor, ...]]


def run(
    cell: Cell,
    x: Tensor,
    weights: list[Tensor],
    return_sequences: bool = False,
    last_step_first: bool = False,
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
    last_step_first : bool
        Read from the last step to the first, as Keras's `go_backwards` does; states are in the
        order in which they are computed.
    """
    reading = slice(None, None, -1 if last_step_first else 1)

    @tf.custom_gradient
    def through_the_steps(x, *weights):
        h, kept = cell.states(tf.unstack(x, axis=1)[reading], *weights)

        def gradient(d_out):
            dh = tf.unstack(d_out, axis=1) if return_sequences else [None] * (len(h) - 1) + [d_out]
            dx, *d_weights = cell.gradient(dh, kept, *weights)
            return tf.stack(dx[reading], axis=1), *d_weights

        return tf.stack(h, axis=1) if return_sequences else h[-1], gradient

    return through_the_steps(x, *weights)


# --- basic RNN: h_t = tanh(x_t W + h_{t-1} U + b) ---------------------------------------------


def rnn_states(x, W, U, b):
    """Return the states; keep what each step multiplies by the weights, and its state."""
    # [W; b; U] multiplies [x_t, 1, h_{t-1}]. The first step has no state before it: [W; b].
    W_b = tf.concat([W, b[None]], axis=0)  # (n_input + 1, n_hidden)
    W_b_U = tf.concat([W_b, U], axis=0)  # (n_input + 1 + n_hidden, n_hidden)
    one = ones(x[0])
    states, kept = [], []
    for x_t in x:
        v = tf.concat([x_t, one, *states[-1:]], axis=1)
        h = tf.tanh(v @ (W_b_U if states else W_b))
        kept.append((v, h))
        states.append(h)
    return states, kept


def rnn_gradient(dh, kept, W, U, b):
    """Follow the gradient from the last step to the first, then sum up over the steps."""
    # From each state to what its tanh is taken of, and on to the state before.
    da_steps, dh_later = [], None
    for (_, h), dh_t in from_last_to_first(kept, dh):
        da = tanh_gradient(y=h, dy=add(dh_t, dh_later))
        dh_later = wrt_factor(da, U)
        da_steps.append([da])
    # All steps share the weights, so their derivatives add up.
    da = gates_in_order(da_steps)
    return wrt_inputs(da, [W]), *wrt_W_U_b([v for v, *_ in kept], da, W, U)


# --- GRU: h_t = z h_{t-1} + (1 - z) h~, with h~ = tanh(x-part + r * h-part) ----------------------


def gru_states(x, W, U, b):
    """Return the states; keep the inputs with a 1, the states, and of each step what it computed.

    z and r take the sum of both biases. The candidate's second bias is multiplied by r, and so
    stands alone.
    """
    (bx_z, bx_r, bx_h), (bh_z, bh_r, bh_h) = tf.split(b[0], 3), tf.split(b[1], 3)
    U_z, U_r, U_h = by_gate(U, 3)
    # What the inputs add to each gate and to the candidate, for all steps in one product each.
    inputs = tf.concat(x, axis=0)
    inputs = tf.concat([inputs, ones(inputs)], axis=1)  # (n_steps * batch, n_input + 1)
    biases = bx_z + bh_z, bx_r + bh_r, bx_h
    from_inputs = [
        tf.split(inputs @ tf.concat([W_gate, b_gate[None]], axis=0), len(x))
        for W_gate, b_gate in zip(by_gate(W, 3), biases, strict=True)
    ]
    # What the state before adds. Before the first step it is 0, so nothing is multiplied by U.
    h, h_z, h_r, h_h = 0.0, 0.0, 0.0, bh_h[None]
    states, steps = [], []
    for x_z, x_r, x_h in zip(*from_inputs, strict=True):
        z, r = tf.sigmoid(x_z + h_z), tf.sigmoid(x_r + h_r)
        h_tilde = tf.tanh(x_h + r * h_h)
        change = h - h_tilde
        steps.append((z, r, h_tilde, h_h, change))
        h = h_tilde + z * change  # = z h + (1 - z) h~
        states.append(h)
        # For the next step. After the last, a graph leaves them out.
        h_z, h_r, h_h = h @ U_z, h @ U_r, tf.nn.bias_add(h @ U_h, bh_h)
    return states, (inputs, states, steps)


def gru_gradient(dh, kept, W, U, b):
    """Follow the gradient from the last step to the first, then sum up over the steps."""
    inputs, states, steps = kept
    U_z, U_r, U_h = by_gate(U, 3)
    # From each state to the gates, to both sides of the candidate, and on to the state before.
    da_steps, dh_later = [], None
    for (z, r, h_tilde, h_h, change), dh_t in from_last_to_first(steps, dh):
        dh_t = add(dh_t, dh_later)
        dh_kept = dh_t * z
        da_tilde = tanh_gradient(y=h_tilde, dy=dh_t - dh_kept)
        da_z = sigmoid_gradient(y=z, dy=dh_t * change)
        da_r = sigmoid_gradient(y=r, dy=da_tilde * h_h)
        dh_h = da_tilde * r
        dh_later = add(dh_kept, wrt_factor(da_z, U_z), wrt_factor(da_r, U_r), wrt_factor(dh_h, U_h))
        da_steps.append([da_z, da_r, da_tilde, dh_h])
    da_z, da_r, da_tilde, dh_h = gates_in_order(da_steps)
    # By W and the first biases: one product for all steps, since the inputs lie in one matrix.
    over_x = [summed_outer(inputs, tf.concat(da, axis=0)) for da in (da_z, da_r, da_tilde)]
    dW, dbx = tf.split(tf.concat(over_x, axis=1), [W.shape[0], 1])
    # By U: from the second step on.
    later = [da[1:] for da in (da_z, da_r, dh_h)]
    dU = wrt_weights(states[:-1], later, U.shape[0]) if len(states) > 1 else tf.zeros_like(U)
    # By the second biases: z and r take the sum of both, so both have the same derivative there.
    db_z, db_r, _ = by_gate(dbx, 3)
    dbh_h = tf.reduce_sum(tf.add_n(dh_h), axis=0, keepdims=True)
    db = tf.concat([dbx, tf.concat([db_z, db_r, dbh_h], axis=1)], axis=0)
    return wrt_inputs([da_z, da_r, da_tilde], by_gate(W, 3)), dW, dU, db


# --- LSTM: c_t = f c_{t-1} + i c~, h_t = o tanh(c_t) --------------------------------------------


def lstm_states(x, W, U, b):
    """Return the states; keep what each step multiplies by the weights, and what it computed."""
    # For each gate [W; b; U] multiplies [x_t, 1, h_{t-1}]. At the first step it is [W; b].
    gates = zip(by_gate(W, 4), by_gate(b[None], 4), strict=True)
    W_b = [tf.concat(weights, axis=0) for weights in gates]
    W_b_U = [tf.concat(weights, axis=0) for weights in zip(W_b, by_gate(U, 4), strict=True)]
    one, c = ones(x[0]), 0.0
    states, kept = [], []
    for x_t in x:
        v, c_prev = tf.concat([x_t, one, *states[-1:]], axis=1), c
        for_i, for_f, for_c, for_o = W_b_U if states else W_b
        i, f, o = tf.sigmoid(v @ for_i), tf.sigmoid(v @ for_f), tf.sigmoid(v @ for_o)
        c_tilde = tf.tanh(v @ for_c)
        c = f * c_prev + i * c_tilde
        tanh_c = tf.tanh(c)
        h = o * tanh_c
        kept.append((v, c_prev, i, f, c_tilde, o, tanh_c))
        states.append(h)
    return states, kept


def lstm_gradient(dh, kept, W, U, b):
    """Follow the gradient from the last step to the first, then sum up over the steps."""
    U_gates = by_gate(U, 4)
    # From each state and cell state to the gates, and on to those of the step before.
    da_steps, dh_later, dc_later = [], None, None
    for (_, c_prev, i, f, c_tilde, o, tanh_c), dh_t in from_last_to_first(kept, dh):
        dh_t = add(dh_t, dh_later)
        dc = add(tanh_gradient(y=tanh_c, dy=dh_t * o), dc_later)
        da = [
            sigmoid_gradient(y=i, dy=dc * c_tilde),
            sigmoid_gradient(y=f, dy=dc * c_prev),
            tanh_gradient(y=c_tilde, dy=dc * i),
            sigmoid_gradient(y=o, dy=dh_t * tanh_c),
        ]
        dc_later = dc * f
        dh_later = add(*map(wrt_factor, da, U_gates))
        da_steps.append(da)
    # All steps share the weights, so their derivatives add up.
    da = gates_in_order(da_steps)
    return wrt_inputs(da, by_gate(W, 4)), *wrt_W_U_b([v for v, *_ in kept], da, W, U)


RNN = Cell(rnn_states, rnn_gradient)
GRU = Cell(gru_states, gru_gradient)
LSTM = Cell(lstm_states, lstm_gradient)


def ones(x: Tensor) -> Tensor:
    """Return a 1 for the bias, for each row of x."""
    return tf.ones((tf.shape(x)[0], 1))


def by_gate(weights: Tensor, gates: int) -> list[Tensor]:
    """Split weights or biases (rows, gates * n_hidden) by gate."""
    return tf.split(weights, gates, axis=1)


def from_last_to_first(
    kept: list[Any], dh: list[Tensor | None]
) -> Iterator[tuple[Any, Tensor | None]]:
    """Yield what was kept of each step and the derivative by its state."""
    return zip(reversed(kept), reversed(dh), strict=True)


def gates_in_order(da_steps: list[list[Tensor]]) -> list[list[Tensor]]:
    """Sort what was listed step by step, from last to first: gate by gate, from first to last."""
    return [list(gate) for gate in zip(*reversed(da_steps), strict=True)]


def wrt_factor(da: Tensor, weights: Tensor) -> Tensor:
    """Return the derivative with respect to x or h, where a = x W + h U, from that by a."""
    return tf.matmul(da, weights, transpose_b=True)


def wrt_inputs(da: list[list[Tensor]], W_gates: list[Tensor]) -> list[Tensor]:
    """Return the derivative with respect to each step's input (batch, n_input)."""
    dx = add(*[wrt_factor(tf.concat(gate, axis=0), W) for gate, W in zip(da, W_gates, strict=True)])
    return tf.split(dx, len(da[0]))


def summed_outer(v: Tensor, da: Tensor) -> Tensor:
    """Return the derivative with respect to weights, where a = v weights: v^T da."""
    return tf.matmul(v, da, transpose_a=True)


def wrt_weights(v: list[Tensor], da: list[list[Tensor]], rows: int) -> Tensor:
    """Return the derivative with respect to weights of all steps, the gates side by side.

    A step that used only the first of their rows has no part in the others.
    """

    def of_step(v_t, da_t):
        dw, unused = summed_outer(v_t, da_t), rows - v_t.shape[1]
        return tf.pad(dw, [[0, unused], [0, 0]]) if unused else dw

    return tf.concat([tf.add_n(list(map(of_step, v, gate))) for gate in da], axis=1)


def wrt_W_U_b(
    v: list[Tensor], da: list[list[Tensor]], W: Tensor, U: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the derivatives with respect to all weights; v is [x_t, 1, h_{t-1}] at each step."""
    rows = [W.shape[0], 1, U.shape[0]]
    dW, db, dU = tf.split(wrt_weights(v, da, sum(rows)), rows)
    return dW, dU, db[0]


def add(*terms: Tensor | None) -> Tensor:
    """Return the sum of those terms that there are."""
    present = [term for term in terms if term is not None]
    return present[0] if len(present) == 1 else tf.add_n(present)
