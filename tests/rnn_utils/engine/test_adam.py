"""Adam and its schedule, against the same in NumPy."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnn_utils import draw_batches, train
from rnn_utils.backend import tf
from rnn_utils.engine.learning_rate import learning_rate
from rnn_utils.engine.loss import cross_entropy
from rnn_utils.networks import models
from tests.rnn_utils.helpers import SMALL, toy


def by_hand(recipe):
    """Return the losses, learning rates and gradient norms of the recipe, step by step."""
    model = models.basic_rnn(recipe)
    sequences, labels = toy()
    m = v = np.float32(0)
    losses, rates, norms = [], [], []
    for t, batch in enumerate(draw_batches(len(labels), recipe)):
        with tf.GradientTape() as tape:
            loss = cross_entropy(labels[batch], model(sequences[batch]))
        gradients = tape.gradient(loss, model.trainable_variables)
        g = np.concatenate([np.ravel(gradient) for gradient in gradients])
        g *= min(1, recipe.clip_norm / np.linalg.norm(g))
        rate = recipe.learning_rate
        if t < recipe.warm_up:
            rate *= (t + 1) / recipe.warm_up
        elif recipe.decay:
            done = (t - recipe.warm_up) / (recipe.iterations - recipe.warm_up)
            rate *= (1 + math.cos(math.pi * done)) / 2
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        rate_hat = rate * math.sqrt(1 - 0.999 ** (t + 1)) / (1 - 0.9 ** (t + 1))
        ends = np.cumsum([w.size for w in model.get_weights()])[:-1]
        changes = np.split(rate_hat * m / (np.sqrt(v) + 1e-7), ends)
        for weight, change in zip(model.weights, changes, strict=True):
            share = recipe.recurrent_rate if weight.name == "recurrent_kernel" else 1
            shrink = 0 if weight.name == "bias" else share * rate * recipe.weight_decay
            weight.assign((1 - shrink) * weight.numpy() - share * change.reshape(weight.shape))
        losses.append(float(loss))
        rates.append(rate)
        norms.append(np.linalg.norm(g))
    return np.array(losses), np.array(rates), np.array(norms)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"warm_up": 10},
        {"warm_up": 10, "decay": True},
        {"warm_up": 25, "decay": True},
        {"clip_norm": 0.3},
        {"recurrent_rate": 0.2},
        {"weight_decay": 2.0},
        {"warm_up": 5, "decay": True, "clip_norm": 0.3, "recurrent_rate": 0.3, "weight_decay": 1},
    ],
    ids=str,
)
def test_updates_are_those_of_adam_written_out(options):
    recipe = replace(SMALL, **options)
    losses, rates, norms = by_hand(recipe)
    history = train(models.basic_rnn(recipe), *toy(), recipe, progress=False)
    assert history.loss == pytest.approx(losses, abs=2e-4)
    used = [float(learning_rate(recipe, tf.constant(float(t)))) for t in range(recipe.iterations)]
    assert used == pytest.approx(rates, abs=1e-8)
    assert norms.max() <= recipe.clip_norm * (1 + 1e-6)
    if options:
        plain = train(models.basic_rnn(SMALL), *toy(), SMALL, progress=False).loss
        assert np.abs(history.loss - plain).max() > 1e-3, "the options must matter"
