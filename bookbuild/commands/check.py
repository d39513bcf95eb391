"""``bookbuild check``: the gate. A page is published only if nothing is found here."""

import argparse

from bookbuild.book import Book, Page
from bookbuild.checking.gate import inspect_runs, inspect_source, report
from bookbuild.commands.options import add_chapters
from bookbuild.notebooks import read_as_is, strip_source, write


def add_parser(verbs) -> None:
    """Add the verb and its options to the command line."""
    parser = verbs.add_parser("check", help="the gate on what was run", description=__doc__)
    add_chapters(parser)
    parser.add_argument(
        "--sources", action="store_true", help="check the sources as committed, not the runs"
    )
    parser.add_argument(
        "--fix", action="store_true", help="with --sources: remove what should not be there"
    )
    parser.set_defaults(run=run, usage_error=parser.error)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Check the chapters asked for; 1 if anything is found."""
    if arguments.fix and not arguments.sources:
        arguments.usage_error("--fix goes with --sources")
    pages = book.select(arguments.chapters)
    if arguments.fix:
        for page in pages:
            _fix(book, page)
    if arguments.sources:
        findings = [finding for page in pages for finding in inspect_source(page)]
        return report(findings, f"{len(pages)} pages checked")
    findings, remarks = inspect_runs(book, pages)
    print(*remarks, sep="\n", end="\n" if remarks else "")
    return report(findings, f"{len(pages)} pages checked")


def _fix(book: Book, page: Page) -> None:
    before = read_as_is(page.source)
    after = read_as_is(page.source)
    strip_source(after)
    if after != before:
        write(after, page.source)
        print(f"cleaned {book.relative(page.source)}")
