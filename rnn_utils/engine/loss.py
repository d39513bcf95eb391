"""The loss of every network of the book: the cross-entropy of a softmax, in nats."""

from __future__ import annotations

from typing import Any

from rnn_utils.backend import tf


def cross_entropy(labels: Any, logits: Any) -> Any:
    """Return the mean of -log softmax(logits)[label] over a batch, and over the steps if any."""
    return tf.reduce_mean(cross_entropies(labels, logits))


def masked_cross_entropy(labels: Any, logits: Any, mask: Any) -> Any:
    """Return the sum of -log softmax(logits)[label] over the steps at which the mask is true."""
    return tf.reduce_sum(tf.where(mask, cross_entropies(labels, logits), 0.0))


def cross_entropies(labels: Any, logits: Any) -> Any:
    """Return -log softmax(logits)[label] for each label.

    Spelled out, since where operations are to repeat bit for bit, TensorFlow's own function is made
    of many more.
    """
    one_hot = tf.one_hot(labels, logits.shape[-1])
    return -tf.reduce_sum(one_hot * tf.nn.log_softmax(logits), axis=-1)
