"""Find what a built page would load from another host: the site must work with no network."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup

LOADING_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
    "manifest",
    "apple-touch-icon",
}
LOADING_ATTRIBUTES = ("src", "data", "poster", "background")
_CSS_URL = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])([^"')]+)""")
_JS_IMPORT = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\bfetch\s*\(\s*)["'`]([^"'`]+)""")
_JS_TYPES = {"", "module", "text/javascript", "application/javascript"}


def external_loads(site: Path) -> Iterator[tuple[Path, str]]:
    """Yield (file, address) for each thing that a page or a style sheet loads from elsewhere.

    Links that a reader follows are no loads. What a script computes cannot be seen here; the
    browser tests watch for that.

    Parameters
    ----------
    site : Path
        Folder of a built site.
    """
    for ending, loads in {"html": _loads_of_page, "css": _CSS_URL.findall}.items():
        for file in sorted(site.rglob(f"*.{ending}")):
            for address in loads(file.read_text("utf-8", errors="replace")):
                if _is_external(address):
                    yield file, address


def _loads_of_page(page: str) -> Iterator[str]:
    for element in BeautifulSoup(page, "html.parser").find_all(True):
        yield from (element[name] for name in LOADING_ATTRIBUTES if element.has_attr(name))
        yield from _candidates(element.get("srcset", ""))
        yield from _CSS_URL.findall(element.get("style", ""))
        if element.name == "link" and LOADING_LINKS & {r.lower() for r in element.get("rel", [])}:
            yield element.get("href", "")
        elif element.name in ("image", "use"):
            yield element.get("href", "") or element.get("xlink:href", "")
        elif element.name == "style":
            yield from _CSS_URL.findall(element.get_text())
        elif element.name == "script" and element.get("type", "") in _JS_TYPES:
            yield from _JS_IMPORT.findall(element.get_text())


def _candidates(srcset: str) -> Iterator[str]:
    """Return the addresses in a list of images by size; a data address holds commas itself."""
    if not srcset.startswith("data:"):
        yield from (entry.split()[0] for entry in srcset.split(",") if entry.strip())


def _is_external(address: str) -> bool:
    parts = urlsplit(address.strip())
    return bool(parts.netloc) and parts.scheme in ("", "http", "https", "ws", "wss")
