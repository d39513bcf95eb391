"""What would run in a reader's browser: the book's own scripts in outputs, and everything else.

A page's own scripts are stopped by the site's content security policy. So an output that brings
one is refused before: its author learns it, not the reader of a page where something stands still.
"""

import re
from collections.abc import Iterator
from functools import cache

from bs4 import BeautifulSoup, Tag

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
JAVASCRIPT = re.compile(r"[\s\x00-\x1f]*(?:javascript|vbscript|data:text)", re.I)


def script_of_the_book(script: Tag) -> bool:
    """Tell whether a script is one of the explorer's or the player's, to the letter."""
    text = script.string or ""
    if script.get("type") == "application/json":
        return "rnn-explorer" in script.parent.get("class", [])
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
            if handles or (name in ADDRESSES and JAVASCRIPT.match(str(value))):
                yield element, name


def active_content(html: str) -> Iterator[str]:
    """Say what in a piece of HTML would run, as its author finds it."""
    for element, name in active_parts(BeautifulSoup(html, "html.parser")):
        yield f"{name}={str(element[name])[:60]!r}" if name else f"<{element.name}>"
