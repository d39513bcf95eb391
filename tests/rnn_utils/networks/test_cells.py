"""The equations in NumPy against Keras: values on random weights, and gradients."""

import numpy as np
import pytest

from rnn_utils import cells, train
from rnn_utils.backend import keras, tf
from rnn_utils.networks import models
from rnn_utils.recipe import Recipe

LAYERS = {
    "SimpleRNN": keras.layers.SimpleRNN,
    "GRU, reset after": lambda units, **o: keras.layers.GRU(units, reset_after=True, **o),
    "GRU, reset before": lambda units, **o: keras.layers.GRU(units, reset_after=False, **o),
    "LSTM": keras.layers.LSTM,
}
FEATURES = 16


def sequences(batch, steps, dtype="float32"):
    return np.random.default_rng(0).random((batch, steps, FEATURES)).astype(dtype)


def randomised(layer, x):
    """Build a layer and draw all its weights, biases too.

    Matrices are scaled by their inputs: with larger ones a basic RNN is chaotic, and rounding
    grows from step to step in Keras and here alike.
    """
    layer(x)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(0, 0.7 / len(w) ** 0.5, w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("batch", [1, 500])
@pytest.mark.parametrize("steps", [1, 16, 50])
@pytest.mark.parametrize("units", [1, 8, 64])
def test_outputs_and_final_states_equal_keras(kind, batch, steps, units):
    x = sequences(batch, steps)
    options = {"return_sequences": True, "return_state": True}
    layer = randomised(LAYERS[kind](units, **options), x)
    h, *final = (np.asarray(value) for value in layer(x))

    w = cells.weights_of(layer)
    ours = cells.states(x, w)
    assert ours.shape == (batch, steps, units)
    assert np.abs(ours - h).max() < 1e-5
    assert np.abs(ours[:, -1] - final[0]).max() < 1e-5
    if kind == "LSTM":
        assert np.abs(cells.lstm(x, w).c[:, -1] - final[1]).max() < 1e-5


@pytest.mark.parametrize("kind", LAYERS)
def test_both_directions_equal_keras(kind):
    x = sequences(20, 16)
    layer = keras.layers.Bidirectional(LAYERS[kind](8, return_sequences=True))
    randomised(layer, x)
    both = cells.bidirectional(x, *cells.weights_of(layer))
    assert np.abs(both.joined - np.asarray(layer(x))).max() < 1e-5

    last_only = keras.layers.Bidirectional(LAYERS[kind](8))
    last_only(x)
    last_only.set_weights(layer.get_weights())
    assert np.abs(both.last - np.asarray(last_only(x))).max() < 1e-5


@pytest.mark.parametrize("kind", LAYERS)
def test_stacks_equal_keras(kind):
    x = sequences(20, 16)
    model = keras.Sequential(
        [keras.Input((16, FEATURES))]
        + [LAYERS[kind](units, return_sequences=True) for units in (8, 5, 3)]
    )
    randomised(model, x)
    top = cells.stack(x, [cells.weights_of(layer) for layer in model.layers])[-1]
    assert np.abs(top - np.asarray(model(x))).max() < 1e-5


@pytest.mark.parametrize("kind", LAYERS)
def test_initial_states_carry_on_where_another_run_stopped(kind):
    x = sequences(4, 10)
    w = cells.weights_of(randomised(LAYERS[kind](8), x))
    whole = cells.states(x, w)
    if kind == "SimpleRNN":
        rest = cells.rnn(x[:, 6:], w, whole[:, 5])
    elif kind == "LSTM":
        rest = cells.lstm(x[:, 6:], w, whole[:, 5], cells.lstm(x, w).c[:, 5]).h
    else:
        rest = cells.gru(x[:, 6:], w, whole[:, 5]).h
    assert np.allclose(rest, whole[:, 6:], atol=1e-6)


@pytest.mark.parametrize("kind", LAYERS)
def test_central_differences_equal_tensorflow_gradients(kind):
    x = sequences(2, 4, "float64")
    layer = randomised(LAYERS[kind](3, return_sequences=True, dtype="float64"), x)
    w = cells.weights_of(layer)
    towards = np.random.default_rng(2).normal(size=(2, 4, 3))

    def loss(x):
        return (cells.states(x, w) * towards).sum()

    assert cells.states(x, w).dtype == np.float64
    numeric, step = np.empty_like(x), 1e-5
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        numeric[index] = (loss(up) - loss(down)) / (2 * step)

    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(variable) * towards)
    exact = tape.gradient(value, variable).numpy()
    assert np.abs(exact).max() > 1e-2, "a gradient of zero would prove nothing"
    assert np.abs(numeric - exact).max() < 1e-4


def test_read_out_and_softmax_equal_keras():
    h = np.random.default_rng(0).normal(0, 3, (50, 8)).astype("float32")
    layer = randomised(keras.layers.Dense(10), h)
    y = cells.read_out(h, *cells.weights_of(layer))
    assert np.abs(y - np.asarray(layer(h))).max() < 1e-5
    assert np.allclose(cells.softmax(y), tf.nn.softmax(y), atol=1e-6)


@pytest.mark.parametrize("build", [models.basic_rnn, models.bidirectional_rnn, models.lstm])
@pytest.mark.parametrize("batch", [1, 500])
def test_trained_networks_equal_keras(build, batch):
    model, x = trained(build), sequences(batch, 16)
    weights = cells.weights_of(model.layers[0])
    if build is models.bidirectional_rnn:
        h = cells.bidirectional(x, *weights).last
    else:
        h = cells.states(x, weights)[:, -1]
    assert_equal_logits(model, x, h)


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_trained_deep_network_equals_keras(reset_after):
    model, x = trained(models.deep_rnn, reset_after=reset_after), sequences(500, 16)
    layers = [cells.weights_of(layer) for layer in model.layers[:-1]]
    assert_equal_logits(model, x, cells.stack(x, layers)[-1][:, -1])


def trained(build, **options):
    """Return a network after 20 updates on random sequences, at the size of the recipe."""
    recipe = Recipe(iterations=20, batch_size=50)
    labels = np.arange(200) % recipe.n_classes
    model = build(recipe, **options)
    train(model, sequences(200, 16), labels, recipe, progress=False)
    return model


def assert_equal_logits(model, x, h):
    logits = cells.read_out(h, *cells.weights_of(model.get_layer("read_out")))
    assert np.abs(logits - model(x).numpy()).max() < 1e-5


def test_extreme_inputs_do_not_overflow():
    extreme = np.array([-1e4, 0.0, 1e4])
    with np.errstate(all="raise", under="ignore"):
        assert cells.sigmoid(extreme).tolist() == [0, 0.5, 1]
        assert cells.softmax(extreme).tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (keras.layers.SimpleRNN(4), ValueError, "has no weights yet"),
        (keras.layers.SimpleRNN(4, activation="relu"), ValueError, "activation='relu'.*'tanh'"),
        (keras.layers.LSTM(4, recurrent_activation="tanh"), ValueError, "recurrent_activation"),
        (keras.layers.GRU(4, activation=keras.layers.ReLU()), ValueError, "activation='ReLU'"),
        (keras.layers.GRU(4, use_bias=False), ValueError, "has no bias"),
        (keras.layers.Flatten(), TypeError, "type Flatten; there are .*'LSTM'"),
    ],
)
def test_a_layer_that_the_equations_do_not_describe_is_refused(layer, error, message):
    if "no weights" not in message:
        layer(sequences(1, 2))
    with pytest.raises(error, match=message):
        cells.weights_of(layer)
