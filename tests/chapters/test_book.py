"""The whole book in quick mode: run, checked, built, and opened in a browser."""

import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from bookbuild.book import Book

PARTS = (
    "_config.yml",
    "_toc.yml",
    "_static",
    "_templates",
    "intro.md",
    "references.md",
    "chapters",
    "benchmarks/results",
)
RECORD = "application/papermill.record/text/plain"
ADDRESS = "https://github.com/someone/fork"


def bookbuild(folder, *arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "bookbuild", "--book", folder, *arguments],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def copy_book(root, folder):
    """Copy the book without rnn_utils: its pages must find the installed one."""
    for part in PARTS:
        if (root / part).is_dir():
            shutil.copytree(root / part, folder / part)
        else:
            shutil.copy(root / part, folder / part)
    return folder


@pytest.fixture(scope="module")
def book(root, tmp_path_factory):
    """Return a folder where the book was given an address, run in quick mode, checked and built."""
    folder = copy_book(root, tmp_path_factory.mktemp("book"))
    for verb in (["repository", ADDRESS], ["execute", "--quick"], ["check"], ["html"]):
        done = bookbuild(folder, *verb)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def executed(folder):
    return {
        path.stem: nbformat.read(path, as_version=4)
        for path in sorted((folder / "_build" / "executed").rglob("*.ipynb"))
    }


def records(notebook):
    """Return the numbers that a page recorded."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name:
                found[name] = json.loads(output.data[RECORD])
    return found


def said(notebook):
    """Return what the cells of a page printed or displayed as text."""
    return "\n".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


def test_every_page_ran_and_recorded_its_numbers(book):
    pages = executed(book)
    assert set(pages) == {path.stem for path in (book / "chapters").glob("*.ipynb")}
    for name, page in pages.items():
        assert records(page), f"{name} recorded no number"
        assert page.metadata["bookbuild"]["parameters"] == {"quick": True}


def test_numpy_agrees_with_keras_on_every_page(book):
    differences = {
        f"{page}: {name}": value
        for page, notebook in executed(book).items()
        for name, value in records(notebook).items()
        if name.startswith("numpy_keras_difference")
    }
    assert differences
    assert all(value < 2e-5 for value in differences.values()), differences


def test_every_page_of_the_site_holds_its_figures(book):
    for name, notebook in executed(book).items():
        outputs = [cell.get("outputs", []) for cell in notebook.cells]
        figures = str(outputs).count("data:image/svg+xml")
        assert figures > 0
        shown = (book / "_build" / "html" / "chapters" / f"{name}.html").read_text()
        assert len(re.findall(r'<img [^>]*src="\.\./_images/\w+\.svg"', shown)) >= figures


def test_an_address_brings_cards_a_site_map_and_a_404_page(book):
    site = book / "_build" / "html"
    base = "https://someone.github.io/fork/"
    pages = re.findall(f"<loc>{base}([^<]+)</loc>", (site / "sitemap.xml").read_text())
    assert {"intro.html", "chapters/04_lstm.html"} <= set(pages)
    assert not {"404.html", "search.html", "genindex.html"} & set(pages)
    assert 'href="/fork/_static/book.css' in (site / "404.html").read_text()
    for page in Book.load(book).pages:
        html = (site / f"{page.name}.html").read_text()
        (card,) = re.findall(f'<meta content="{base}([^"]+)" property="og:image"', html)
        assert (site / card).read_bytes().startswith(b"\x89PNG")
        assert 'property="og:description"' in html


def test_every_launch_button_opens_a_page_that_git_tracks(root, book):
    listing = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True)
    tracked = set(listing.stdout.split())
    for page in Book.load(root).pages:
        html = (book / "_build" / "html" / f"{page.name}.html").read_text()
        colab = re.findall(r'"https://colab\.research\.google\.com/github/([^"]+)"', html)
        binder = re.findall(r'"https://mybinder\.org/v2/gh/([^"]+)"', html)
        path = f"{page.name}.ipynb"
        if page.is_notebook:
            assert path in tracked
            assert colab == [f"someone/fork/blob/main/{path}"]
            assert binder == [f"someone/fork/main?urlpath=lab/tree/{path}"]
        else:
            assert colab == binder == [], f"{page.name} cannot be opened there"


def test_the_site_holds_up_in_a_browser(root, book):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/site"],
        cwd=root,
        env={**os.environ, "RNN_BOOK_SITE": str(book / "_build" / "html")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    if not re.search(r"\d+ passed", done.stdout):
        pytest.skip(done.stdout.strip().splitlines()[-1])


def test_parameters_reach_the_page_and_the_small_set_is_announced(root, tmp_path):
    folder = copy_book(root, tmp_path)
    values = {"seed": 3, "iterations": 20}
    done = bookbuild(
        folder,
        "execute",
        "01_basic_rnn",
        "--quick",
        *[word for name, value in values.items() for word in ("-p", name, str(value))],
        RNN_UTILS_DATA="",
        RNN_UTILS_CACHE=str(tmp_path / "no-cache"),
        RNN_UTILS_OFFLINE="1",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = executed(folder)["01_basic_rnn"]
    assert page.metadata["bookbuild"]["parameters"] == {"quick": True, **values}
    assert "20/20" in said(page)
    assert "4,000 + 1,000 digits of MNIST" in said(page)
    assert "RNN_UTILS_OFFLINE" in said(page)
