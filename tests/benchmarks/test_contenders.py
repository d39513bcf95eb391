"""Every contender has the same network, reads the same data and learns."""

import sys

import numpy as np
import pytest

from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.networks import NETWORKS
from benchmarks.peers import REMEDY, sort_out
from benchmarks.workload import load_sequences
from rnn_utils import Recipe, reduce_images

PARAMETERS = {"basic": 5834, "bidirectional": 11_658, "deep": 66_314, "lstm": 21_386}
SECOND_BIASES = {"basic": 64, "bidirectional": 128, "deep": 0, "lstm": 256}  # PyTorch's own
TINY = Recipe(n_hidden=8, n_steps=4, batch_size=20, iterations=10)


def prepare(name, network, recipe):
    contender = CONTENDERS[name]
    _, left_out = sort_out([name], CONTENDERS)
    if left_out:
        pytest.skip(f"{contender.label}: {left_out[contender.label]}; {REMEDY}")
    rng = np.random.default_rng(0)
    n = recipe.batch_size * recipe.iterations
    labels = rng.integers(0, recipe.n_classes, n).astype(np.uint8)
    sequences = 0.2 * rng.random((n, recipe.n_steps, recipe.n_input), dtype=np.float32)
    sequences[np.arange(n), :, labels] += 0.8
    return contender.load()(network, recipe, sequences, labels, **contender.options)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", CONTENDERS)
def test_all_have_the_parameters_of_the_book(name, network):
    own = SECOND_BIASES[network] if name == "pytorch" else 0
    assert prepare(name, network, Recipe(n_steps=2)).parameters == PARAMETERS[network] + own


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", CONTENDERS)
def test_all_learn(name, network):
    trainer = prepare(name, network, TINY)
    first = trainer.first_pass()
    later = [trainer.next_pass() for _ in range(5)]
    assert 0 < later[-1] < 0.85 * first < 0.85 * 2.6


def test_a_missing_peer_is_named_with_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "optax", None)
    monkeypatch.setattr("benchmarks.peers.find_spec", lambda name: None if name == "optax" else 1)
    present, left_out = sort_out([OURS, "jax"], CONTENDERS)
    assert present == [OURS]
    assert left_out == {"JAX": "not installed: optax"}


def test_a_pass_reads_as_many_digits_as_it_updates_on(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), np.uint8)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", np.arange(30))
    sequences = reduce_images(images)
    read, labels = load_sequences(tmp_path, Recipe(batch_size=5, iterations=4, n_steps=40))
    assert read.shape == (20, 40, 16)
    assert labels.tolist() == list(range(20))
    assert np.array_equal(read[:, :16], sequences[:20])
    assert np.array_equal(read[:, 16:32], sequences[:20]), "a digit is read again from the top"
    monkeypatch.setattr("benchmarks.workload.DIGITS", 30)
    with pytest.raises(ValueError, match="35 digits, but there are 30: use fewer iterations"):
        load_sequences(tmp_path, Recipe(batch_size=5, iterations=7))
