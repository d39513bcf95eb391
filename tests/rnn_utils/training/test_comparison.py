"""A lead, its standard error, and when to believe it."""

import numpy as np
import pytest

from rnn_utils.training.comparison import errors_needed, lead


def test_a_lead_is_the_mean_of_the_differences_in_points():
    by = lead([0.93, 0.95, 0.94], [0.90, 0.93, 0.93])
    assert by.points == pytest.approx(2.0)
    assert by.error == pytest.approx(1 / np.sqrt(3))
    assert str(by) == "+2.00 ± 0.58"


def test_what_a_seed_does_to_both_is_taken_out():
    seeds = np.random.default_rng(1).normal(0.9, 0.02, 5)
    assert lead(seeds + 0.01, seeds).error == pytest.approx(0, abs=1e-9)


def test_equal_networks_are_believed_different_once_in_twenty():
    rng = np.random.default_rng(1)
    runs = [lead(*rng.normal(0.9, 0.01, (2, 5))) for _ in range(2000)]
    believed = np.mean([abs(by.points) > errors_needed(5) * by.error for by in runs])
    assert believed == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(("seeds", "errors"), [(2, 12.7), (3, 4.3), (5, 2.8), (100, 1.98)])
def test_fewer_seeds_need_more_errors(seeds, errors):
    assert errors_needed(seeds) == pytest.approx(errors, abs=0.05)


@pytest.mark.parametrize("pair", [([0.9], [0.8]), ([0.9, 0.8], [0.9]), (0.9, 0.8)])
def test_a_lead_needs_two_seeds_on_both_sides(pair):
    with pytest.raises(ValueError, match="as many accuracies on both sides"):
        lead(*pair)


def test_one_seed_tells_nothing():
    with pytest.raises(ValueError, match="got 1"):
        errors_needed(1)
