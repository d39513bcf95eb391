"""``bookbuild repository``: the address that the book lives at, written wherever it is used.

``_config.yml`` holds the address. Links below titles, links of the README, CITATION.cff and the
first cell of each notebook follow from it; without an address there are none of them. In text files
the address stands in a block between two marked lines, and the block is empty until there is one.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from bookbuild.book import Book, BookError, Page
from bookbuild.notebooks import code_cells, read_as_is, text_of
from bookbuild.site.address import Address, current

BLOCK = re.compile(r"(?<=repository: begin)(?P<rest>[^\n]*\n).*?(?=[^\n]*repository: end)", re.S)
FIRST_CELL = re.compile(r'^REPOSITORY = ".*?"', re.M)
BLOCKS = {
    "_config.yml": """\
      repository_url: {address.url}
""",
    "CITATION.cff": """\
repository-code: {address.url}
url: {address.site}
""",
    "README.md": """\

[![Book]({address.url}/actions/workflows/book.yml/badge.svg)]({address.url}/actions/workflows/book.yml)
[Read it]({address.site}), or run it
[in Colab]({colab}),
[on Binder]({binder}) or
[in a Codespace]({address.codespace}).

""",
}


def add_parser(verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("repository", help="set the book's address", description=__doc__)
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="https://github.com/OWNER/NAME; '' takes the address out again; "
        "without it, print the address there is",
    )
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Print the address, or write another to all files that hold it."""
    if arguments.url is not None:
        address = Address.parse(arguments.url) if arguments.url.strip() else None
        for path, text in rewritten(book, address).items():
            path.write_text(text, "utf-8", newline="\n")
            print(f"wrote {book.relative(path)}")
    else:
        address = current(book)
    print(f"the book's address is {address.url}" if address else "the book has no address")
    return 0


def rewritten(book: Book, address: Address | None) -> dict[Path, str]:
    """Return the new text of each file that does not hold just this address.

    Raises
    ------
    BookError
        If a file has no place for an address; no file has been touched then.
    """
    return {path: text for path, text in _texts(book, address) if text != path.read_text("utf-8")}


def _texts(book: Book, address: Address | None) -> Iterator[tuple[Path, str]]:
    """Yield each file that holds the address, with its text as it should be."""
    first = book.relative(book.notebooks[0].source) if book.notebooks else ""
    for name, template in BLOCKS.items():
        body = ""
        if address:
            colab, binder = address.colab(first), address.binder(first)
            body = template.format(address=address, colab=colab, binder=binder)
        if (book.root / name).exists():
            yield book.root / name, _with_block(book.root / name, body)
    for page in book.notebooks:
        yield page.source, _with_first_cell(page, address.url if address else "")


def _with_block(path: Path, body: str) -> str:
    """Return a file's text with another body between its marked lines."""
    text, count = BLOCK.subn(rf"\g<rest>{body}", path.read_text("utf-8"))
    if count != 1:
        raise BookError(
            f"{path.name} must hold, once, a line with 'repository: begin' and after it one with "
            "'repository: end'"
        )
    return text


def _with_first_cell(page: Page, url: str) -> str:
    """Return a notebook's text with another address in its first cell."""
    notebook = read_as_is(page.source)
    places = [cell for cell in code_cells(notebook) if FIRST_CELL.search(cell.source)]
    if len(places) != 1:
        raise BookError(
            f'{page.name}.ipynb must hold, once, the line REPOSITORY = "" of the first cell of the '
            "other pages"
        )
    places[0].source = FIRST_CELL.sub(f'REPOSITORY = "{url}"', places[0].source)
    return text_of(notebook)
