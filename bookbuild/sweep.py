"""``bookbuild sweep``: run a chapter over a grid of parameters; one table and one plot of it."""

import argparse
import csv
import io
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bookbuild.book import Book, BookError, Page
from bookbuild.execute import bring_up_to_date, report, say
from bookbuild.files import sha256, sole_use, write_text
from bookbuild.jobs import (
    Job,
    add_page_options,
    add_run_options,
    count,
    job_of,
    parse_value,
    parse_values,
)
from bookbuild.note import note_of
from bookbuild.notebooks import read, recorded

DEFAULT_NUMBER = "test_accuracy"


@dataclass(frozen=True)
class Point:
    """A point of a grid that ran through: its parameters and what the page recorded there."""

    parameters: Mapping[str, Any]
    numbers: Mapping[str, Any]
    seconds: float


def add_parser(verbs) -> None:
    """Add the verb and its options to the command line."""
    parser = verbs.add_parser(
        "sweep", help="run a chapter over a grid of parameters", description=__doc__
    )
    parser.add_argument("chapter", metavar="CHAPTER")
    parser.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="NAME=VALUE,VALUE",
        help="the values of a parameter; may be repeated for a grid of several",
    )
    parser.add_argument(
        "--seeds", type=count, metavar="N", help="run each point with the seeds 0 to N - 1"
    )
    parser.add_argument(
        "--number",
        metavar="NAME",
        help=f"the recorded number to plot (default: {DEFAULT_NUMBER}, or the first there is)",
    )
    add_page_options(parser)
    add_run_options(parser)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Run the points of the grid that are out of date; 1 if any failed."""
    (page,) = book.select([arguments.chapter])
    fixed = parse_values(arguments.parameters)
    grid = parse_grid(arguments.grid, arguments.seeds, fixed)
    folder = book.build / "sweeps" / page.source.stem
    jobs = [
        job_of(_page_of_point(page, point, folder), fixed | point, arguments.quick)
        for point in points_of(grid)
    ]
    with sole_use(folder):
        failures = bring_up_to_date(book, jobs, arguments)
        points = list(_finished(jobs, grid))

        def keep(name: str, text: str) -> None:
            write_text(text, folder / name)
            say(f"{len(points)} of {len(jobs)} points: {book.relative(folder / name)}")

        keep("table.csv", table(points))
        (folder / "plot.svg").unlink(missing_ok=True)
        status = report(book, failures, len(jobs))
        if any(point.numbers for point in points):
            from bookbuild.sweep_plot import plot

            keep("plot.svg", plot(points, list(grid), arguments.number))
    return status


def parse_grid(
    axes: Sequence[str], seeds: int | None, fixed: Collection[str] = ()
) -> dict[str, list[Any]]:
    """Read the axes of a grid, each like ``n_hidden=32,64``, the seeds last.

    Parameters
    ----------
    axes : sequence of str
        As on the command line.
    seeds : int, optional
        How many seeds are an axis of their own.
    fixed : collection of str
        Names that have a value already.

    Raises
    ------
    BookError
        If an axis has another form, or a name is given values twice, or there is no axis.
    """
    grid = {}
    taken = {*fixed, *(["seed"] if seeds else [])}
    for axis in axes:
        name, _, listed = axis.partition("=")
        texts = listed.split(",")
        if not name.isidentifier() or "" in texts:
            raise BookError(f"--grid {axis!r} is not like n_hidden=32,64,128")
        if name in taken:
            raise BookError(f"{name} is given values twice: name it once")
        taken.add(name)
        values = [parse_value(text) for text in texts]
        if any(value in values[:i] for i, value in enumerate(values)):
            raise BookError(f"--grid {axis!r} names a value twice")
        grid[name] = values
    if seeds:
        grid["seed"] = list(range(seeds))
    if not grid:
        raise BookError("a sweep needs --grid NAME=VALUE,VALUE or --seeds N")
    return grid


def points_of(grid: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of each point, the last axis moving fastest."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def table(points: Sequence[Point]) -> str:
    """Return a tidy table as CSV: parameters, then recorded numbers, then seconds; a row each."""
    parameters = dict.fromkeys(name for point in points for name in point.parameters)
    numbers = dict.fromkeys(name for point in points for name in point.numbers)
    numbers = [name for name in numbers if name not in parameters]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*parameters, *numbers, "seconds"])
    for point in points:
        rows.writerow(
            [
                *point.parameters.values(),
                *(point.numbers.get(name, "") for name in numbers),
                point.seconds,
            ]
        )
    return text.getvalue()


def _page_of_point(page: Page, point: Mapping[str, Any], folder: Path) -> Page:
    """Return the page under the name of a point, with a place of its own for what it produces."""
    label = ",".join(f"{name}={value}" for name, value in point.items())
    file = f"{sha256(label.encode())[:12]}.ipynb"
    return replace(
        page,
        name=f"{page.name} {label}",
        executed=folder / "executed" / file,
        failed=folder / "failed" / file,
    )


def _finished(jobs: Sequence[Job], grid: Mapping[str, Sequence[Any]]) -> Iterator[Point]:
    for job in jobs:
        if job.page.executed.exists():
            notebook = read(job.page.executed)
            parameters = {name: job.parameters[name] for name in grid}
            yield Point(parameters, recorded(notebook), note_of(notebook).seconds)
