"""Keras as its guide to recurrent layers has it: layers, `compile`, `fit`."""

import keras
import numpy as np
from keras import layers

from benchmarks.contenders import NETWORKS, PADDING, Trainer
from rnn_utils import Recipe


def prepare(
    network: str, recipe: Recipe, sequences: np.ndarray, labels: np.ndarray, unroll: bool = False
) -> Trainer:
    """Build and compile a network; `unroll` writes the time steps out instead of looping."""
    model = build(network, recipe, unroll)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(recipe.learning_rate), loss=loss)

    def fit() -> float:
        history = model.fit(sequences, labels, batch_size=recipe.batch_size, epochs=1, verbose=0)
        return history.history["loss"][0]

    return Trainer(model.count_params(), fit, fit)


def build(network: str, recipe: Recipe, unroll: bool = False) -> keras.Sequential:
    """Return a network that is not compiled."""
    keras.utils.set_random_seed(recipe.seed)
    rows = keras.Input((recipe.n_steps, recipe.n_input))
    masking = [layers.Masking(PADDING)] if NETWORKS[network].masked else []
    recurrent = recurrent_layers(network, recipe, unroll)
    return keras.Sequential([rows, *masking, *recurrent, layers.Dense(recipe.n_classes)])


def recurrent_layers(network: str, recipe: Recipe, unroll: bool) -> list[layers.Layer]:
    """Return the recurrent layers below the read-out."""
    kinds = {"basic": layers.SimpleRNN, "bidirectional": layers.SimpleRNN, "deep": layers.GRU}
    kind, form = kinds.get(network, layers.LSTM), NETWORKS[network]
    last = len(form.layer_inputs(recipe)) - 1
    sequences = [number < last or form.every_step for number in range(last + 1)]
    stack = [kind(recipe.n_hidden, return_sequences=each, unroll=unroll) for each in sequences]
    return [layers.Bidirectional(stack[0])] if network == "bidirectional" else stack
