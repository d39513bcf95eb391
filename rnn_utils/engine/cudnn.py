"""A recurrent layer as a single operation of NVIDIA's cuDNN, on a GPU.

On a GPU it takes longer to start an operation than to carry out one of this size, and a recurrence
written out starts hundreds. cuDNN goes through the whole sequence in one (Appleyard, Kocisky and
Blunsom, 2016), and back in another. Keras calls it too, for an LSTM and a GRU. Here it is also
called for a basic RNN, which Keras leaves in its loop, and is given the sequences in cuDNN's own
order, steps first, and the weights with fewer operations on the way.

cuDNN takes all of a layer's weights in one vector: the matrices for the inputs, gate by gate and
transposed, those for the state, then the biases in the same order. Each gate has two biases.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rnn_utils.backend import tf

Tensor = Any


class Mode(NamedTuple):
    """What cuDNN calls a cell, and the order in which it has Keras's gates."""

    name: str
    gates: tuple[int, ...]


RNN = Mode("rnn_tanh", (0,))
GRU = Mode("gru", (1, 0, 2))  # r, z, h~ where Keras has z, r, h~
LSTM = Mode("lstm", (0, 1, 2, 3))


def run(
    mode: Mode,
    x: Tensor,
    weights: list[Tensor],
    return_sequences: bool = False,
    last_step_first: bool = False,
) -> Tensor:
    """Run a cell over sequences, as `recurrence.run` does, and with its arguments.

    Parameters
    ----------
    mode : Mode
        `RNN`, `GRU` or `LSTM`.
    x, weights, return_sequences, last_step_first
        As `recurrence.run` takes them.
    """
    x = tf.transpose(x, (1, 0, 2))  # (n_steps, batch, n_input)
    if last_step_first:
        x = tf.reverse(x, axis=[0])
    n_steps, batch = tf.unstack(tf.shape(x)[:2])
    start = tf.zeros((1, batch, weights[1].shape[0]))
    states, last, *_ = tf.raw_ops.CudnnRNNV3(
        input=x,
        input_h=start,
        input_c=start if mode is LSTM else 0.0,
        params=packed(mode, *weights),
        sequence_lengths=tf.fill([batch], n_steps),
        rnn_mode=mode.name,
        time_major=True,
    )
    return tf.transpose(states, (1, 0, 2)) if return_sequences else last[0]


def packed(mode: Mode, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
    """Return Keras's weights of a layer as the vector that cuDNN takes."""
    if b.shape.rank == 1:  # one bias for each gate: cuDNN's second is 0
        b = tf.stack([b, tf.zeros_like(b)])
    W, U, b = (in_order(mode, weights) for weights in (W, U, b))
    parts = tf.transpose(W), tf.transpose(U), b
    return tf.concat([tf.reshape(part, [-1]) for part in parts], axis=0)


def in_order(mode: Mode, weights: Tensor) -> Tensor:
    """Return weights (rows, gates * n_hidden) with the gates in cuDNN's order."""
    if mode.gates == tuple(sorted(mode.gates)):
        return weights
    gates = tf.split(weights, len(mode.gates), axis=1)
    return tf.concat([gates[i] for i in mode.gates], axis=1)
