"""How long each page took when its numbers were renewed: the order to run pages in elsewhere."""

import json
from collections.abc import Iterable

from bookbuild.book import Book, BookError, Page
from bookbuild.files import write_text
from bookbuild.notebooks import read
from bookbuild.running.run_record import record_of

FILE = "chapters/durations.json"


def load(book: Book) -> dict[str, float]:
    """Return the seconds of each page by its name; empty where the file is missing.

    Raises
    ------
    BookError
        If the file cannot be understood.
    """
    path = book.root / FILE
    if not path.exists():
        return {}
    try:
        return {name: float(seconds) for name, seconds in json.loads(path.read_text()).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise BookError(
            f"{FILE} cannot be read ({type(error).__name__}: {error}): take it back from git, or "
            "delete it"
        ) from error


def renew(book: Book, pages: Iterable[Page]) -> None:
    """Write down how long the last runs of some pages took, and forget pages that are gone."""
    seconds = load(book) | {page.name: record_of(read(page.executed)).seconds for page in pages}
    known = [page.name for page in book.notebooks if page.name in seconds]
    whole = {name: round(seconds[name]) for name in known}
    write_text(json.dumps(whole, indent=2) + "\n", book.root / FILE)
