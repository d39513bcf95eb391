"""The book's own engine: `train` for the first pass, what it repeats for those after it."""

from functools import cache, partial
from itertools import count

import numpy as np

from benchmarks.contenders import Trainer
from rnn_utils import Recipe, basic_rnn, bidirectional_rnn, deep_rnn, lstm, train
from rnn_utils.training import loop
from rnn_utils.training.checked_data import Task

BUILD = {"basic": basic_rnn, "bidirectional": bidirectional_rnn, "deep": deep_rnn, "lstm": lstm}


def prepare(network: str, recipe: Recipe, sequences: np.ndarray, labels: np.ndarray) -> Trainer:
    """Build one of the book's networks, or the one with masks that Keras is given too."""
    from benchmarks.contenders import keras_fit  # rnn_utils has to start TensorFlow first

    build = BUILD.get(network, partial(keras_fit.build, network))
    model = build(recipe)
    seeds = count(recipe.seed + 1)

    @cache
    def trainer():
        return loop.Trainer(model, Task.checked(sequences, labels, recipe, None, None))

    def first_pass() -> float:
        return train(model, sequences, labels, recipe, progress=False).loss.mean()

    def next_pass() -> float:
        return trainer().run(next(seeds), progress=False).loss.mean()

    return Trainer(model.count_params(), first_pass, next_pass)
