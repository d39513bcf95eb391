"""What makes a page safe: a policy, and nothing left in the page that it would have to stop.

A content security policy lets only the theme's own scripts run, so what a notebook displays can
bring none of its own.
"""

import re
from base64 import b64encode
from hashlib import sha256

from bs4 import BeautifulSoup
from bs4.element import PreformattedString

from bookbuild.checking.active_content import active_parts
from bookbuild.site.printed_link import PLACE

# The handlers in attributes that `book.js` replaces: the theme's and the player's.
HANDLER = re.compile(
    r"(window(?=\.print)|anim_[0-9a-f]{12})\.([a-z_]+)\((?:parseInt\(this\.value\))?\);?"
)
POLICY = (
    "default-src 'self'; script-src 'self'{}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "frame-src 'none'; base-uri 'none'; form-action 'self'"
)


def listen(page: BeautifulSoup) -> None:
    """Turn the known handlers in attributes, which the policy forbids, into data of the element."""
    for name in ("data-object", "data-call", "data-src"):  # which an output could feign
        for element in page.find_all(attrs={name: True}):
            del element[name]
    for fold in page.select("summary[aria-label]"):  # which hides what the fold itself says
        del fold["aria-label"]
    for event in ("onclick", "oninput"):
        for element in page.find_all(attrs={event: HANDLER}):
            element["data-object"], element["data-call"] = HANDLER.match(element[event]).groups()
            del element[event]


def disarm(page: BeautifulSoup) -> None:
    """Take away what a text or an output brings along to run, wherever it was carried."""
    for element, attribute in list(active_parts(page.body)):
        if element.decomposed:  # with another that it stood in
            continue
        if attribute:
            del element[attribute]
        elif element.name != "script" or not element.get("src"):  # a file of the site
            element.decompose()
    for article in page.select("article"):
        for hidden in article.find_all(string=_is_hidden):
            hidden.extract()


def _is_hidden(text: str) -> bool:
    """Tell a comment and the like, whose end browsers may see elsewhere, but for the book's own."""
    return isinstance(text, PreformattedString) and f"<!--{text}-->" != PLACE


def secure(page: BeautifulSoup) -> None:
    """Put a policy into the head: of scripts in the page only those in its head may run."""
    head = page.head
    charset = head.find("meta", charset=True)  # which stands within a page's first 1,024 bytes
    scripts = [s.string for s in head.find_all("script", src=False, recursive=False)]
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    policy = POLICY.format("".join(f" 'sha256-{each}'" for each in dict.fromkeys(hashes)))
    meta = {"http-equiv": "Content-Security-Policy", "content": policy}
    head.insert(head.index(charset) + 1 if charset else 0, page.new_tag("meta", attrs=meta))
