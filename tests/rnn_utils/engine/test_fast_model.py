"""A stock model and the same one written out: Keras's values and gradients, whatever the model."""

import gc
import weakref
from functools import partial

import numpy as np
import pytest

from rnn_utils import Recipe, draw_batches, evaluate, kernels, predict_logits, train
from rnn_utils.backend import has_gpu, keras, tf
from rnn_utils.engine import cudnn, recurrence
from rnn_utils.engine import fast_model as module
from rnn_utils.engine.fast_model import FastRecurrent, fast_model
from rnn_utils.engine.loss import cross_entropy
from rnn_utils.networks import models
from tests.rnn_utils.helpers import SMALL, subclassed, toy

L = keras.layers
KINDS = [L.SimpleRNN, L.GRU, L.LSTM]
CLOSE = 1e-5  # of the largest value: two orders of adding up float32 differ by less

BATCH, STEPS, INPUT, UNITS = 6, 5, 4, 7


@pytest.fixture
def calls(monkeypatch):
    """Return a list that grows by the cell whenever the engine runs a layer."""
    made = []

    def spy(run, cell, *args, **options):
        made.append(cell)
        return run(cell, *args, **options)

    for runner in (recurrence, cudnn):
        monkeypatch.setattr(runner, "run", partial(spy, runner.run))
    return made


def cell_of(kind):
    """Return what the engine runs for a kind of layer on this machine."""
    return (module.ON_CUDNN if has_gpu() else module.WRITTEN_OUT)[kind]


def layer_of(kind, n_input=INPUT, units=UNITS, **options):
    """Return a stock layer with random weights."""
    layer = kind(units, **options)
    layer.build((BATCH if layer.stateful else None, None, n_input))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(0, units**-0.5, w.shape) for w in layer.weights])
    return layer


def sequences(batch=BATCH, n_steps=STEPS, n_input=INPUT, seed=1):
    return np.random.default_rng(seed).normal(size=(batch, n_steps, n_input)).astype("float32")


def values_and_gradients(call, variables, x, **context):
    """Return what is put out, and the gradients of a random weighting of all of it."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = tf.nest.flatten(call(x, **context))
        rng = np.random.default_rng(2)
        weighted = [tf.reduce_sum(v * rng.normal(size=v.shape).astype("float32")) for v in values]
        loss = tf.add_n(weighted)
    return [*values, *tape.gradient(loss, [x, *variables])]


def assert_alike(expected, actual):
    assert len(expected) == len(actual)
    for e, a in zip(expected, actual, strict=True):
        assert e.shape == a.shape
        assert a.dtype == e.dtype
        np.testing.assert_allclose(a, e, rtol=0, atol=CLOSE * max(1, np.abs(e).max()))


def compare(layer, x, **context):
    """Hold what stands in for a layer to the layer itself."""
    variables = layer.trainable_variables
    both = (values_and_gradients(each, variables, x, **context) for each in (layer, stand(layer)))
    assert_alike(*both)


def stand(layer):
    return FastRecurrent(layer)


# Layers


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
    kind, return_sequences, batch, n_steps, n_input, units, calls
):
    layer = layer_of(kind, n_input, units, return_sequences=return_sequences)
    compare(layer, sequences(batch, n_steps, n_input))
    assert calls == [cell_of(kind)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{"go_backwards": True}, {"unroll": True}], ids=str)
@pytest.mark.parametrize("return_sequences", [False, True])
def test_reading_backwards_and_unrolled_is_what_keras_means_by_it(
    kind, options, return_sequences, calls
):
    compare(layer_of(kind, return_sequences=return_sequences, **options), sequences())
    assert len(calls) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_two_directions_are_merged_as_keras_merges_them(kind, merge_mode, return_sequences, calls):
    both = L.Bidirectional(kind(3, return_sequences=return_sequences), merge_mode=merge_mode)
    both.build((None, STEPS, INPUT))
    compare(both, sequences())
    assert len(calls) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_saturated_gates_give_finite_gradients(kind):
    layer = layer_of(kind)
    layer.set_weights([40 * w for w in layer.get_weights()])
    expected, actual = (
        values_and_gradients(each, layer.trainable_variables, 10 * sequences())
        for each in (layer, stand(layer))
    )
    assert all(np.isfinite(a).all() for a in actual)
    assert_alike(expected[:1], actual[:1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("jit_compile", [None, True])
def test_compiled_and_with_a_batch_of_any_size_it_is_the_same(kind, jit_compile):
    # XLA cannot compile cuDNN's operation; what is unrolled is written out on a GPU, too.
    layer = layer_of(kind, return_sequences=True, unroll=bool(jit_compile) and has_gpu())

    def values(x, call):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(call(x) ** 2)
        return [loss, *tape.gradient(loss, layer.trainable_variables)]

    @tf.function(
        autograph=False,
        jit_compile=jit_compile,
        input_signature=[tf.TensorSpec([None, STEPS, INPUT])],
    )
    def compiled(x):
        return values(x, stand(layer))

    for batch in (1, BATCH):
        x = tf.constant(sequences(batch))
        assert_alike(values(x, layer), compiled(x))


@pytest.mark.parametrize("kind", KINDS)
def test_a_frozen_layer_passes_the_gradient_on(kind):
    layer = layer_of(kind)
    layer.trainable = False
    compare(layer, sequences())


# What is left to Keras


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "context", "why"),
    [
        (
            {},
            {"mask": np.arange(STEPS) < np.array([[3], [5], [1], [4], [2], [5]])},
            "a mask",
        ),
        ({"recurrent_dropout": 0.2}, {}, "recurrent_dropout=0.2"),
        ({"activation": "relu"}, {}, "activation='relu'"),
        ({"use_bias": False}, {}, "use_bias=False"),
        ({"return_state": True}, {}, "return_state=True"),
        ({"return_state": True, "return_sequences": True}, {}, "return_state=True"),
        ({"stateful": True}, {}, "stateful=True"),
        ({"activity_regularizer": "l2"}, {}, "activity_regularizer="),
    ],
    ids=str,
)
def test_every_other_use_is_left_to_keras(kind, options, context, why, calls):
    layer = layer_of(kind, **options)
    if "activity_regularizer" in options and layer.activity_regularizer is None:
        pytest.skip("Keras 3.15 forgets the regulariser of a SimpleRNN")
    stand_in = stand(layer)
    results = []
    for each in (layer, stand_in):
        if layer.stateful:
            layer.reset_states()
        results.append(
            values_and_gradients(each, layer.trainable_variables, sequences(), **context)
        )
    assert_alike(*results)
    assert not calls
    (obstacle,) = stand_in.obstacles
    assert obstacle.startswith(why)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (L.GRU, {"reset_after": False}),
        (L.GRU, {"recurrent_activation": "relu"}),
        (L.LSTM, {"recurrent_activation": "relu"}),
    ],
)
def test_other_gates_are_left_to_keras(kind, options, calls):
    compare(layer_of(kind, **options), sequences())
    assert not calls


@pytest.mark.parametrize(("kind", "states"), [(L.SimpleRNN, 1), (L.GRU, 1), (L.LSTM, 2)])
def test_a_given_initial_state_is_left_to_keras(kind, states, calls):
    rng = np.random.default_rng(4)
    start = [tf.constant(rng.normal(size=(BATCH, UNITS)), tf.float32) for _ in range(states)]
    compare(layer_of(kind), sequences(), initial_state=start[0] if states == 1 else start)
    assert not calls


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_draws_its_masks_in_keras_and_is_no_hindrance_outside_training(kind, calls):
    layer = layer_of(kind, dropout=0.5, seed=3)
    stand_in = stand(layer)
    stand_in(sequences(), training=True)
    assert (stand_in.obstacles, calls) == (["dropout=0.5 in training"], [])
    compare(layer, sequences(), training=False)
    assert len(calls) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_long_sequence_is_left_to_keras(kind, calls, monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 6)
    layer = layer_of(kind)
    for n_steps in (6, 7):
        compare(layer, sequences(2, n_steps))
    assert len(calls) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
def test_other_precisions_are_left_to_keras(kind, dtype, calls):
    layer = layer_of(kind, dtype=dtype)
    expected, actual = (tf.cast(each(sequences()), "float32") for each in (layer, stand(layer)))
    assert_alike([expected], [actual])
    assert not calls


def test_whole_numbers_are_left_to_keras(calls):
    layer = layer_of(L.SimpleRNN)
    x = np.arange(BATCH * STEPS * INPUT, dtype=np.int32).reshape(BATCH, STEPS, INPUT)
    np.testing.assert_allclose(stand(layer)(x), layer(x), atol=CLOSE)
    assert not calls


def test_a_subclass_is_left_alone():
    class Mine(L.LSTM):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            return 2 * super().call(sequences, initial_state, mask, training)

    model = keras.Sequential([keras.Input((STEPS, INPUT)), Mine(3), L.Dense(2)])
    assert model.layers[0] in fast_model(model).layers


# Models


def sequential(*layers, shape=(16, 16)):
    return keras.Sequential([keras.Input(shape), *layers, L.Dense(10)])


def two_branches():
    rows = keras.Input((16, 16))
    both = L.Concatenate()([L.LSTM(8)(rows), L.GRU(12)(rows)])
    return keras.Model(rows, L.Dense(10)(both))


def nested():
    rows = keras.Input((16, 16))
    inner = keras.Sequential([keras.Input((16, 16)), L.LSTM(8, return_sequences=True)])
    return keras.Model(rows, L.Dense(10)(L.GRU(8)(inner(rows))))


def with_operations():
    rows = keras.Input((16, 16))
    states = L.LSTM(8, return_sequences=True)(2 * rows)
    return keras.Model(rows, L.Dense(10)(states[:, -1] + keras.ops.mean(states, axis=1)))


def tied():
    rows = keras.Input((16, 16))
    layer = L.GRU(16, return_sequences=True)
    return keras.Model(rows, L.Dense(10)(layer(layer(rows))[:, -1]))


def compiled():
    model = sequential(L.LSTM(8))
    model.compile("adam", loss=lambda labels, logits: tf.reduce_sum(logits))
    return model


MODELS = {  # each with the number of recurrences that are written out
    "LSTM": (lambda: sequential(L.LSTM(64)), 1),
    "GRU": (lambda: sequential(L.GRU(64)), 1),
    "stack": (lambda: sequential(L.LSTM(32, return_sequences=True), L.GRU(48)), 2),
    "bidirectional": (lambda: sequential(L.Bidirectional(L.LSTM(24))), 2),
    "any length": (lambda: sequential(L.LSTM(20), shape=(None, 16)), 1),
    "two branches": (two_branches, 2),
    "nested": (nested, 2),
    "operations": (with_operations, 1),
    "tied": (tied, 2),
    "compiled": (compiled, 1),
    "subclassed": (subclassed, 0),
    "masked": (lambda: sequential(L.Masking(), L.Bidirectional(L.GRU(8))), 2),
    "relu": (lambda: sequential(L.LSTM(8, activation="relu")), 0),
    "old GRU": (lambda: sequential(L.GRU(8, reset_after=False)), 0),
    "no bias": (lambda: sequential(L.SimpleRNN(8, use_bias=False)), 0),
    "cell": (lambda: sequential(L.RNN(L.LSTMCell(8))), 0),
    **{
        build.__name__: (lambda build=build: build(Recipe()), count)
        for build, count in [
            (models.basic_rnn, 1),
            (models.bidirectional_rnn, 2),
            (models.deep_rnn, 3),
            (models.lstm, 1),
        ]
    },
}


TRAINED = ["stack", "any length", "two branches", "masked", "relu", "subclassed"]
TRAINED += ["basic_rnn", "bidirectional_rnn", "deep_rnn", "lstm"]


@pytest.fixture(params=MODELS)
def model_and_count(request):
    keras.utils.set_random_seed(1)
    build, count = MODELS[request.param]
    return build(), count


def test_a_model_has_the_gradients_of_keras(model_and_count, calls):
    model, count = model_and_count
    x, labels = toy(50)

    def gradients(call):
        with tf.GradientTape() as tape:
            loss = cross_entropy(labels, call(x, training=True))
        return tape.gradient(loss, model.trainable_variables)

    expected, actual = gradients(model), gradients(fast_model(model))
    assert len(calls) == count
    for e, a in zip(expected, actual, strict=True):
        assert np.abs(a - e).max() <= CLOSE * np.abs(e).max()
    np.testing.assert_allclose(predict_logits(model, x), model(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", TRAINED)
def test_training_makes_the_updates_of_a_plain_loop(name):
    keras.utils.set_random_seed(1)
    model = MODELS[name][0]()
    start = model.get_weights()
    sequences, labels = toy()
    recipe = Recipe(batch_size=50, iterations=10)
    optimizer = keras.optimizers.Adam(recipe.learning_rate)
    optimizer.build(model.trainable_variables)

    @tf.function
    def update(x, y):
        with tf.GradientTape() as tape:
            loss = cross_entropy(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    batches = draw_batches(len(labels), recipe)
    expected = [float(update(sequences[batch], labels[batch])) for batch in batches]
    model.set_weights(start)
    history = train(model, sequences, labels, recipe, progress=False)
    np.testing.assert_allclose(history.loss, expected, rtol=1e-5)


def test_the_variables_are_those_of_the_model(model_and_count):
    model, _ = model_and_count
    for ours, theirs in (
        (fast_model(model).trainable_variables, model.trainable_variables),
        (fast_model(model).non_trainable_variables, model.non_trainable_variables),
    ):
        assert [*map(id, ours)] == [*map(id, theirs)]


def test_a_model_has_one_clone_which_goes_with_it():
    model = models.deep_rnn(SMALL)
    first = weakref.ref(fast_model(model))
    train(model, *toy(), SMALL, progress=False)
    evaluate(model, *toy())
    kernels(model)
    assert fast_model(model) is first()
    assert len(model.get_layer("read_out")._inbound_nodes) == 2
    del model
    gc.collect()  # the model, and with it the last to hold the clone
    gc.collect()
    assert first() is None


def test_a_layer_that_is_added_later_is_not_forgotten():
    model = sequential(L.LSTM(4))
    fast_model(model)
    model.add(L.Activation("tanh"))
    np.testing.assert_allclose(predict_logits(model, toy()[0]), model(toy()[0]), atol=1e-6)


def test_a_model_is_saved_as_it_was_built(tmp_path):
    model = models.bidirectional_rnn(SMALL)
    before = model.get_config()
    train(model, *toy(), SMALL, progress=False)
    assert model.get_config() == before
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(model(toy()[0]), loaded(toy()[0]))
