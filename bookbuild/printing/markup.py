"""Pieces of HTML of the printed book."""

import re

from bs4 import BeautifulSoup, Tag
from bs4.element import PageElement

UNKNOWN = "000"  # as wide as a page's number


def element(name: str, *inside: PageElement | str, **attributes: str) -> Tag:
    """Return an element with what is inside; the attribute ``class`` is called ``kind``."""
    if "kind" in attributes:
        attributes["class"] = attributes.pop("kind")
    made = BeautifulSoup("", "html.parser").new_tag(name, attrs=attributes)
    made.extend(inside)
    return made


def folio(place: str) -> Tag:
    """Return a link to a place that reads as the number of its page, once that is known."""
    return element("a", UNKNOWN, kind="folio", href=f"#{place}")


def text_of(tag: Tag) -> str:
    """Return the text of an element on one line."""
    return re.sub(r"\s+", " ", tag.get_text()).strip()
