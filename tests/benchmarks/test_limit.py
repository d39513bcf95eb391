"""The arithmetic limit against counts made by hand."""

import pytest

from benchmarks.limit import flops_per_sample, measure_sgemm
from benchmarks.networks import NETWORKS
from rnn_utils import Recipe

# Products of one step, weights x 2: 16 x 64 from the row and 64 x 64 from the state, per gate.
STEP = 2 * (1024 + 4096)
UPPER = 2 * (4096 + 4096)  # a layer that reads another one
READ_OUT = 2 * 64 * 10
BY_HAND = {
    "basic": 3 * (16 * STEP + READ_OUT),
    "bidirectional": 3 * (2 * 16 * STEP + 2 * READ_OUT),
    "deep": 3 * (16 * 3 * (STEP + 2 * UPPER) + READ_OUT),
    "lstm": 3 * (16 * 4 * STEP + READ_OUT),
}


@pytest.mark.parametrize("network", NETWORKS)
def test_flops_of_the_four_networks(network):
    assert flops_per_sample(NETWORKS[network], Recipe()) == BY_HAND[network]


def test_flops_in_numbers():
    flops = {name: flops_per_sample(network, Recipe()) for name, network in NETWORKS.items()}
    assert flops == {
        "basic": 495_360,
        "bidirectional": 990_720,
        "deep": 6_196_992,
        "lstm": 1_969_920,
    }


@pytest.mark.parametrize("size", ["n_steps", "n_hidden", "n_layers"])
def test_flops_grow_with_the_recipe(size):
    small, large = Recipe(**{size: 2}), Recipe(**{size: 4})
    assert flops_per_sample(NETWORKS["deep"], large) > 1.5 * flops_per_sample(
        NETWORKS["deep"], small
    )


def test_a_rate_is_measured():
    assert measure_sgemm(side=64, products=2) > 1e6
