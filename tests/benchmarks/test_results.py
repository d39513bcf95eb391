"""What is read off a run: the best of the rounds, the limit, growth, the goals."""

import pytest

from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.jobs import SIZES, Plan
from benchmarks.results import goals, growth, limits, spread, times_fastest_peer, trainings


def test_the_best_round_counts_and_the_worst_is_told(results):
    basic = trainings(results("speed"))["basic"]
    assert spread(basic[OURS], "samples_per_second") == pytest.approx((300e3, 300e3 / 1.1))
    assert spread(basic[OURS], "cold_seconds") == pytest.approx((1.0, 1.1))
    assert times_fastest_peer(basic) == pytest.approx(300 / 145)
    ours = basic.pop(OURS)
    assert times_fastest_peer(basic) is None
    assert times_fastest_peer({OURS: ours}) is None


def test_the_limit_is_the_best_product_by_the_flops(results):
    assert limits(results("speed"))["basic"] == pytest.approx(300e9 / 495_360)
    assert limits(results("gpu")) == {}


def test_growth_varies_one_size_at_a_time(results):
    read = growth(results("growth"))
    for size, values in zip(SIZES, Plan().growth, strict=True):
        assert tuple(read[size]) == values
        assert all(list(row) == list(CONTENDERS) for row in read[size].values())
    assert spread(read["n_hidden"][128][OURS], "samples_per_second")[0] == pytest.approx(150e3)


def test_goals_are_met_or_missed(results):
    found = list(goals(results("speed")))
    assert "met    Basic, times the fastest peer: 2.07 (at least 2)" in found
    assert "met    Basic, cold, times PyTorch: 1.60 (at least 1.5)" in found
    assert "MISSED Basic, share of the limit: 0.50 (at least 0.5)" in found
    assert len(found) == 4 * len(Plan().networks) - 1, (
        "PyTorch is no cold goal for the deep network"
    )


def test_goals_of_the_masks(results):
    assert list(goals(results("masks"))) == [
        "met    LSTM, a label per digit, times the fastest peer: 3.95 (at least 1.4)",
        "met    LSTM, a label per step, times the fastest peer: 3.95 (at least 1.4)",
    ]


def test_goals_of_the_reduction(results):
    found = list(goals(results("reduction")))
    assert "met    nearest, times Pillow: 49.52 (at least 20)" in found
    assert "met    nearest, time of a plain copy: 3.89 (at most 4)" in found
    assert "met    area, extra MiB: 70.00 (at most 300)" in found


@pytest.mark.parametrize("part", ["gpu", "growth"])
def test_some_parts_have_no_goals(results, part):
    assert list(goals(results(part))) == []
