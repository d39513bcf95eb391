"""``bookbuild pdf``: the site as a printed book, which the site then links."""

import argparse

from bookbuild.book import Book
from bookbuild.files import sole_use
from bookbuild.printing.chromium import NoChromium


def add_parser(verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("pdf", help="print the site as a book", description=__doc__)
    parser.add_argument(
        "--if-possible", action="store_true", help="do without where no Chromium is found"
    )
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Print the site that there is."""
    from bookbuild.printing.press import print_book  # takes half a second

    with sole_use(book.build):
        try:
            print_book(book)
        except NoChromium as missing:
            if not arguments.if_possible:
                raise
            print(f"no printed book: {missing}")
    return 0
