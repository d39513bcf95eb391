"""``bookbuild pages``: which pages there are, and which of them a change touches."""

import argparse
import json

from bookbuild.book import Book
from bookbuild.git import changed_files

BEHIND_EVERY_PAGE = (
    "rnn_utils/",
    "requirements/",
    "bookbuild/",
    "_config.yml",
    "_toc.yml",
    "_static/",
    "_templates/",
    "chapters/references.bib",
)


def add_parser(verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("pages", help="list the pages", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the notebooks' names, as JSON")
    form.add_argument(
        "--since", metavar="COMMIT", help="only those that changed since, as a Markdown list"
    )
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Print the pages in the order of the book."""
    if arguments.json:
        print(json.dumps([page.source.stem for page in book.notebooks]))
    elif arguments.since is not None:
        print(changes(book, arguments.since))
    else:
        print("\n".join(page.name for page in book.pages))
    return 0


def changes(book: Book, commit: str) -> str:
    """Say in Markdown which pages differ from those of a commit.

    Raises
    ------
    BookError
        If git cannot compare with the commit.
    """
    files = changed_files(book.root, commit)
    pages = [page.name for page in book.pages if book.relative(page.source) in files]
    behind = [file for file in files if file.startswith(BEHIND_EVERY_PAGE)]
    parts = []
    if pages:
        parts.append(_list(f"Pages whose source changed since {commit}:", pages))
    if behind:
        parts.append(_list("Files behind every page changed, so any page may differ:", behind))
    return "\n".join(parts) or f"No page changed since {commit}."


def _list(heading: str, entries: list[str]) -> str:
    return "\n".join([heading, "", *(f"- `{entry}`" for entry in entries), ""])
