"""A page of the site as a chapter in print."""

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html import unescape
from itertools import zip_longest
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Comment, NavigableString, Tag

from bookbuild.book import BookError
from bookbuild.printing.back import move_to_the_back
from bookbuild.printing.markup import element, text_of
from bookbuild.site.printed_link import CLASS

FOR_SCREENS = (
    "script, style, template, noscript, button, input, form, ul.page-bar, a.headerlink, "
    f"div.anim-controls, div.toctree-wrapper, p.{CLASS}, .d-print-none"
)
CODE_PAGE, CODE_TITLE = "code.html", "Code of figures and tables"  # a page of print alone
COLUMNS = 92  # of a line of code; print.css sets its size so that they fit
SHORT_TABLE = 12  # rows that stay on one page
SHORT_CELL = 24  # characters that stay on one line
SHORT_LINK = 12  # "Chapter 5", with its number
# Names, operators, punctuation: most of a program. Without colours it makes half as large a file.
PLAIN = re.compile(r'<span class="(?:n|nn|nx|o|p|w)">([^<]*)</span>')
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)


@dataclass(frozen=True)
class Chapter:
    """A page of the site, fit for print.

    Attributes
    ----------
    page : str
        Its address in the site, such as ``chapters/04_lstm.html``.
    body : bs4.Tag
        A section; its id is `name`, with which all ids in it begin.
    """

    page: str
    body: Tag

    @property
    def name(self) -> str:
        """The chapter's id in the printed book."""
        return name_of(self.page)

    @property
    def title(self) -> str:
        """The title, with its number if it has one."""
        return text_of(self.body.h1)

    @property
    def sections(self) -> Iterator[tuple[str, str]]:
        """The id and the title of each section."""
        for heading in self.body.find_all("h2"):
            yield heading["id"], text_of(heading)

    @property
    def ids(self) -> set[str]:
        """What links may lead to."""
        return {self.name, *(each["id"] for each in self.body.find_all(id=True))}


def name_of(page: str) -> str:
    """Return the id of a page of the site in the printed book, which no other page has."""
    name = page.removesuffix(".html")
    return "page-" + re.sub(r"[^a-z0-9-]", lambda sign: f"_{ord(sign[0]):x}_", name)


def chapter(page: str, html: str, folder: Path) -> Chapter:
    """Make a chapter of a page of the site.

    Parameters
    ----------
    page : str
        Its address in the site.
    html : str
        Its text.
    folder : Path
        Where the page lies, and from where it names its pictures.

    Raises
    ------
    BookError
        If it has no title.
    """
    body = BeautifulSoup(PLAIN.sub(r"\1", html), "html.parser").select_one("article")
    if body is None or body.h1 is None:
        raise BookError(f"{page} of the site has no title, so that it cannot be printed")
    body.extract()
    for each in [*body.select(FOR_SCREENS), *body.find_all(string=_is_comment)]:
        around = each.parent
        each.extract()
        if around.name == "p" and not text_of(around):
            around.extract()
    name = name_of(page)
    for each in body.find_all(id=True):
        each["id"] = f"{name}--{each['id']}"
    body.name, body.attrs = "section", {"class": ["chapter"], "id": name}
    move_to_the_back(body, name)
    for number, heading in enumerate(body.find_all(["h2", "h3"]), start=1):
        heading["id"] = heading.get("id") or f"{name}-h{number}"
    for image in body.find_all("img"):
        image.attrs.pop("loading", None)  # all are needed at once
        if not image["src"].startswith("data:"):
            image["src"] = (folder / unquote(image["src"])).resolve().as_uri()
    for pre in body.find_all("pre"):
        _fit_code(pre)
    for paragraph in body.find_all("p"):
        if _introduces(paragraph):
            _mark(paragraph, "lead")
    for equation in body.select("span.math"):
        _join_signs(equation)
    for anchor in body.find_all("a"):
        if len(text_of(anchor)) <= SHORT_LINK:
            _mark(anchor, "unbroken")
    for table in body.find_all("table"):
        _fit_table(table)
    return Chapter(page, body)


def join(chapters: Collection[Chapter]) -> None:
    """Lead the links between pages of the site to places in the printed book.

    A link to a file of the site that is not printed is left as text.
    """
    ids = {made.page: made.ids for made in chapters}
    for made in chapters:
        for anchor in made.body.find_all("a", href=True):
            address = anchor["href"]
            if SCHEME.match(address) or address.removeprefix("#") in ids[made.page]:
                continue
            path, _, fragment = unquote(address).partition("#")
            page = posixpath.join(posixpath.dirname(made.page), path) if path else made.page
            page = posixpath.normpath(page)
            if page in ids:
                place = f"{name_of(page)}--{fragment}"
                anchor["href"] = f"#{place if place in ids[page] else name_of(page)}"
            else:
                anchor.unwrap()


def code_of(chapters: Collection[Chapter]) -> Iterator[Chapter]:
    """Yield one chapter of the code that was folded in others, if any was; they lose it."""
    if code := [part for made in chapters for part in made.body.select("section.small")]:
        attributes = {"kind": "chapter", "id": name_of(CODE_PAGE)}
        yield Chapter(CODE_PAGE, element("section", element("h1", CODE_TITLE), *code, **attributes))


def _is_comment(text: str) -> bool:
    return isinstance(text, Comment)


def _introduces(paragraph: Tag) -> bool:
    """Tell whether a paragraph must stand on one page with what follows it."""
    text, after = text_of(paragraph), paragraph.find_next_sibling()
    before_equation = after is not None and "math" in after.get_attribute_list("class", [])
    all_bold = paragraph.strong is not None and text_of(paragraph.strong) == text
    return before_equation or all_bold or text.endswith(":")


def _join_signs(equation: Tag) -> None:
    """Keep an equation on one line with what it touches, a full stop or a parenthesis say.

    A browser may break the line at either side of an equation, space or no space.
    """
    around = equation.wrap(element("span", kind="unbroken"))
    before, after = around.previous_sibling, around.next_sibling
    for text, touching in ((before, r"\S+\Z"), (after, r"^\S+")):
        if type(text) is not NavigableString or not (found := re.search(touching, text)):
            continue
        if text is before:
            around.insert(0, found[0])
            text.replace_with(text[: found.start()])
        else:
            around.append(found[0])
            text.replace_with(text[found.end() :])


def _fit_code(pre: Tag) -> None:
    """Make each line a block, so that a frame ends with the last of them on a page.

    Lines that take more than one row are marked, and no two in succession are left empty.
    """
    lines = pre.decode_contents().rstrip("\n").split("\n")
    lines = [line for line, after in zip_longest(lines, lines[1:]) if line or after]
    marked = [f'<span class="{_kind(line)}">{line}\n</span>' for line in lines]
    new = BeautifulSoup(f"<pre>{''.join(marked)}</pre>", "html.parser").pre
    pre.clear()
    pre.extend(new.contents[:])


def _kind(line: str) -> str:
    text = unescape(re.sub(r"<[^>]*>", "", line))
    return "line long" if len(text) > COLUMNS else "line"


def _fit_table(table: Tag) -> None:
    """Mark a table that is short, and the cells of any that are."""
    if len(table.find_all("tr")) <= SHORT_TABLE:
        _mark(table, "short")
    for cell in table.find_all("td"):
        if len(text_of(cell)) <= SHORT_CELL:
            _mark(cell, "short")


def _mark(tag: Tag, kind: str) -> None:
    tag["class"] = [*tag.get_attribute_list("class", []), kind]
