"""``bookbuild repository``: the address that the book lives at, written wherever it is used.

``_config.yml`` holds the address. Launch buttons, links of the README, CITATION.cff and the first
cell of each notebook follow from it; without an address there are none of them. In text files the
address stands in a block between two marked lines, and the block is empty until there is one.
"""

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bookbuild.book import Book, BookError, Page
from bookbuild.notebooks import code_cells, read_as_is, text_of

BLOCK = re.compile(r"(?<=repository: begin)(?P<rest>[^\n]*\n).*?(?=[^\n]*repository: end)", re.S)
FIRST_CELL = re.compile(r'^REPOSITORY = ".*?"', re.M)
GITHUB = re.compile(
    r"(?:https://(?:www\.)?github\.com/|(?:ssh://)?git@github\.com[:/])"
    r"(?P<owner>[a-z\d](?:-?[a-z\d])*)/(?P<name>(?!\.+/?$)[\w.-]+?)(?:\.git)?/?",
    re.I | re.A,
)

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
[in Colab](https://colab.research.google.com/github/{address.path}/blob/main/{page}),
[on Binder](https://mybinder.org/v2/gh/{address.path}/main?urlpath=lab/tree/{page}) or
[in a Codespace](https://codespaces.new/{address.path}).

""",
}


@dataclass(frozen=True)
class Address:
    """A repository on GitHub, which Colab, Binder and Pages take their own addresses from."""

    owner: str
    name: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read an address as browsers and git write it.

        Raises
        ------
        BookError
            If it is not that of a repository on GitHub.
        """
        match = GITHUB.fullmatch(url.strip())
        if not match:
            raise BookError(
                f"{url!r} is not a repository on GitHub, where Colab and Binder open pages from: "
                "write it as https://github.com/OWNER/NAME"
            )
        return cls(**match.groupdict())

    @property
    def path(self) -> str:
        """Owner and name, as in GitHub's own addresses."""
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        """The repository's page."""
        return f"https://github.com/{self.path}"

    @property
    def site(self) -> str:
        """Where GitHub Pages shows the book."""
        host = f"{self.owner.lower()}.github.io"
        return f"https://{host}/" if self.name.lower() == host else f"https://{host}/{self.name}/"


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


def current(book: Book) -> Address | None:
    """Return the address in ``_config.yml``, None as long as there is none."""
    options = book.config
    for key in ("sphinx", "config", "html_theme_options"):
        options = options.get(key) or {}
    return Address.parse(options["repository_url"]) if "repository_url" in options else None


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
        body = template.format(address=address, page=first) if address else ""
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
