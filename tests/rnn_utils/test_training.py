"""The training loop: what it learns, measures, repeats and refuses."""

import json
import math
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnn_utils import models, parallel, training
from rnn_utils.adam import Adam
from rnn_utils.images import reduce_images
from rnn_utils.recipe import BETTER, Recipe
from rnn_utils.startup import keras, tf
from rnn_utils.training import TrainingDiverged, evaluate, predict_logits, train, train_seeds

HERE = str(Path(__file__).parent)
SMALL = Recipe(n_hidden=8, batch_size=20, iterations=25)


def toy(n=200, recipe=SMALL, seed=0):
    """Return sequences whose class is the column that holds most ink: easy to learn."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, recipe.n_classes, n)
    sequences = 0.2 * rng.random((n, recipe.n_steps, recipe.n_input), dtype=np.float32)
    sequences[np.arange(n), :, labels] += 0.8
    return sequences, labels


def fit(recipe=SMALL, **options):
    model = models.basic_rnn(recipe)
    return model, train(model, *toy(), recipe, progress=False, **options)


def test_it_learns():
    model, history = fit(replace(SMALL, iterations=100, learning_rate=0.02))
    assert history.loss[-10:].mean() < 0.2 * history.loss[:3].mean()
    assert evaluate(model, *toy(seed=1)).accuracy > 0.95


def test_loss_is_that_of_the_batch_before_its_update():
    recipe = replace(SMALL, iterations=1)
    sequences, labels = toy()
    batch = next(training.draw_batches(len(labels), recipe))[0]
    expected = evaluate(models.basic_rnn(recipe), sequences[batch], labels[batch]).loss
    _, history = fit(recipe)
    assert history.loss.shape == (1,)
    assert history.loss[0] == pytest.approx(expected, rel=1e-6)


def test_updates_are_those_of_keras_fit_on_the_same_batches():
    sequences, labels = toy()
    _, history = fit()
    reference = models.basic_rnn(SMALL)
    reference.compile(
        keras.optimizers.Adam(SMALL.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    batches = np.concatenate(list(training.draw_batches(len(labels), SMALL)))
    expected = []
    for batch in batches:
        reference.reset_metrics()
        expected.append(reference.train_on_batch(sequences[batch], labels[batch]))
    assert history.loss == pytest.approx(np.ravel(expected), abs=2e-4)


def test_a_weight_that_the_loss_does_not_depend_on_stays():
    class Idle(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.idle = self.add_weight(shape=(2,), initializer="ones", name="idle")

        def call(self, x):
            return x

    rows = keras.Input((SMALL.n_steps, SMALL.n_input))
    model = keras.Model(rows, models.basic_rnn(SMALL)(Idle()(rows)))
    losses = train(model, *toy(), SMALL, progress=False).loss
    assert losses[-1] < losses[0]
    assert [w.numpy().tolist() for w in model.weights if "idle" in w.path] == [[1, 1]]


@pytest.mark.parametrize("iterations", [1, 9, 10, 11, 1000])
def test_any_number_of_iterations(iterations):
    _, history = fit(replace(SMALL, iterations=iterations, n_hidden=2, batch_size=2))
    assert history.loss.shape == (iterations,)
    assert history.seconds > 0


@pytest.mark.parametrize("batch_size", [1, 7, 200])
def test_any_batch_size_up_to_the_data(batch_size):
    _, history = fit(replace(SMALL, batch_size=batch_size, iterations=3))
    assert np.isfinite(history.loss).all()


@pytest.mark.parametrize("build", [models.basic_rnn, models.lstm])
def test_equal_seeds_give_equal_bits(build):
    def losses(seed):
        recipe = replace(SMALL, seed=seed)
        return train(build(recipe), *toy(), recipe, progress=False).loss

    assert np.array_equal(losses(3), losses(3))
    assert not np.array_equal(losses(3), losses(4))


def python(program, *, cores=None):
    """Run a program beside this file in another process, on given cores only; return stdout."""
    start = f"import os, sys; sys.path.insert(0, {HERE!r})\n"
    if cores is not None:
        start += f"os.sched_setaffinity(0, {set(cores)!r})\n"
    run = subprocess.run([sys.executable, "-c", start + program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def bits():
    """Return losses and weights of trainings that are large enough to be shared among cores."""
    recipe = Recipe(n_layers=1, n_steps=8, iterations=3)
    made = []
    for build in (models.basic_rnn, models.deep_rnn, models.lstm):
        model = build(recipe)
        made.append(train(model, *toy(600, recipe), recipe, progress=False).loss)
        made.extend(model.get_weights())
    return [values.tobytes().hex() for values in made]


def test_equal_seeds_give_equal_bits_in_another_process_and_on_one_core():
    program = "import json, test_training; print(json.dumps(test_training.bits()))"
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    assert json.loads(python(program, cores=None if cores == [None] else cores[:1])) == bits()


@pytest.mark.parametrize(
    ("build", "batch_size"),
    [(models.basic_rnn, 20), (models.basic_rnn, 7), (models.basic_rnn, 1), (models.lstm, 18)],
)
def test_shards_change_no_more_than_the_last_digits(build, batch_size):
    losses = []
    for shards in (1, 2, 4):
        recipe = replace(SMALL, batch_size=batch_size, shards=shards)
        losses.append(train(build(recipe), *toy(), recipe, progress=False).loss)
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
    assert losses[2] == pytest.approx(losses[0], abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 20])
@pytest.mark.parametrize("shards", [1, 2, 4])
def test_shards_share_out_every_index_and_none_is_empty(batch_size, shards):
    batch = np.arange(batch_size, dtype=np.int32) + 100
    parts = parallel.shards_of_replica(
        tf.constant(batch), replace(SMALL, batch_size=batch_size, shards=shards)
    )
    sizes = [len(part) for part in parts]
    assert len(parts) == min(shards, batch_size)
    assert max(sizes) - min(sizes) <= 1
    assert np.concatenate(parts).tolist() == batch.tolist()


def test_two_replicas_make_the_same_updates_as_one_device():
    program = """
import json
from test_training import SMALL, models, replace, tf, toy, train

cpu = tf.config.list_physical_devices("CPU")[0]
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, halves)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
losses = []
schedule = {"clip_norm": 0.5, "warm_up": 5, "decay": True}
shares = {"recurrent_rate": 0.3, "weight_decay": 1.0}
outside = models.basic_rnn(SMALL)
for options in ({}, schedule | shares, {"batch_size": 19}, None):
    recipe = replace(SMALL, **(options or {}))
    with strategy.scope():
        model = outside if options is None else models.basic_rnn(recipe)
        try:
            losses.append(train(model, *toy(), recipe, progress=False).loss.tolist())
        except ValueError as error:
            losses.append(str(error))
print(json.dumps(losses))
"""
    plain, clipped, refused, outside = json.loads(python(program))
    assert plain == pytest.approx(fit()[1].loss.tolist(), rel=1e-4)
    schedule = {"clip_norm": 0.5, "warm_up": 5, "decay": True}
    shares = {"recurrent_rate": 0.3, "weight_decay": 1.0}
    alone = fit(replace(SMALL, **schedule, **shares))[1].loss
    assert clipped == pytest.approx(alone.tolist(), rel=1e-4)
    assert refused == "a batch_size of 19 cannot be shared equally by 2 replicas: try 20"
    assert outside.startswith("the model 'basic_rnn' was built outside the scope of the strategy")


def written_out(recipe):
    """Return the losses, learning rates and gradient norms of the recipe, step by step."""
    model = models.basic_rnn(recipe)
    sequences, labels = toy()
    m = v = np.float32(0)
    losses, rates, norms = [], [], []
    for t, batch in enumerate(np.concatenate(list(training.draw_batches(len(labels), recipe)))):
        with tf.GradientTape() as tape:
            loss = training.cross_entropy(labels[batch], model(sequences[batch]))
        gradients = tape.gradient(loss, model.trainable_variables)
        g = np.concatenate([np.ravel(gradient) for gradient in gradients])
        g *= min(1, recipe.clip_norm / np.linalg.norm(g))
        rate = recipe.learning_rate
        if t < recipe.warm_up:
            rate *= (t + 1) / recipe.warm_up
        elif recipe.decay:
            done = (t - recipe.warm_up) / (recipe.iterations - recipe.warm_up)
            rate *= (1 + math.cos(math.pi * done)) / 2
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        rate_hat = rate * math.sqrt(1 - 0.999 ** (t + 1)) / (1 - 0.9 ** (t + 1))
        ends = np.cumsum([w.size for w in model.get_weights()])[:-1]
        changes = np.split(rate_hat * m / (np.sqrt(v) + 1e-7), ends)
        for weight, change in zip(model.weights, changes, strict=True):
            share = recipe.recurrent_rate if weight.name == "recurrent_kernel" else 1
            shrink = 0 if weight.name == "bias" else share * rate * recipe.weight_decay
            weight.assign((1 - shrink) * weight.numpy() - share * change.reshape(weight.shape))
        losses.append(float(loss))
        rates.append(rate)
        norms.append(np.linalg.norm(g))
    return np.array(losses), np.array(rates), np.array(norms)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"warm_up": 10},
        {"warm_up": 10, "decay": True},
        {"warm_up": 25, "decay": True},
        {"clip_norm": 0.3},
        {"recurrent_rate": 0.2},
        {"weight_decay": 2.0},
        {"warm_up": 5, "decay": True, "clip_norm": 0.3, "recurrent_rate": 0.3, "weight_decay": 1},
    ],
    ids=str,
)
def test_updates_are_those_of_adam_written_out(options):
    recipe = replace(SMALL, **options)
    losses, rates, norms = written_out(recipe)
    _, history = fit(recipe)
    assert history.loss == pytest.approx(losses, abs=2e-4)
    adam = Adam([], recipe)
    used = []
    for t in range(recipe.iterations):
        adam.updates.assign(t)
        used.append(float(adam.learning_rate()))
    assert used == pytest.approx(rates, abs=1e-8)
    assert norms.max() <= recipe.clip_norm * (1 + 1e-6)
    if options:
        plain = fit()[1].loss
        assert np.abs(history.loss - plain).max() > 1e-3, "the options must matter"


@pytest.mark.parametrize("longest", [0.1, 5.0, 100.0, math.inf])
def test_a_gradient_is_shortened_but_not_turned(longest):
    gradients = [tf.constant([[3.0, 0.0]]), tf.constant([4.0])]
    clipped = parallel.clip(gradients, longest)
    flat = np.concatenate([np.ravel(g) for g in clipped])
    assert np.linalg.norm(flat) == pytest.approx(min(5, longest))
    assert flat / np.linalg.norm(flat) == pytest.approx([0.6, 0, 0.8])


def dropping(recipe):
    """Return a network that draws random numbers in training, from the recipe's seed."""
    rnn = models.basic_rnn(recipe)
    dropout = keras.layers.Dropout(0.5, seed=recipe.seed)
    return keras.Sequential([keras.Input((recipe.n_steps, recipe.n_input)), dropout, *rnn.layers])


@pytest.mark.parametrize("build", [models.basic_rnn, dropping])
def test_several_seeds_give_what_each_gives_alone(build):
    recipe = replace(SMALL, iterations=15, warm_up=3, decay=True, seed=99)
    held_out = toy(seed=1)
    seeds = [3, 0, 3]
    runs = train_seeds(build, *toy(), recipe, seeds, validation=held_out, progress=False)
    assert [run.seed for run in runs] == seeds
    assert len({id(run.model) for run in runs}) == 3
    for run in runs:
        alone = replace(recipe, seed=run.seed)
        model = build(alone)
        history = train(model, *toy(), alone, validation=held_out, progress=False)
        assert np.array_equal(run.history.loss, history.loss)
        assert np.array_equal(run.history.validation_loss, history.validation_loss)
        assert np.array_equal(run.history.validation_accuracy, history.validation_accuracy)
        assert run.history.validation_updates.tolist() == [10, 15]
        weights = zip(run.model.get_weights(), model.get_weights(), strict=True)
        assert all(np.array_equal(ours, expected) for ours, expected in weights)


def test_no_seeds_are_no_runs_and_any_iterable_will_do():
    options = {"progress": False}
    recipe = replace(SMALL, iterations=1)
    assert train_seeds(models.basic_rnn, *toy(), recipe, [], **options) == []
    runs = train_seeds(models.basic_rnn, *toy(), recipe, iter(np.arange(2)), **options)
    assert [run.seed for run in runs] == [0, 1]


def test_bad_seeds_and_data_are_refused_before_any_training():
    built = []
    sequences, labels = toy()
    with pytest.raises(ValueError, match=r"seed must be .*got -1"):
        train_seeds(built.append, sequences, labels, SMALL, [0, -1])
    with pytest.raises(ValueError, match="200 sequences, but 3 labels"):
        train_seeds(built.append, sequences, labels[:3], SMALL, [0])
    assert not built


def test_a_seed_that_diverges_is_told_and_the_runs_before_are_kept():
    recipe = replace(SMALL, shards=1)

    def build(seeded):
        model = diverging(seeded, 3)
        if seeded.seed != 7:
            model.non_trainable_variables[0].assign(-1000)  # calls before the harm
        return model

    with pytest.raises(TrainingDiverged, match="nan at iteration 3 with seed 7") as caught:
        train_seeds(build, *toy(), recipe, [1, 7, 2], progress=False)
    assert [run.seed for run in caught.value.runs] == [1]


def test_one_number_is_no_list_of_seeds():
    with pytest.raises(TypeError, match=r"seeds must be .* range\(5\), got 5"):
        train_seeds(models.basic_rnn, *toy(), SMALL, 5, progress=False)


def test_validation_is_measured_every_tenth_update_and_at_the_end():
    held_out = toy(seed=1)
    model, history = fit(validation=held_out)
    assert history.validation_updates.tolist() == [10, 20, 25]
    final = evaluate(model, *held_out)
    assert history.validation_loss[-1] == final.loss
    assert history.validation_accuracy[-1] == final.accuracy
    _, unwatched = fit()
    assert np.array_equal(history.loss, unwatched.loss), "watching must not change the run"
    assert unwatched.validation_loss.shape == (0,)


def test_batches_are_cut_from_permutations():
    recipe = replace(SMALL, batch_size=30, iterations=17)
    parts = list(training.draw_batches(100, recipe, at_once=5))
    assert [len(part) for part in parts] == [5, 5, 5, 2]
    batches = np.concatenate(parts)
    np.testing.assert_array_equal(batches, *training.draw_batches(100, recipe))
    assert batches.shape == (17, 30)
    assert all(len(set(batch)) == 30 for batch in batches)
    epochs = [np.concatenate(batches[i : i + 3]) for i in range(0, 15, 3)]
    assert all(len(set(epoch)) == 90 for epoch in epochs)
    assert not np.array_equal(epochs[0], epochs[1])


def diverging(recipe, at):
    """Return a model that is harmless until its `at`-th call in training, then puts out NaN."""

    class Bomb(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.calls = self.add_weight(
                shape=(), dtype="int32", initializer="zeros", trainable=False
            )

        def call(self, x):
            self.calls.assign_add(1)
            return tf.where(self.calls < at, x, float("nan"))

    return keras.Sequential(
        [
            keras.Input((recipe.n_steps, recipe.n_input)),
            keras.layers.Flatten(),
            keras.layers.Dense(recipe.n_classes, kernel_initializer="zeros"),
            Bomb(),
        ]
    )


@pytest.mark.parametrize("at", [1, 2, 10, 11, 23])
def test_divergence_stops_training_and_keeps_the_last_finite_weights(at):
    recipe = replace(SMALL, shards=1)
    model = diverging(recipe, at)
    model.layers[-1].calls.assign(0)
    with pytest.raises(TrainingDiverged, match=rf"nan at iteration {at} .*learning rate") as caught:
        train(model, *toy(), recipe, progress=False)
    assert caught.value.iteration == at
    assert (caught.value.last_loss is None) == (at == 1)
    if at > 1:
        assert np.isfinite(caught.value.last_loss)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert int(model.layers[-1].calls) == at, "nothing may run after the loss is lost"


@pytest.mark.parametrize("clip_norm", [math.inf, 1.0])
def test_a_gradient_that_is_not_finite_stops_before_the_weights_are_spoiled(clip_norm):
    @tf.custom_gradient
    def spoil(x):
        return x, lambda dx: dx * math.inf

    class Spoiler(keras.layers.Layer):
        def call(self, x):
            return spoil(x)

    recipe = replace(SMALL, clip_norm=clip_norm)
    model = keras.Sequential([*models.basic_rnn(recipe).layers, Spoiler()])
    before = model.get_weights()
    with pytest.raises(TrainingDiverged, match="gradient is nan at iteration 1 "):
        train(model, *toy(), recipe, progress=False)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


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
        fit(validation=(sequences, labels[:3]))


def test_a_label_beyond_32_bits_is_not_wrapped():
    sequences, labels = toy()
    labels = labels.astype(np.int64)
    labels[5] += 2**32
    with pytest.raises(ValueError, match="at index 5 is not a class from 0 to 9"):
        evaluate(models.basic_rnn(SMALL), sequences, labels)


def test_nothing_cannot_be_read():
    with pytest.raises(ValueError, match=r"no sequences to read: shape \(0, 16, 16\)"):
        training.predict_logits(models.basic_rnn(SMALL), toy()[0][:0])


def test_evaluate_matches_a_plain_computation():
    model, _ = fit()
    sequences, labels = toy(n=37)
    p = tf.nn.softmax(model(sequences)).numpy().astype("float64")
    measured = evaluate(model, sequences, labels)
    assert measured.loss == pytest.approx(-np.log(p[np.arange(37), labels]).mean(), rel=1e-5)
    assert measured.accuracy == (p.argmax(axis=1) == labels).mean()
    share = measured.accuracy
    assert measured.count == 37
    assert measured.standard_error == pytest.approx((share * (1 - share) / 37) ** 0.5)


def test_evaluate_in_parts_is_evaluate_at_once(monkeypatch):
    model, _ = fit()
    whole = evaluate(model, *toy(n=101))
    monkeypatch.setattr(training, "ROWS_PER_CALL", 10)
    parts = evaluate(model, *toy(n=101))
    assert parts.accuracy == whole.accuracy
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)


def test_evaluate_refuses_what_it_cannot_measure():
    model, _ = fit()
    sequences, labels = toy()
    with pytest.raises(ValueError, match="there are no sequences"):
        evaluate(model, sequences[:0], labels[:0])
    with pytest.raises(ValueError, match="label 11 at index 0"):
        evaluate(model, sequences, labels - labels + 11)


def test_a_bar_leaves_one_line_in_a_terminal(capsys):
    train(models.basic_rnn(SMALL), *toy(), SMALL)
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.count("\n") == 1
    assert "25/25" in captured.out.split("\r")[-1]


def test_many_short_trainings_say_nothing():
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from test_training import SMALL, fit, replace
for seed in range(8):
    fit(replace(SMALL, iterations=1, seed=seed))
"""
    run = subprocess.run(
        [sys.executable, "-c", program, HERE], capture_output=True, text=True, check=True
    )
    assert (run.stdout, run.stderr) == ("", "")


@pytest.fixture(scope="module")
def full_sequences(full_mnist):
    return reduce_images(full_mnist.train_images), reduce_images(full_mnist.test_images)


@pytest.mark.parametrize(
    ("build", "least"),
    [
        (models.basic_rnn, 0.90),
        (models.bidirectional_rnn, 0.915),
        (models.deep_rnn, 0.935),
        (models.lstm, 0.905),
    ],
)
def test_the_recipe_reaches_its_accuracy_on_the_full_set(full_mnist, full_sequences, build, least):
    sequences, held_out = full_sequences
    accuracies = []
    for seed in range(5):
        recipe = Recipe(seed=seed)
        model = build(recipe)
        train(model, sequences, full_mnist.train_labels, recipe, progress=False)
        accuracies.append(evaluate(model, held_out, full_mnist.test_labels).accuracy)
    assert np.mean(accuracies) >= least, accuracies


@pytest.mark.parametrize(
    ("build", "seeds", "least"),
    [
        (models.basic_rnn, 3, 0.955),
        (models.bidirectional_rnn, 2, 0.965),
        (models.deep_rnn, 1, 0.982),
        (models.lstm, 1, 0.97),
    ],
)
def test_the_better_recipe_reaches_more_with_one_epoch(full_mnist, build, seeds, least):
    sequences, held_out = (
        reduce_images(images, method="area")
        for images in (full_mnist.train_images, full_mnist.test_images)
    )
    runs = train_seeds(
        build, sequences, full_mnist.train_labels, BETTER, range(seeds), progress=False
    )
    accuracies = [evaluate(run.model, held_out, full_mnist.test_labels).accuracy for run in runs]
    assert np.mean(accuracies) >= least, accuracies


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"recipe": 100}, "recipe must be a Recipe, got 100"),
        ({"validation": 0.1}, r"validation must be a pair \(sequences, labels\), got 0.1"),
        ({"validation": toy()[0]}, "validation must be a pair"),
        ({"validation": (*toy(), None)}, "validation must be a pair"),
    ],
)
def test_other_types_are_refused_by_name(changed, words):
    options = {"recipe": SMALL, "validation": None, **changed}
    with pytest.raises(TypeError, match=words):
        train(models.basic_rnn(SMALL), *toy(), progress=False, **options)


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
            training.predict_logits(build(), sequences)


def test_weights_of_another_precision_are_refused():
    model = with_output(lambda y: keras.ops.cast(y, "float32"), "float64")
    with pytest.raises(ValueError, match=r"kernel' is float64, .*dtype='float32'"):
        train(model, *toy(), SMALL, progress=False)


def test_an_axis_that_keras_adds_by_itself_is_no_mistake():
    layers = [keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    train(keras.Sequential(layers), *toy(), SMALL, progress=False)


def test_a_stack_of_seeds_needs_a_function_that_builds():
    with pytest.raises(TypeError, match="build must be a function such as basic_rnn, got <"):
        train_seeds(models.basic_rnn(SMALL), *toy(), SMALL, range(2), progress=False)


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


def test_each_seed_needs_a_fresh_model_of_one_architecture():
    model = models.basic_rnn(SMALL)
    with pytest.raises(ValueError, match="the same model twice"):
        train_seeds(lambda recipe: model, *toy(), SMALL, range(2), progress=False)
    grows = [models.basic_rnn(replace(SMALL, n_hidden=n)) for n in (8, 8, 9)]
    with pytest.raises(ValueError, match="another architecture with seed 1 "):
        train_seeds(lambda recipe: grows.pop(0), *toy(), SMALL, range(2), progress=False)
    with pytest.raises(TypeError, match="model must be a Keras model, got None"):
        train_seeds(lambda recipe: None, *toy(), SMALL, range(2), progress=False)


def test_a_divergence_can_be_sent_to_another_process():
    diverged = TrainingDiverged(3, math.nan, 2.5, SMALL)
    diverged.runs = ["one"]
    copy = pickle.loads(pickle.dumps(diverged))
    assert (str(copy), copy.iteration, copy.runs) == (str(diverged), 3, ["one"])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x: (255 * x).astype(np.uint8), "sequences must be floats"),
        (lambda x: x[0], "sequences must be floats of shape"),
        (lambda x: np.where(x > 0.9, np.nan, x), "sequences hold nan"),
    ],
)
def test_what_cannot_be_read_is_refused(spoil, words):
    with pytest.raises(ValueError, match=words):
        predict_logits(models.basic_rnn(SMALL), spoil(toy()[0]))
