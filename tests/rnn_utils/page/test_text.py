"""Tables and powers of ten, as a page shows them."""

import pytest

from rnn_utils import scientific, table


def test_a_table_aligns_numbers_to_the_right():
    rows = [
        {"network": "basic", "parameters": 5834, "accuracy": "0.906", "lead": ""},
        {"network": "LSTM", "parameters": 21386, "accuracy": "0.912", "lead": "+0.59 ± 0.74"},
    ]
    assert table(rows).splitlines() == [
        "| network | parameters | accuracy | lead |",
        "| --- | ---: | ---: | ---: |",
        "| basic | 5,834 | 0.906 |  |",
        "| LSTM | 21,386 | 0.912 | +0.59 ± 0.74 |",
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [([], "at least one row"), ([{"a": 1}, {"b": 1}], r"has the columns \['b'\]")],
)
def test_rows_that_make_no_table_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        table(rows)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.4e-5, "1.4 · 10⁻⁵"),
        (2.27e-11, "2.3 · 10⁻¹¹"),
        (0.0067, "6.7 · 10⁻³"),
        (0.01, "0.010"),
        (0.9, "0.90"),
        (58.28, "58"),
        (-0.9, "-0.90"),
        (123456, "1.2 · 10⁵"),
        (9999.9, "1.0 · 10⁴"),
        (0, "0"),
    ],
)
def test_small_and_large_numbers_have_powers_of_ten(value, text):
    assert scientific(value) == text


def test_more_digits_can_be_asked_for():
    assert scientific(1.2345e-5, 3) == "1.23 · 10⁻⁵"
