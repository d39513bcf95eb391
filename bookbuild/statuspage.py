"""The page of the book that says how each of the others was made, and the line that leads to it."""

import html
import json
from collections.abc import Mapping
from pathlib import Path

import nbformat
from docutils.nodes import make_id

from bookbuild.book import Book, BookError
from bookbuild.expected import excuse, load
from bookbuild.freshness import digest
from bookbuild.note import Note, note_of
from bookbuild.notebooks import read, recorded, title

NAME = "status"
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
    reference = load(book)
    overview = ["| page | result | run | seconds |", "|---|---|---|---:|"]
    sections = []
    for page in book.notebooks:
        executed = read(page.executed)
        note, numbers = note_of(executed), recorded(executed)
        reason = excuse(note, reference, page.name)
        compared = "numbers not compared" if reason else f"{len(numbers)} numbers as expected"
        result = f"ran through, {compared}"
        overview.append(
            f"| [](/{book.relative(page.source)}) | {result} | {note.mode}, {note.day} "
            f"| {note.seconds:.1f} |"
        )
        facts = {"result": f"{result}: {reason}" if reason else result, **_facts(note)}
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
    note = note_of(nbformat.from_dict(json.loads(file.read_text("utf-8"))))
    what = f"A {note.mode} run of {note.day}, {note.seconds:.0f} s on {note.machine}"
    link = f'<a href="{address}#{make_id(_target(name))}">how this page was run</a>'
    return f"<p>{html.escape(what)}: {link}.</p>"


def _facts(note: Note) -> dict[str, str]:
    known = note.provenance
    return {
        "run": f"{note.mode}, {note.finished}",
        "seconds": f"{note.seconds:.1f}",
        "peak memory": f"{note.peak_memory / 2**20:,.0f} MiB",
        "device": note.machine,
        "cores": str(note.cores),
        "Python": known.get("python", ""),
        "TensorFlow": known.get("tensorflow", "not used"),
        "Keras": known.get("keras", "not used"),
        "CUDA": known.get("cuda", "not used"),
        "cuDNN": known.get("cudnn", "not used"),
        "data": ", ".join(f"{name}, SHA-256 `{sha}`" for name, sha in note.data.values()) or "none",
        "seed": note.seed or "none",
        "parameters": ", ".join(f"`{n}={v!r}`" for n, v in note.parameters.items()) or "as written",
        "commit": note.commit or "unknown",
        "freshness key": f"`{digest(note.key)}`",
    }


def _section(name: str, heading: str, facts: Mapping[str, str]) -> str:
    rows = [f"| {what} | {value} |" for what, value in facts.items()]
    return "\n".join(
        ["", f"({_target(name)})=", f"## {heading}", "", "| what | value |", "|---|---|", *rows]
    )


def _target(name: str) -> str:
    return f"run-of-{name}"
