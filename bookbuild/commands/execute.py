"""``bookbuild execute``: run the pages whose outputs are out of date, report each that failed."""

import argparse

from bookbuild.book import Book
from bookbuild.commands.options import (
    add_chapters,
    add_page_options,
    add_run_options,
    requests_from,
    run_options,
)
from bookbuild.files import sole_use
from bookbuild.running.run_stale import bring_up_to_date, report


def add_parser(verbs) -> None:
    """Add the verb and its options to the command line."""
    parser = verbs.add_parser("execute", help="run what is out of date", description=__doc__)
    add_chapters(parser)
    add_page_options(parser)
    add_run_options(parser)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Bring the chapters asked for up to date; 1 if any failed."""
    requests = requests_from(book, arguments)
    with sole_use(book.build):
        failed = bring_up_to_date(book, requests, run_options(arguments))
    return report(book, failed, len(requests))
