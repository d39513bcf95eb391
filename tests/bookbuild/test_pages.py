"""Which pages there are, and which of them a change touches."""

import json
import subprocess

import pytest

from bookbuild.__main__ import main


@pytest.fixture
def history(book, commit):
    """Return a book of two pages in git, committed once."""
    book.add("one", "1")
    book.add("two", "2")
    subprocess.run(["git", "init", "--quiet"], cwd=book.root, check=True)
    commit(book.root)
    return book


@pytest.fixture
def pages(book, capsys):
    """Return a function that calls the verb and returns its status and all that it said."""

    def called(*arguments):
        status = main(["--book", str(book.root), "pages", *arguments])
        return status, "".join(capsys.readouterr())

    return called


def test_pages_are_listed_in_the_order_of_the_book(book, pages):
    book.add("two", "2")
    book.add("one", "1")
    assert pages()[1].split() == ["intro", "chapters/two", "chapters/one"]
    assert json.loads(pages("--json")[1]) == ["two", "one"]


def test_the_page_that_changed_is_listed_and_no_other(history, commit, pages):
    history.add("two", "3")
    (history.root / "README.md").write_text("not a page")
    commit(history.root)
    said = pages("--since", "HEAD~1")[1]
    assert "- `chapters/two`" in said
    assert "chapters/one" not in said
    assert "README" not in said


def test_a_change_behind_every_page_is_named(history, commit, pages):
    (history.root / "rnn_utils").mkdir()
    (history.root / "rnn_utils" / "cells.py").write_text("")
    commit(history.root)
    said = pages("--since", "HEAD~1")[1]
    assert "any page may differ" in said
    assert "- `rnn_utils/cells.py`" in said


def test_no_change_is_said_to_be_none(history, pages):
    assert pages("--since", "HEAD") == (0, "No page changed since HEAD.\n")


def test_an_unknown_commit_is_refused_with_the_remedy(history, pages):
    status, said = pages("--since", "nowhere")
    assert status == 2
    assert "cannot compare with 'nowhere'" in said
    assert "BASE=" in said
