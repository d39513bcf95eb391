"""``bookbuild execute``: run the pages whose outputs are out of date, report each that failed."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import nbformat
from nbformat import NotebookNode

from bookbuild import durations
from bookbuild.book import Book, BookError
from bookbuild.files import sole_use
from bookbuild.freshness import key_of
from bookbuild.git import commit_of
from bookbuild.jobs import (
    Job,
    Step,
    add_page_options,
    add_run_options,
    declared_parameters,
    here,
    jobs_of,
    plan,
)
from bookbuild.note import Note, attach
from bookbuild.notebooks import write
from bookbuild.task import Limits, Run

if TYPE_CHECKING:
    from distributed import Client


class Failure(NamedTuple):
    """A job that did not run through: where that was, and why."""

    job: Job
    where: str
    error: str


def add_parser(verbs) -> None:
    """Add the verb and its options to the command line."""
    parser = verbs.add_parser("execute", help="run what is out of date", description=__doc__)
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="default: all")
    add_page_options(parser)
    add_run_options(parser)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Bring the chapters asked for up to date; 1 if any failed."""
    jobs = jobs_of(book.select(arguments.chapters), arguments.parameters, arguments.quick)
    with sole_use(book.build):
        failures = bring_up_to_date(book, jobs, arguments)
    return report(book, failures, len(jobs))


def bring_up_to_date(
    book: Book, jobs: Sequence[Job], arguments: argparse.Namespace
) -> list[Failure]:
    """Run the jobs of which something has moved, and keep each result as it comes.

    A page that ran through is written to ``page.executed``. Of any other, what it managed is
    written to ``page.failed``, and no executed page is left that a reader could take for it.

    Parameters
    ----------
    book : Book
        Where the pages belong.
    jobs : sequence of Job
        What is wanted.
    arguments : argparse.Namespace
        The options of `add_run_options`.

    Returns
    -------
    list of Failure
        In the order of the jobs.

    Raises
    ------
    BookError
        If the cluster cannot be used.
    """
    if arguments.scheduler and arguments.workers:
        raise BookError("--workers is for this machine; behind --scheduler each worker counts")
    if arguments.scheduler:
        from bookbuild import cluster

        with cluster.remote(arguments.scheduler) as client:
            steps = plan(jobs, partial(cluster.look, client), arguments.force)
            return _run_stale(book, steps, client, arguments)
    steps = plan(jobs, here, arguments.force)
    stale = sum(bool(step.why) for step in steps)
    if not stale:
        _announce(steps)
        return []
    from bookbuild import cluster

    with cluster.local(min(stale, arguments.workers or cluster.default_workers())) as client:
        return _run_stale(book, steps, client, arguments)


def report(book: Book, failures: Sequence[Failure], total: int) -> int:
    """Say which pages failed, where and why, and return the exit status."""
    if not failures:
        return 0
    say(f"\n{len(failures)} of {total} pages failed:")
    for job, where, error in failures:
        say("\n" + ", ".join(filter(None, [job.page.name, where])) + f"\n  {error}")
        if job.page.failed.exists():
            say(f"  what ran is in {book.relative(job.page.failed)}")
    return 1


def say(line: str) -> None:
    """Print a whole line at once: logs and terminals show it the same."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _announce(steps: Sequence[Step]) -> None:
    for step in steps:
        say(str(step))


def _run_stale(
    book: Book, steps: Sequence[Step], client: Client, arguments: argparse.Namespace
) -> list[Failure]:
    from bookbuild.cluster import run_all

    _announce(steps)
    # The longest first, so that no worker is left with a long page when the others are done.
    earlier = durations.load(book)

    def expected_seconds(step: Step) -> float:
        return step.note.seconds if step.note else earlier.get(step.job.page.name, math.inf)

    stale = sorted((step for step in steps if step.why), key=expected_seconds, reverse=True)
    jobs = [step.job for step in stale]
    limits = Limits(arguments.timeout, arguments.start_timeout)
    commit = commit_of(book.root)
    failures = {}
    for number, outcome in run_all(client, [job.task(limits) for job in jobs], say):
        job = jobs[number]
        _keep(job, outcome, commit)
        say(f"{job.page.name}  {'done' if outcome.ok else 'FAILED'} in {outcome.seconds:.1f} s")
        if not outcome.ok:
            failures[job.page.name] = Failure(job, outcome.where, outcome.error)
    return [failures[s.job.page.name] for s in steps if s.job.page.name in failures]


def _keep(job: Job, outcome: Run, commit: str) -> None:
    page = job.page
    if not outcome.ok:
        page.executed.unlink(missing_ok=True)
    if not outcome.notebook:
        page.failed.unlink(missing_ok=True)
        return
    notebook = nbformat.reads(outcome.notebook, as_version=4)
    attach(_note(job, notebook, outcome, commit), notebook)
    write(notebook, page.executed if outcome.ok else page.failed)
    if outcome.ok:
        page.failed.unlink(missing_ok=True)


def _note(job: Job, notebook: NotebookNode, outcome: Run, commit: str) -> Note:
    answer = {"provenance": {}, "data": {}, "peak_memory": 0} | outcome.answer
    found = {asked: name for asked, (name, _) in answer["data"].items()}
    place = replace(outcome.place, data=found)
    seeds = declared_parameters(notebook) | job.parameters
    return Note(
        key=key_of(notebook, job.parameters, place, found),
        parameters=dict(job.parameters),
        seed=str(seeds.get("seed", "")),
        finished=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        seconds=round(outcome.seconds, 1),
        cores=outcome.cores,
        commit=commit,
        **answer,
    )
