"""What the recipes reach on the full set."""

import numpy as np
import pytest

from rnn_utils import BETTER, Recipe, evaluate, reduce_images, train, train_seeds
from rnn_utils.networks import models


@pytest.fixture(scope="module")
def full_sequences(full_mnist):
    return reduce_images(full_mnist.train_images), reduce_images(full_mnist.test_images)


@pytest.mark.parametrize(
    ("build", "least"),
    [
        (models.basic_rnn, 0.90),
        (models.bidirectional_rnn, 0.915),
        (models.deep_rnn, 0.935),
        (models.lstm, 0.905),
    ],
)
def test_the_recipe_reaches_its_accuracy_on_the_full_set(full_mnist, full_sequences, build, least):
    sequences, held_out = full_sequences
    accuracies = []
    for seed in range(5):
        recipe = Recipe(seed=seed)
        model = build(recipe)
        train(model, sequences, full_mnist.train_labels, recipe, progress=False)
        accuracies.append(evaluate(model, held_out, full_mnist.test_labels).accuracy)
    assert np.mean(accuracies) >= least, accuracies


@pytest.mark.parametrize(
    ("build", "seeds", "least"),
    [
        (models.basic_rnn, 3, 0.955),
        (models.bidirectional_rnn, 2, 0.965),
        (models.deep_rnn, 1, 0.982),
        (models.lstm, 1, 0.97),
    ],
)
def test_the_better_recipe_reaches_more_with_one_epoch(full_mnist, build, seeds, least):
    sequences, held_out = (
        reduce_images(images, method="area")
        for images in (full_mnist.train_images, full_mnist.test_images)
    )
    runs = train_seeds(
        build, sequences, full_mnist.train_labels, BETTER, range(seeds), progress=False
    )
    accuracies = [evaluate(run.model, held_out, full_mnist.test_labels).accuracy for run in runs]
    assert np.mean(accuracies) >= least, accuracies
