"""``bookbuild status``: say of each page whether it is fresh, or what moved since its last run."""

import argparse

from bookbuild.book import Book
from bookbuild.commands.options import (
    add_chapters,
    add_page_options,
    add_scheduler_option,
    requests_from,
)
from bookbuild.running.freshness import describe, find_stale
from bookbuild.running.run_stale import connected


def add_parser(verbs) -> None:
    """Add the verb and its options to the command line."""
    parser = verbs.add_parser("status", help="which pages are fresh", description=__doc__)
    add_chapters(parser)
    add_page_options(parser)
    add_scheduler_option(parser)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Print a line for each of the chapters asked for."""
    requests = requests_from(book, arguments)
    with connected(arguments.scheduler) as (_, machines):
        for request in find_stale(requests, machines):
            print(describe(request))
    return 0
