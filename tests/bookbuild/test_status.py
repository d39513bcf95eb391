"""What is said of the pages: on the command line, on a page of the book, at the foot of each."""

import os
import re

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell

from bookbuild.book import Book, BookError
from bookbuild.site.status_page import foot_line, status_page


@pytest.fixture
def ran(book, record):
    """Make a book with a page that was run in full and recorded a number, and one run quick."""
    book.add("one", new_code_cell("seed = 7", metadata={"tags": ["parameters"]}), "x = 1")
    book.pretend(
        "one",
        {"c2": [record("steps", 15)]},
        seed="7",
        data={"auto": ["mnist", "ca67"]},
        provenance={
            "python": "3.11.7",
            "tensorflow": "2.21.0",
            "keras": "3.15.1",
            "cuda": "12.5.1",
            "cudnn": "9",
            "device": "GPU, H100",
        },
    )
    assert book.run("reference").returncode == 0
    book.add("two", "x = 1")
    book.pretend("two", parameters={"quick": True})
    return book


def section(book, name):
    """Return the table of a page on the status page, as a mapping."""
    text = status_page(Book.load(book.root)).partition(f"(run-of-chapters/{name})=")[2]
    rows = [line.strip("| ").split(" | ") for line in text.partition("\n(run-of")[0].splitlines()]
    return {row[0]: row[1] for row in rows if len(row) == 2}


def test_the_verb_names_state_and_reason(ran, monkeypatch):
    monkeypatch.setenv("RNN_UTILS_DATA", os.devnull)
    ran.add("three", "x = 1")
    lines = ran.run("status").stdout.splitlines()
    assert lines[0] == "chapters/one  stale: data moved: auto 'mnist' → 'none'"
    assert lines[1] == "chapters/two  stale: parameters moved: quick True → none"
    assert lines[2] == "chapters/three  stale: not yet run"


def test_the_verb_names_the_key_of_a_fresh_page(book):
    book.add("one", "x = 1")
    book.pretend("one")
    about_quick, line = book.run("status", "one", "--quick").stdout.splitlines()
    assert about_quick == "no page declares quick: --quick changes nothing"
    said = "chapters/one  fresh: full run of 2026-01-02T03:04:05+00:00, key "
    assert re.fullmatch(re.escape(said) + "[0-9a-f]{12}", line)


def test_the_verb_starts_nothing_and_always_succeeds(book):
    book.add("one", "x = 1")
    assert book.run("status").returncode == 0
    assert not book.executed("one").exists()


def test_the_page_says_how_each_page_was_run(ran):
    facts = section(ran, "one")
    assert facts.pop("freshness key").strip("`").isalnum()
    assert facts.pop("device")
    assert facts == {
        "what": "value",
        "result": "ran through, 1 numbers as expected",
        "run": "full, 2026-01-02T03:04:05+00:00",
        "seconds": "2.5",
        "peak memory": "3 MiB",
        "cores": "1",
        "Python": "3.11.7",
        "TensorFlow": "2.21.0",
        "Keras": "3.15.1",
        "CUDA": "12.5.1",
        "cuDNN": "9",
        "data": "mnist, SHA-256 `ca67`",
        "seed": "7",
        "parameters": "as written",
        "commit": "abc1234",
    }


def test_the_page_says_when_a_run_was_quick(ran):
    facts = section(ran, "two")
    assert facts["run"] == "quick, 2026-01-02T03:04:05+00:00"
    assert facts["parameters"] == "quick=True"
    assert facts["result"].endswith("not compared: it was run with quick=True")


def test_a_parameter_is_neither_markdown_nor_html(book):
    value = "`<script>alert(1)</script>` | *a*"
    book.add("one", new_code_cell("word = 'a'", metadata={"tags": ["parameters"]}), "x = 1")
    book.pretend("one", parameters={"word": value})
    page = MarkdownIt().enable("table").render(status_page(Book.load(book.root)))
    shown = BeautifulSoup(page, "html.parser")
    assert not shown.select("script, em")
    assert f"word={value!r}" in [cell.get_text() for cell in shown.find_all("td")]


def test_a_page_of_that_name_is_refused(ran):
    ran.add("three", "x = 1")
    (ran.root / "status.md").write_text("# Mine\n")
    with (ran.root / "_toc.yml").open("a") as file:
        file.write("  - file: status\n")
    with pytest.raises(BookError, match="a page of its own called status"):
        status_page(Book.load(ran.root))


def test_the_foot_of_a_page_leads_to_its_section(ran):
    folder = ran.executed("one").parents[1]
    line = foot_line(folder, "chapters/one", "../status.html")
    assert line.startswith("<p>A full run of 2026-01-02, 2 s on ")
    assert 'href="../status.html#run-of-chapters-one"' in line
    assert foot_line(folder, "intro", "status.html") == (
        '<p><a href="status.html">How the pages were run</a></p>'
    )
