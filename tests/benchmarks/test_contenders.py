"""Every contender has the same network and learns; the networks' products are counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.contenders import CONTENDERS, NETWORKS, OURS, PADDING, REMEDY, missing
from benchmarks.jobs import Plan, mask_jobs, speed_jobs
from rnn_utils import Recipe

JOBS = [*speed_jobs(Plan()), *mask_jobs(Plan())]
PAIRS = [(job["contender"], job["network"]) for job in JOBS if "contender" in job]
PARAMETERS = {"basic": 5834, "bidirectional": 11_658, "deep": 66_314, "lstm": 21_386}
PARAMETERS |= dict.fromkeys(("masked", "masked-steps"), PARAMETERS["lstm"])
SECOND_BIASES = {"basic": 64, "bidirectional": 128, "deep": 0, "lstm": 256}  # PyTorch's own
TINY = Recipe(n_hidden=8, n_steps=4, batch_size=20, iterations=10)

# Products of one step, weights x 2: 16 x 64 from the row and 64 x 64 from the state, per gate.
STEP = 2 * (1024 + 4096)
UPPER = 2 * (4096 + 4096)  # a layer that reads another one
READ_OUT = 2 * 64 * 10
BY_HAND = {
    "basic": 3 * (16 * STEP + READ_OUT),
    "bidirectional": 3 * (2 * 16 * STEP + 2 * READ_OUT),
    "deep": 3 * (16 * 3 * (STEP + 2 * UPPER) + READ_OUT),
    "lstm": 3 * (16 * 4 * STEP + READ_OUT),
    "masked": 3 * (16 * 4 * STEP + READ_OUT),
    "masked-steps": 3 * 16 * (4 * STEP + READ_OUT),
}


def prepare(name, network, recipe):
    contender = CONTENDERS[name]
    if missing(contender):
        pytest.skip(f"{contender.label}: not installed: {missing(contender)}; {REMEDY}")
    rng = np.random.default_rng(0)
    n = recipe.batch_size * recipe.iterations
    labels = rng.integers(0, recipe.n_classes, n).astype(np.uint8)
    sequences = 0.2 * rng.random((n, recipe.n_steps, recipe.n_input), dtype=np.float32)
    sequences[np.arange(n), :, labels] += 0.8
    if NETWORKS[network].masked:
        sequences[::2, -1] = PADDING
    if NETWORKS[network].every_step:
        labels = np.repeat(labels[:, None], recipe.n_steps, axis=1)
    return contender.prepare(network, recipe, sequences, labels)


@pytest.mark.parametrize(("name", "network"), PAIRS)
def test_all_have_the_parameters_of_the_book(name, network):
    own = SECOND_BIASES[network] if name == "pytorch" else 0
    assert prepare(name, network, Recipe(n_steps=2)).parameters == PARAMETERS[network] + own


@pytest.mark.parametrize(("name", "network"), PAIRS)
def test_all_learn(name, network):
    trainer = prepare(name, network, TINY)
    first = trainer.first_pass()
    later = [trainer.next_pass() for _ in range(5)]
    assert 0 < later[-1] < 0.85 * first < 0.85 * 2.6


@pytest.mark.parametrize("network", ["masked", "masked-steps"])
def test_with_masks_both_measure_the_same_loss(network):
    one_batch = replace(TINY, iterations=1)
    ours, keras = (prepare(name, network, one_batch).first_pass() for name in (OURS, "keras"))
    assert ours == pytest.approx(keras, rel=1e-5)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(
        "benchmarks.contenders.find_spec", lambda name: None if name == "optax" else 1
    )
    assert missing(CONTENDERS[OURS]) == ""
    assert missing(CONTENDERS["jax"]) == "optax"


@pytest.mark.parametrize("network", NETWORKS)
def test_flops_of_the_four_networks(network):
    assert NETWORKS[network].flops_per_sample(Recipe()) == BY_HAND[network]


def test_flops_in_numbers():
    flops = {name: network.flops_per_sample(Recipe()) for name, network in NETWORKS.items()}
    assert flops == {
        "basic": 495_360,
        "bidirectional": 990_720,
        "deep": 6_196_992,
        "lstm": 1_969_920,
        "masked": 1_969_920,
        "masked-steps": 2_027_520,
    }


@pytest.mark.parametrize("size", ["n_steps", "n_hidden", "n_layers"])
def test_flops_grow_with_the_recipe(size):
    small, large = Recipe(**{size: 2}), Recipe(**{size: 4})
    deep = NETWORKS["deep"]
    assert deep.flops_per_sample(large) > 1.5 * deep.flops_per_sample(small)
