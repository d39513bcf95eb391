"""Which pages there are, and which of them a change touches."""

import json
import shutil
import subprocess
import sys

import pytest

from bookbuild.__main__ import main
from bookbuild.book import Book, BookError
from bookbuild.site.build import JUPYTER_BOOK


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


def test_names_may_have_dots(book):
    for name in ("lstm_v1.1", "lstm_v1.2"):
        book.add(name, f"print('{name}')")
        book.pretend(name)
    pages = Book.load(book.root).notebooks
    assert [page.name for page in pages] == ["chapters/lstm_v1.1", "chapters/lstm_v1.2"]
    assert len({page.executed for page in pages} | {page.failed for page in pages}) == 4
    for page in pages:
        assert Book.load(book.root).select([page.source.stem]) == (page,)
        assert Book.load(book.root).select([page.source.name]) == (page,)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Numbers", "numbers"), ("größe", "gro\u0308ße"), ("STRASSE", "straße")],
)
def test_pages_that_some_systems_take_for_one_file_are_refused(book, one, other):
    book.add(one, "x = 1")
    book.add(other, "x = 1")
    with pytest.raises(BookError, match=r"would be one page of the site: rename one of them"):
        Book.load(book.root)


@pytest.mark.parametrize("name", ["search", "genindex", "index", "status", "404", "Search"])
def test_a_page_in_the_place_of_one_that_the_site_has_is_refused(book, name):
    (book.root / f"{name}.md").write_text("# Mine\n")
    with (book.root / "_toc.yml").open("a") as file:
        file.write(f"  - file: '{name}'\n")
    with pytest.raises(BookError, match=f"has a page of its own called {name}: rename yours"):
        Book.load(book.root)
    (book.root / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (book.root / "index.md").write_text("# First page\n")
    assert Book.load(book.root).pages[0].name == "index"


def test_two_files_of_one_page_are_refused(book):
    book.add("one", "x = 1")
    (book.root / "chapters" / "one.md").write_text("# One\n")
    with pytest.raises(BookError, match=r"may be one\.ipynb or one\.md: write the ending there"):
        Book.load(book.root)
    contents = book.root / "_toc.yml"
    contents.write_text(contents.read_text().replace("one", "one.ipynb"))
    assert [page.source.name for page in Book.load(book.root).pages] == ["intro.md", "one.ipynb"]
    with contents.open("a") as file:
        file.write("  - file: chapters/one.md\n")
    with pytest.raises(BookError, match=r"one\.ipynb and one\.md would be one page of the site"):
        Book.load(book.root)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../outside", r"names '\.\./outside': pages lie in the book"),
        ("chapters/../chapters/one", "pages lie in the book, so write no .. there"),
        ("chapters/one.IPYNB", "no other kind"),
        ("words.rst", "no other kind"),
        ("_build/one", "a folder of the build's or the site's own"),
    ],
)
def test_a_page_is_a_notebook_or_markdown_of_the_book(book, name, reason):
    book.add("one", "x = 1")
    for file in ("../outside.md", "chapters/one.IPYNB", "words.rst", "_build/one.ipynb"):
        (book.root / file).parent.mkdir(exist_ok=True)
        shutil.copy(book.source("one"), book.root / file)
    with (book.root / "_toc.yml").open("a") as file:
        file.write(f"  - file: {name}\n")
    with pytest.raises(BookError, match=reason):
        Book.load(book.root)


def test_a_name_that_two_chapters_have_is_not_guessed(book):
    book.add("one", "x = 1")
    (book.root / "more").mkdir()
    shutil.copy(book.source("one"), book.root / "more" / "one.ipynb")
    with (book.root / "_toc.yml").open("a") as file:
        file.write("  - file: more/one\n")
    loaded = Book.load(book.root)
    with pytest.raises(BookError, match=r"'one' .* say which: chapters/one, more/one"):
        loaded.select(["one"])
    assert [page.name for page in loaded.select(["more/one"])] == ["more/one"]


def test_a_text_page_may_show_how_code_is_asked_for(book):
    book.add("one", "x = 1")
    shown = "````\n```{code-cell}\nprint(1)\n```\n````\n"
    (book.root / "intro.md").write_text(f"# Intro\n\nWrite `{{code-cell}}`:\n\n{shown}")
    assert len(Book.load(book.root).pages) == 2


@pytest.mark.parametrize("fence", ["```", ":::", "~~~~"])
def test_code_of_a_text_page_would_never_run(book, fence):
    book.add("one", "x = 1")
    (book.root / "intro.md").write_text(f"# Intro\n\n{fence}{{code-cell}}\nprint(1)\n{fence}\n")
    with pytest.raises(BookError, match=r"intro\.md has a \{code-cell\}.* \(\.ipynb\)"):
        Book.load(book.root)


@pytest.mark.parametrize("start", ["import bookbuild.__main__", JUPYTER_BOOK.replace("main()", "")])
def test_a_program_starts_without_what_takes_a_second(start):
    code = f"{start}\nimport nbformat, sys\nsys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
