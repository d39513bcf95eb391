"""The training loop: what it learns, measures, repeats and refuses."""

import json
import math
import os
import pickle
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from rnn_utils import (
    Recipe,
    TrainingDiverged,
    basic_rnn,
    draw_batches,
    evaluate,
    train,
    train_seeds,
)
from rnn_utils.backend import has_gpu, keras, tf
from rnn_utils.engine.update import Update
from rnn_utils.networks import models
from rnn_utils.training import loop
from rnn_utils.training.interrupt import hold_back_interrupt
from tests.rnn_utils.helpers import SMALL, fit, python, toy


def test_it_learns():
    model, history = fit(replace(SMALL, iterations=100, learning_rate=0.02))
    assert history.loss[-10:].mean() < 0.2 * history.loss[:3].mean()
    assert evaluate(model, *toy(seed=1)).accuracy > 0.95


def test_loss_is_that_of_the_batch_before_its_update():
    recipe = replace(SMALL, iterations=1)
    sequences, labels = toy()
    batch = next(draw_batches(len(labels), recipe))
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
    expected = []
    for batch in draw_batches(len(labels), SMALL):
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
    program = "from tests.rnn_utils.training.test_loop import *; print(json.dumps(bits()))"
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    assert json.loads(python(program, cores=None if cores == [None] else cores[:1])) == bits()


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
    batches = np.stack(list(draw_batches(100, recipe)))
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


@pytest.mark.parametrize("at", [1, 2, 10, 11, 25])
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
    if not has_gpu():  # which would have to be waited for
        assert int(model.layers[-1].calls) == at, "nothing may run after the loss is lost"


@pytest.mark.parametrize("rates", [(1e38, 1.0), (1e38, 1e38)], ids=["huge", "infinite"])
def test_a_last_update_that_spoils_the_weights_is_no_success(rates):
    recipe = replace(SMALL, learning_rate=rates[0], recurrent_rate=rates[1], iterations=1)
    with pytest.raises(TrainingDiverged, match="nan after the last iteration, 1, with seed 0"):
        fit(recipe)


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


def test_a_bar_leaves_one_line_in_a_terminal(capsys):
    train(models.basic_rnn(SMALL), *toy(), SMALL)
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.count("\n") == 1
    assert "25/25" in captured.out.split("\r")[-1]


def test_many_short_trainings_say_nothing():
    program = """
from dataclasses import replace
from tests.rnn_utils.helpers import SMALL, fit
for seed in range(8):
    fit(replace(SMALL, iterations=1, seed=seed))
"""
    assert python(program) == ""


def test_a_stack_of_seeds_needs_a_function_that_builds():
    with pytest.raises(TypeError, match="build must be a function such as basic_rnn, got <"):
        train_seeds(models.basic_rnn(SMALL), *toy(), SMALL, range(2), progress=False)


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


def partly_mislabelled():
    """Return held-back sequences whose loss rises once the network is sure of itself."""
    sequences, labels = toy(seed=1)
    return sequences, np.where(np.arange(len(labels)) % 4, labels, (labels + 1) % 10)


def test_patience_stops_and_puts_the_best_weights_back():
    recipe = replace(SMALL, iterations=4000, learning_rate=0.05)
    held_back = partly_mislabelled()
    model, history = fit(recipe, validation=held_back, patience=2)
    best = int(history.validation_loss.argmin())
    epoch = len(toy()[1]) // recipe.batch_size
    assert len(history.validation_loss) == best + 1 + 2
    assert list(history.validation_updates[:2]) == [epoch, 2 * epoch]
    assert len(history.loss) == history.validation_updates[-1] < recipe.iterations
    assert evaluate(model, *held_back).loss == pytest.approx(history.validation_loss[best])


def test_without_improvement_to_wait_for_patience_ends_with_the_recipe():
    epoch = len(toy()[1]) // SMALL.batch_size
    _, history = fit(replace(SMALL, iterations=2 * epoch + 1), validation=toy(seed=1), patience=9)
    assert len(history.loss) == 2 * epoch + 1
    assert list(history.validation_updates) == [epoch, 2 * epoch, 2 * epoch + 1]


def test_seeds_that_stop_early_are_those_trained_alone():
    recipe = replace(SMALL, iterations=4000, learning_rate=0.05)
    options = {"validation": partly_mislabelled(), "patience": 2, "progress": False}
    runs = train_seeds(models.basic_rnn, *toy(), recipe, range(2), **options)
    alone = models.basic_rnn(replace(recipe, seed=1))
    history = train(alone, *toy(), replace(recipe, seed=1), **options)
    assert len(history.loss) < recipe.iterations
    assert np.array_equal(runs[1].history.loss, history.loss)
    assert all(map(np.array_equal, runs[1].model.get_weights(), alone.get_weights()))


@pytest.fixture
def heeded():
    """Let interrupts be heeded, as a program does; where tests run side by side they are not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def interrupted(monkeypatch, heeded):
    """Let an interrupt arrive during the second call of the compiled update."""
    calls = []

    def update(self, batches):
        calls.append(len(batches))
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return compiled(self, batches)

    compiled = Update.__call__
    monkeypatch.setattr(Update, "__call__", update)
    monkeypatch.setattr(loop, "UPDATES_PER_CALL", 5)
    return calls


def test_an_interrupt_in_a_notebook_returns_what_was_learned(interrupted, monkeypatch, capsys):
    monkeypatch.setattr(loop, "is_in_notebook", lambda: True)
    model, history = fit()
    assert history.interrupted
    assert "Interrupted after 10 of 25 updates." in capsys.readouterr().out
    again, whole = fit(replace(SMALL, iterations=10))
    assert np.array_equal(history.loss, whole.loss)
    assert not whole.interrupted
    for ours, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_an_interrupt_ends_the_seeds_with_those_that_there_are(interrupted, monkeypatch):
    monkeypatch.setattr(loop, "is_in_notebook", lambda: True)
    runs = train_seeds(basic_rnn, *toy(), SMALL, range(3), progress=False)
    assert [len(run.history.loss) for run in runs] == [10]


def test_a_program_is_interrupted_between_two_updates(interrupted):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit()
    assert interrupted == [5, 5]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_interrupt_is_not_held_back(heeded):
    with pytest.raises(KeyboardInterrupt), hold_back_interrupt() as came:
        signal.raise_signal(signal.SIGINT)
        assert came()
        signal.raise_signal(signal.SIGINT)


def test_nothing_is_held_back_in_another_thread():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(fit).result()[1].loss.shape == (25,)


@pytest.mark.parametrize(
    ("recipe", "n", "last"),
    [
        (SMALL, 200, 0.5),
        (replace(SMALL, n_classes=1), 200, 0.0),
        (replace(SMALL, batch_size=1), 1, 0.5),
    ],
    ids=["one label", "one class", "one sample"],
)
def test_data_without_variety_are_learned_without_trouble(recipe, n, last):
    model = models.basic_rnn(recipe)
    sequences, labels = toy(n)
    history = train(model, sequences, np.zeros_like(labels), recipe, progress=False)
    assert history.loss[-1] <= last
    assert evaluate(model, sequences, np.zeros_like(labels)).accuracy == 1


def test_a_lack_of_memory_is_told_with_what_to_do(monkeypatch):
    """As TensorFlow reports one, which takes it ten seconds of retries."""

    def no_room(*_, **__):
        words = "OOM when allocating tensor with shape[10,256] and type float on /job:localhost"
        raise tf.errors.ResourceExhaustedError(None, None, words)

    model = models.basic_rnn(SMALL)
    monkeypatch.setattr(Update, "__call__", no_room)
    words = r"batch_size=20 \(a tensor of shape \[10,256\]\): try batch_size=10, or fewer than"
    with pytest.raises(MemoryError, match=words):
        train(model, *toy(), SMALL, progress=False)
    monkeypatch.setattr("rnn_utils.training.evaluate.fast_model", lambda model: no_room)
    with pytest.raises(
        MemoryError, match="the 200 sequences that are shown to 'basic_rnn' at once"
    ):
        evaluate(model, *toy())
