"""The gate: why a page may not be published. The rules that it asks are in `rules`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bookbuild.book import Book, Page
from bookbuild.checking import reference_numbers
from bookbuild.checking.reference_numbers import NOTHING_EXPECTED
from bookbuild.checking.rules import PAGE_RULES, SOURCE_RULES, Fault, nothing_in_a_text_runs
from bookbuild.notebooks import (
    FAILURE_MARKER,
    describe,
    edited_since,
    published,
    read,
    read_as_is,
    recorded,
    tags,
)
from bookbuild.running.freshness_key import differences, files_used
from bookbuild.running.machine import sources
from bookbuild.running.run_record import record_of


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


def report(findings: Sequence[Finding], all_well: str) -> int:
    """Print every finding, or that all is well, and return the exit status."""
    for finding in findings:
        print(f"{finding}\n")
    print(f"{all_well}, {len(findings) or 'nothing'} found")
    return 1 if findings else 0


def inspect_runs(book: Book, pages: Sequence[Page]) -> tuple[list[Finding], list[str]]:
    """Look for reasons not to publish pages, their numbers included.

    Returns
    -------
    list of Finding
        Reasons not to publish.
    list of str
        Remarks: of which pages the numbers were not compared, and which numbers differ in their
        last digits where they should not.
    """
    reference = reference_numbers.load(book)
    findings, remarks = [*inspect_texts(book)], []
    for page in pages:
        found = list(gate(page))
        if not found:
            executed = read(page.executed)
            record = record_of(executed)
            expected = reference.get(record.device, {}).get(page.name, NOTHING_EXPECTED)
            why = reference_numbers.why_not_compared(record, reference, page.name)
            if why:
                remarks.append(f"{page.name}: its numbers are not compared: {why}")
            else:
                faults = reference_numbers.faults(
                    recorded(executed), expected.numbers, record.device
                )
                found = [_finding(page, executed, fault) for fault in faults]
                if moved := reference_numbers.not_to_the_bit(executed, record, expected):
                    remarks.append(
                        f"{page.name}: not equal to the last bit, though machine and packages are "
                        f"those of {reference_numbers.FILE}: {', '.join(moved)}"
                    )
        findings += found
    return findings, remarks


def inspect_texts(book: Book) -> Iterator[Finding]:
    """Look for reasons not to publish the pages that are not run."""
    for page in book.pages:
        if not page.is_notebook:
            for fault in nothing_in_a_text_runs(page.source.read_text("utf-8", "replace")):
                yield _finding(page, None, fault)


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
    record = record_of(executed)
    if record is None:
        yield Finding(page.name, "", "nothing is noted of this run", remedy)
        return
    now = {
        "rnn_utils": sources("rnn_utils"),
        "files": files_used(source, page.source.parent, record.key.get("files", ())),
    }
    for part, what in differences(record.key, now).items():
        yield Finding(page.name, "", f"{part} changed after the page was run: {what}", remedy)
        return
    whole = published(source, executed)
    for rule in PAGE_RULES:
        for fault in rule(whole):
            yield _finding(page, whole, fault)


def inspect_source(page: Page) -> Iterator[Finding]:
    """Look for what does not belong in a source."""
    read(page.source)  # which says what only an author can mend
    source = read_as_is(page.source)
    for rule in SOURCE_RULES:
        for fault in rule(source):
            yield _finding(page, source, fault)


def _finding(page: Page, notebook, fault: Fault) -> Finding:
    cell = describe(notebook, fault.cell) if fault.cell is not None else ""
    return Finding(page.name, cell, fault.what, fault.remedy)
