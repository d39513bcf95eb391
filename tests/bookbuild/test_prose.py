"""The gate reads the sentences: numbers, what is none, Python, and the rows of tables."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookbuild.checking.rules import (
    every_number_is_one,
    no_number_has_too_many_digits,
    no_python_in_sentences,
    rows_match_their_head,
)


def found(rule, text):
    """Return what a rule finds in the author's Markdown, the same as in displayed Markdown."""
    shown = new_output("display_data", data={"text/markdown": text})
    written = new_notebook(cells=[new_markdown_cell(text)])
    displayed = new_notebook(cells=[new_code_cell("x", outputs=[shown])])
    faults = [fault.what for fault in rule(written)]
    assert [fault.what for fault in rule(displayed)] == faults
    return faults


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the right network is 2.0520000000000023 the wrong one", "2.0520000000000023"),
        ("(0.28648560173244303).", "0.28648560173244303"),
        ("| a |\n|---|\n| 1,234.56789 |", "1,234.56789"),
        ("<details><summary>It is 0.12345678.</summary>No.</details>", "0.12345678"),
        ("- 9.87654321 points", "9.87654321"),
    ],
)
def test_a_number_as_it_came_is_refused(text, said):
    assert found(no_number_has_too_many_digits, text) == [f"the text says {said}"]


@pytest.mark.parametrize(
    "text",
    [
        "0.905600 and 0.0000123456 and 12,345,678",
        "versions 3.11.7 and 2.21.0",
        "`2.0520000000000023`",
        "```\n2.0520000000000023\n```",
        "[2.0520000000000023](https://a.b/10.1162089976600300015)",
        "{cite}`a1.23456789`",
        "<details><code>0.12345678</code></details>",
    ],
)
def test_short_numbers_code_links_and_citations_pass(text):
    assert found(no_number_has_too_many_digits, text) == []


@pytest.mark.parametrize("text", ["it is nan here", "a loss of NaN", "± nan", "-inf", "| inf |"])
def test_what_is_no_number_is_refused(text):
    assert len(found(every_number_is_one, text)) == 1


@pytest.mark.parametrize("text", ["`nan`", "not a number", "bananas inform", r"$\inf_x f$"])
def test_words_about_it_pass(text):
    assert found(every_number_is_one, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Lead(points=0.5, error=0.1)",
        "a ValueError is raised",
        "<Function object at 0x7f3a>",
        "['basic', 'deep']",
        "{'basic': 1}",
        "('basic', 1)",
        "np.float64(0.5)",
        "array([1, 2])",
        "a gradient of 1.4e-05",
    ],
)
def test_python_in_a_sentence_is_refused(text):
    assert len(found(no_python_in_sentences, text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`ValueError` and `np.float64(0.5)`",
        "a standard error, an Error",
        "$f(x=1)$ and $$g(y=2)$$",
        "SimpleRNN(64)",
        '("so to speak", he said)',
        "None of the networks; it's [the reader's]",
    ],
)
def test_sentences_pass(text):
    assert found(no_python_in_sentences, text) == []


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 1 |", [1]),
        ("| a | b |\n|---|---:|\n| 1 | 2 | 3 |\n| 1 | 2 |", [3]),
        ("| a | b |\n|---|\n| 1 | 2 |", [1]),
        ("text\n\na | b\n--|--\n|x|\n", [1]),
    ],
)
def test_a_row_that_does_not_match_its_head_is_refused(text, columns):
    faults = found(rows_match_their_head, text)
    assert [int(fault.split()[6]) for fault in faults] == columns


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |\n|---|---|\n| 1 | |\n| | |\n\n| c |\n|---|\n| 1 |",
        "| a \\| c | b |\n|---|---|\n| 1 | 2 |",
        "a | b\n--|--\n1 | 2\n\n1 | 2 | 3",
        "```\n| a | b |\n|---|---|\n| 1 |\n```",
    ],
)
def test_even_tables_pass(text):
    assert found(rows_match_their_head, text) == []
