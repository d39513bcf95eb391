"""The book's own engine: `train` for the first pass, what it repeats for those after it."""

import time
from dataclasses import replace
from functools import cache
from itertools import count

import numpy as np

from benchmarks.contenders import Trainer
from rnn_utils import Recipe, basic_rnn, bidirectional_rnn, deep_rnn, lstm, train
from rnn_utils.training import compile_update, repeat_update

BUILD = {
    "basic": basic_rnn,
    "bidirectional": bidirectional_rnn,
    "deep": deep_rnn,
    "lstm": lstm,
}


def prepare(network: str, recipe: Recipe, sequences: np.ndarray, labels: np.ndarray) -> Trainer:
    """Build one of the book's networks."""
    model = BUILD[network](recipe)
    seeds = count(recipe.seed + 1)
    labels = labels.astype(np.int64)  # as `train` hands them on

    @cache
    def update():
        return compile_update(model, sequences, labels, recipe)

    def first_pass() -> float:
        return train(model, sequences, labels, recipe, progress=False).loss.mean()

    def next_pass() -> float:
        reshuffled = replace(recipe, seed=next(seeds))
        history = repeat_update(
            update(),
            model,
            len(sequences),
            reshuffled,
            validation=None,
            progress=False,
            start=time.perf_counter(),
        )
        return history.loss.mean()

    return Trainer(model.count_params(), first_pass, next_pass)
