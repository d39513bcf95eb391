"""What runs a layer, and what is said of it: without a GPU, and as if there were one."""

import importlib

import numpy as np
import pytest

from rnn_utils import Recipe, kernels
from rnn_utils.backend import keras
from rnn_utils.engine import fast_model
from rnn_utils.engine import kernels as module
from rnn_utils.networks import models

L = keras.layers


def sequential(*layers, shape=(16, 16)):
    return keras.Sequential([keras.Input(shape), *layers, L.Dense(10)])


@pytest.fixture(autouse=True)
def believe(monkeypatch):
    """Let Keras and the engine believe in no GPU, and return what lets them believe in one.

    That is enough to trace for one.
    """
    keras_rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")

    def in_gpu(there):
        monkeypatch.setattr(keras_rnn, "_is_gpu_available", lambda: there)
        for each in (module, fast_model):
            monkeypatch.setattr(each, "has_gpu", lambda: there)

    in_gpu(False)
    return in_gpu


@pytest.mark.parametrize(
    ("build", "layers"),
    [
        (models.basic_rnn, ["rnn"]),
        (models.bidirectional_rnn, ["forward_forward", "backward"]),
        (models.deep_rnn, ["gru_1", "gru_2", "gru_3"]),
        (models.lstm, ["lstm"]),
    ],
)
def test_the_networks_of_the_book_are_written_out(build, layers):
    table = kernels(build(Recipe(n_hidden=4)))
    assert [kernel.layer for kernel in table] == layers
    assert {(kernel.runs, kernel.why) for kernel in table} == {("written out", "")}


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (L.LSTM(4, recurrent_dropout=0.2), "recurrent_dropout=0.2"),
        (L.LSTM(4, activation="relu"), "activation='relu'"),
        (L.LSTM(4, activation=keras.activations.relu, use_bias=False), "use_bias=False"),
        (L.GRU(4, reset_after=False), "reset_after=False"),
        (L.GRU(4, dropout=0.1), "dropout=0.1 in training"),
        (L.SimpleRNN(4, use_bias=False), "use_bias=False"),
        (L.RNN(L.LSTMCell(4)), "only Keras's own SimpleRNN, GRU and LSTM"),
        (L.Bidirectional(L.LSTM(4, use_bias=False)), "use_bias=False"),
        (L.LSTM(4, dtype="float64"), "compute_dtype='float64'"),
    ],
)
def test_it_says_why_keras_runs_a_layer(layer, why):
    table = kernels(sequential(layer))
    assert {kernel.runs for kernel in table} == {"Keras's loop"}
    assert all(why in kernel.why for kernel in table)


def test_it_says_what_a_state_does_and_that_a_mask_does_nothing():
    rows = keras.Input((16, 16))
    _, *state = L.LSTM(4, return_state=True, name="encoder")(L.Masking()(rows))
    decoder = L.LSTM(4, name="decoder")(rows, initial_state=state)
    table = kernels(keras.Model(rows, L.Dense(10)(decoder)))
    assert [kernel.why for kernel in table] == ["return_state=True", "an initial state"]


def test_the_number_of_steps_is_that_of_the_data():
    any_length = sequential(L.LSTM(4), shape=(None, 16))
    (unasked,) = kernels(any_length)
    assert (unasked.runs, unasked.why) == ("written out", "for 256 steps at most")
    assert kernels(any_length, 256)[0][2:] == ("written out", "")
    assert kernels(any_length, n_steps=257)[0][2:] == (
        "Keras's loop",
        "257 steps, more than 256",
    )
    with pytest.raises(ValueError, match="reads 16 steps, not 17"):
        kernels(models.basic_rnn(Recipe()), n_steps=17)


def test_whole_numbers_that_are_embedded_are_read_too():
    letters = keras.Sequential(
        [keras.Input((None,), dtype="int32"), L.Embedding(27, 4), L.GRU(4), L.Dense(27)]
    )
    assert kernels(letters, 12)[0].runs == "written out"


def test_layers_in_others_are_named():
    inside = L.TimeDistributed(L.LSTM(4, name="inner"))
    model = sequential(inside, L.GRU(4), shape=(3, 5, 6))
    assert [(k.layer, k.runs) for k in kernels(model)] == [
        ("inner", "Keras's loop"),
        (model.layers[1].name, "written out"),
    ]
    assert kernels(model)[0].why == "inside TimeDistributed"


def test_a_subclass_is_said_to_run_as_it_is():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = L.LSTM(4)

        def call(self, x):
            return self.rnn(x)

    model = Mine()
    with pytest.raises(ValueError, match=r"is not built: give it a keras\.Input"):
        kernels(model)
    model(np.zeros((1, 16, 16), "float32"))
    assert kernels(model)[0][2:] == (
        "Keras's loop",
        "Mine is a subclass of keras.Model, which runs as it is",
    )


def test_something_else_than_a_model_is_refused():
    with pytest.raises(TypeError, match="model must be a Keras model, got <"):
        kernels(L.LSTM(4))


@pytest.mark.parametrize(
    ("layer", "runs", "why"),
    [
        (L.LSTM(4), "cuDNN", ""),
        (L.Bidirectional(L.GRU(4)), "cuDNN", ""),
        (L.LSTM(4, dropout=0.1), "cuDNN", ""),
        (L.SimpleRNN(4), "cuDNN", ""),
        (L.Bidirectional(L.SimpleRNN(4)), "cuDNN", ""),
        (L.SimpleRNN(4, unroll=True), "written out", "unroll=True"),
        (L.GRU(4, unroll=True), "written out", "unroll=True"),
        (L.GRU(4, use_cudnn=False), "written out", "use_cudnn=False"),
        (L.LSTM(4, recurrent_dropout=0.2), "Keras's loop", "recurrent_dropout=0.2"),
        (L.GRU(4, reset_after=False), "Keras's loop", "reset_after=False"),
    ],
)
def test_with_a_gpu_it_finds_cudnn_in_the_graph(believe, layer, runs, why):
    believe(True)
    assert {kernel[2:] for kernel in kernels(sequential(layer))} == {(runs, why)}


def test_it_prints_as_a_table():
    table = kernels(sequential(L.LSTM(4, name="first", return_sequences=True), L.RNN(L.GRUCell(4))))
    head, first, second = str(table).splitlines()
    assert head.split() == ["layer", "kind", "runs", "why"]
    assert first == "first  LSTM  written out"
    assert "Keras's loop  only Keras's own" in second
    assert table._repr_markdown_().startswith("| layer | kind | runs | why |\n| --- |")
