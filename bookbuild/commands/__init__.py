"""The verbs of the command line, a module for each: its options, and what it does."""

from bookbuild.commands import (
    check,
    execute,
    html,
    pages,
    pdf,
    reference,
    repository,
    status,
    sweep,
)

VERBS = (execute, check, html, pdf, status, reference, sweep, pages, repository)
