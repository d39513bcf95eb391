"""What the site shows beside its pages: numbers, pictures and links taken from the runs."""

import io

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from bookbuild.running.run_record import RunRecord, attach
from bookbuild.site.address import Address
from bookbuild.site.page_bar import page_bar

PREFIX = "application/papermill.record/"
FIGURE = '<img alt="A line." src="data:image/svg+xml;base64,PHN2Zy8+">'


def recorded(name, value):
    metadata = {"scrapbook": {"name": name, "mime_prefix": PREFIX}}
    return new_output("display_data", {PREFIX + "text/plain": value}, metadata=metadata)


RUN = [
    recorded("accuracy", "0.95836"),
    recorded("error", "0.00123"),
    recorded("parameters", "5834"),
    recorded("losses", "[0.1, 0.2]"),
]
CONFIG = {
    "extensions": ["myst_parser", "bookbuild.site.sphinx_extension"],
    "myst_enable_extensions": ["colon_fence"],
    "html_theme": "basic",
}


@pytest.fixture
def shown(tmp_path):
    """Return a function: from a front page in Markdown to what is seen, and the complaints."""

    def built(front_page, outputs=RUN, **run):
        (tmp_path / "chapters").mkdir()
        (tmp_path / "index.md").write_text(f"# Front\n\n{front_page}\n")
        page = new_notebook(cells=[new_code_cell("", id="figure", outputs=list(outputs))])
        nothing = dict.fromkeys(RunRecord.__annotations__, "") | {"parameters": {}, "data": {}}
        attach(RunRecord(**(nothing | run)), page)
        nbformat.write(page, tmp_path / "chapters" / "one.ipynb")
        complaints = io.StringIO()
        folders = [tmp_path, None, tmp_path / "out", tmp_path / "trees"]
        with docutils_namespace():
            app = Sphinx(*folders, "html", CONFIG, status=None, warning=complaints)
            app.build()
        return app.env.get_doctree("index").astext(), complaints.getvalue()

    return built


TABLE = """:::{results} chapters/one
| network | accuracy | parameters |
|---|---:|---:|
| basic | `accuracy:.3f` ± `error:.3f` | `parameters:,` |
:::"""


def test_a_table_of_results_has_the_recorded_numbers(shown):
    text, complaints = shown(TABLE)
    assert text.split()[-5:] == ["basic", "0.958", "±", "0.001", "5,834"]
    assert "ERROR" not in complaints


def test_a_number_that_was_not_recorded_fails_the_build(shown):
    _, complaints = shown(TABLE.replace("`accuracy:", "`acuracy:"))
    assert "ERROR: chapters/one recorded no 'acuracy' for this table" in complaints
    assert "it recorded accuracy" in complaints


@pytest.mark.parametrize("wanted", ["losses:.3f", "accuracy:d"])
def test_a_number_that_cannot_be_written_so_fails_the_build(shown, wanted):
    _, complaints = shown(TABLE.replace("accuracy:.3f", wanted))
    assert f"ERROR: '{wanted}' of chapters/one cannot be written so" in complaints


def test_a_page_that_does_not_exist_fails_the_build(shown):
    _, complaints = shown(TABLE.replace("chapters/one", "chapters/two"))
    assert "chapters/two.ipynb is not a readable notebook" in complaints


@pytest.mark.parametrize(
    ("run", "what"),
    [
        ({"parameters": {"quick": True}}, "was run with quick=True"),
        ({"data": {"auto": ["mnist-5k", "0"]}}, "was run on the small data set"),
    ],
)
def test_numbers_of_an_unusual_run_are_said_to_be(shown, run, what):
    text, _ = shown(TABLE, **run)
    assert f"The page that recorded these numbers {what}." in text


def test_a_picture_of_a_page_is_shown_with_its_caption(shown):
    figure = new_output("display_data", {"text/html": FIGURE})
    text, complaints = shown(":::{picture} chapters/one figure\nA caption.\n:::", [figure])
    assert "A caption." in text
    assert "ERROR" not in complaints


def test_a_picture_that_is_not_there_fails_the_build(shown):
    _, complaints = shown(":::{picture} chapters/one figure\n:::")
    assert "ERROR: chapters/one shows no figure in a cell 'figure'" in complaints


def test_the_line_below_a_title_leads_to_the_address_if_there_is_one():
    page = ("chapters/04_lstm.ipynb", "../_sources/chapters/04_lstm.ipynb")
    without = page_bar(*page, None)
    assert "https" not in without
    assert "make pages CHAPTER=04_lstm" in without
    address = Address("someone", "fork")
    bar = page_bar(*page, address)
    for there in (address.colab(page[0]), address.binder(page[0])):
        assert f'href="{there}"' in bar
    assert "github.com/someone/fork/issues/new?title=A%20mistake%20in%20chapters%2F04_lstm" in bar


def test_a_page_that_is_no_notebook_can_only_have_a_mistake_reported():
    assert page_bar("intro.md", "_sources/intro.md", None) == ""
    bar = page_bar("intro.md", "_sources/intro.md", Address("someone", "fork"))
    assert bar.count("href") == bar.count("issues/new") == 1
