"""Measure how well a model does on sequences, above all on those it was not trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnn_utils.backend import keras
from rnn_utils.engine.fast_model import fast_model
from rnn_utils.engine.loss import cross_entropies
from rnn_utils.engine.model_checks import check_logits, check_reads
from rnn_utils.training.checked_data import Examples, checked_sequences

ROWS_PER_CALL = 5000  # sequences that are evaluated at once


@dataclass(frozen=True)
class Evaluation:
    """How well a model does on a set of sequences."""

    loss: float  # mean softmax cross-entropy in nats
    accuracy: float  # share of sequences whose largest logit is the right one
    count: int  # sequences measured

    @property
    def standard_error(self) -> float:
        """One standard error of the accuracy, for a test set drawn at random: sqrt(pq/n)."""
        return math.sqrt(self.accuracy * (1 - self.accuracy) / self.count)


def evaluate(model: keras.Model, sequences: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Measure loss and accuracy of a model on sequences and their labels.

    Parameters
    ----------
    model : keras.Model
        Reads (batch, n_steps, n_input), puts out logits (batch, n_classes).
    sequences : float array (n, n_steps, n_input)
        What to classify.
    labels : integer array (n,)
        Their true classes.

    Raises
    ------
    ValueError, TypeError
        If there is nothing to measure, or model, sequences and labels do not fit together.
    """
    examples = Examples.checked(sequences, labels)
    logits = logits_of(model, examples.sequences)
    examples.check_classes(logits.shape[-1])
    return scored(logits, examples.labels)


def scored(logits: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Return loss and accuracy of logits (n, n_classes), given the true classes (n,)."""
    return Evaluation(
        loss=float(cross_entropies(labels, logits).numpy().mean(dtype=np.float64)),
        accuracy=float((logits.argmax(axis=-1) == labels).mean()),
        count=len(labels),
    )


def predict_logits(model: keras.Model, sequences: np.ndarray) -> np.ndarray:
    """Return the model's logits (n, n_classes) for sequences (n, n_steps, n_input).

    Raises
    ------
    ValueError, TypeError
        If there are no sequences, they are not finite floats of that shape, or the model is not
        one that turns them into logits.
    """
    return logits_of(model, checked_sequences(sequences))


def logits_of(model: keras.Model, sequences: np.ndarray) -> np.ndarray:
    """Return a model's logits for checked sequences, which it is shown part by part."""
    check_reads(model, sequences.shape)
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
        part = fast(sequences[first : first + rows])
        check_logits(part)
        logits.append(part.numpy())
    return np.concatenate(logits)
