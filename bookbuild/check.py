"""``bookbuild check``: the gate. A page is published only if nothing is found here."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bookbuild import expected
from bookbuild.book import Book, Page
from bookbuild.freshness import moved
from bookbuild.note import note_of
from bookbuild.notebooks import (
    FAILURE_MARKER,
    clean,
    describe,
    edited_since,
    published,
    read,
    read_as_is,
    recorded,
    tags,
    write,
)
from bookbuild.place import sources
from bookbuild.rules import PAGE_RULES, SOURCE_RULES, Fault


@dataclass(frozen=True)
class Finding:
    """One reason not to publish: the page, the cell if there is one, what, and the remedy."""

    page: str
    cell: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return the lines that a reader of the log sees."""
        where = f"{self.page}, {self.cell}" if self.cell else self.page
        return f"{where}\n  {self.what}\n  remedy: {self.remedy}"


def add_parser(verbs) -> None:
    """Add the verb and its options to the command line."""
    parser = verbs.add_parser("check", help="the gate on what was run", description=__doc__)
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="default: all")
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
    findings, excuses = inspect_runs(book, pages)
    for page, reason in excuses.items():
        print(f"{page}: its numbers are not compared: {reason}")
    return report(findings, f"{len(pages)} pages checked")


def report(findings: Sequence[Finding], all_well: str) -> int:
    """Print every finding, or that all is well, and return the exit status."""
    for finding in findings:
        print(f"{finding}\n")
    print(f"{all_well}, {len(findings) or 'nothing'} found")
    return 1 if findings else 0


def inspect_runs(book: Book, pages: Sequence[Page]) -> tuple[list[Finding], dict[str, str]]:
    """Look for reasons not to publish pages, their numbers included.

    Returns
    -------
    list of Finding
        Reasons not to publish.
    dict of str
        For each page whose numbers were not compared, why not.
    """
    reference = expected.load(book)
    findings, excuses = [], {}
    for page in pages:
        found = list(gate(page))
        if not found:
            executed = read(page.executed)
            note = note_of(executed)
            excuse = expected.excuse(note, reference, page.name)
            if excuse:
                excuses[page.name] = excuse
            else:
                numbers = reference.get(note.device, {}).get(page.name, {})
                faults = expected.faults(recorded(executed), numbers, note.device)
                found = [_finding(page, executed, fault) for fault in faults]
        findings += found
    return findings, excuses


def gate(page: Page) -> Iterator[Finding]:
    """Look for reasons not to publish a page that lie in the page itself."""
    remedy = f"python -m bookbuild execute {page.name}"
    if not page.executed.exists():
        what = "its last run failed" if page.failed.exists() else "the page has not been run"
        yield Finding(page.name, "", what, remedy)
        return
    source, executed = read(page.source), read(page.executed)
    if any(FAILURE_MARKER in tags(cell) for cell in executed.cells):
        yield Finding(page.name, "", "papermill marked this run as failed", remedy)
        return
    edited = edited_since(source, executed)
    if edited is not None:
        home = source if any(cell is edited for cell in source.cells) else executed
        what = "the code was edited after the page was run"
        yield Finding(page.name, describe(home, edited), what, remedy)
        return
    note = note_of(executed)
    if note is None:
        yield Finding(page.name, "", "nothing is noted of this run", remedy)
        return
    for part, what in moved(note.key, {"rnn_utils": sources("rnn_utils")}).items():
        yield Finding(page.name, "", f"{part} changed after the page was run: {what}", remedy)
        return
    whole = published(source, executed)
    for rule in PAGE_RULES:
        for fault in rule(whole):
            yield _finding(page, whole, fault)


def inspect_source(page: Page) -> Iterator[Finding]:
    """Look for what does not belong in a source."""
    source = read_as_is(page.source)
    for rule in SOURCE_RULES:
        for fault in rule(source):
            yield _finding(page, source, fault)


def _finding(page: Page, notebook, fault: Fault) -> Finding:
    cell = describe(notebook, fault.cell) if fault.cell is not None else ""
    return Finding(page.name, cell, fault.what, fault.remedy)


def _fix(book: Book, page: Page) -> None:
    before = read_as_is(page.source)
    after = read_as_is(page.source)
    clean(after)
    if after != before:
        write(after, page.source)
        print(f"cleaned {book.relative(page.source)}")
