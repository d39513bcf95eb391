"""Measure how well a model does on sequences, above all on those it was not trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnn_utils.backend import enough_memory, keras, tf
from rnn_utils.engine.fast_model import check_mask_arrives, fast_model
from rnn_utils.engine.loss import cross_entropies
from rnn_utils.engine.masks import lengths_for, lengths_of
from rnn_utils.engine.model_checks import check_logits, check_no_mask, check_reads
from rnn_utils.training.checked_data import Examples, checked_sequences

ROWS_PER_CALL = 5000  # sequences that are evaluated at once


@dataclass(frozen=True)
class Evaluation:
    """How well a model does on a set of sequences."""

    loss: float  # mean softmax cross-entropy in nats
    accuracy: float  # share of labels whose logit is the largest
    count: int  # labels measured: of sequences, or of their steps

    @property
    def standard_error(self) -> float:
        """One standard error of the accuracy, for a test set drawn at random: sqrt(pq/n)."""
        return math.sqrt(self.accuracy * (1 - self.accuracy) / self.count)


def evaluate(
    model: keras.Model, sequences: np.ndarray, labels: np.ndarray, mask: np.ndarray | None = None
) -> Evaluation:
    """Measure loss and accuracy of a model on sequences and their labels.

    Parameters
    ----------
    model : keras.Model
        Reads (batch, n_steps, n_input), or whole numbers (batch, n_steps); puts out logits (batch,
        n_classes), or (batch, n_steps, n_classes).
    sequences : float array (n, n_steps, n_input), or integer array (n, n_steps)
        What to classify.
    labels : integer array (n,) or (n, n_steps)
        Their true classes, or those of each step.
    mask : bool array (n, n_steps), optional
        True at the real steps, which the padding follows: it is not read, and its labels are not
        counted. A model that makes its own mask needs none.

    Raises
    ------
    ValueError, TypeError
        If there is nothing to measure, or model, sequences, labels and mask do not fit together.
    """
    examples = Examples.checked(sequences, labels, mask).read_by(model)
    logits = logits_of(model, examples.sequences, examples.lengths, examples.has_labels_per_step)
    examples.check_classes(logits.shape[-1])
    return scored(logits, examples)


def scored(logits: np.ndarray, examples: Examples) -> Evaluation:
    """Return loss and accuracy of a model's logits, over all labels but those of padding."""
    counts, labels = examples.counts, examples.labels
    losses = cross_entropies(labels, logits).numpy()[counts]
    return Evaluation(
        loss=float(losses.mean(dtype=np.float64)),
        accuracy=float((logits.argmax(axis=-1) == labels)[counts].mean()),
        count=int(counts.sum()),
    )


def predict_logits(
    model: keras.Model, sequences: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return the model's logits (n, n_classes), or (n, n_steps, n_classes), for sequences.

    Parameters
    ----------
    model, sequences, mask
        As `evaluate` takes them.

    Raises
    ------
    ValueError, TypeError
        If there are no sequences, they are not finite numbers of that shape, or the model is not
        one that turns them into logits.
    """
    sequences = checked_sequences(sequences)
    lengths = None if mask is None else lengths_of(mask, sequences.shape)
    check_reads(model, sequences)
    return logits_of(model, sequences, lengths_for(model, sequences, lengths))


def logits_of(
    model: keras.Model,
    sequences: np.ndarray,
    lengths: np.ndarray | None = None,
    per_step: bool | None = None,
) -> np.ndarray:
    """Return a model's logits for checked sequences, which it is shown part by part.

    Whether there are logits for each step is checked, unless it is None.
    """
    at_once = (getattr(model, "input_shape", None) or [None])[0]
    if at_once and len(sequences) % at_once:
        raise ValueError(
            f"the model {model.name!r} reads {at_once} sequences at once, so {len(sequences)} "
            "cannot be shown to it: leave some out"
        )
    rows = at_once or ROWS_PER_CALL
    fast = fast_model(model)
    logits = []
    for first in range(0, len(sequences), rows):
        part, options = slice(first, first + rows), {}
        if lengths is not None:
            options["mask"] = tf.sequence_mask(lengths[part], sequences.shape[1])
        with enough_memory(
            f"the {len(sequences[part])} sequences that are shown to {model.name!r} at once",
            "give it a part of them at a time",
        ):
            of_part = fast(sequences[part], **options)
        check_logits(of_part, sequences.shape[1], per_step=per_step)
        if options:
            check_mask_arrives(fast)
        elif per_step:
            check_no_mask(model, of_part)
        logits.append(of_part.numpy())
    return np.concatenate(logits)
