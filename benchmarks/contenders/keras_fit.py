"""Keras as its guide to recurrent layers has it: layers, `compile`, `fit`."""

import keras
import numpy as np
from keras import layers

from benchmarks.contenders import NETWORKS, Trainer
from rnn_utils import Recipe


def prepare(
    network: str, recipe: Recipe, sequences: np.ndarray, labels: np.ndarray, unroll: bool = False
) -> Trainer:
    """Build and compile a network; `unroll` writes the time steps out instead of looping."""
    keras.utils.set_random_seed(recipe.seed)
    rows = keras.Input((recipe.n_steps, recipe.n_input))
    recurrent = recurrent_layers(network, recipe, unroll)
    model = keras.Sequential([rows, *recurrent, layers.Dense(recipe.n_classes)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(recipe.learning_rate), loss=loss)

    def fit() -> float:
        history = model.fit(sequences, labels, batch_size=recipe.batch_size, epochs=1, verbose=0)
        return history.history["loss"][0]

    return Trainer(model.count_params(), fit, fit)


def recurrent_layers(network: str, recipe: Recipe, unroll: bool) -> list[layers.Layer]:
    """Return the layers below the read-out."""
    kind = {"deep": layers.GRU, "lstm": layers.LSTM}.get(network, layers.SimpleRNN)
    last = len(NETWORKS[network].layer_inputs(recipe)) - 1
    sequences = [number < last for number in range(last + 1)]
    stack = [kind(recipe.n_hidden, return_sequences=each, unroll=unroll) for each in sequences]
    return [layers.Bidirectional(stack[0])] if network == "bidirectional" else stack
