"""A page to run, and what became of it. Both travel to another process as they are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from bookbuild.book import BookError, Page
from bookbuild.notebooks import ALONE, INJECTED, SKIPPED, describe, read, tags
from bookbuild.running.machine import Machine
from bookbuild.running.parameters import declared_parameters, line_that_loses
from bookbuild.running.run_record import RunRecord

PYTHON = ("python", "ipython")  # as notebooks name it


@dataclass(frozen=True)
class Request:
    """A page to run.

    Attributes
    ----------
    page : Page
        Its name and its files.
    source : NotebookNode
        The notebook as it is now.
    parameters : mapping
        Values for names that the page declares.
    last : RunRecord, optional
        How it was run before.
    stale : str
        Why it must run again; empty where it need not, or where nobody has asked yet.
    guarded : sequence of Path
        Files of the book, which no run may change.
    """

    page: Page
    source: NotebookNode
    parameters: Mapping[str, Any]
    last: RunRecord | None = None
    stale: str = ""
    guarded: Sequence[Path] = ()

    @property
    def runs_alone(self) -> bool:
        """Whether no other page may run beside it, because it measures what a machine can do."""
        return any(ALONE in tags(cell) for cell in self.source.cells)


@dataclass(frozen=True)
class Limits:
    """How long to wait, in seconds: for a cell, and for the start of a kernel."""

    cell: int = 1800
    start: int = 120


@dataclass(frozen=True)
class Outcome:
    """What became of a request.

    Attributes
    ----------
    notebook : NotebookNode, optional
        The source with the outputs that there are; None if no kernel started.
    seconds : float
        Wall time, the start of the kernel included.
    where, error : str
        The cell and what happened there; both empty when the page ran through.
    machine : Machine, optional
        Where it ran, as that was before the kernel started.
    cores : int
        How many the kernel was given.
    report : mapping
        What the kernel said last, see `kernel_report`.
    changed : sequence of Path
        The book's own files that were changed meanwhile, by the page or by somebody else.
    """

    notebook: NotebookNode | None = None
    seconds: float = 0.0
    where: str = ""
    error: str = ""
    machine: Machine | None = None
    cores: int = 0
    report: Mapping[str, Any] = field(default_factory=dict)
    changed: Sequence[Path] = ()

    @property
    def ok(self) -> bool:
        """Whether the page ran from its first cell to its last."""
        return not self.error


def requests_for(
    pages: Iterable[Page], parameters: Mapping[str, Any], quick: bool
) -> list[Request]:
    """Return the requests to run pages, each with those of the parameters that it declares.

    ``quick=True`` is set where it is declared.

    Raises
    ------
    BookError
        If a page is no notebook that can be run, no page declares a parameter, or a value is of
        another kind than the parameter's default.
    """
    requests, known = [], {}
    wanted = ({"quick": True} if quick else {}) | dict(parameters)
    for page in pages:
        source = read(page.source)
        if why := _why_not_runnable(source):
            raise BookError(f"{page.source} cannot be run: {why}")
        declared = declared_parameters(source) if wanted else {}
        known |= declared
        values = {name: value for name, value in wanted.items() if name in declared}
        if line := line_that_loses(source, values):
            raise BookError(
                f"a value given to a parameter of {page.name} would be lost at this line, which "
                f"uses it in the parameters' own cell or sets it anew: {line}"
            )
        for name, value in values.items():
            if kind := declared[name].kind_missed_by(value):
                quoted = f"; quoted it is one: {json.dumps(str(value))!r}" if "text" in kind else ""
                raise BookError(f"{name} of {page.name} is {kind}, got {value!r}{quoted}")
        requests.append(Request(page, source, values))
    unknown = ", ".join(repr(name) for name in parameters if name not in known)
    if unknown:
        whose = requests[0].page.name if len(requests) == 1 else "no page"
        raise BookError(
            f"{whose} has {'no' if len(requests) == 1 else 'a'} parameter {unknown}; declared are: "
            f"{', '.join(known) or 'none'}"
        )
    return requests


def _language(source: NotebookNode) -> str:
    """Name the language of a notebook; where none is stated, its kernel's name tells."""
    stated, kernel = (source.metadata.get(key, {}) for key in ("language_info", "kernelspec"))
    if kernel.get("name") == "python2" or str(stated.get("version")).startswith("2."):
        return "Python 2"
    names = [name for name in (kernel.get("language"), stated.get("name")) if name]
    if not names and kernel.get("name"):
        names = [kernel["name"]]
        if "python" in f"{kernel['name']} {kernel.get('display_name')}".lower():
            return "Python"
    return next((name for name in names if name.lower() not in PYTHON), "Python")


def _why_not_runnable(source: NotebookNode) -> str:
    """Say why a notebook is none that can be run as it is; nothing if it can."""
    if (language := _language(source)) != "Python":
        return f"its language is {language}, and pages are Python notebooks"
    for cell in source.cells:
        if INJECTED in tags(cell):
            return f"it is an executed copy (a cell tagged {INJECTED!r}): remove that cell"
        if SKIPPED in tags(cell):
            return (
                f"{describe(source, cell)}: a cell tagged {SKIPPED!r} would show code that never "
                "ran: remove the tag or the cell, or write the code into a Markdown cell"
            )
    tagged = [cell for cell in source.cells if "parameters" in tags(cell)]
    if len(tagged) > 1:
        cells = "; ".join(describe(source, cell) for cell in tagged)
        return f"{len(tagged)} cells are tagged 'parameters', and one holds them all: {cells}"
    return ""
