"""A layer over sequences that are padded at the end, as if each were alone.

A cell goes through all steps, since that is faster than to ask at each. What it reads after the
last real step changes no state before. So it is enough to pick the states that count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnn_utils.backend import tf

Tensor = Any


def run(
    run_cell: Callable[..., Tensor],
    x: Tensor,
    mask: Tensor,
    return_sequences: bool = False,
    last_step_first: bool = False,
    zero_output_for_mask: bool = False,
) -> Tensor:
    """Run a cell over padded sequences, with the outputs of Keras's loop.

    Parameters
    ----------
    run_cell : callable
        `recurrence.run` or `cudnn.run` with cell and weights; takes the sequences and
        `return_sequences`.
    x : tensor (batch, n_steps, n_input)
        The sequences; what stands in their padding must be finite.
    mask : bool tensor (batch, n_steps)
        True at the real steps: those before the padding, one at least.
    return_sequences, last_step_first
        As `recurrence.run` takes them.
    zero_output_for_mask : bool
        Put out 0 at the padding, not the last state again.
    """
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    # The backward reader starts at the last real step: only those change places.
    if last_step_first:
        x = tf.reverse_sequence(x, lengths, seq_axis=1)
    states = run_cell(x, return_sequences=True)  # (batch, n_steps, n_hidden)
    if return_sequences and last_step_first:
        # Keras reads the padding first, before there is a state, and puts out 0.
        states = tf.reverse_sequence(states, lengths, seq_axis=1)
        return tf.reverse(tf.where(mask[..., None], states, 0.0), axis=[1])
    if return_sequences and zero_output_for_mask:
        return tf.where(mask[..., None], states, 0.0)
    # The last real state: a sum, whose gradient is a product, costs less than to look it up.
    is_last = tf.one_hot(lengths - 1, tf.shape(mask)[1])[..., None]  # (batch, n_steps, 1)
    last = tf.reduce_sum(states * is_last, axis=1)  # (batch, n_hidden)
    return tf.where(mask[..., None], states, last[:, None]) if return_sequences else last
