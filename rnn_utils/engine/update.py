"""One update of a model, compiled by TensorFlow: batches of indices in, losses before each out.

The data stays where the model is; only the indices of a batch travel. A batch is worked on in
shards, whose losses and gradients add up to its own.
"""

from __future__ import annotations

import math

import numpy as np

from rnn_utils.backend import has_gpu, keras, tf
from rnn_utils.engine.adam import Adam
from rnn_utils.engine.devices import (
    all_reduced,
    resident,
    shards_of_replica,
    sum_of_replicas,
    sum_of_shards,
)
from rnn_utils.engine.fast_model import check_mask_arrives, fast_model
from rnn_utils.engine.loss import cross_entropy, masked_cross_entropy
from rnn_utils.engine.model_checks import check_output
from rnn_utils.recipe import Recipe

ZERO = tf.UnconnectedGradients.ZERO  # the gradient of a weight that the loss does not depend on


class Update:
    """Makes updates of a model on its data, many in one call.

    Parameters
    ----------
    model : keras.Model
        What is trained; it is not compiled.
    sequences : float32 array (n, n_steps, n_input), or int32 array (n, n_steps)
    labels : integer array (n,), or (n, n_steps) for a label at each step
    recipe : Recipe
        Its batch_size, shards and clip_norm, and what `Adam` takes from it.
    lengths : int32 array (n,), optional
        How many steps of each sequence are real; those that follow are masked.

    Attributes
    ----------
    adam : Adam
        The optimiser, with its state.
    """

    def __init__(
        self,
        model: keras.Model,
        sequences: np.ndarray,
        labels: np.ndarray,
        recipe: Recipe,
        lengths: np.ndarray | None = None,
    ):
        self.model = model
        self.fast_model = fast_model(model)
        self.recipe = recipe
        self.adam = Adam(model.trainable_variables, recipe)
        arrays = sequences, labels, lengths
        self.data = [None if array is None else resident(array) for array in arrays]
        # Traced once for each size of a shard: there are two at most, one apart.
        self.traced_of_shard = tf.function(self.of_shard, autograph=False)
        # One graph serves any number of batches.
        batches = tf.TensorSpec([None, recipe.batch_size], tf.int64)
        loop = tf.function(self.loop, input_signature=[batches], autograph=False)
        self.compiled_loop = loop.get_concrete_function()

    def __call__(self, batches: np.ndarray) -> np.ndarray:
        """Make an update with each of several batches of indices (updates, batch_size).

        Returns
        -------
        float32 array (updates,)
            The losses before each update. One that is not finite is the last that counts: from
            there on the weights are left as they are.
        """
        return self.compiled_loop(tf.constant(batches)).numpy()

    def of_shard(self, shard, x, y, lengths, steps):
        """Return a shard's part of its batch's loss and gradients."""
        weights = [weight.value for weight in self.adam.weights]
        # Pick the sequences of the shard; some may be padded.
        x, y = tf.gather(x, shard), tf.gather(y, shard)
        mask = mask_of(lengths, shard, n_steps=x.shape[1])
        with tf.GradientTape() as tape:
            # Let the network guess, and measure how wrong it is.
            logits = self.logits_of(x, mask, per_step=y.shape.rank == 2)
            loss = self.part_of_loss(y, logits, mask, steps)
        return loss, tape.gradient(loss, weights, unconnected_gradients=ZERO)

    def logits_of(self, x, mask, per_step):
        """Return what the model answers, or raise ValueError if training cannot use it."""
        logits = self.fast_model(x, training=True, **({} if mask is None else {"mask": mask}))
        check_output(self.model, logits, self.recipe, per_step, mask is not None)
        if mask is not None:
            check_mask_arrives(self.fast_model)
        return logits

    def part_of_loss(self, y, logits, mask, steps):
        """Return a shard's part of its batch's loss; of real steps a batch has so many."""
        if mask is not None and y.shape.rank == 2:
            return masked_cross_entropy(y, logits, mask) / steps
        # A shard counts by its share of the batch.
        return y.shape[0] / self.recipe.batch_size * cross_entropy(y, logits)

    def of_replica(self, batch, x, y, lengths):
        """Return the loss and gradients of a replica's part of a batch."""
        data = x, y, lengths, real_steps(lengths, batch)
        # Cut it into shards. The cores work on them side by side.
        shards = shards_of_replica(batch, self.recipe)
        parts = [self.traced_of_shard(shard, *data) for shard in shards]
        loss, gradients = sum_of_shards(parts)
        # If a gradient is not finite, let the loss say so too.
        length = tf.linalg.global_norm(gradients)
        return tf.where(tf.math.is_finite(length), loss, math.nan), gradients

    def step(self, gradients, is_finite):
        """Move a replica's weights as Adam says, unless `is_finite` is 0."""
        gradients, longest = all_reduced(gradients), self.recipe.clip_norm
        if longest < math.inf:
            gradients, _ = tf.clip_by_global_norm(gradients, longest)
        gradients = [tf.math.multiply_no_nan(g, is_finite) for g in gradients]
        self.adam.step(gradients, is_finite)

    def loop(self, batches):
        """Make an update with each batch, while losses are finite."""
        strategy = tf.distribute.get_strategy()
        updates = tf.shape(batches)[0]

        def goes_on(i, is_finite, losses):
            # A GPU would have to be waited for. There the rest makes no step.
            more = i < updates
            return more if has_gpu() else tf.logical_and(more, is_finite > 0)

        def one_update(i, is_finite, losses):
            # Measure. The loss that is noted is that before the step.
            # The data are arguments, so that each replica has its own.
            part = batches[i], *self.data
            loss, gradients = strategy.run(self.of_replica, args=part)
            loss = sum_of_replicas(loss)
            losses = losses.write(i, loss)
            # Make the step, unless it would spoil the weights.
            is_finite *= tf.cast(tf.math.is_finite(loss), tf.float32)
            strategy.run(self.step, args=(gradients, is_finite))
            return i + 1, is_finite, losses

        # TensorFlow's own loop and list: when they run, Python is gone.
        losses = tf.TensorArray(tf.float32, size=updates)
        *_, losses = tf.while_loop(goes_on, one_update, (0, 1.0, losses))
        return losses.stack()


def mask_of(lengths, shard, n_steps):
    """Return the mask (shard, n_steps) of sequences whose lengths are known; None of others."""
    if lengths is None:
        return None
    return tf.sequence_mask(tf.gather(lengths, shard), n_steps)


def real_steps(lengths, batch):
    """Return how many steps of a batch are no padding; None where lengths are not known."""
    if lengths is None:
        return None
    return tf.cast(tf.reduce_sum(tf.gather(lengths, batch)), tf.float32)
