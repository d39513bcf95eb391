"""Where everything lies: the book's pages, and the paths under ``_build/`` derived from them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml

ENDINGS = (".ipynb", ".md")
TAKEN = ("404", "genindex", "index", "search", "status")  # by Sphinx, and by the page on the runs


class BookError(Exception):
    """A request or a book that makes no sense; the message says what to do about it."""


@dataclass(frozen=True)
class Page:
    """One entry of the table of contents.

    Attributes
    ----------
    name : str
        Path without its ending, relative to the book: ``chapters/01_basic_rnn``.
    source : Path
        The file that the author edits.
    executed, failed : Path
        Where a run of the page goes, and where the remains of a run go that failed.
    """

    name: str
    source: Path
    executed: Path
    failed: Path

    @property
    def is_notebook(self) -> bool:
        """Whether the page is run before it is shown."""
        return self.source.suffix == ".ipynb"


@dataclass(frozen=True)
class Book:
    """A folder with ``_config.yml`` and ``_toc.yml``, and the pages that the latter names."""

    root: Path
    pages: tuple[Page, ...]

    @classmethod
    def load(cls, root: Path) -> "Book":
        """Read the table of contents.

        Raises
        ------
        BookError
            If ``_config.yml`` or ``_toc.yml`` is missing or malformed, or a page that is named
            there has no file, or pages are left to a pattern.
        """
        root = root.resolve()
        for name in ("_config.yml", "_toc.yml"):
            if not (root / name).is_file():
                raise BookError(
                    f"no {name} in {root}: run from the book's folder or name it with --book"
                )
        try:
            contents = parse_toc_yaml(root / "_toc.yml")
        except (MalformedError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise BookError(f"_toc.yml cannot be read: {error}") from error
        if contents.globs():
            patterns = ", ".join(sorted(contents.globs()))
            raise BookError(f"_toc.yml has the pattern {patterns}: name each page with `file:`")
        pages = tuple(_page(root, name) for name in contents)
        for page in pages:
            if not page.is_notebook and _has_code_cell(page.source):
                raise BookError(
                    f"{page.source.name} has a {{code-cell}}, whose code would be shown and never "
                    "run: make the page a notebook (.ipynb)"
                )
            if (same := [each for each in pages if _address(each) == _address(page)])[1:]:
                files = " and ".join(each.source.name for each in same)
                raise BookError(f"{files} would be one page of the site: rename one of them")
            if _address(page) in TAKEN and page is not pages[0]:
                raise BookError(f"the site has a page of its own called {page.name}: rename yours")
        return cls(root, pages)

    @cached_property
    def config(self) -> dict:
        """The contents of ``_config.yml``."""
        try:
            config = yaml.safe_load((self.root / "_config.yml").read_text("utf-8")) or {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise BookError(f"_config.yml cannot be read: {error}") from error
        if not isinstance(config, dict):
            raise BookError(f"_config.yml holds a {type(config).__name__}, not `name: value` lines")
        return config

    @property
    def notebooks(self) -> tuple[Page, ...]:
        """The pages that are run, in the order of the book."""
        return tuple(page for page in self.pages if page.is_notebook)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that make the book what it is, whatever else lies beside them."""
        names = ("_config.yml", "_toc.yml")
        return (*(self.root / name for name in names), *(page.source for page in self.pages))

    @property
    def build(self) -> Path:
        """The only folder that is written to."""
        return self.root / "_build"

    @property
    def site(self) -> Path:
        """The finished site."""
        return self.build / "html"

    def relative(self, path: Path) -> str:
        """Return a path as the reader of a message knows it."""
        return path.relative_to(self.root).as_posix()

    def select(self, chapters: Sequence[str]) -> tuple[Page, ...]:
        """Find notebooks by ``01_basic_rnn``, by path, or all when none is named.

        Raises
        ------
        BookError
            If a name fits no page; the message lists those there are.
        """
        if not chapters:
            return self.notebooks
        wanted = {self._find(chapter).name for chapter in chapters}
        return tuple(page for page in self.notebooks if page.name in wanted)

    def _find(self, chapter: str) -> Page:
        name = chapter.removeprefix("./").removesuffix(".ipynb")
        fitting = [page for page in self.notebooks if name in (page.name, page.source.stem)]
        if not fitting:
            known = ", ".join(page.source.stem for page in self.notebooks) or "none"
            raise BookError(f"no chapter {chapter!r} in _toc.yml; the chapters are: {known}")
        if fitting[1:]:
            known = ", ".join(page.name for page in fitting)
            raise BookError(f"{chapter!r} is the name of several chapters, say which: {known}")
        return fitting[0]


def _address(page: Page) -> str:
    """Return what a page shares with another that some file systems take for the same."""
    return unicodedata.normalize("NFC", page.name).casefold()


def _has_code_cell(page: Path) -> bool:
    """Tell whether a page of text asks for code to be run, rather than show how one asks."""
    for token in MarkdownIt().parse(page.read_text("utf-8", "replace")):
        opening = token.info if token.type == "fence" else token.content.lstrip(":")
        if token.type in ("fence", "inline") and opening.strip().startswith("{code-cell}"):
            return True
    return False


def _page(root: Path, name: str) -> Page:
    """Find the file of a name in the table of contents, which may lack its ending."""
    if ".." in Path(name).parts or not (root / name).is_relative_to(root):
        raise BookError(f"_toc.yml names {name!r}: pages lie in the book, so write no .. there")
    candidates = [root / f"{name}{ending}" for ending in ("", *ENDINGS)]
    there = [path for path in candidates if path.suffix in ENDINGS and path.is_file()]
    if not there:
        raise BookError(
            f"_toc.yml names {name!r}, but there is no {name}.ipynb or {name}.md, and pages are of "
            "no other kind"
        )
    if there[1:]:
        both = " or ".join(path.name for path in there)
        raise BookError(f"_toc.yml names {name!r}, which may be {both}: write the ending there")
    source = there[0]
    if name.startswith("_") and "/" in name:
        raise BookError(f"{name} is in a folder of the build's or the site's own: move it")
    name = source.relative_to(root).as_posix().removesuffix(source.suffix)
    executed, failed = (root / "_build" / kind / f"{name}.ipynb" for kind in ("executed", "failed"))
    return Page(name, source, executed, failed)
