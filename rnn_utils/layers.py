"""Keras's recurrent layers with a fast path for the CPU.

`SimpleRNN`, `GRU` and `LSTM` are Keras's own: same arguments, weights and results. Where a layer is
used as in this book, on a machine without a GPU, its sequences go through `recurrence`. In every
other case Keras runs it, with cuDNN's kernels for GRU and LSTM on a GPU.
"""

from __future__ import annotations

from typing import Any

from rnn_utils import recurrence
from rnn_utils.parallel import has_gpu
from rnn_utils.startup import keras, tf

MOST_STEPS = 256  # a longer sequence would make a graph that takes too long to build


class FastPath:
    """What the three layers share: when the fast path is taken, and how.

    Attributes
    ----------
    recurrence : Cell
        The cell that runs there.
    """

    recurrence: recurrence.Cell

    def call(self, sequences, initial_state=None, mask=None, training=False) -> Any:
        """Run the layer over sequences (batch, n_steps, n_input)."""
        if initial_state is not None or mask is not None or not self.is_plain(sequences, training):
            return super().call(
                sequences, initial_state=initial_state, mask=mask, training=training
            )
        cell = self.cell
        weights = [
            tf.convert_to_tensor(weight)
            for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)
        ]
        return recurrence.run(
            self.recurrence, sequences, weights, self.return_sequences, self.go_backwards
        )

    def is_plain(self, sequences, training) -> bool:
        """Tell whether the fast path computes what this layer is asked for."""
        cell = self.cell
        dropout = training and (cell.dropout or cell.recurrent_dropout)
        return (
            cell.activation is keras.activations.tanh
            and getattr(cell, "recurrent_activation", keras.activations.sigmoid)
            is keras.activations.sigmoid
            and cell.use_bias
            and getattr(cell, "reset_after", True)
            and not (dropout or self.stateful or self.return_state or self.unroll)
            and self.compute_dtype == "float32" == sequences.dtype
            and (sequences.shape[1] or MOST_STEPS + 1) <= MOST_STEPS
            and not has_gpu()
        )


@keras.saving.register_keras_serializable("rnn_utils")
class SimpleRNN(FastPath, keras.layers.SimpleRNN):
    """Keras's SimpleRNN with a fast path for the CPU."""

    recurrence = recurrence.RNN


@keras.saving.register_keras_serializable("rnn_utils")
class GRU(FastPath, keras.layers.GRU):
    """Keras's GRU with a fast path for the CPU, where the reset gate acts after the product."""

    recurrence = recurrence.GRU


@keras.saving.register_keras_serializable("rnn_utils")
class LSTM(FastPath, keras.layers.LSTM):
    """Keras's LSTM with a fast path for the CPU."""

    recurrence = recurrence.LSTM
