"""The verbs of the command line, a module for each: its options, and what it does."""

import sys

# Of what nbformat imports this alone takes a second, for addresses that no notebook is checked for.
sys.modules.setdefault("rfc3987_syntax", None)

from bookbuild.commands import (  # noqa: E402
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
