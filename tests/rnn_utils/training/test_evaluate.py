"""What is measured on sequences, and what cannot be."""

import importlib

import numpy as np
import pytest

from rnn_utils import evaluate, predict_logits
from rnn_utils.backend import tf
from rnn_utils.networks import models
from tests.rnn_utils.helpers import SMALL, toy

evaluate_module = importlib.import_module("rnn_utils.training.evaluate")


def test_a_label_beyond_32_bits_is_not_wrapped():
    sequences, labels = toy()
    labels = labels.astype(np.int64)
    labels[5] += 2**32
    with pytest.raises(ValueError, match="at index 5 is not a class from 0 to 9"):
        evaluate(models.basic_rnn(SMALL), sequences, labels)


def test_nothing_cannot_be_read():
    with pytest.raises(ValueError, match=r"no sequences to read: shape \(0, 16, 16\)"):
        predict_logits(models.basic_rnn(SMALL), toy()[0][:0])


def test_evaluate_matches_a_plain_computation():
    model = models.basic_rnn(SMALL)
    sequences, labels = toy(n=37)
    p = tf.nn.softmax(model(sequences)).numpy().astype("float64")
    measured = evaluate(model, sequences, labels)
    assert measured.loss == pytest.approx(-np.log(p[np.arange(37), labels]).mean(), rel=1e-5)
    assert measured.accuracy == (p.argmax(axis=1) == labels).mean()
    share = measured.accuracy
    assert measured.count == 37
    assert measured.standard_error == pytest.approx((share * (1 - share) / 37) ** 0.5)


def test_evaluate_in_parts_is_evaluate_at_once(monkeypatch):
    model = models.basic_rnn(SMALL)
    whole = evaluate(model, *toy(n=101))
    monkeypatch.setattr(evaluate_module, "ROWS_PER_CALL", 10)
    parts = evaluate(model, *toy(n=101))
    assert parts.accuracy == whole.accuracy
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)


def test_evaluate_refuses_what_it_cannot_measure():
    model = models.basic_rnn(SMALL)
    sequences, labels = toy()
    with pytest.raises(ValueError, match="there are no sequences"):
        evaluate(model, sequences[:0], labels[:0])
    with pytest.raises(ValueError, match="label 11 at index 0"):
        evaluate(model, sequences, labels - labels + 11)


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
