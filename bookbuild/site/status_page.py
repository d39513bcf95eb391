"""The page of the book that says how each of the others was made, and the line that leads to it."""

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

import nbformat
from docutils.nodes import make_id

from bookbuild.book import Book, BookError
from bookbuild.checking import reference_numbers
from bookbuild.notebooks import read, recorded, title
from bookbuild.running.freshness_key import short_name
from bookbuild.running.run_record import RunRecord, record_of

NAME = "status"
SOFTWARE = ("Python", "TensorFlow", "Keras", "CUDA", "cuDNN")  # what a page may have used
INTRODUCTION = """# Status

How each page was run, from its first cell to its last. Its outputs are decided by its code, by
`rnn_utils`, the installed packages, the parameters, the data and the device. Together they make
its freshness key; when that moves, the page is run again.
"""


def status_page(book: Book) -> str:
    """Return the page as Markdown, made from the executed notebooks alone.

    Raises
    ------
    BookError
        If the book has a page of that name.
    """
    if any(page.name == NAME for page in book.pages):
        raise BookError(f"a page is called {NAME!r}, the name of the status page: rename it")
    reference = reference_numbers.load(book)
    overview = ["| page | result | run | seconds |", "|---|---|---|---:|"]
    sections = []
    for page in book.notebooks:
        executed = read(page.executed)
        record, numbers = record_of(executed), recorded(executed)
        reason = reference_numbers.why_not_compared(record, reference, page.name)
        compared = "numbers not compared" if reason else f"{len(numbers)} numbers as expected"
        result = f"ran through, {compared}"
        overview.append(
            f"| [](/{book.relative(page.source)}) | {result} | {record.mode}, {record.day} "
            f"| {record.seconds:.1f} |"
        )
        facts = {"result": f"{result}: {reason}" if reason else result, **_facts(record)}
        sections.append(_section(page.name, title(read(page.source)) or page.name, facts))
    return "\n".join([INTRODUCTION, *overview, *sections]) + "\n"


def foot_line(folder: Path, name: str, address: str) -> str:
    """Return the line at the foot of a page of the site, as HTML.

    Parameters
    ----------
    folder : Path
        The staged book.
    name : str
        The page, as Sphinx calls it.
    address : str
        The address of the status page, seen from this one.
    """
    file = folder / f"{name}.ipynb"
    if not file.exists():
        return f'<p><a href="{address}">How the pages were run</a></p>'
    record = record_of(nbformat.from_dict(json.loads(file.read_text("utf-8"))))
    what = f"A {record.mode} run of {record.day}, {record.seconds:.0f} s on {record.machine}"
    link = f'<a href="{address}#{make_id(_target(name))}">how this page was run</a>'
    return f"<p>{html.escape(what)}: {link}.</p>"


def _facts(record: RunRecord) -> dict[str, str]:
    known = record.provenance
    parameters = [_plain(f"{name}={value!r}") for name, value in record.parameters.items()]
    data = [f"{_plain(name)}, SHA-256 `{sha}`" for name, sha in record.data.values()]
    return {
        "run": f"{record.mode}, {record.finished}",
        "seconds": f"{record.seconds:.1f}",
        "peak memory": f"{record.peak_memory / 2**20:,.0f} MiB",
        "device": _plain(record.machine),
        "cores": str(record.cores),
        **{each: _plain(known.get(each.lower(), "not used")) for each in SOFTWARE},
        "data": ", ".join(data) or "none",
        "seed": record.seed or "none",
        "parameters": ", ".join(parameters) or "as written",
        "commit": record.commit or "unknown",
        "freshness key": f"`{short_name(record.key)}`",
    }


def _plain(text: str) -> str:
    """Return a text so that Markdown and HTML find nothing in it to act upon."""
    return re.sub(r"([\\`*_\[\]<>&|$~])", r"\\\1", " ".join(text.split()))


def _section(name: str, heading: str, facts: Mapping[str, str]) -> str:
    rows = [f"| {what} | {value} |" for what, value in facts.items()]
    return "\n".join(
        ["", f"({_target(name)})=", f"## {heading}", "", "| what | value |", "|---|---|", *rows]
    )


def _target(name: str) -> str:
    return f"run-of-{name}"
