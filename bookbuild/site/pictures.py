"""The pictures of pages that have run, to be shown again on other pages."""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from bs4 import BeautifulSoup
from nbformat import NotebookNode

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"


@dataclass(frozen=True)
class Picture:
    """A figure as a page shows it.

    Attributes
    ----------
    cell : str
        The id of the cell that drew it.
    alt : str
        What it shows, for those who cannot see it.
    svg : bytes
        The image.
    """

    cell: str
    alt: str
    svg: bytes


def pictures(page: NotebookNode) -> Iterator[Picture]:
    """Yield the figures that an executed page shows as SVG, in their order."""
    for cell in page.cells:
        for output in cell.get("outputs", []):
            html = BeautifulSoup(output.get("data", {}).get("text/html", ""), "html.parser")
            for image in html.select('img[src^="data:image/svg+xml;base64,"]'):
                data = image["src"].partition("base64,")[2]
                yield Picture(cell.id, image.get("alt", ""), b64decode(data))


def without_words(svg: bytes) -> bytes:
    """Return a figure that matplotlib drew without its texts, for a size at which none is legible.

    Parameters
    ----------
    svg : bytes
        The image, its texts as paths.
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    drawing = ElementTree.fromstring(svg)
    for group in list(drawing.iter()):
        for child in list(group):
            if child.get("id", "").startswith("text_"):
                group.remove(child)
    return ElementTree.tostring(drawing)
