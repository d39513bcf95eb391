"""``bookbuild html``: from pages that passed the gate to a site, all of it or nothing."""

import argparse

from bookbuild.book import Book
from bookbuild.checking.gate import inspect_runs, report
from bookbuild.files import sole_use
from bookbuild.site.build import build_site


def add_parser(verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("html", help="build the site", description=__doc__)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Build the site from pages that pass the gate; an earlier site survives any failure."""
    with sole_use(book.build) as lock:
        findings, _ = inspect_runs(book, book.notebooks)
        if findings:
            return report(findings, "no site was built: the gate is shut")
        return build_site(book, lock)
