"""What training refuses by name, and what only training refuses."""

from dataclasses import replace

import numpy as np
import pytest

from rnn_utils import draw_batches, evaluate, predict_logits, train
from rnn_utils.backend import keras
from rnn_utils.networks import models
from tests.rnn_utils.helpers import SMALL, toy


def test_a_model_with_other_classes_is_refused():
    with pytest.raises(ValueError, match=r"puts out \(\d+, 9\), .* n_classes=10"):
        train(models.basic_rnn(replace(SMALL, n_classes=9)), *toy(), SMALL, progress=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": slice(0, 199)}, "200 sequences, but 199 labels"),
        ({"label": 10}, "label 10 at index 5 is not a class from 0 to 9"),
        ({"label": -1}, "label -1 at index 5 is not a class from 0 to 9"),
        ({"pixel": np.nan}, r"sequences hold nan at index \(3, 2, 1\)"),
        ({"pixel": np.inf}, r"sequences hold inf at index \(3, 2, 1\)"),
        ({"pixel": 1e300, "dtype": "float64"}, r"sequences hold inf at index \(3, 2, 1\)"),
        ({"rank": 2}, r"sequences must be floats of shape \(n, steps, features\), got float32"),
        ({"dtype": "uint8"}, "sequences must be floats .*got uint8 .*reduce_images"),
        ({"steps": 15}, r"shape \(200, 15, 16\), but the recipe reads n_steps=16"),
        ({"labels_dtype": float}, "labels must be whole numbers .*got float64"),
        ({"n": 0}, "there are no sequences"),
        ({"batch_size": 201}, "batch_size is 201, but there are only 200 sequences"),
    ],
)
def test_data_that_does_not_fit_is_refused(change, message):
    sequences, labels = toy()
    recipe = replace(SMALL, batch_size=change.get("batch_size", 20))
    labels = labels[change.get("labels", slice(None))].astype(change.get("labels_dtype", int))
    labels[5] = change.get("label", labels[5])
    sequences = sequences.astype(change.get("dtype", "float32"))[:, : change.get("steps", 16)]
    sequences[3, 2, 1] = change.get("pixel", 0)
    if change.get("rank") == 2:
        sequences = sequences[0]
    n = change.get("n", None)
    with pytest.raises(ValueError, match=message):
        train(models.basic_rnn(recipe), sequences[:n], labels[:n], recipe, progress=False)


def test_bad_validation_data_is_refused_before_training():
    sequences, labels = toy()
    with pytest.raises(ValueError, match="200 validation sequences, but 3 labels"):
        train(
            models.basic_rnn(SMALL),
            *toy(),
            SMALL,
            validation=(sequences, labels[:3]),
            progress=False,
        )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"recipe": 100}, "recipe must be a Recipe, got 100"),
        ({"validation": 0.1}, r"validation must be a pair \(sequences, labels\), got 0.1"),
        ({"validation": toy()[0]}, "validation must be a pair"),
        ({"validation": (*toy(), None, None)}, "validation must be a pair"),
    ],
)
def test_other_types_are_refused_by_name(changed, words):
    options = {"recipe": SMALL, "validation": None, **changed}
    with pytest.raises(TypeError, match=words):
        train(models.basic_rnn(SMALL), *toy(), progress=False, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"patience": 3}, "patience is 3, but there is no validation"),
        ({"validation": toy(), "patience": 0}, "a number of epochs, 1 or more, got 0"),
        ({"validation": toy(), "patience": True}, "a number of epochs, 1 or more, got True"),
    ],
)
def test_patience_needs_epochs_and_something_to_watch(options, words):
    with pytest.raises(ValueError, match=words):
        train(models.basic_rnn(SMALL), *toy(), SMALL, progress=False, **options)


def test_a_model_without_weights_to_train_is_refused():
    frozen = models.basic_rnn(SMALL)
    frozen.trainable = False
    for model in (frozen, keras.Sequential([keras.layers.Dense(10)])):
        with pytest.raises(ValueError, match=r"has no weights to train: give it a keras\.Input"):
            train(model, *toy(), SMALL, progress=False)


def with_output(output, dtype="float32", shape=(16, 16)):
    rows = keras.Input(shape)
    state = keras.layers.SimpleRNN(4, dtype=dtype)(rows)
    logits = keras.layers.Dense(10, dtype=dtype)(state)
    return keras.Model(rows, output(logits))


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: models.basic_rnn, TypeError, r"got <function .* as in basic_rnn\(recipe\)"),
        (
            lambda: models.lstm(replace(SMALL, n_input=8)),
            ValueError,
            "reads .*16, 8.* are .*16, 16",
        ),
        (lambda: models.deep_rnn(replace(SMALL, n_steps=8)), ValueError, "reads .*8, 16"),
        (lambda: with_output(lambda y: {"y": y}), ValueError, "puts out a dict"),
        (lambda: with_output(lambda y: y[:, None]), ValueError, r"puts out \(\d+, 1, 10\)"),
        (
            lambda: with_output(lambda y: y, "mixed_bfloat16"),
            ValueError,
            "bfloat16.*dtype='float32'",
        ),
    ],
)
@pytest.mark.parametrize("use", ["train", "evaluate", "predict_logits"])
def test_a_model_that_does_not_fit_is_refused_before_it_is_used(use, build, error, words):
    sequences, labels = toy()
    with pytest.raises(error, match=words):
        if use == "train":
            train(build(), sequences, labels, SMALL, progress=False)
        elif use == "evaluate":
            evaluate(build(), sequences, labels)
        else:
            predict_logits(build(), sequences)


def test_weights_of_another_precision_are_refused():
    model = with_output(lambda y: keras.ops.cast(y, "float32"), "float64")
    with pytest.raises(ValueError, match=r"kernel' is float64, .*dtype='float32'"):
        train(model, *toy(), SMALL, progress=False)


def test_an_axis_that_keras_adds_by_itself_is_no_mistake():
    layers = [keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    train(keras.Sequential(layers), *toy(), SMALL, progress=False)


def test_a_loss_that_would_be_left_out_is_refused():
    for regulariser in ("kernel_regularizer", "activity_regularizer"):
        model = keras.Sequential(
            [
                keras.Input((16, 16)),
                keras.layers.SimpleRNN(8),
                keras.layers.Dense(10, **{regulariser: "l2"}),
            ]
        )
        with pytest.raises(ValueError, match="use the recipe's weight_decay"):
            train(model, *toy(), SMALL, progress=False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kernel_constraint": "non_neg"}, "kernel' has a constraint"),
        ({"stateful": True}, "'simple_rnn.*' is stateful, .*stateful=False"),
    ],
)
def test_what_training_would_not_heed_is_refused(options, words):
    rows = keras.Input(batch_shape=(20, 16, 16))
    state = keras.layers.SimpleRNN(8, **options)(rows)
    with pytest.raises(ValueError, match=words):
        model = keras.Model(rows, keras.layers.Dense(10)(state))
        train(model, *toy(), SMALL, progress=False)


def with_batch_layer(layer):
    return keras.Sequential(
        [keras.Input((16, 16)), keras.layers.SimpleRNN(8), layer, keras.layers.Dense(10)]
    )


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.SpectralNormalization(keras.layers.Dense(8), name="norm"),
        keras.Sequential([keras.layers.BatchNormalization(name="norm")]),
    ],
)
def test_what_a_part_of_a_batch_would_compute_differently_is_refused(layer):
    model = with_batch_layer(layer)
    with pytest.raises(ValueError, match=r"the layer 'norm', a .*shards=1"):
        train(model, *toy(), SMALL, progress=False)
    assert evaluate(model, *toy()).count == 200
    train(model, *toy(), replace(SMALL, shards=1, iterations=2), progress=False)


def test_a_batch_layer_that_is_frozen_is_trained_with_shards():
    layer = keras.layers.BatchNormalization(name="norm")
    model = with_batch_layer(layer)
    layer.trainable = False
    train(model, *toy(), replace(SMALL, iterations=2), progress=False)


def test_a_batch_layer_trains_as_keras_trains_it():
    keras.utils.set_random_seed(1)
    model = with_batch_layer(keras.layers.BatchNormalization(momentum=0.5))
    start = model.get_weights()
    recipe = replace(SMALL, shards=1, iterations=5)
    sequences, labels = toy()
    history = train(model, sequences, labels, recipe, progress=False)
    ours = model.get_weights()
    model.set_weights(start)
    model.compile(
        keras.optimizers.Adam(recipe.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    for batch, loss in zip(draw_batches(200, recipe), history.loss, strict=True):
        model.reset_metrics()
        theirs = model.train_on_batch(sequences[batch], labels[batch])
        assert loss == pytest.approx(float(theirs), rel=1e-4)
    for our, theirs in zip(ours, model.get_weights(), strict=True):
        np.testing.assert_allclose(our, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("options", [{"kernel_constraint": "non_neg"}, {"stateful": True}])
def test_what_training_refuses_can_be_measured(options):
    rows = keras.Input(batch_shape=(50, 16, 16))
    state = keras.layers.SimpleRNN(8, activity_regularizer="l2", **options)(rows)
    model = keras.Model(rows, keras.layers.Dense(10, kernel_regularizer="l2")(state))
    sequences, labels = toy()
    assert evaluate(model, sequences, labels).count == 200
    assert predict_logits(model, sequences).shape == (200, 10)
    with pytest.raises(ValueError, match="reads 50 sequences at once, so 199 cannot"):
        predict_logits(model, sequences[:199])
