"""The four networks: shapes, parameter counts, initial weights."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from rnn_utils import Recipe, cells, predict_logits, train
from rnn_utils.backend import keras, tf
from rnn_utils.networks import models
from tests.rnn_utils.helpers import toy

BUILDERS = [models.basic_rnn, models.bidirectional_rnn, models.deep_rnn, models.lstm]


@pytest.mark.parametrize(
    ("build", "recurrent", "total"),
    [
        (models.basic_rnn, 5_184, 5_834),
        (models.bidirectional_rnn, 10_368, 11_658),
        (models.deep_rnn, 65_664, 66_314),
        (lambda recipe: models.deep_rnn(recipe, reset_after=False), 65_088, 65_738),
        (models.lstm, 20_736, 21_386),
    ],
)
def test_parameter_counts_are_those_of_the_recipe(build, recurrent, total):
    model = build(Recipe())
    assert model.count_params() == total
    assert total - model.get_layer("read_out").count_params() == recurrent


@pytest.mark.parametrize("build", BUILDERS)
def test_reads_sequences_and_puts_out_logits(build):
    recipe = Recipe(n_hidden=8, n_steps=5, n_input=3, n_classes=4, n_layers=2)
    model = build(recipe)
    assert model.input_shape == (None, 5, 3)
    logits = model(np.random.default_rng(0).random((7, 5, 3), dtype="float32")).numpy()
    assert logits.shape == (7, 4)
    assert (logits < 0).any(), "logits, not probabilities"
    assert not model.compiled


@pytest.mark.parametrize("build", BUILDERS)
def test_the_seed_decides_the_initial_weights(build):
    recipe = Recipe(n_hidden=8)
    first = [w.copy() for w in build(recipe).get_weights()]
    again = build(recipe).get_weights()
    other = build(replace(recipe, seed=1)).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    drawn = [i for i, w in enumerate(first) if len(np.unique(w)) > 2]
    assert all(not np.array_equal(first[i], other[i]) for i in drawn)


def test_no_two_matrices_start_alike():
    model = models.bidirectional_rnn(Recipe(n_hidden=16, n_input=16))
    square = [w for w in model.get_weights() if w.shape == (16, 16)]
    assert len(square) == 4
    for i, a in enumerate(square):
        assert all(not np.allclose(a, b) for b in square[i + 1 :])


@pytest.mark.parametrize("forget_bias", [0.0, 1.0, 5.0])
def test_lstm_forget_bias_starts_where_asked_and_the_others_at_zero(forget_bias):
    layer = models.lstm(Recipe(n_hidden=8), forget_bias=forget_bias).get_layer("lstm")
    w = cells.weights_of(layer)
    assert (w.b_f == forget_bias).all()
    assert not np.concatenate([w.b_i, w.b_c, w.b_o]).any()


def test_deep_rnn_has_as_many_layers_as_the_recipe_says():
    names = [layer.name for layer in models.deep_rnn(Recipe(n_hidden=4, n_layers=5)).layers]
    assert names == ["gru_1", "gru_2", "gru_3", "gru_4", "gru_5", "read_out"]


def classes(config):
    """Yield module and name of each class in a configuration of Keras."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield f"{config['module']}.{config['class_name']}", config.get("registered_name")
        config = config.values()
    if not isinstance(config, str) and hasattr(config, "__iter__"):
        for each in config:
            yield from classes(each)


@pytest.mark.parametrize("build", BUILDERS)
def test_every_class_is_one_of_keras(build):
    made = list(classes(build(Recipe(n_hidden=4)).get_config()))
    assert len(made) > 5
    assert {name.split(".")[0] for name, _ in made} == {"keras"}
    assert {registered for _, registered in made} == {None}


def test_trained_models_are_used_by_a_process_that_has_only_keras(tmp_path):
    recipe = Recipe(n_hidden=8, batch_size=20, iterations=5)
    sequences, labels = toy(60, recipe)
    np.save(tmp_path / "sequences.npy", sequences)
    expected = {}
    for build in BUILDERS:
        model = build(recipe)
        train(model, sequences, labels, recipe, progress=False)
        model.save(tmp_path / f"{model.name}.keras")
        model.export(tmp_path / model.name, verbose=False)
        expected[model.name] = predict_logits(model, sequences)
    program = """
import sys
sys.modules["rnn_utils"] = None  # so that an import fails
import keras, numpy as np, tensorflow as tf
x = np.load("sequences.npy")
for name in sys.argv[1:]:
    exported = tf.saved_model.load(name)
    loaded = keras.saving.load_model(f"{name}.keras")
    np.save(f"{name}.npy", [loaded(x), exported.serve(x)])
"""
    command = [sys.executable, "-c", program, *expected]
    env = os.environ | {"NVIDIA_TF32_OVERRIDE": "0"}  # which rnn_utils switches off by itself
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, logits in expected.items():
        for theirs in np.load(tmp_path / f"{name}.npy"):
            np.testing.assert_allclose(theirs, logits, rtol=0, atol=1e-6)


def test_a_network_without_room_is_told_with_its_sizes(monkeypatch):
    """As TensorFlow reports one, which takes it ten seconds of retries."""

    def no_room(*_, **__):
        words = "OOM when allocating tensor with shape[10,10] and type float on /job:localhost"
        raise tf.errors.ResourceExhaustedError(None, None, words)

    monkeypatch.setattr(keras, "Sequential", no_room)
    words = r"n_input=16, n_hidden=64, n_classes=10 \(a tensor of shape \[10,10\]\): try smaller"
    with pytest.raises(MemoryError, match=words):
        models.lstm(Recipe())
