"""``bookbuild reference``: make the numbers of the last runs the ones to expect, on purpose."""

import argparse
from collections.abc import Iterator

from bookbuild.book import Book, BookError, Page
from bookbuild.checking import reference_numbers
from bookbuild.checking.gate import gate, report
from bookbuild.checking.reference_numbers import (
    FILE,
    NOTHING_EXPECTED,
    Numbers,
    Reference,
    of_run,
    why_not_compared,
)
from bookbuild.commands.options import add_chapters
from bookbuild.notebooks import read
from bookbuild.running import durations
from bookbuild.running.run_record import record_of


def add_parser(verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("reference", help="renew the expected numbers", description=__doc__)
    add_chapters(parser)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Renew the numbers of the chapters asked for, and show each that moves."""
    pages = book.select(arguments.chapters)
    findings = [finding for page in pages for finding in gate(page)]
    if findings:
        return report(findings, "nothing was renewed")
    reference = reference_numbers.load(book)
    renewed = [_renew(page, reference) for page in pages]
    names = {page.name for page in book.notebooks}
    for section in reference.values():
        for name in [name for name in section if name not in names]:
            del section[name]
            print(f"{name}  is no longer in the book")
    reference_numbers.save(book, reference)
    durations.renew(book, pages)
    print(f"{sum(renewed)} numbers moved; {FILE} holds them: review the difference")
    return 0


def _renew(page: Page, reference: Reference) -> int:
    """Put the numbers of a page into the reference, say what moves, and return how many did."""
    notebook = read(page.executed)
    record = record_of(notebook)
    reason = why_not_compared(record, {record.device: {}}, page.name)
    if reason:
        raise BookError(f"{page.name} is no reference: {reason}; make reference runs it as it is")
    section = reference.setdefault(record.device, {})
    old, new = section.get(page.name, NOTHING_EXPECTED), of_run(notebook, record)
    lines = list(_moves(old.numbers, new.numbers))
    for line in lines:
        print(f"{page.name}  {line}")
    section[page.name] = new
    return len(lines)


def _moves(old: Numbers, new: Numbers) -> Iterator[str]:
    for name, number in new.items():
        if name not in old:
            yield f"{name}: new, {number}"
        elif old[name].value != number.value:
            beyond = "" if old[name].admits(number.value) else ", beyond its tolerance"
            yield f"{name}: {old[name]} → {number}{beyond}"
    for name in old:
        if name not in new:
            yield f"{name}: {old[name]} → no longer recorded"
