"""A lead, its standard error, its threshold, and the sentences that depend on them."""

from dataclasses import replace

import numpy as np
import pytest

from rnn_utils import comparison, lead, score_seeds, table_of_scores, train, train_seeds
from rnn_utils.networks import models
from rnn_utils.training.comparison import Lead, Scores, errors_needed, how_to_read
from tests.rnn_utils.helpers import SMALL, toy


def scores(correct):
    """Return scores of which only the correct answers (seeds, n) count."""
    correct = np.asarray(correct, bool)
    seeds = len(correct)
    of_seeds = np.zeros(seeds)
    return Scores(np.zeros((seeds, 1)), of_seeds, correct, of_seeds, 7, of_seeds, [])


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
    believed = np.mean([by.verdict != "undecided" for by in runs])
    assert believed == pytest.approx(0.05, abs=0.015)


def test_a_lead_on_a_small_test_set_may_be_that_sets_doing():
    """Every seed of one network errs on its own digits: no spread over seeds, and yet chance."""
    rng = np.random.default_rng(1)
    believed = []
    for _ in range(500):
        ours, theirs = rng.random((2, 400)) < 0.9
        by = lead(scores([ours] * 5), scores([theirs] * 5))
        assert by.error == pytest.approx(0)
        believed.append(by.verdict != "undecided")
    assert np.mean(believed) == pytest.approx(0.05, abs=0.03)


def test_the_test_error_is_that_of_the_paired_difference():
    ours, theirs = [[1, 1, 1, 0]] * 5, [[1, 0, 1, 0]] * 5
    by = lead(scores(ours), scores(theirs))
    assert by.points == pytest.approx(25)
    assert by.test_error == pytest.approx(100 * np.std([0, 1, 0, 0], ddof=1) / 2)
    assert by.threshold == pytest.approx(1.96 * by.test_error, rel=1e-4)


@pytest.mark.parametrize(("seeds", "errors"), [(2, 12.7), (3, 4.3), (5, 2.8), (100, 1.98)])
def test_fewer_seeds_need_more_errors(seeds, errors):
    assert errors_needed(seeds) == pytest.approx(errors, abs=0.05)


@pytest.mark.parametrize(
    ("by", "verdict", "end"),
    [
        (Lead(2.0, 0.1, 5), "ahead", "ahead of theirs, more than chance explains (up to 0.28)."),
        (Lead(-2.0, 0.1, 5), "behind", "behind theirs, more than chance explains (up to 0.28)."),
        (Lead(0.2, 0.1, 5), "undecided", ", which chance may explain (up to 0.28)."),
        (Lead(2.0, 0.1, 4), "undecided", "4 seeds are too few for a verdict, which takes 5."),
    ],
)
def test_the_verdict_and_its_sentence_agree(by, verdict, end):
    assert by.verdict == verdict
    assert by.choose(1, 2, 3) == {"ahead": 1, "behind": 2, "undecided": 3}[verdict]
    sentence = by.sentence("ours", "theirs")
    assert sentence.startswith(f"Ours is {abs(by.points):.2f} ± {by.error:.2f} points")
    assert sentence.endswith(end)


def test_no_lead_is_said_to_be_none():
    by = Lead(-0.001, 0.1, 5)
    assert str(by) == "0 ± 0.10"
    assert by.sentence("ours", "theirs").startswith("Ours is level with theirs, to 0.10 points, ")


def test_behind_has_a_true_minus_sign():
    assert str(Lead(-2.0, 0.1, 5)) == "−2.00 ± 0.10"


def test_gains_of_any_unit_are_compared_as_accuracies_are():
    rng = np.random.default_rng(1)
    ours, theirs = rng.random((2, 5, 40)) < 0.8
    by = Lead.of_gains(100.0 * ours - 100.0 * theirs)
    assert by == lead(scores(ours), scores(theirs))
    assert by.points == pytest.approx(100 * (ours.mean() - theirs.mean()))
    bits = Lead.of_gains((1.0 * ours - theirs) / 10, "bits per letter", 3)
    assert (bits.points, bits.error) == pytest.approx((by.points / 1000, by.error / 1000))
    assert bits.threshold == pytest.approx(by.threshold / 1000)
    assert f"{bits.error:.3f} bits per letter" in bits.sentence("ours", "theirs")
    assert str(bits).endswith(f"{abs(bits.points):.3f} ± {bits.error:.3f}")


@pytest.mark.parametrize("gains", [[1.0, 2.0], [[1.0, 2.0]], [[1.0], [2.0]]])
def test_gains_are_of_several_seeds_and_items(gains):
    with pytest.raises(ValueError, match="a gain for each seed and item, two of both at least"):
        Lead.of_gains(gains)


def test_gains_are_finite():
    with pytest.raises(ValueError, match="finite gains"):
        Lead.of_gains([[1.0, np.inf], [1.0, 2.0]])


@pytest.mark.parametrize("pair", [([0.9], [0.8]), ([0.9, 0.8], [0.9]), (0.9, 0.8)])
def test_a_lead_needs_two_seeds_on_both_sides(pair):
    with pytest.raises(ValueError, match="as many accuracies on both sides"):
        lead(*pair)


def test_a_lead_needs_the_same_digits_on_both_sides():
    with pytest.raises(ValueError, match="the same test digits on both sides, got 2 and 3"):
        lead(scores([[1, 0]] * 5), scores([[1, 0, 1]] * 5))


def test_one_seed_tells_nothing():
    with pytest.raises(ValueError, match="got 1"):
        errors_needed(1)


def test_scores_are_those_of_training_and_testing_one_by_one():
    both = score_seeds(models.basic_rnn, toy(), toy(seed=1), SMALL, range(3))
    assert both.losses.shape == (3, SMALL.iterations)
    assert list(both.updates) == [SMALL.iterations] * 3
    assert both.parameters == models.basic_rnn(SMALL).count_params()
    alone = models.basic_rnn(SMALL)
    assert np.array_equal(train(alone, *toy(), SMALL, progress=False).loss, both.losses[0])
    assert both.accuracy == pytest.approx(both.accuracies.mean())
    assert both.spread == pytest.approx(both.accuracies.std(ddof=1))


def test_one_seed_has_scores_but_no_spread():
    one = score_seeds(models.basic_rnn, toy(), toy(seed=1), SMALL, [3])
    assert np.isnan(one.spread)
    assert one.accuracies.shape == (1,)


def test_a_table_names_parameters_leads_and_how_to_read_them():
    ours, theirs = scores([[1, 1, 1, 0]] * 5), scores([[1, 0, 1, 0]] * 5)
    text = table_of_scores({"theirs": theirs, "ours": ours}, against="theirs")
    head, _, first, second, _, how = text.splitlines()
    assert "lead over theirs, points" in head
    assert first == "| theirs | 7 | 0.5000 | 0.0000 |  |  |  |"
    assert second == "| ours | 7 | 0.7500 | 0.0000 | +25.00 ± 0.00 | 49.00 | undecided |"
    assert how.startswith("Means over 5 seeds, on 4 test digits.")
    assert how == how_to_read(theirs)


def test_two_seeds_are_said_to_be_too_few():
    assert how_to_read(scores([[1, 0]] * 2)).endswith("2 seeds are too few for a verdict.")


def test_test_labels_are_checked_and_named():
    sequences, labels = toy()
    wrong = labels.copy()
    wrong[7] = 10
    for test, words in (
        ((sequences, wrong), "test label 10 at index 7 is not a class from 0 to 9"),
        ((sequences, labels[:9]), "200 test sequences, but 9 labels"),
        ((sequences, labels, np.ones((3, 3), bool)), "test mask must be True or False"),
        ((sequences, np.zeros((200, 16), int)), r"test labels have shape \(200, 16\)"),
    ):
        with pytest.raises(ValueError, match=words):
            score_seeds(models.basic_rnn, toy(), test, SMALL, [0])


def test_a_network_that_is_half_trained_is_not_scored(monkeypatch):
    def interrupted(*args, **options):
        (run,) = train_seeds(*args, **options)
        return [replace(run, history=replace(run.history, interrupted=True))]

    monkeypatch.setattr(comparison, "train_seeds", interrupted)
    with pytest.raises(KeyboardInterrupt):
        score_seeds(models.basic_rnn, toy(), toy(), SMALL, [0])
