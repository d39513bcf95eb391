"""What the gate asks of a page that ran, and of the source that an author commits.

Each rule is one function. It yields what it finds wrong, and nothing when all is well.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from nbformat import NotebookNode

from bookbuild.checking.active_content import active_content, active_markdown, active_svg
from bookbuild.checking.prose import prose_of, uneven_rows
from bookbuild.notebooks import VOLATILE_CELL_METADATA, VOLATILE_NOTEBOOK_METADATA, has_id

MOST_DIGITS = 6  # significant ones that a fraction in a sentence may have
FRACTION = re.compile(r"(?<![\w.])\d[\d,]*\.\d+(?![\w.]*\.\d)")
NOT_FINITE = re.compile(r"(?<![\w\\])[-−]?(nan|inf)\b", re.I)
PYTHON = re.compile(
    r"""<[\w. ]+\bat\s0x[0-9a-f]+>      # an object without a text of its own
    | \b(np|tf|numpy)\.\w+\(          # np.float64(0.5)
    | \b\w+\(\w+=[^=]                 # Lead(points=0.5
    | \barray\(\[ | \bdtype=
    | [\[{]["']\w[^"'\n]*["']\s*[:,\]}]  # ['a'] and {'a': 1}
    | \('\w[^'\n]*'\s*[,)]              # ('a', 1)
    | \b\d+(\.\d+)?e[-+]\d\d+\b          # 1.4e-05
    | \b[A-Z][a-z]\w*(Error|Exception|Warning)\b
    """,
    re.VERBOSE,
)
MATH = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
CONFLICT = re.compile(r"^(?:<{7}|>{7}) .*", re.MULTILINE)
PROGRESS_BAR = re.compile(r"\d+%\|.*\||\d(it/s|s/it)\b|\dit \[")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]|\r(?!\n)")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
TEXT_TYPES = ("text/html", "text/markdown", "text/latex", "text/plain", "application/javascript")
RECORD = "application/papermill.record/"  # a number, which is not shown
WIDGET = "application/vnd.jupyter.widget-view+json"
NOTHING_ACTIVE = "show text, a table or a figure; scripts: only the player's and the explorer's"


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a notebook: in which cell (none: the whole page), what, and the remedy."""

    cell: NotebookNode | None
    what: str
    remedy: str


Rule = Callable[[NotebookNode], Iterator[Fault]]

PAGE_RULES: list[Rule] = []
SOURCE_RULES: list[Rule] = []


def page_rule(rule: Rule) -> Rule:
    """Register a rule on a page with its outputs."""
    PAGE_RULES.append(rule)
    return rule


def source_rule(rule: Rule) -> Rule:
    """Register a rule on a source as it stands in its file."""
    SOURCE_RULES.append(rule)
    return rule


@page_rule
def every_cell_ran_in_order(page: NotebookNode) -> Iterator[Fault]:
    """Expect one run of a fresh kernel, first cell to last."""
    ran = [c for c in page.cells if c.cell_type == "code" and c.source.strip()]
    for expected, cell in enumerate(ran, start=1):
        count = cell.execution_count
        if count is None:
            what = "the cell did not run"
        elif count != expected:
            what = f"the cell ran as number {count}, not as number {expected}"
        else:
            continue
        yield Fault(cell, what, "run the whole page: python -m bookbuild execute")
        return


@page_rule
def no_error(page: NotebookNode) -> Iterator[Fault]:
    """No traceback is published."""
    for cell, output in _outputs(page):
        if output.output_type == "error":
            yield Fault(
                cell,
                f"an error is on the page: {output.ename}: {output.evalue}",
                "mend the cell, or catch the exception where it is the lesson",
            )


@page_rule
def no_stderr(page: NotebookNode) -> Iterator[Fault]:
    """No warning, log line or debris of a progress bar is published."""
    for cell, output in _outputs(page):
        if output.output_type == "stream" and output.name == "stderr":
            line = next(iter(output.text.strip().splitlines()), "")
            remedy = "find the cause and remove it there"
            if PROGRESS_BAR.search(output.text):
                remedy = (
                    "give the bar to the page: tqdm(..., file=progress_stream()), from "
                    "rnn_utils.page.progress"
                )
            yield Fault(cell, f"stderr is on the page: {line[:80]!r}", remedy)


@page_rule
def no_terminal_control(page: NotebookNode) -> Iterator[Fault]:
    """Of what controls a terminal only colours mean something on a page, and bytes mean nothing."""
    for cell, output in _outputs(page):
        data = output.get("data", {}).items()
        texts = [output.get("text", ""), *(text for kind, text in data if kind.startswith("text/"))]
        for found in CONTROL.finditer(COLOUR.sub("", "".join(texts))):
            yield Fault(
                cell,
                f"{found[0]!r} is on the page, which is no text: it controls a terminal, or stands "
                "for bytes that are not UTF-8",
                "print plain text, bytes decoded; a bar that redraws itself takes "
                "progress_stream() as its file",
            )
            break


@page_rule
def every_output_can_be_shown(page: NotebookNode) -> Iterator[Fault]:
    """No widget, since a page has no kernel to move it, and no format of one program alone."""
    for cell, output in _outputs(page):
        kinds = [kind for kind in output.get("data", {}) if not kind.startswith(RECORD)]
        if WIDGET in kinds:
            what = "a widget is on the page, which does nothing without a kernel"
            yield Fault(cell, what, "show a figure for each value, or text without a widget")
        elif kinds and not any(kind in IMAGE_TYPES + TEXT_TYPES for kind in kinds):
            yield Fault(
                cell, f"no page can show an output of the type {kinds[0]}", "show HTML or an image"
            )


@page_rule
def every_figure_has_alt_text(page: NotebookNode) -> Iterator[Fault]:
    """Whoever cannot see a figure reads what it shows."""
    for cell in page.cells:
        if cell.cell_type == "markdown":
            yield from _images_without_alt(cell, MarkdownIt().render(cell.source))
    for cell, output in _outputs(page):
        data = output.get("data", {})
        # Of an output in several formats MyST-NB shows one, and chooses it in this order.
        if "text/html" in data:
            yield from _images_without_alt(cell, data["text/html"])
        elif any(kind in data for kind in IMAGE_TYPES):
            if not _alt_in_metadata(cell):
                yield Fault(
                    cell,
                    "a figure has no alt text",
                    "show it with rnn_utils.show(figure, alt), and close it before the cell ends",
                )
        elif "text/markdown" in data:
            yield from _images_without_alt(cell, MarkdownIt().render(data["text/markdown"]))


@page_rule
def a_page_has_one_title(page: NotebookNode) -> Iterator[Fault]:
    """Give a page one title: below a second one, the contents lose the pages of a part."""
    cells = [cell for cell in page.cells if cell.cell_type == "markdown"]
    titled = [
        cell for cell in cells for each in MarkdownIt().parse(cell.source) if each.tag == "h1"
    ]
    for cell in titled[2:3]:  # a heading opens and closes
        yield Fault(cell, "a second title is on the page", "begin its parts with ##")


@page_rule
def no_number_has_too_many_digits(page: NotebookNode) -> Iterator[Fault]:
    """Nobody reads seventeen digits: a value was put into the text as it came."""
    for cell, text in _markdown(page):
        for fraction in FRACTION.findall(prose_of(text)):
            if len(fraction.replace(",", "").replace(".", "").lstrip("0")) > MOST_DIGITS:
                yield Fault(
                    cell, f"the text says {fraction}", "format the number, such as {value:.3f}"
                )


@page_rule
def every_number_is_one(page: NotebookNode) -> Iterator[Fault]:
    """Expect numbers: what is none is no result."""
    for cell, text in _markdown(page):
        for found in NOT_FINITE.finditer(prose_of(text)):
            yield Fault(
                cell,
                f"the text says {found[0]}",
                "find out where it comes from; where it is meant, write *not a number* or `nan`",
            )


@page_rule
def no_python_in_sentences(page: NotebookNode) -> Iterator[Fault]:
    """No object of Python, and no name of an exception, stands in a sentence."""
    for cell, text in _markdown(page):
        for found in PYTHON.finditer(MATH.sub("", prose_of(text))):
            yield Fault(
                cell,
                f"the text holds Python: {found[0]}",
                "format the value; put code and names of exceptions between backticks",
            )


@page_rule
def rows_match_their_head(page: NotebookNode) -> Iterator[Fault]:
    """Markdown drops the columns that a table's head does not have, and says nothing."""
    for cell, text in _markdown(page):
        for row, columns, wanted in uneven_rows(text):
            yield Fault(
                cell,
                f"a row of a table has {columns} columns, its head has {wanted}: {row.strip()}",
                "give the row as many columns; a bar inside a column is written \\|",
            )


@page_rule
def nothing_is_left_to_merge(page: NotebookNode) -> Iterator[Fault]:
    """Only one side of a merge is meant, and git leaves both."""
    for cell, text in _markdown(page):
        for found in CONFLICT.finditer(text):
            yield Fault(cell, f"git left a conflict on the page: {found[0]}", "choose a side")


@page_rule
def nothing_runs_in_the_browser(page: NotebookNode) -> Iterator[Fault]:
    """Only the book's own scripts run on a page: its policy would silently stop any other."""
    for cell, output in _outputs(page):
        data = output.get("data", {})
        if "application/javascript" in data:
            yield Fault(cell, "an output is a script", NOTHING_ACTIVE)
        found = [*active_content(data.get("text/html", ""))]
        for what in [*found, *active_svg(data.get("image/svg+xml", "").encode())]:
            said = f"an output would run in the reader's browser: {what}"
            yield Fault(cell, said, NOTHING_ACTIVE)
    for cell, text in _markdown(page):
        yield from nothing_in_a_text_runs(text, cell)


def nothing_in_a_text_runs(text: str, cell: NotebookNode | None = None) -> Iterator[Fault]:
    """Expect the same of a text: a cell of Markdown, or the whole of a page without code."""
    for what in active_markdown(text):
        yield Fault(cell, f"the text would run in the reader's browser: {what}", NOTHING_ACTIVE)


@source_rule
def no_outputs(source: NotebookNode) -> Iterator[Fault]:
    """Keep outputs out of sources: they live under ``_build/`` alone."""
    for cell in source.cells:
        if cell.get("outputs"):
            yield Fault(cell, "an output is stored in the source", _FIX)


@source_rule
def no_execution_counts(source: NotebookNode) -> Iterator[Fault]:
    """Keep counts out of sources: traces of a run, and noise in every diff."""
    for cell in source.cells:
        if cell.get("execution_count") is not None:
            yield Fault(cell, f"execution count {cell.execution_count} is stored", _FIX)


@source_rule
def no_volatile_metadata(source: NotebookNode) -> Iterator[Fault]:
    """Nothing that changes by opening or running the page."""
    for key in VOLATILE_NOTEBOOK_METADATA:
        if key in source.metadata:
            yield Fault(None, f"the notebook's metadata holds {key!r}", _FIX)
    if "version" in source.metadata.get("language_info", {}):
        yield Fault(None, "the notebook's metadata names one version of Python", _FIX)
    for cell in source.cells:
        for key in VOLATILE_CELL_METADATA:
            if key in cell.metadata:
                yield Fault(cell, f"the cell's metadata holds {key!r}", _FIX)


@source_rule
def stable_cell_ids(source: NotebookNode) -> Iterator[Fault]:
    """Each cell has an id of its own, so that diffs and reports can name it."""
    seen = Counter(cell.get("id") for cell in source.cells)
    for cell in source.cells:
        if not has_id(cell):
            yield Fault(cell, "the cell has no id", _FIX)
        elif seen[cell.id] > 1:
            yield Fault(cell, f"{seen[cell.id]} cells have the id {cell.id!r}", _FIX)


_FIX = "python -m bookbuild check --sources --fix"


def _outputs(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell, output


def _markdown(page: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    """Yield the Markdown of the page, the author's and what cells displayed."""
    for cell in page.cells:
        if cell.cell_type == "markdown":
            yield cell, cell.source
    for cell, output in _outputs(page):
        if "text/markdown" in output.get("data", {}):
            yield cell, output.data["text/markdown"]


def _images_without_alt(cell: NotebookNode, html: str) -> Iterator[Fault]:
    for image in BeautifulSoup(html, "html.parser").find_all("img"):
        if not image.get("alt", "").strip():
            yield Fault(
                cell,
                f"an image has no alt text: {image.get('src', '')[:40]!r}",
                "write what the image shows into its alt text",
            )


def _alt_in_metadata(cell: NotebookNode) -> bool:
    """MyST-NB's own way to give the alt text of a plain image output."""
    return bool(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "").strip())
