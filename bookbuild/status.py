"""``bookbuild status``: say of each page whether it is fresh, or what moved since its last run."""

import argparse
from collections.abc import Sequence
from functools import partial

from bookbuild.book import Book
from bookbuild.jobs import (
    Job,
    Step,
    add_page_options,
    add_scheduler_option,
    here,
    jobs_of,
    plan,
)


def add_parser(verbs) -> None:
    """Add the verb and its options to the command line."""
    parser = verbs.add_parser("status", help="which pages are fresh", description=__doc__)
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="default: all")
    add_page_options(parser)
    add_scheduler_option(parser)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Print a line for each of the chapters asked for."""
    jobs = jobs_of(book.select(arguments.chapters), arguments.parameters, arguments.quick)
    for step in _plan(jobs, arguments.scheduler):
        print(step)
    return 0


def _plan(jobs: Sequence[Job], scheduler: str | None) -> list[Step]:
    if not scheduler:
        return plan(jobs, here)
    from bookbuild import cluster

    with cluster.remote(scheduler) as client:
        return plan(jobs, partial(cluster.look, client))
