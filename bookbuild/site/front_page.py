"""Directives of the front page: what it shows of the other pages is taken from their runs.

Their contents are plain Markdown, so that the page can be read where no directive is known.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from docutils import nodes
from nbformat import NotebookNode
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

from bookbuild.book import BookError
from bookbuild.files import write_bytes
from bookbuild.notebooks import read, recorded
from bookbuild.running.run_record import record_of
from bookbuild.site.pictures import Picture, pictures, without_words

FOLDER = "_pictures"  # in the staged book


class OfPages(SphinxDirective):
    """What the directives share: the pages of the book, and Markdown inside."""

    has_content = True

    def page(self, name: str) -> NotebookNode:
        """Return an executed page by its name, such as ``chapters/01_basic_rnn``."""
        try:
            return read(Path(self.env.srcdir) / f"{name}.ipynb")
        except BookError as error:
            raise self.error(f"{self.name}: {error}") from error

    def parsed(self) -> list[nodes.Node]:
        """Return what the directive holds."""
        inside = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, inside)
        return inside.children

    def image(self, page: str, picture: Picture, svg: bytes) -> nodes.image:
        """Return a picture of a page as an image that the site holds as a file."""
        name = f"{FOLDER}/{page.replace('/', '-')}-{picture.cell}-{self.name}.svg"
        write_bytes(svg, Path(self.env.srcdir) / name)
        return nodes.image(uri=f"/{name}", alt=picture.alt)


class PictureOfPage(OfPages):
    """A figure of another page, named by the page and the cell that drew it, with a caption."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Return the figure."""
        name, cell = self.arguments
        there_are = {picture.cell: picture for picture in pictures(self.page(name))}
        if cell not in there_are:
            raise self.error(
                f"{name} shows no figure in a cell {cell!r}; it does in: {', '.join(there_are)}"
            )
        picture = there_are[cell]
        caption = nodes.container("", *self.parsed(), classes=["caption"])
        image = nodes.container("", self.image(name, picture, picture.svg), classes=["scrolls"])
        return [nodes.container("", image, caption, classes=["picture-of-page"])]


class CardsOfPages(OfPages):
    """A list whose entries begin with a link to a page: each becomes a card with its picture."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        inside = self.parsed()
        for entry in (entry for part in inside for entry in part.findall(nodes.list_item)):
            page = self._linked(entry)
            picture = next(pictures(self.page(page)), None)
            if picture is None:
                raise self.error(f"{page} shows no figure to put on its card")
            entry.insert(0, self.image(page, picture, without_words(picture.svg)))
        return [nodes.container("", *inside, classes=["cards-of-pages"])]

    def _linked(self, entry: nodes.list_item) -> str:
        link = next(entry.findall(pending_xref), None)
        if link is None:
            raise self.error(f"this entry links to no page: {entry.astext()}")
        return link["reftarget"].removesuffix(".ipynb")


class Results(OfPages):
    """A table in which what stands in ``code`` is the name of a number that a page recorded.

    After a colon the name may have Python's notation for how the number is written, such as
    ``accuracy:.3f``.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table with the numbers, and a warning if they are of an unusual run."""
        (name,) = self.arguments
        page = self.page(name)
        numbers = recorded(page)
        inside = self.parsed()
        for literal in [each for part in inside for each in part.findall(nodes.literal)]:
            literal.replace_self(nodes.Text(self._number(literal.astext(), numbers, name)))
        record = record_of(page)
        if record and record.departure:
            warning = f"The page that recorded these numbers {record.departure}."
            inside.append(nodes.paragraph("", "", nodes.strong("", warning)))
        return [nodes.container("", *inside, classes=["results"])]

    def _number(self, wanted: str, numbers: Mapping[str, object], page: str) -> str:
        name, _, notation = wanted.partition(":")
        if name not in numbers:
            near = get_close_matches(name, numbers, n=3) or sorted(numbers)[:3]
            others = f"it recorded {', '.join(near)}" if near else "it recorded nothing"
            raise self.error(f"{page} recorded no {name!r} for this table; {others}")
        try:
            return format(numbers[name], notation)
        except (TypeError, ValueError) as error:
            raise self.error(f"{wanted!r} of {page} cannot be written so: {error}") from error
