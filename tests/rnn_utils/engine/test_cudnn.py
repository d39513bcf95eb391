"""Recurrences on cuDNN: a GPU runs NVIDIA's own, elsewhere a stand-in reads what it would be given.

The stand-in follows cuDNN's documentation: how weights lie in its vector, its order of the gates,
its equations. Keras's calls of cuDNN hold it to account.
"""

import importlib

import numpy as np
import pytest

from rnn_utils.backend import has_gpu, keras, tf
from rnn_utils.engine import cudnn
from rnn_utils.engine import fast_model as module
from tests.rnn_utils.engine.test_fast_model import (
    BATCH,
    INPUT,
    KINDS,
    STEPS,
    UNITS,
    compare,
    layer_of,
    sequences,
    values_and_gradients,
)

L = keras.layers
STEP_OF = {}


def step_of(mode):
    """Register how cuDNN computes the next (h, c) from its parts (gates, batch, n_hidden)."""
    return lambda function: STEP_OF.setdefault(mode, function)


@step_of("rnn_tanh")
def rnn_step(from_x, from_h, h, c):
    return tf.tanh(from_x[0] + from_h[0]), c


@step_of("gru")
def gru_step(from_x, from_h, h, c):
    r, z = tf.sigmoid(from_x[0] + from_h[0]), tf.sigmoid(from_x[1] + from_h[1])
    return (1 - z) * tf.tanh(from_x[2] + r * from_h[2]) + z * h, c


@step_of("lstm")
def lstm_step(from_x, from_h, h, c):
    i, f, g, o = tf.unstack(from_x + from_h)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(c), c


def stand_in(input, input_h, input_c, params, sequence_lengths, rnn_mode, time_major, **options):
    """Compute what CudnnRNNV3 does with sequences that all have the same length."""
    x = input if time_major else tf.transpose(input, (1, 0, 2))
    axis = 0 if time_major else 1
    assert set(sequence_lengths.numpy()) == {x.shape[0]}
    assert len(sequence_lengths) == x.shape[1]
    h, c = tf.squeeze(input_h, axis), input_c
    n, d = h.shape[-1], x.shape[-1]
    gates = {"rnn_tanh": 1, "gru": 3, "lstm": 4}[rnn_mode]
    W, U, b = tf.split(params, [gates * n * d, gates * n * n, gates * 2 * n])
    W, U = tf.reshape(W, (gates, n, d)), tf.reshape(U, (gates, n, n))
    b_x, b_h = tf.reshape(b, (2, gates, 1, n))
    c = tf.squeeze(c, axis) if rnn_mode == "lstm" else c
    states = []
    for x_t in tf.unstack(x):
        from_x = tf.einsum("bd,gnd->gbn", x_t, W) + b_x
        from_h = tf.einsum("bm,gnm->gbn", h, U) + b_h
        h, c = STEP_OF[rnn_mode](from_x, from_h, h, c)
        states.append(h)
    return tf.stack(states, axis), tf.expand_dims(h, axis), tf.expand_dims(c, axis), None, None


@pytest.fixture(autouse=True)
def gpu(monkeypatch):
    """Let the engine believe in a GPU, and without one put the stand-in where cuDNN would be."""
    if not has_gpu():
        monkeypatch.setattr(module, "has_gpu", lambda: True)
        monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", stand_in)


@pytest.fixture(autouse=True)
def modes(monkeypatch):
    """Return a list that grows by the mode whenever the engine hands a layer to cuDNN."""
    made, run = [], cudnn.run

    def spy(mode, *args, **options):
        made.append(mode)
        return run(mode, *args, **options)

    monkeypatch.setattr(cudnn, "run", spy)
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize(
    ("batch", "n_steps", "n_input", "units"),
    [(BATCH, STEPS, INPUT, UNITS), (1, 1, 1, 1), (50, 16, 16, 64), (3, 40, 5, 2)],
)
def test_values_and_gradients_are_those_of_keras(
    kind, return_sequences, go_backwards, batch, n_steps, n_input, units, modes
):
    options = {"return_sequences": return_sequences, "go_backwards": go_backwards}
    layer = layer_of(kind, n_input, units, **options)
    compare(layer, sequences(batch, n_steps, n_input))
    assert modes == [module.ON_CUDNN[kind]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("return_sequences", [False, True])
def test_two_directions_are_merged_as_keras_merges_them(kind, return_sequences, modes):
    both = L.Bidirectional(kind(3, return_sequences=return_sequences))
    both.build((None, STEPS, INPUT))
    compare(both, sequences())
    assert len(modes) == 2


def test_a_sequence_may_be_longer_than_what_is_written_out(modes):
    compare(layer_of(L.SimpleRNN), sequences(n_steps=module.MOST_STEPS + 1))
    assert len(modes) == 1


@pytest.mark.parametrize("options", [{"unroll": True}, {"use_cudnn": False}], ids=str)
def test_who_asks_for_another_kernel_gets_it(options, modes):
    compare(layer_of(L.LSTM, **options), sequences())
    assert not modes


@pytest.mark.skipif(has_gpu(), reason="here Keras uses cuDNN itself")
@pytest.mark.parametrize("kind", [L.GRU, L.LSTM])
def test_the_stand_in_reads_what_keras_gives_to_cudnn(kind, monkeypatch):
    layer, x = layer_of(kind), sequences()
    by_loop = values_and_gradients(layer, layer.trainable_variables, x)
    keras_rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
    monkeypatch.setattr(keras_rnn, "_is_gpu_available", lambda: True)
    monkeypatch.setitem(tf.sysconfig.get_build_info(), "is_cuda_build", True)
    by_stand_in = values_and_gradients(layer, layer.trainable_variables, x)
    for loop, kernel in zip(by_loop, by_stand_in, strict=True):
        np.testing.assert_allclose(kernel, loop, atol=1e-5)
