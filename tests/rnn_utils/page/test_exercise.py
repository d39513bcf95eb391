"""An exercise that is checked says what is missing, and never stops the page."""

import numpy as np
import pytest

from rnn_utils import check_answer


def step(x, w):
    return np.tanh(x @ w)


X, W = np.ones((2, 3)), np.full((3, 4), 0.1)


def refuse(x, w):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (step, "Right."),
        (lambda x, w: step(x, w).tolist(), "Right."),
        (lambda x, w: None, "<lambda> is not written yet."),
        (lambda x, w: ..., "<lambda> is not written yet."),
        (refuse, "refuse is not written yet."),
        (lambda x, w: x @ w, "Not yet: in case 1, the number at (0, 0) is 0.3, not 0.2913."),
        (lambda x, w: step(x, w)[0], "Not yet: in case 1, the shape is (4,), not (2, 4)."),
        (lambda x, w: x @ w.T, "Not yet: case 1 stops with ValueError"),
        (lambda x, w: "tanh", "Not yet: in case 1, numbers are wanted, and there is str."),
    ],
)
def test_what_the_reader_wrote_is_judged(attempt, said, capsys):
    check_answer(attempt, step, (X, W))
    assert capsys.readouterr().out.startswith(said)


def test_every_case_counts(capsys):
    check_answer(lambda x: 1.0, lambda x: x, (1.0,), (2.0,))
    assert capsys.readouterr().out == "Not yet: in case 2, the number is 1, not 2.\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((1.0, 2.0), "Right."),
        ([1.0, 2.0], "Right."),
        (1.0, "Not yet: in case 1, 2 results are wanted, and there is one."),
        ((1.0, 3.0), "Not yet: in case 1, result 2: the number is 3, not 2."),
    ],
)
def test_several_results_are_compared_one_by_one(answer, said, capsys):
    check_answer(lambda: answer, lambda: (1.0, 2.0), ())
    assert capsys.readouterr().out.strip() == said
