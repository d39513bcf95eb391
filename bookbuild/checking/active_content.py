"""What would run in a reader's browser: the book's own scripts in outputs, and everything else.

A page's own scripts are stopped by the site's content security policy. So an output that brings
one is refused before: its author learns it, not the reader of a page where something stands still.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from html import unescape
from urllib.parse import unquote_to_bytes

from bs4 import BeautifulSoup, Tag
from markdown_it import MarkdownIt

RUNNING_TAGS = {"script", "iframe", "object", "embed", "applet", "base", "meta", "link"}
ADDRESSES = {"href", "xlink:href", "src", "action", "formaction"}
# The frames of matplotlib's player, and nothing else that could be a program.
PLAYER = re.compile(
    r"""\s*(?:/\*[^*]*\*/\s*)*\(function\(\)\s\{\s*
    (?:var\s\w+\s=\s"\w+";\s*){3}
    var\sframes\s=\snew\sArray\(\d+\);\s*
    (?:frames\[\d+\]\s=\s"data:image/png;base64,[A-Za-z0-9+/=\\\n]*"\s*)*
    (?:/\*[^*]*\*/\s*)?setTimeout\(function\(\)\s\{\s*
    anim_\w+\s=\snew\sAnimation\(frames,\simg_id,\sslider_id,\s[\d.]+,\s*loop_select_id\);\s*
    \},\s0\);\s*\}\)\(\)\s*""",
    re.VERBOSE,
)
PLAYER_HANDLER = re.compile(r"anim_[0-9a-f]{12}\.[a-z_]+\((?:parseInt\(this\.value\))?\);?")
UNSEEN = re.compile(r"[\s\x00-\x1f]+")  # in an address, which a browser reads without it
JAVASCRIPT = re.compile(r"(?:javascript:|vbscript:|data:text)", re.I)
EXPLORER = re.compile(r"rnn-explorer-[0-9a-f]{12}")
# What ends a comment for a browser, and not for every other reader.
COMMENT = re.compile(r"<!---?>|--!>")
SVG_ADDRESS = re.compile(r"\s*data:image/svg\+xml([^,]*),(.*)", re.I | re.DOTALL)
SVG_ACTIVE = re.compile(
    rf"<(?:[\w.-]+:)?(?:{'|'.join(RUNNING_TAGS)}|foreignObject)(?=[\s/>])"
    r"|\son\w+\s*=\s*[\"']|" + r"\s*".join("javascript:") + r"|<!ENTITY|<\?xml-stylesheet",
    re.I,
)


def script_of_the_book(script: Tag) -> bool:
    """Tell whether a script is one of the explorer's or the player's, to the letter."""
    text, kind = script.string or "", script.get("type")
    if script.has_attr("src") or kind not in (None, "application/json"):
        return False
    if kind:
        parent = script.parent
        named = EXPLORER.fullmatch(parent.get("id", ""))
        return bool(named) and "rnn-explorer" in parent.get("class", [])
    return text in _fixed_scripts() or bool(PLAYER.fullmatch(text))


@cache
def _fixed_scripts() -> set[str]:
    from matplotlib._animation_data import JS_INCLUDE

    from rnn_utils.page import explorer

    player = BeautifulSoup(JS_INCLUDE, "html.parser").script.string
    return {explorer.script(), player}


def active_parts(page: Tag) -> Iterator[tuple[Tag, str]]:
    """Yield what would run, load a page of its own, or lead to a script, the book's own excepted.

    Each is an element, and the name of its attribute if it is only that, else nothing.
    """
    for element in page.find_all(True):
        if element.name in RUNNING_TAGS and not (
            element.name == "script" and script_of_the_book(element)
        ):
            yield element, ""
        for name, value in element.attrs.items():
            handles = name.startswith("on") and not PLAYER_HANDLER.fullmatch(str(value))
            if handles or (name in ADDRESSES and JAVASCRIPT.match(UNSEEN.sub("", str(value)))):
                yield element, name


def active_content(html: str) -> Iterator[str]:
    """Say what in a piece of HTML would run, as its author finds it."""
    page = BeautifulSoup(html, "html.parser")
    for element, name in active_parts(page):
        yield f"{name}={str(element[name])[:60]!r}" if name else f"<{element.name}>"
    for value in [str(value) for each in page.find_all(True) for value in each.attrs.values()]:
        if image := SVG_ADDRESS.match(value):
            data = unquote_to_bytes(image[2])
            if "base64" in image[1].lower():
                with suppress(ValueError):  # then no browser shows it either
                    data = b64decode(data + b"==")
            yield from active_svg(data)
    yield from (f"the comment {found!r}" for found in COMMENT.findall(html))


def active_svg(image: bytes) -> Iterator[str]:
    """Say what in an SVG image would run where it is opened by itself."""
    text = unescape(image.replace(b"\0", b"").decode("utf-8", "replace"))  # UTF-16 has the zeros
    yield from (f"{found.strip()!r} in an SVG image" for found in SVG_ACTIVE.findall(text))


def active_markdown(text: str) -> Iterator[str]:
    """Say what in Markdown would run, directives included."""
    yield from active_content(MarkdownIt().render(text))
    for token in MarkdownIt().parse(text):
        if token.type == "fence" and re.match(r"\s*\{(?!code)", token.info):
            yield from active_markdown(token.content)
