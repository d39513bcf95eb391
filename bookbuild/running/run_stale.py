"""Run the pages that are stale, and keep each result as it comes."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bookbuild.book import Book, BookError, Page
from bookbuild.git import commit_of, tracked_files
from bookbuild.notebooks import write
from bookbuild.running import durations
from bookbuild.running.freshness import FindMachines, describe, find_stale
from bookbuild.running.freshness_key import files_used, key_of
from bookbuild.running.machine import places_here
from bookbuild.running.parameters import declared_parameters
from bookbuild.running.request import Limits, Outcome, Request
from bookbuild.running.run_record import RunRecord, attach

if TYPE_CHECKING:
    from distributed import Client


LEAVE_ALONE = (
    "A page leaves them as they are: unless you edited them yourself, mend the page and take them "
    "back, from git for instance"
)
KEPT = "it ran and is kept; run again to go on"


@dataclass(frozen=True)
class RunOptions:
    """How to run pages.

    Attributes
    ----------
    scheduler : str, optional
        The address of a Dask scheduler; processes of this machine by default.
    workers : int, optional
        How many of these; as many as the machine has room for by default.
    force : bool
        Run fresh pages too.
    limits : Limits
        How long to wait.
    """

    scheduler: str | None = None
    workers: int | None = None
    force: bool = False
    limits: Limits = field(default_factory=Limits)


def bring_up_to_date(
    book: Book, requests: Sequence[Request], options: RunOptions
) -> list[tuple[Request, Outcome]]:
    """Run the requests that are stale.

    A page that ran through is written to ``page.executed``. Of any other, what it managed is
    written to ``page.failed``, and no executed page is left that a reader could take for it.

    Returns
    -------
    list of (Request, Outcome)
        Those that failed, and those that may have changed the book, in the order of the requests.

    Raises
    ------
    BookError
        If the cluster cannot be used.
    """
    if options.scheduler and options.workers:
        raise BookError("--workers is for this machine; behind --scheduler each worker counts")
    with ExitStack() as stack:
        client, machines = stack.enter_context(connected(options.scheduler))
        requests = find_stale(requests, machines, options.force)
        for request in requests:
            say(describe(request))
        tracked = tracked_files(book.root)
        stale = [
            replace(request, guarded=_guarded(book, request, tracked))
            for request in requests
            if request.stale
        ]
        if not stale:
            return []
        if client is None:
            from bookbuild.running import workers

            count = options.workers or workers.default_workers()
            client = stack.enter_context(workers.local(min(len(stale), count)))
        outcomes = _run(book, stale, client, options.limits)
    ran = [(each, outcomes[each.page.name]) for each in stale]
    return [(each, outcome) for each, outcome in ran if outcome.changed or not outcome.ok]


@contextmanager
def connected(scheduler: str | None) -> Iterator[tuple[Client | None, FindMachines]]:
    """Yield the cluster behind a scheduler, and what describes its machines.

    Without a scheduler there is no cluster, and this machine is the one that runs the pages.
    """
    if not scheduler:
        yield None, places_here
        return
    from bookbuild.running import workers  # takes a second to import

    with workers.remote(scheduler) as client:
        yield client, partial(workers.machines_of, client)


def report(book: Book, failed: Sequence[tuple[Request, Outcome]], total: int) -> int:
    """Say which pages failed or ran while the book changed, and return the exit status."""
    kinds = {"failed": False, "ran while the book's own files changed": True}
    for what, ok in kinds.items():
        of_kind = [(request, outcome) for request, outcome in failed if outcome.ok == ok]
        if of_kind:
            say(f"\n{len(of_kind)} of {total} pages {what}:")
        for request, outcome in of_kind:
            _report_one(book, request.page, outcome)
    return 1 if failed else 0


def _report_one(book: Book, page: Page, outcome: Outcome) -> None:
    say("\n" + ", ".join(filter(None, [page.name, outcome.where])))
    say(f"  {outcome.error or KEPT}")
    if outcome.changed:
        names = ", ".join(map(book.relative, outcome.changed))
        say(f"  the book's own files changed or vanished while it ran: {names}. {LEAVE_ALONE}")
    if page.failed.exists():
        say(f"  what ran is in {book.relative(page.failed)}")


def say(line: str) -> None:
    """Print a whole line at once: logs and terminals show it the same."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _guarded(book: Book, request: Request, tracked: Sequence[Path]) -> list[Path]:
    """Return the files that no run may change: the book's, its modules, and what the page uses."""
    folder = request.page.source.parent
    opened = request.last.key.get("files", ()) if request.last else ()
    used = {_path(folder, name) for name in files_used(request.source, folder, opened)}
    folders = {page.source.parent for page in book.notebooks}
    modules = {
        file for file in tracked if file.suffix == ".py" and folders.intersection(file.parents)
    }
    return sorted({*book.files, *modules, *used.intersection(tracked)})


def _path(folder: Path, name: str) -> Path:
    return Path(os.path.normpath(folder / name))


def _run(
    book: Book, stale: Sequence[Request], client: Client, limits: Limits
) -> dict[str, Outcome]:
    """Run pages, keep what comes back, and return the outcomes by the names of the pages."""
    from bookbuild.running.workers import run_all

    # The longest first, so that no worker is left with a long page when the others are done.
    earlier = durations.load(book)

    def expected_seconds(request: Request) -> float:
        last = request.last
        return last.seconds if last else earlier.get(request.page.name, math.inf)

    in_order = sorted(stale, key=expected_seconds, reverse=True)
    commit = commit_of(book.root)
    outcomes = {}
    for request, outcome in run_all(client, in_order, limits, say):
        name = request.page.name
        _keep(request, outcome, commit)
        say(f"{name}  {'done' if outcome.ok else 'FAILED'} in {outcome.seconds:.1f} s")
        outcomes[name] = outcome
    return outcomes


def _keep(request: Request, outcome: Outcome, commit: str) -> None:
    page = request.page
    page.failed.unlink(missing_ok=True)
    if not outcome.ok:
        page.executed.unlink(missing_ok=True)
    if outcome.notebook is not None:
        attach(_record(request, outcome, commit), outcome.notebook)
        write(outcome.notebook, page.executed if outcome.ok else page.failed)


def _record(request: Request, outcome: Outcome, commit: str) -> RunRecord:
    report = {"provenance": {}, "data": {}, "peak_memory": 0, "files": [], "edited": []}
    report |= outcome.report
    opened, edited = report.pop("files"), report.pop("edited")
    found = {asked: name for asked, (name, _) in report["data"].items()}
    machine = replace(outcome.machine, data=found)
    folder = request.page.source.parent
    key = key_of(outcome.notebook, folder, request.parameters, machine, found, opened)
    unsure = {*outcome.changed, *(_path(folder, name) for name in edited)}
    for name in key["files"]:
        if _path(folder, name) in unsure:
            key["files"][name] = ""  # nobody knows which of its contents the page has seen
    declared = declared_parameters(outcome.notebook)
    values = {name: each.text for name, each in declared.items()} | request.parameters
    return RunRecord(
        key=key,
        parameters=dict(request.parameters),
        seed=str(values.get("seed", "")),
        finished=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        seconds=round(outcome.seconds, 1),
        cores=outcome.cores,
        commit=commit,
        **report,
    )
