"""``bookbuild sweep``: run a chapter over a grid of parameters; one table and one plot of it."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bookbuild.book import Book
from bookbuild.commands.options import (
    add_page_options,
    add_run_options,
    count,
    given_parameters,
    run_options,
)
from bookbuild.files import sole_use, write_text
from bookbuild.notebooks import read, recorded
from bookbuild.running.request import Request, requests_for
from bookbuild.running.run_record import record_of
from bookbuild.running.run_stale import bring_up_to_date, report, say
from bookbuild.running.sweep_grid import page_of_point, parse_grid, points_of
from bookbuild.running.sweep_results import DEFAULT_NUMBER, Row, plot, table


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
    fixed = given_parameters(arguments)
    grid = parse_grid(arguments.grid, arguments.seeds, fixed)
    folder = book.build / "sweeps" / page.source.stem
    requests = []
    for point in points_of(grid):
        own = page_of_point(page, point, folder)
        requests += requests_for([own], fixed | point, arguments.quick)
    with sole_use(folder):
        failed = bring_up_to_date(book, requests, run_options(arguments))
        rows = list(_rows(requests, grid))

        def keep(name: str, text: str) -> None:
            write_text(text, folder / name)
            say(f"{len(rows)} of {len(requests)} points: {book.relative(folder / name)}")

        keep("table.csv", table(rows))
        (folder / "plot.svg").unlink(missing_ok=True)
        status = report(book, failed, len(requests))
        if any(row.numbers for row in rows):
            keep("plot.svg", plot(rows, list(grid), arguments.number))
    return status


def _rows(requests: Sequence[Request], grid: Mapping[str, Sequence[Any]]) -> Iterator[Row]:
    """Yield what each point that ran through recorded, lists of numbers left out."""
    for request in requests:
        if request.page.executed.exists():
            notebook = read(request.page.executed)
            parameters = {name: request.parameters[name] for name in grid}
            noted = recorded(notebook).items()
            numbers = {name: value for name, value in noted if not isinstance(value, list)}
            yield Row(parameters, numbers, record_of(notebook).seconds)
