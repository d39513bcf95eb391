"""The address that the book lives at, and the addresses that follow from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bookbuild.book import Book, BookError

GITHUB = re.compile(
    r"(?:https://(?:www\.)?github\.com/|(?:ssh://)?git@github\.com[:/])"
    r"(?P<owner>[a-z\d](?:-?[a-z\d])*)/(?P<name>(?!\.+/?$)[\w.-]+?)(?:\.git)?/?",
    re.I | re.A,
)


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

    @property
    def codespace(self) -> str:
        """Where a Codespace opens the repository."""
        return f"https://codespaces.new/{self.path}"

    def colab(self, page: str) -> str:
        """Where Colab opens a notebook, given by its path in the repository."""
        return f"https://colab.research.google.com/github/{self.path}/blob/main/{page}"

    def binder(self, page: str) -> str:
        """Where Binder opens a notebook, given by its path in the repository."""
        return f"https://mybinder.org/v2/gh/{self.path}/main?urlpath=lab/tree/{page}"

    def new_issue(self, page: str) -> str:
        """Where a reader reports a mistake on a page, its name filled in."""
        return f"{self.url}/issues/new?title={quote(f'A mistake in {page}: ', safe='')}"


def address_in(options: Mapping[str, str]) -> Address | None:
    """Return the address among the options of the site's theme, None where there is none."""
    url = options.get("repository_url")
    return Address.parse(url) if url else None


def current(book: Book) -> Address | None:
    """Return the address in ``_config.yml``, None as long as there is none."""
    options = book.config
    for key in ("sphinx", "config", "html_theme_options"):
        options = options.get(key) or {}
    return address_in(options)
