"""The site is built from pages that passed, or the one before it stays as it was."""

import shutil
import subprocess
from base64 import b64decode
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_markdown_cell, new_output

from bookbuild.book import Book
from bookbuild.files import sole_use, write_text
from bookbuild.site import build
from bookbuild.site.build import MARK, swap
from bookbuild.site.external_loads import external_loads
from bookbuild.site.local_files import files_of_config, files_of_page

DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
ALT_FIGURE = '<img alt="a dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'


def shown(html):
    return new_output("display_data", data={"text/html": html})


def make_ready(book):
    """Give a book one page that was run, and an earlier site."""
    book.add("one", "x = 1")
    book.pretend("one", {"c1": [shown(ALT_FIGURE)]})
    (book.root / "_build" / "html").mkdir()
    (book.root / "_build" / "html" / "index.html").write_text("earlier")
    return book


@pytest.fixture
def ready(book):
    """Make a book with one page that was run, and an earlier site."""
    return make_ready(book)


@dataclass
class Built:
    """A book whose site was built, what was said, and what then lay in its build folder."""

    book: Any
    said: str
    left: list[str]

    @property
    def site(self):
        return self.book.root / "_build" / "html"


@pytest.fixture(scope="module")
def built(shared_book, record):
    """Build the site of a book with files of all kinds, where an earlier one was."""
    book = make_ready(shared_book)
    book.pretend("one", {"c1": [shown(ALT_FIGURE), record("a", 0.9)]})
    names = ("cell.png", "wide.png", "included.png", "logo.png", "icon.png", "ein Bär.png")
    for name in (*names, "raw.png", "../raw too.png"):
        (book.root / "chapters" / name).write_bytes(b64decode(DOT))
    (book.root / "chapters" / "data.csv").write_text("a,b\n")
    (book.root / "chapters" / "part.md").write_text("Included: ![an included dot](included.png)\n")
    (book.root / "chapters" / "words.md").write_text(
        "# Words\n\n```{figure} wide.png\n:alt: a wide dot\n```\n\n```{include} part.md\n```\n\n"
        "{download}`the data <data.csv>`\n\n![a bear](<ein Bär.png>)\n\n"
        "<img alt='raw' src='raw.png'> <a href='data.csv'>raw data</a>\n\n"
        "<img alt='raw too' srcset='../raw%20too.png 1x'>\n"
    )
    (book.root / "chapters" / "other.md").write_text("# Named as other.md, and no page\n")
    (book.root / "figures").mkdir()
    (book.root / "figures" / "page.md").write_text("# A page\n\n![nine points](nine.svg)\n")
    (book.root / "figures" / "nine.svg").write_text(PICTURE)
    with (book.root / "_toc.yml").open("a") as file:
        file.write("  - file: chapters/words\n  - file: figures/page\n")
    with (book.root / "_config.yml").open("a") as file:
        file.write("    html_favicon: chapters/icon.png\nlogo: chapters/logo.png\n")
    pasted = new_markdown_cell("![a pasted dot](attachment:my%20dot.png)", id="pasted")
    pasted["attachments"] = {"my dot.png": {"image/png": DOT}}
    shown_in_cell = new_markdown_cell("![a dot in a cell](cell.png)", id="shown")
    book.edit(book.source("one"), lambda page: page["cells"].extend([pasted, shown_in_cell]))
    done = book.run("html")
    assert done.returncode == 0, done.stdout
    left = sorted(path.name for path in (book.root / "_build").iterdir())
    return Built(book, done.stdout, left)


def earlier_site_stands(book):
    site = book.root / "_build" / "html"
    names = [path.name for path in site.iterdir()]
    return names == ["index.html"] and (site / "index.html").read_text() == "earlier"


def test_a_site_takes_the_place_of_the_one_before_it(built):
    assert "a dot" in (built.site / "chapters" / "one.html").read_text()
    assert (built.site / "_static" / "mathjax").is_dir()
    assert "the site is _build/html/index.html" in built.said
    foot = (built.site / "chapters" / "one.html").read_text().partition('class="extra_footer"')[2]
    assert 'href="../status.html#run-of-chapters-one"' in foot
    assert 'id="run-of-chapters-one"' in (built.site / "status.html").read_text()
    assert 'href="status.html"' in (built.site / "intro.html").read_text()
    assert built.left == [".lock", "executed", "html", "html.log"]


def test_recorded_numbers_raise_no_warning(built):
    assert "papermill.record" in built.book.executed("one").read_text()
    assert "WARNING" not in (built.book.root / "_build" / "html.log").read_text()


def test_a_markdown_page_brings_its_images(built, monkeypatch):
    assert 'alt="nine points"' in (built.site / "figures" / "page.html").read_text()
    assert (built.site / "_images" / "nine.svg").read_text() == PICTURE
    monkeypatch.setattr(build, "_build", lambda *arguments: ["it would be built"])
    picture = built.book.root / "figures" / "nine.svg"
    for text, said in (
        (PICTURE.replace("9", "8"), "it would be built"),
        (PICTURE, "the site is up to date"),
    ):
        picture.write_text(text)
        assert said in built.book.run("html").stdout


def test_a_site_is_made_again_only_when_something_moved(built):
    index = built.site / "index.html"
    made = index.stat().st_mtime_ns
    done = built.book.run("html")
    assert done.returncode == 0
    assert "the site is up to date" in done.stdout
    assert index.stat().st_mtime_ns == made
    (built.book.root / "intro.md").write_text("# Mended\n")
    assert "building the site" in built.book.run("html").stdout
    assert "Mended" in (built.site / "intro.html").read_text()


def test_a_build_waits_for_one_that_is_left_behind(built):
    folder = built.book.root / "_build"
    holder = subprocess.Popen(["sleep", "60"], pass_fds=[(lock := sole_use(folder)).__enter__()])
    lock.__exit__(None, None, None)
    waiting = subprocess.Popen(
        [*built.book.command, "html"], stdout=subprocess.PIPE, text=True, cwd=built.book.root
    )
    assert waiting.stdout.readline() == f"waiting for another bookbuild at work in {folder}\n"
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.communicate(timeout=0.5)
    holder.kill()
    out, _ = waiting.communicate()
    assert waiting.returncode == 0
    assert "the site is up to date" in out


def test_a_page_that_fails_the_gate_stops_the_build(ready):
    ready.edit(ready.source("one"), lambda n: n["cells"][1].update(source="x = 2"))
    done = ready.run("html")
    assert done.returncode == 1
    assert "the code was edited after the page was run" in done.stdout
    assert earlier_site_stands(ready)


def test_a_warning_stops_the_build_each_time_and_is_shown(ready):
    (ready.root / "intro.md").write_text("# Tiny\n\n[nowhere](chapters/none.md)\n")
    for _ in range(2):
        done = ready.run("html")
        assert done.returncode == 1
        assert "WARNING" in done.stdout
        assert "chapters/none.md" in done.stdout
        assert "html.log" in done.stdout
        assert earlier_site_stands(ready)


def test_what_another_host_has_or_nobody_stops_the_build(ready):
    far = '<img alt="a dot" src="https://elsewhere.example/a.png">'
    missing = (
        '<img src="none.png" alt="x"> <a href="none.html#a">x</a> <img src="/one.png" alt="x">'
    )
    here = '<a href="one.html">y</a>'
    ready.pretend("one", {"c1": [shown(ALT_FIGURE + far + missing + here)]})
    done = ready.run("html")
    assert done.returncode == 1
    assert "chapters/one.html loads https://elsewhere.example/a.png" in done.stdout
    for address in ("none.png", "none.html#a", "/one.png"):
        assert f"chapters/one.html leads to {address}: there is no such file" in done.stdout
    assert "leads to one.html" not in done.stdout
    assert earlier_site_stands(ready)


def test_a_bibliography_that_is_missing_gets_a_message(ready):
    with (ready.root / "_config.yml").open("a") as file:
        file.write("bibtex_bibfiles: chapters/none.bib\n")
    done = ready.run("html")
    assert done.returncode == 2
    assert "names the bibliography chapters/none.bib" in done.stderr
    assert earlier_site_stands(ready)


@pytest.mark.parametrize(
    ("text", "message"), [("- a\n", "holds a list"), ("a: [\n", "cannot be read")]
)
def test_a_configuration_that_is_none_gets_a_message(ready, text, message):
    (ready.root / "_config.yml").write_text(text)
    done = ready.run("html")
    assert done.returncode == 2
    assert f"_config.yml {message}" in done.stderr
    assert earlier_site_stands(ready)


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://e.example/a.js"></script>',
        '<script src="//e.example/a.js"></script>',
        '<script type="module">import a from "https://e.example/a.js"</script>',
        '<link rel="stylesheet" href="https://e.example/a.css">',
        '<link rel="preconnect" href="https://e.example">',
        '<img src="https://e.example/a.png">',
        '<img src="a.png" srcset="a.png 1x, https://e.example/b.png 2x">',
        '<iframe src="https://e.example/"></iframe>',
        '<object data="https://e.example/a"></object>',
        '<p style="background: url(https://e.example/a.png)"></p>',
        "<style>@import 'https://e.example/a.css';</style>",
    ],
)
def test_each_way_to_load_from_elsewhere_is_seen(tmp_path, html):
    (tmp_path / "a.html").write_text(f"<html><body>{html}</body></html>")
    assert [address.partition("e.example")[1] for _, address in external_loads(tmp_path)] == [
        "e.example"
    ]


def test_a_style_sheet_that_loads_from_elsewhere_is_seen(tmp_path):
    (tmp_path / "a.css").write_text('@import url("https://e.example/b.css"); a { color: red }')
    assert [address for _, address in external_loads(tmp_path)] == ["https://e.example/b.css"]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://e.example/">read more</a>',
        '<link rel="canonical" href="https://e.example/">',
        '<img src="data:image/svg+xml;base64,PHN2Zy8+" srcset="data:image/png;base64,AA==">',
        '<script src="_static/a.js"></script>',
        '<script type="application/json">{"from": "https://e.example/"}</script>',
        '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a"/></svg>',
        '<pre><code>&lt;img src="https://e.example/a.png"&gt;</code></pre>',
        '<p style="background: url(a.png)"></p>',
    ],
)
def test_links_and_what_the_site_carries_are_no_loads(tmp_path, html):
    (tmp_path / "a.html").write_text(f"<html><body>{html}</body></html>")
    assert list(external_loads(tmp_path)) == []


def test_a_swap_that_fails_puts_the_earlier_site_back(tmp_path):
    site = tmp_path / "html"
    site.mkdir()
    (site / "index.html").write_text("earlier")
    with pytest.raises(OSError):
        swap(tmp_path / "does-not-exist", site)
    assert (site / "index.html").read_text() == "earlier"


WORDS = ["a wide dot", "a bear", "raw"]


def test_a_page_brings_what_it_shows_includes_and_offers(built):
    """Images, downloads, included texts and what those show, pasted images, logo and icon."""
    site = built.site
    for page, alts in {"one": ["a pasted dot", "a dot in a cell"], "words": WORDS}.items():
        html = BeautifulSoup((site / "chapters" / f"{page}.html").read_text(), "html.parser")
        for alt in alts:
            image = html.find("img", alt=alt)
            assert (site / "chapters" / unquote(image["src"])).read_bytes() == b64decode(DOT)
    assert "an included dot" in str(html)
    assert (site / "chapters" / "data.csv").read_text() == "a,b\n"
    assert (site / "raw too.png").exists()
    assert not (site / "chapters" / "part.html").exists()
    assert (site / "chapters" / html.find("a", class_="download")["href"]).read_text() == "a,b\n"
    assert "logo.png" in str(html)
    assert "icon.png" in str(html.head)


NAMING = [
    "![x](a%20b.png)",
    "![x](<./a b.png>)",
    "![x][r]\n\n> [r]: <a b.png>",
    "![x](a b\\.png)",
    "![x](/chapters/a b.png)",
    "![x](../chapters/a b.png)",
    "<img src=a&#32;b.png>",
    "<IMG SRC='a b.png'>",
    "<img srcset='a%20b.png 2x'>",
    "> ```{figure} a b.png\n> ```",
    "```{ image } a b.*\n```",
    "```{card}\n---\nimg-top: a b.png\n---\n```",
    "[^1]: ![x](<a b.png>)",
    "[x](path:a%20b.png)",
    "```{eval-rst}\n.. image:: a b.png\n```",
    "{download}`a\nfile <a b.png>`",
    "![hidden](.hidden/a b.png)",
    "![round about](up/chapters/a b.png)",
]


@pytest.mark.parametrize("text", NAMING)
def test_a_file_is_the_pages_however_it_is_named(tmp_path, text):
    for name in ("a b.png", "bb.png", "c/a b.png", ".hidden/a b.png", "_build/a b.png"):
        (tmp_path / "chapters" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "chapters" / name).write_text("x")
    (tmp_path / "chapters" / "up").symlink_to(tmp_path)
    found = list(files_of_page(text, tmp_path / "chapters", tmp_path))
    assert found == [tmp_path / "chapters" / "a b.png"]


@pytest.mark.parametrize(
    "text",
    [
        "[a page](https://example.org/data.csv) ![far](//host/data.csv)",
        "![out](../../outside.png) ![root](/../outside.png)",
        f'<img src="data:image/png;base64,{DOT * 9}">',
        "[nothing](missing.csv) [itself](#part) [folder](chapters)",
        f"![long]({'ж' * 200}.png) [odd](http://[::1) <img src='a\0b'>",
    ],
)
def test_what_is_no_file_of_the_book_is_not_taken(tmp_path, text):
    root = tmp_path / "book"
    (root / "chapters").mkdir(parents=True)
    (tmp_path / "outside.png").write_text("secret")
    assert list(files_of_page(text, root / "chapters", root)) == []


def test_a_site_that_is_a_link_is_filled_where_it_points(tmp_path):
    site, elsewhere = tmp_path / "html", tmp_path / "elsewhere"
    site.symlink_to(elsewhere)  # which is not there yet
    for number, names in enumerate([["index.html", "old/page.html"], ["index.html"]]):
        new = tmp_path / f"new{number}"
        for name in [MARK, *names]:
            write_text(f"{name} of {number}", new / name)
        swap(new, site)
        assert site.is_symlink()
        there = {path.relative_to(elsewhere).as_posix() for path in elsewhere.rglob("*.html")}
        assert there == set(names)
        assert (site / "index.html").read_text() == f"index.html of {number}"
        assert (site / MARK).read_text() == f"{MARK} of {number}"
    assert not (elsewhere / "old").exists()


def test_a_long_text_in_the_configuration_is_no_file(ready):
    with (ready.root / "_config.yml").open("a") as file:
        file.write(f"description: {'ж' * 200}\n")
    assert list(files_of_config(Book.load(ready.root))) == []


def test_extensions_of_the_books_own_are_part_of_it(ready):
    (ready.root / "_ext").mkdir()
    with (ready.root / "_config.yml").open("a") as file:
        file.write("  local_extensions:\n    shout: _ext/\n    whisper: _ext\n")
    assert set(files_of_config(Book.load(ready.root))) == {ready.root / "_ext"}


def test_a_file_in_the_place_of_the_site_gets_a_message(ready):
    site = ready.root / "_build" / "html"
    shutil.rmtree(site)
    site.write_text("mine")
    done = ready.run("html")
    assert done.returncode == 2
    assert "is a file, and the site a folder: remove it" in done.stderr
    assert site.read_text() == "mine"
