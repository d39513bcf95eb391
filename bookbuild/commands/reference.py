"""``bookbuild reference``: make the numbers of the last runs the ones to expect, on purpose."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from bookbuild.book import Book, BookError, Page
from bookbuild.checking import reference_numbers
from bookbuild.checking.gate import gate, report
from bookbuild.checking.reference_numbers import (
    FILE,
    Numbers,
    Reference,
    ReferenceNumber,
    default_tolerance,
    why_not_compared,
)
from bookbuild.commands.options import add_chapters
from bookbuild.notebooks import read, recorded
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
    old, new = section.get(page.name, {}), recorded(notebook)
    # A number that is new here may be known from another device, its tolerance reviewed.
    known = [pages.get(page.name, {}) for pages in reference.values()]
    tolerances = {
        name: each.tolerance for numbers in [*known, old] for name, each in numbers.items()
    }
    lines = list(_moves(old, new))
    for line in lines:
        print(f"{page.name}  {line}")
    section[page.name] = {
        name: ReferenceNumber(value, tolerances.get(name, default_tolerance(name, value)))
        for name, value in new.items()
    }
    return len(lines)


def _moves(old: Numbers, new: Mapping[str, Any]) -> Iterator[str]:
    for name, value in new.items():
        if name not in old:
            yield f"{name}: new, {ReferenceNumber(value, default_tolerance(name, value))}"
        elif old[name].value != value:
            beyond = "" if old[name].admits(value) else ", beyond its tolerance"
            yield f"{name}: {old[name]} → {value}{beyond}"
    for name in old:
        if name not in new:
            yield f"{name}: {old[name]} → no longer recorded"
