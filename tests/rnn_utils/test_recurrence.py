"""The fast path of the recurrent layers: Keras's values and gradients, wherever it is taken."""

import numpy as np
import pytest

from rnn_utils import layers, models, recurrence
from rnn_utils.recipe import Recipe
from rnn_utils.startup import keras, tf

KINDS = ["SimpleRNN", "GRU", "LSTM"]
CLOSE = 1e-5  # of the largest value: two orders of adding up float32 differ by less

BATCH, STEPS, INPUT, UNITS = 6, 5, 4, 7


@pytest.fixture
def fast(monkeypatch):
    """Return a list that grows by the kind of cell whenever the fast path is taken."""
    taken, run = [], recurrence.run

    def spy(cell, *args, **options):
        taken.append(cell)
        return run(cell, *args, **options)

    monkeypatch.setattr(recurrence, "run", spy)
    return taken


def pair(kind, n_input=INPUT, units=UNITS, **options):
    """Return Keras's layer and the project's, both with the same random weights."""
    rng = np.random.default_rng(0)
    both = [getattr(home, kind)(units, **options) for home in (keras.layers, layers)]
    for layer in both:
        layer.build((BATCH if layer.stateful else None, None, n_input))
    weights = [rng.normal(0, units**-0.5, w.shape).astype("float32") for w in both[0].weights]
    for layer in both:
        layer.set_weights(weights)
    return both


def sequences(batch=BATCH, n_steps=STEPS, n_input=INPUT, seed=1):
    return np.random.default_rng(seed).normal(size=(batch, n_steps, n_input)).astype("float32")


def values_and_gradients(layer, x, **call):
    """Return what a layer puts out, and the gradients of a random weighting of all of it."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = tf.nest.flatten(layer(x, **call))
        rng = np.random.default_rng(2)
        weighted = [tf.reduce_sum(v * rng.normal(size=v.shape).astype("float32")) for v in values]
        loss = tf.add_n(weighted)
    return [*values, *tape.gradient(loss, [x, *layer.trainable_variables])]


def assert_alike(expected, actual):
    assert len(expected) == len(actual)
    for e, a in zip(expected, actual, strict=True):
        assert e.shape == a.shape
        assert a.dtype == e.dtype
        np.testing.assert_allclose(a, e, rtol=0, atol=CLOSE * max(1, np.abs(e).max()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize(
    ("batch", "n_steps", "n_input", "units"),
    [
        (BATCH, STEPS, INPUT, UNITS),
        (1, STEPS, INPUT, UNITS),
        (BATCH, 1, INPUT, UNITS),
        (BATCH, 2, INPUT, UNITS),
        (BATCH, STEPS, 1, UNITS),
        (BATCH, STEPS, INPUT, 1),
        (1, 1, 1, 1),
        (50, 16, 16, 64),
    ],
)
def test_values_and_gradients_are_those_of_keras(
    kind, return_sequences, batch, n_steps, n_input, units, fast
):
    ours = pair(kind, n_input, units, return_sequences=return_sequences)
    x = sequences(batch, n_steps, n_input)
    assert_alike(*(values_and_gradients(layer, x) for layer in ours))
    assert fast == [getattr(recurrence, {"SimpleRNN": "RNN"}.get(kind, kind))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("return_sequences", [False, True])
def test_backwards_is_backwards_as_keras_understands_it(kind, return_sequences, fast):
    both = pair(kind, go_backwards=True, return_sequences=return_sequences)
    assert_alike(*(values_and_gradients(layer, sequences()) for layer in both))
    assert len(fast) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_saturated_gates_give_finite_gradients(kind):
    both = pair(kind)
    for layer in both:
        layer.set_weights([40 * w for w in layer.get_weights()])
    expected, actual = (values_and_gradients(layer, 10 * sequences()) for layer in both)
    assert all(np.isfinite(a).all() for a in actual)
    assert_alike(expected[:1], actual[:1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("jit_compile", [None, True])
def test_compiled_and_with_a_batch_of_any_size_it_is_the_same(kind, jit_compile):
    layer = pair(kind, return_sequences=True)[1]

    @tf.function(
        autograph=False,
        jit_compile=jit_compile,
        input_signature=[tf.TensorSpec([None, STEPS, INPUT])],
    )
    def compiled(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return loss, tape.gradient(loss, layer.trainable_variables)

    for batch in (1, BATCH):
        x = tf.constant(sequences(batch))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        expected = [loss, *tape.gradient(loss, layer.trainable_variables)]
        assert_alike(expected, tf.nest.flatten(compiled(x)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_frozen_layer_passes_the_gradient_on(kind):
    both = pair(kind)
    for layer in both:
        layer.trainable = False
    assert_alike(*(values_and_gradients(layer, sequences()) for layer in both))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "call"),
    [
        ({}, {"mask": np.arange(STEPS) < np.array([[3], [5], [1], [4], [2], [5]])}),
        ({"dropout": 0.5, "seed": 3}, {"training": True}),
        ({"recurrent_dropout": 0.5, "seed": 3}, {"training": True}),
        ({"activation": "relu"}, {}),
        ({"use_bias": False}, {}),
        ({"return_state": True}, {}),
        ({"return_state": True, "return_sequences": True}, {}),
        ({"stateful": True}, {}),
        ({"unroll": True}, {}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_every_other_use_is_left_to_keras(kind, options, call, fast):
    both = pair(kind, **options)
    assert_alike(*(values_and_gradients(layer, sequences(), **call) for layer in both))
    assert not fast


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("GRU", {"reset_after": False}),
        ("GRU", {"recurrent_activation": "relu"}),
        ("LSTM", {"recurrent_activation": "relu"}),
    ],
)
def test_other_gates_are_left_to_keras(kind, options, fast):
    both = pair(kind, **options)
    assert_alike(*(values_and_gradients(layer, sequences()) for layer in both))
    assert not fast


@pytest.mark.parametrize(("kind", "states"), [("SimpleRNN", 1), ("GRU", 1), ("LSTM", 2)])
def test_a_given_initial_state_is_left_to_keras(kind, states, fast):
    rng = np.random.default_rng(4)
    start = [tf.constant(rng.normal(size=(BATCH, UNITS)), tf.float32) for _ in range(states)]
    start = start[0] if states == 1 else start
    both = pair(kind)
    assert_alike(*(values_and_gradients(layer, sequences(), initial_state=start) for layer in both))
    assert not fast


@pytest.mark.parametrize("kind", KINDS)
def test_a_stateful_layer_goes_on_where_it_stopped(kind):
    both = pair(kind, stateful=True)
    for seed in (1, 2):
        assert_alike(*([layer(sequences(seed=seed))] for layer in both))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_from_a_layer_before_is_heeded(kind, fast):
    x = sequences()
    x[2, 3:] = 0
    both = [
        keras.Sequential([keras.Input((STEPS, INPUT)), keras.layers.Masking(), layer])
        for layer in pair(kind)
    ]
    fast.clear()
    assert_alike(*(values_and_gradients(model, x) for model in both))
    assert not fast


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_no_hindrance_outside_training(kind, fast):
    both = pair(kind, dropout=0.5, recurrent_dropout=0.5)
    assert_alike(*([layer(sequences(), training=False)] for layer in both))
    assert len(fast) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_long_sequence_is_left_to_keras(kind, fast, monkeypatch):
    monkeypatch.setattr(layers, "MOST_STEPS", 6)
    for n_steps in (6, 7):
        assert_alike(*(values_and_gradients(layer, sequences(2, n_steps)) for layer in pair(kind)))
    assert len(fast) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_of_unknown_length_is_left_to_keras(kind, fast):
    both = [keras.Sequential([keras.Input((None, INPUT)), layer]) for layer in pair(kind)]
    call = [
        tf.function(model, input_signature=[tf.TensorSpec([None, None, INPUT])]) for model in both
    ]
    assert_alike(*([each(tf.constant(sequences()))] for each in call))
    assert not fast


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
def test_other_precisions_are_left_to_keras(kind, dtype, fast):
    both = pair(kind, dtype=dtype)
    assert_alike(*([tf.cast(layer(sequences()), "float32")] for layer in both))
    assert not fast


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_gpu_the_layer_is_left_to_keras(kind, fast, monkeypatch):
    both = pair(kind)
    expected = both[0](sequences())
    monkeypatch.setattr(layers, "has_gpu", lambda: True)
    assert_alike([expected], [both[1](sequences())])
    assert not fast


@pytest.mark.parametrize("build", [models.bidirectional_rnn, models.deep_rnn, models.lstm])
def test_a_saved_model_keeps_its_fast_layers(build, tmp_path, fast):
    model = build(Recipe(n_hidden=4, n_layers=2))
    x = sequences(3, 16, 16)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    fast.clear()
    assert np.array_equal(model(x), loaded(x))
    assert len(fast) % 2 == 0 and fast, "both go the fast way"


def test_whole_numbers_are_left_to_keras(fast):
    x = np.arange(BATCH * STEPS * INPUT, dtype=np.int32).reshape(BATCH, STEPS, INPUT)
    ours = layers.SimpleRNN(UNITS)
    theirs = keras.layers.SimpleRNN(UNITS)
    expected = theirs(x)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(ours(x), expected, atol=CLOSE)
    assert not fast
