"""Padded sequences: the values and gradients of Keras's masked layers; masks that are refused."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from rnn_utils import Recipe, draw_batches, evaluate, kernels, predict_logits, train, train_seeds
from rnn_utils.backend import keras, tf
from rnn_utils.engine.fast_model import fast_model
from rnn_utils.networks import models
from tests.rnn_utils.helpers import subclassed, toy

# Keras warns that a model "does not support masking" whenever it is called with a mask.
pytestmark = pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")

L = keras.layers
RECIPE = Recipe(n_hidden=12, batch_size=20, iterations=6)
CLOSE = 1e-5
NETWORKS = [models.basic_rnn, models.bidirectional_rnn, models.deep_rnn, models.lstm]
N_LETTERS = 9
CODED = {"n_input": N_LETTERS, "n_classes": N_LETTERS}
RECIPE_OF_LETTERS = Recipe(batch_size=20, iterations=4, **CODED)


def padded(n=60, seed=0):
    """Return sequences of different lengths, their labels, labels of each step, and the mask."""
    sequences, labels = toy(n, RECIPE, seed)
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, RECIPE.n_steps + 1, n)
    lengths[:2] = 1, RECIPE.n_steps
    mask = np.arange(RECIPE.n_steps) < lengths[:, None]
    sequences[~mask] = 0
    return sequences, labels, rng.integers(0, 10, mask.shape), mask


def letters(n=60, seed=0):
    """Return whole numbers from 1 on, padded with 0, the next number at each step, and the mask."""
    *_, mask = padded(n, seed)
    numbers = np.random.default_rng(seed).integers(1, N_LETTERS, mask.shape) * mask
    return numbers, np.roll(numbers, -1, axis=1), mask


def per_step(layers, shape=(16, 16), n_classes=10):
    return keras.Sequential([keras.Input(shape), *layers, L.Dense(n_classes)])


STEPWISE = {
    "SimpleRNN": lambda: [L.SimpleRNN(8, return_sequences=True)],
    "GRU": lambda: [L.GRU(8, return_sequences=True)],
    "LSTM": lambda: [L.LSTM(8, return_sequences=True)],
    "zeros": lambda: [L.LSTM(8, return_sequences=True, zero_output_for_mask=True)],
    "bidirectional": lambda: [L.Bidirectional(L.LSTM(8, return_sequences=True))],
    "stack": lambda: [L.GRU(8, return_sequences=True), L.LSTM(8, return_sequences=True)],
    "backwards": lambda: [L.GRU(8, return_sequences=True, go_backwards=True)],
}


@pytest.mark.parametrize("build", NETWORKS)
def test_a_padded_sequence_has_the_logits_it_has_alone(build):
    model = build(RECIPE)
    sequences, *_, mask = padded(20)
    together = predict_logits(model, sequences, mask)
    open_length = keras.models.clone_model(
        model, input_tensors=keras.Input((None, RECIPE.n_input)), clone_function=lambda layer: layer
    )
    for sequence, real, logits in zip(sequences, mask, together, strict=True):
        np.testing.assert_allclose(open_length(sequence[real][None])[0], logits, atol=CLOSE)


@pytest.mark.parametrize("noise", [0, 1e3])
@pytest.mark.parametrize("name", STEPWISE)
def test_outputs_at_each_step_are_those_of_keras(name, noise):
    model = per_step(STEPWISE[name]())
    sequences, *_, mask = padded()
    sequences[~mask] = noise
    expected = model(sequences, mask=tf.constant(mask))
    np.testing.assert_allclose(predict_logits(model, sequences, mask), expected, atol=CLOSE)


@pytest.mark.parametrize("name", STEPWISE)
def test_masked_losses_have_the_gradients_of_keras(name):
    model = per_step(STEPWISE[name]())
    sequences, _, labels, mask = padded()
    criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def gradients(call):
        with tf.GradientTape() as tape:
            loss = criterion(labels, call(sequences, mask=tf.constant(mask), training=True))
        return tape.gradient(loss, model.trainable_variables)

    fast = fast_model(model)
    for e, a in zip(gradients(model), gradients(fast), strict=True):
        assert np.abs(a - e).max() <= CLOSE * np.abs(e).max()


def embedding(mask_zero=True):
    recurrent = L.LSTM(8, return_sequences=True)
    return per_step([L.Embedding(N_LETTERS, 5, mask_zero=mask_zero), recurrent], (16,), N_LETTERS)


def masking():
    return keras.Sequential([keras.Input((16, 16)), L.Masking(), L.LSTM(8), L.Dense(10)])


def trainings():
    sequences, labels, labels_of_steps, mask = padded()
    numbers, following, real = letters()
    for build in (models.bidirectional_rnn, models.lstm):
        yield build.__name__, lambda build=build: build(RECIPE), (sequences, labels, mask), {}
    for name in ("GRU", "bidirectional"):
        data = sequences, labels_of_steps, mask
        yield f"{name} at each step", lambda name=name: per_step(STEPWISE[name]()), data, {}
    yield "no mask at each step", lambda: per_step(STEPWISE["GRU"]()), (*data[:2], None), {}
    yield "Masking", masking, (sequences, labels, None), {}
    yield "Embedding", embedding, (numbers, following, None), CODED
    yield "both masks", embedding, (numbers, following, real), CODED


@pytest.mark.parametrize(
    ("build", "data", "sizes"), [pytest.param(*rest, id=name) for name, *rest in trainings()]
)
def test_training_makes_the_updates_of_keras(build, data, sizes):
    keras.utils.set_random_seed(1)
    model, recipe = build(), Recipe(n_hidden=12, batch_size=20, iterations=6, **sizes)
    sequences, labels, mask = data
    start = model.get_weights()
    optimizer = keras.optimizers.Adam(recipe.learning_rate)
    optimizer.build(model.trainable_variables)
    criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def update(batch):
        # Keras's loss heeds the mask that the logits carry.
        options = {} if mask is None else {"mask": tf.constant(mask[batch])}
        with tf.GradientTape() as tape:
            loss = criterion(labels[batch], model(sequences[batch], training=True, **options))
        gradients = tape.gradient(loss, model.trainable_variables)
        # An embedding's gradient names a row once for each time that it was read.
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        optimizer.apply(gradients, model.trainable_variables)
        return float(loss)

    expected = [update(batch) for batch in draw_batches(len(labels), recipe)]
    model.set_weights(start)
    held_back = (sequences, labels) if mask is None else (sequences, labels, mask)
    history = train(
        model, sequences, labels, recipe, mask=mask, validation=held_back, progress=False
    )
    np.testing.assert_allclose(history.loss, expected, rtol=CLOSE)
    measured = evaluate(model, sequences, labels, mask)
    assert measured.loss == history.validation_loss[-1]
    assert measured.accuracy == history.validation_accuracy[-1]


def test_only_real_steps_are_measured():
    sequences, _, labels, mask = padded()
    model = per_step(STEPWISE["GRU"]())
    logits = predict_logits(model, sequences, mask)
    measured = evaluate(model, sequences, np.where(mask, labels, -1), mask)
    assert measured.count == mask.sum()
    assert measured.accuracy == (logits.argmax(-1) == labels)[mask].mean()
    log_p = np.log(np.take_along_axis(keras.ops.softmax(logits).numpy(), labels[..., None], -1))
    assert measured.loss == pytest.approx(-log_p[mask].mean(), rel=1e-5)
    assert evaluate(model, sequences, labels).count == mask.size


def test_several_seeds_give_the_numbers_of_one():
    numbers, following, _ = letters()

    def build(recipe):
        keras.utils.set_random_seed(recipe.seed)
        return embedding()

    runs = train_seeds(build, numbers, following, RECIPE_OF_LETTERS, [0, 1], progress=False)
    for run in runs:
        recipe = replace(RECIPE_OF_LETTERS, seed=run.seed)
        alone = train(build(recipe), numbers, following, recipe, progress=False)
        assert np.array_equal(alone.loss, run.history.loss)


def test_nothing_is_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for build in NETWORKS:
            predict_logits(build(RECIPE), SEQUENCES, MASK)
        train(masking(), SEQUENCES, LABELS, RECIPE, progress=False)
        train(embedding(), NUMBERS, FOLLOWING, RECIPE_OF_LETTERS, progress=False)


def test_a_stock_model_with_a_mask_is_written_out():
    assert [kernel.runs for kernel in kernels(masking())] == ["written out"]
    assert [kernel.runs for kernel in kernels(embedding())] == ["written out"]


def late_mask():
    return keras.Sequential(
        [keras.Input((16, 16)), L.Dense(16, "relu"), L.Masking(), L.LSTM(8), L.Dense(10)]
    )


def mask_in_a_nested_model():
    inner = keras.Sequential([keras.Input((16, 16)), L.Masking(), L.LSTM(8)])
    return keras.Sequential([keras.Input((16, 16)), inner, L.Dense(10)])


def mask_before_a_nested_model():
    inner = keras.Sequential([keras.Input((16, 16)), L.LSTM(8)])
    layers = [keras.Input((16, 16)), L.Dense(16, "relu"), L.Masking(), inner, L.Dense(10)]
    return keras.Sequential(layers)


@pytest.mark.parametrize("build", [late_mask, mask_in_a_nested_model, mask_before_a_nested_model])
def test_a_mask_made_on_the_way_is_left_to_keras(build):
    model = build()
    (kernel,) = kernels(model)
    assert (kernel.runs, kernel.why) == ("Keras's loop", "a mask that is made inside the model")
    sequences, labels, *_ = padded()
    sequences[:, :3] = 0  # no mask that the engine would take
    np.testing.assert_allclose(predict_logits(model, sequences), model(sequences), atol=CLOSE)
    train(model, sequences, labels, RECIPE, progress=False)


def test_a_mask_that_is_changed_on_the_way_is_left_to_keras():
    rows = keras.Input((16, 16))
    twice = L.Concatenate(axis=1)([rows, rows])
    model = keras.Model(rows, L.Dense(10)(L.LSTM(8)(twice)))
    sequences, *_, mask = padded()
    expected = model(sequences, mask=tf.constant(mask))
    np.testing.assert_allclose(predict_logits(model, sequences, mask), expected, atol=CLOSE)


def test_only_what_reads_the_letters_limits_them():
    letters, places = keras.Input((16,)), keras.ops.arange(16)[None]
    both = L.Embedding(N_LETTERS, 4)(letters) + L.Embedding(16, 4)(places)
    few = L.Embedding(3, 4)(keras.ops.minimum(letters, 2))
    model = keras.Model(letters, L.Dense(10)(L.LSTM(8)(both + few)))
    assert predict_logits(model, NUMBERS).shape == (60, 10)


def with_mask_inside():
    return per_step([L.Dense(4, "relu"), L.Masking(), L.GRU(8, return_sequences=True)])


def changed(values, index, value):
    values = values.copy()
    values[index] = value
    return values


SEQUENCES, LABELS, OF_STEPS, MASK = padded()
NUMBERS, FOLLOWING, _ = letters()
REFUSED = {
    "shape": ((SEQUENCES, LABELS, MASK[:, :5]), {}, r"mask must be .*\(60, 16\), got bool .*60, 5"),
    "type": ((SEQUENCES, LABELS, MASK.astype(int)), {}, "mask must be True or False .*got int64"),
    "empty": (
        (SEQUENCES, LABELS, changed(MASK, 7, False)),
        {},
        "no step of sequence 7 through: leave it out",
    ),
    "left": (
        (SEQUENCES, LABELS, changed(MASK, 1, np.arange(16) > 3)),
        {},
        "leaves out step 0 of sequence 1, .*padding must stand at the end",
    ),
    "gap": (
        (SEQUENCES, LABELS, changed(MASK, (1, 4), False)),
        {},
        "leaves out step 4 of sequence 1, .*padding must stand at the end",
    ),
    "labels": ((SEQUENCES, OF_STEPS[:, :9], MASK), {}, "have 16 steps, but there are 9 labels"),
    "class": (
        (SEQUENCES, changed(OF_STEPS, (1, 3), 10), MASK),
        {"model": lambda: per_step(STEPWISE["GRU"]())},
        r"label 10 at index \(1, 3\) is not a class",
    ),
    "one output": (
        (SEQUENCES, OF_STEPS, MASK),
        {},
        r"n_steps=16, .*return_sequences=True",
    ),
    "outputs of steps": (
        (SEQUENCES, LABELS, MASK),
        {"model": lambda: per_step(STEPWISE["GRU"]())},
        r"puts out \(\d+, 16, 10\), but logits are \(batch, n_classes",
    ),
    "no mask taken": ((SEQUENCES, LABELS, MASK), {"model": subclassed}, "takes no mask"),
    "own gap": (
        (changed(SEQUENCES, (1, 2), 0), LABELS, None),
        {"model": masking},
        "the layer 'masking.*': its mask leaves out step 2 of sequence 1",
    ),
    "two masks": (
        (SEQUENCES, LABELS, np.ones_like(MASK)),
        {"model": masking},
        "lets 16 steps of sequence 0 through, the model .* by itself 1: leave",
    ),
    "floats": (
        (NUMBERS.astype("float32"), FOLLOWING, None),
        {"model": embedding, **CODED},
        r"sequences must be floats .*got float32 of shape \(60, 16\); .*whole numbers",
    ),
    "too large": (
        (changed(NUMBERS, (1, 2), 9), FOLLOWING, None),
        {"model": embedding, "n_input": 12, "n_classes": N_LETTERS},
        r"hold 9 at index \(1, 2\), which is not from 0 to 8",
    ),
    "negative": (
        (changed(NUMBERS, (1, 2), -1), FOLLOWING, None),
        {"model": embedding, **CODED},
        r"hold -1 at index \(1, 2\)",
    ),
    "not the recipe's": (
        (changed(NUMBERS, (1, 2), 9), FOLLOWING, None),
        {"model": embedding, **CODED},
        r"hold 9 at index \(1, 2\), which is not from 0 to 8",
    ),
    "whole steps": (
        (NUMBERS[:, :5], FOLLOWING[:, :5], None),
        {"model": embedding, **CODED},
        "but the recipe reads n_steps=16 whole numbers",
    ),
    "numbers for rows": ((NUMBERS, LABELS, None), {}, r"reads \(None, 16, 16\), but the .*60, 16"),
    "lost on the way": (
        (NUMBERS, FOLLOWING, MASK),
        {"model": lambda: embedding(mask_zero=False), **CODED},
        "the mask does not reach the layer 'lstm.*': .*mask_zero=True",
    ),
    "unknown padding": (
        (SEQUENCES, OF_STEPS, None),
        {"model": with_mask_inside},
        "makes its mask on the way",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_by_name(name):
    (sequences, labels, mask), options, words = REFUSED[name]
    sizes = {size: value for size, value in options.items() if size != "model"}
    recipe = Recipe(n_hidden=12, batch_size=20, iterations=2, **sizes)
    model = options.get("model", lambda: models.basic_rnn(recipe))()
    with pytest.raises(ValueError, match=words):
        train(model, sequences, labels, recipe, mask=mask, progress=False)


@pytest.mark.parametrize("name", ["shape", "empty", "left", "gap", "own gap", "two masks"])
def test_measuring_refuses_the_same_masks(name):
    (sequences, labels, mask), options, words = REFUSED[name]
    model = options.get("model", lambda: models.basic_rnn(RECIPE))()
    with pytest.raises(ValueError, match=words):
        predict_logits(model, sequences, mask)
    with pytest.raises(ValueError, match=words):
        evaluate(model, sequences, labels, mask)


def test_measuring_refuses_a_mask_that_nobody_knows_of():
    with pytest.raises(ValueError, match="makes its mask on the way"):
        evaluate(with_mask_inside(), SEQUENCES, OF_STEPS)


def test_validation_is_named_and_has_labels_like_those_of_training():
    model = models.basic_rnn(RECIPE)
    for validation, words in (
        ((SEQUENCES, LABELS, MASK[:, :5]), "^validation mask must be"),
        ((SEQUENCES, OF_STEPS, MASK), r"labels have shape \(60,\), but validation labels \(60, 16"),
    ):
        with pytest.raises(ValueError, match=words):
            train(
                model, SEQUENCES, LABELS, RECIPE, mask=MASK, validation=validation, progress=False
            )
