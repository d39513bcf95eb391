"""Keras as its guide to recurrent layers has it: layers, `compile`, `fit`."""

import keras
import numpy as np
from keras import layers

from benchmarks.contenders import Trainer
from rnn_utils import Recipe


def prepare(
    network: str,
    recipe: Recipe,
    sequences: np.ndarray,
    labels: np.ndarray,
    *,
    unroll: bool = False,
) -> Trainer:
    """Build and compile a network; `unroll` writes the time steps out instead of looping."""
    keras.utils.set_random_seed(recipe.seed)
    model = keras.Sequential(
        [
            keras.Input((recipe.n_steps, recipe.n_input)),
            *recurrent_layers(network, recipe, unroll),
            layers.Dense(recipe.n_classes),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )

    def fit() -> float:
        history = model.fit(sequences, labels, batch_size=recipe.batch_size, epochs=1, verbose=0)
        return history.history["loss"][0]

    return Trainer(model.count_params(), fit, fit)


def recurrent_layers(network: str, recipe: Recipe, unroll: bool) -> list[layers.Layer]:
    """Return the layers below the read-out."""
    if network == "basic":
        return [layers.SimpleRNN(recipe.n_hidden, unroll=unroll)]
    if network == "bidirectional":
        return [layers.Bidirectional(layers.SimpleRNN(recipe.n_hidden, unroll=unroll))]
    if network == "lstm":
        return [layers.LSTM(recipe.n_hidden, unroll=unroll)]
    below = [
        layers.GRU(recipe.n_hidden, return_sequences=True, unroll=unroll)
        for _ in range(recipe.n_layers - 1)
    ]
    return [*below, layers.GRU(recipe.n_hidden, unroll=unroll)]
