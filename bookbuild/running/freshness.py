"""Which pages are stale: those that would not come out as they did in their last run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bookbuild.book import BookError, Page
from bookbuild.notebooks import read
from bookbuild.running.freshness_key import differences, key_of, short_name
from bookbuild.running.machine import Machine
from bookbuild.running.request import Request
from bookbuild.running.run_record import RunRecord, record_of

FindMachines = Callable[[Iterable[str]], Sequence[Machine]]


def find_stale(
    requests: Sequence[Request], machines: FindMachines, force: bool = False
) -> list[Request]:
    """Return the requests, each with the record of its last run and why it is stale.

    Parameters
    ----------
    requests : sequence of Request
        What was asked for.
    machines : callable
        Takes what earlier runs asked for by way of data, and describes the machines that may run
        the pages. A page is fresh if it would come out as it is on any one of them.
    force : bool
        Whether all count as stale.
    """
    known = [(request, *last_run(request.page)) for request in requests]
    asked = {data for _, record, _ in known if record for data in record.data}
    there = machines(asked)
    found = []
    for request, record, trouble in known:
        why = trouble or why_stale(request, record, there) or ("--force" if force else "")
        found.append(replace(request, last=record, stale=why))
    return found


def last_run(page: Page) -> tuple[RunRecord | None, str]:
    """Return the record of the last run of a page, and why there is none that counts."""
    if not page.executed.exists():
        return None, "its last run failed" if page.failed.exists() else "not yet run"
    try:
        record = record_of(read(page.executed))
    except BookError:
        return None, "its last run cannot be read"
    return record, "" if record else "its last run has no key"


def why_stale(request: Request, record: RunRecord, machines: Sequence[Machine]) -> str:
    """Say what differs from the last run on that machine where least does; empty if nothing."""
    source, folder, parameters = request.source, request.page.source.parent, request.parameters
    asked, opened = record.data, record.key.get("files", ())
    keys = [key_of(source, folder, parameters, each, asked, opened) for each in machines]
    least = min((differences(record.key, key) for key in keys), key=len)
    return "; ".join(f"{part} moved: {what}" for part, what in least.items())


def describe(request: Request) -> str:
    """Return the line that says whether a page is stale."""
    if request.stale:
        return f"{request.page.name}  stale: {request.stale}"
    last = request.last
    key = short_name(last.key)
    return f"{request.page.name}  fresh: {last.mode} run of {last.finished}, key {key}"
