"""The book's own engine: `train` for the first pass, its compiled update for those after it."""

from functools import cache

import numpy as np

from benchmarks.contenders import Trainer
from rnn_utils import Recipe, basic_rnn, bidirectional_rnn, deep_rnn, lstm, train
from rnn_utils.startup import tf
from rnn_utils.training import compile_update

BUILD = {
    "basic": basic_rnn,
    "bidirectional": bidirectional_rnn,
    "deep": deep_rnn,
    "lstm": lstm,
}


def prepare(network: str, recipe: Recipe, sequences: np.ndarray, labels: np.ndarray) -> Trainer:
    """Build one of the book's networks."""
    model = BUILD[network](recipe)
    rng = np.random.default_rng(recipe.seed)
    labels = labels.astype(np.int32)

    @cache
    def update():
        return compile_update(model, sequences, labels, recipe)

    def first_pass() -> float:
        return train(model, sequences, labels, recipe, progress=False).loss.mean()

    def next_pass() -> float:
        order = rng.permutation(len(sequences)).astype(np.int32)
        batches = order.reshape(recipe.iterations, recipe.batch_size)
        return update()(tf.constant(batches)).numpy().mean()

    return Trainer(model.count_params(), first_pass, next_pass)
