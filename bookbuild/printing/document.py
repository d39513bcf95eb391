"""The whole book as one page of HTML: cover, contents with page numbers, chapters."""

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import matplotlib

from bookbuild.printing.chapter import Chapter
from bookbuild.printing.markup import UNKNOWN, element, folio

HERE = Path(__file__).parent
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"  # the same on every machine
PACKAGE = find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
MATHJAX = Path(PACKAGE) / "static" / "mathjax" / "tex-chtml.js"
FACES = {
    ("Text", "normal", "normal"): "STIXGeneral",
    ("Text", "normal", "italic"): "STIXGeneralItalic",
    ("Text", "bold", "normal"): "STIXGeneralBol",
    ("Text", "bold", "italic"): "STIXGeneralBolIta",
    ("Heading", "bold", "normal"): "DejaVuSans-Bold",
    ("Code", "normal", "normal"): "DejaVuSansMono",
    ("Code", "normal", "italic"): "DejaVuSansMono-Oblique",
    ("Code", "bold", "normal"): "DejaVuSansMono-Bold",
}
SETTINGS = {
    "startup": {"typeset": False},  # print.js does
    "options": {"processHtmlClass": "math", "enableAssistiveMml": False, "enableMenu": False},
}


@dataclass(frozen=True)
class Document:
    """What is printed.

    Attributes
    ----------
    title, language, author : str
        The author may be empty.
    imprint : sequence of str
        Lines at the foot of the cover.
    parts : sequence of (str, sequence of Chapter)
        The book's parts, each with its name, which may be empty.
    colours : Path
        The site's style sheet for code.
    """

    title: str
    language: str
    author: str
    imprint: Sequence[str]
    parts: Sequence[tuple[str, Sequence[Chapter]]]
    colours: Path

    @property
    def chapters(self) -> list[Chapter]:
        """The chapters of all parts."""
        return [each for _, chapters in self.parts for each in chapters]

    def html(self, folios: Mapping[str, int], tight: Mapping[str, int]) -> str:
        """Return the book.

        Parameters
        ----------
        folios : mapping of str to int
            On which page each place is that is referred to; those not known yet take as much
            room as a number.
        tight : mapping of str to int
            The names of chapters that are set tighter, and by how many degrees.
        """
        for each in self.chapters:
            each.body["style"] = f"--tight: {tight.get(each.name, 0)}"
        parts = [self._cover(), self._contents(), *(each.body for each in self.chapters)]
        for link in [link for part in parts for link in part.select("a.folio")]:
            link.string = str(folios.get(link["href"].removeprefix("#"), UNKNOWN))
        title = html.escape(self.title)
        return f"""<!DOCTYPE html>
<html lang="{html.escape(self.language)}" data-theme="light" data-title="{title}">
<head>
<meta charset="utf-8">
<title>its script did not come to an end</title>
<link rel="stylesheet" href="{self.colours.as_uri()}">
<style>{"".join(self._styles())}</style>
<script>window.MathJax = {json.dumps(SETTINGS)}</script>
<script src="{MATHJAX.as_uri()}"></script>
</head>
<body>
{"".join(map(str, parts))}
<script>{(HERE / "print.js").read_text("utf-8")}</script>
</body>
</html>
"""

    def _styles(self) -> Iterator[str]:
        for (family, weight, style), name in FACES.items():
            file = (FONTS / f"{name}.ttf").as_uri()
            yield (
                f'@font-face {{ font-family: "{family}"; font-weight: {weight}; '
                f'font-style: {style}; src: url("{file}"); }}\n'
            )
        yield (HERE / "print.css").read_text("utf-8")
        for each in self.chapters:  # the page's head is the chapter's title
            yield f"#{each.name} {{ page: {each.name} }}\n"
            yield f"@page {each.name} {{ @top-center {{ content: {_css(each.title)} }} }}\n"

    def _cover(self):
        cover = element("section", element("p", self.title, kind="title"), kind="cover")
        picture = next((each.body.img for each in self._numbered() if each.body.img), None)
        if picture:
            cover.append(element("img", src=picture["src"], alt=""))
        cover.append(element("div", *(element("p", each) for each in self.imprint), kind="imprint"))
        return cover

    def _numbered(self) -> list[Chapter]:
        """Return the chapters of the first part that has a name, all if none has."""
        return next((list(chapters) for name, chapters in self.parts if name), self.chapters)

    def _contents(self):
        listing = element("div", kind="parts")
        for name, chapters in self.parts:
            if name:
                listing.append(element("p", name, kind="part"))
            for each in chapters:
                lines = [("of-chapter", each.name, each.title)]
                lines += [("of-section", place, title) for place, title in each.sections]
                entries = [
                    element("li", element("a", title, href=f"#{place}"), folio(place), kind=kind)
                    for kind, place, title in lines
                ]
                listing.append(element("ol", *entries))
        return element("section", element("h1", "Contents"), listing, kind="contents")


def _css(text: str) -> str:
    """Return a text as a string of CSS."""
    safe = "".join(c if c.isalnum() or c in " .,:;-" else f"\\{ord(c):x} " for c in text)
    return f'"{safe}"'
