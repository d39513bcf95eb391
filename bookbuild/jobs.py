"""What to run and how, from the command line: pages, the parameters of each, limits, workers."""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

from bookbuild.book import BookError, Page
from bookbuild.freshness import digest, key_of, moved
from bookbuild.note import Note, note_of
from bookbuild.notebooks import ALONE, INJECTED, read, runnable, tags
from bookbuild.place import Place, gpu_models, survey
from bookbuild.task import Limits, Task

Survey = Callable[[Iterable[str]], Sequence[Place]]


@dataclass(frozen=True)
class Job:
    """A page, its source as it is now, and the parameters to run it with."""

    page: Page
    source: NotebookNode
    parameters: Mapping[str, Any]

    def task(self, limits: Limits) -> Task:
        """Return the job as data."""
        folder = str(self.page.source.parent)
        text = nbformat.v4.writes(self.source)
        alone = any(ALONE in tags(cell) for cell in self.source.cells)
        return Task(self.page.name, text, folder, self.parameters, limits, alone)


@dataclass(frozen=True)
class Step:
    """A job, the note of its last run, and why it must run; no reason means that it need not."""

    job: Job
    note: Note | None
    why: str

    def __str__(self) -> str:
        """Return the line that a reader of the log sees."""
        if self.why:
            return f"{self.job.page.name}  stale: {self.why}"
        key, note = digest(self.note.key), self.note
        return f"{self.job.page.name}  fresh: {note.mode} run of {note.finished}, key {key}"


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say with which parameters pages are run."""
    parser.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter of the page; may be repeated",
    )
    parser.add_argument(
        "--quick", action="store_true", help="set quick=True where a page declares it"
    )


def add_scheduler_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which machines run the pages."""
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask scheduler, such as tcp://10.0.0.1:8786 (default: processes of this machine)",
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how pages are run."""
    add_scheduler_option(parser)
    parser.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="how many pages to run at once on this machine (default: as many as its cores and "
        "memory allow, and that of its GPUs)",
    )
    parser.add_argument(
        "--force", action="store_true", help="run pages again of which nothing has moved"
    )
    for option, default, what in (
        ("--timeout", Limits.cell, "each cell"),
        ("--start-timeout", Limits.start, "the start of a kernel"),
    ):
        parser.add_argument(
            option,
            type=count,
            default=default,
            metavar="SECONDS",
            help=f"limit for {what} (default: %(default)s)",
        )


def jobs_of(pages: Iterable[Page], parameters: Sequence[tuple[str, str]], quick: bool) -> list[Job]:
    """Return what the options ask for.

    Raises
    ------
    BookError
        If a page is no readable notebook or is an executed copy of one, or does not declare a
        parameter, or a value is none.
    """
    values = parse_values(parameters)
    return [job_of(page, values, quick) for page in pages]


def job_of(page: Page, values: Mapping[str, Any], quick: bool) -> Job:
    """Return the job of running a page with some values; refuse names that it does not declare."""
    source = read(page.source)
    if any(INJECTED in tags(cell) for cell in source.cells):
        raise BookError(
            f"{page.source} is an executed copy (a cell tagged {INJECTED!r}): remove that cell"
        )
    declared = declared_parameters(source) if quick or values else {}
    unknown = [name for name in values if name not in declared]
    if unknown:
        known = ", ".join(declared) or "none"
        raise BookError(
            f"{page.name} has no parameter {', '.join(map(repr, unknown))}; it declares: {known}"
        )
    return Job(page, source, ({"quick": True} if quick and "quick" in declared else {}) | values)


def declared_parameters(notebook: NotebookNode) -> dict[str, str]:
    """Return the names in the cell tagged ``parameters``, each with the text of its default."""
    import papermill

    declared = papermill.inspect_notebook(runnable(notebook))
    return {name: each["default"] for name, each in declared.items()}


def plan(jobs: Sequence[Job], look: Survey, force: bool = False) -> list[Step]:
    """Decide which jobs must run, and why.

    Parameters
    ----------
    jobs : sequence of Job
        What was asked for.
    look : callable
        Takes what earlier runs asked for by way of data, and returns the places where the jobs
        may run. A page is fresh if it would come out as it is in any one of them.
    force : bool
        Whether all must run.
    """
    notes = [_last_note(job.page) for job in jobs]
    places = look({asked for note in notes if isinstance(note, Note) for asked in note.data})
    steps = []
    for job, note in zip(jobs, notes, strict=True):
        if isinstance(note, str):
            steps.append(Step(job, None, note))
        else:
            why = _why_stale(job, note, places) or ("--force" if force else "")
            steps.append(Step(job, note, why))
    return steps


def here(asked: Iterable[str]) -> list[Place]:
    """Look at this machine: a page runs on one of its GPUs, so each model is a place."""
    place = survey(asked)
    return [replace(place, device=place.device | {"gpu": model}) for model in gpu_models()]


def _last_note(page: Page) -> Note | str:
    """Return the note of the page's last run, or say why there is none."""
    if not page.executed.exists():
        return "its last run failed" if page.failed.exists() else "not yet run"
    try:
        note = note_of(read(page.executed))
    except BookError:
        return "its last run cannot be read"
    return note or "its last run has no key"


def _why_stale(job: Job, note: Note, places: Sequence[Place]) -> str:
    keys = [key_of(job.source, job.parameters, place, note.data) for place in places]
    moves = min((moved(note.key, key) for key in keys), key=len)
    return "; ".join(f"{part} moved: {what}" for part, what in moves.items())


def parse_values(parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Read the values given with ``-p``.

    Raises
    ------
    BookError
        If a name is given twice, or a value is none.
    """
    values = {}
    for name, text in parameters:
        if name in values:
            raise BookError(f"{name} is given values twice: name it once")
        values[name] = parse_value(text)
    return values


def parse_value(text: str) -> Any:
    """Read the value of a parameter as papermill's command line does, and YAML besides.

    ``3`` is an int, ``1e-3`` a float, ``True`` a bool, ``None`` none, ``[1, 2]`` a list, and
    what is none of these is the text itself.

    Raises
    ------
    BookError
        If the value starts as YAML and does not end as such, like ``[1,``, or if a notebook
        cannot hold it, like the date ``2026-01-01``.
    """
    if text == "None":
        return None
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    try:
        value = yaml.safe_load(text)
        json.dumps(value)
    except yaml.YAMLError as error:
        raise BookError(f"the value {text!r} is not YAML; put quotes around a text") from error
    except TypeError as error:
        raise BookError(
            f"the value {text!r} is not a number, text, list or mapping of these; quote a text "
            f"inside the value: '\"{text}\"'"
        ) from error
    return value


def count(text: str) -> int:
    """Read a number of seconds, processes or seeds for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
