"""Find what a built page would load that the site has not: it must work alone, with no network."""

import os
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

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
_TAG = re.compile(r"<[a-z][^<>]*>")
_ADDRESS = re.compile(r'\s(src|srcset|href|poster|data)="([^"]*)"')
OTHERS = {"_static", "_downloads", "_sources"}  # folders of files that are no pages of the book
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


def files_missing(site: Path) -> Iterator[tuple[Path, str, Path]]:
    """Yield (page, address, file) for each file that a page shows or links to and the site lacks.

    Files of the theme are its own affair, and the page for wrong addresses is shown anywhere.
    """
    static = site / "_static"
    for page in sorted(site.rglob("*.html")):
        if OTHERS.intersection(page.relative_to(site).parts) or page == site / "404.html":
            continue
        for address in dict.fromkeys(_addresses(page.read_text("utf-8", errors="replace"))):
            parts = urlsplit(address.strip())
            file = Path(os.path.normpath(page.parent / unquote(parts.path)))
            is_there = file.is_relative_to(site) and (file.exists() or file.is_relative_to(static))
            if parts.path and not (parts.scheme or parts.netloc or is_there):
                yield page, address, file


def _addresses(page: str) -> Iterator[str]:
    """Yield the addresses in the tags of a page as the build writes them."""
    for tag in _TAG.findall(page):
        for name, value in _ADDRESS.findall(tag):
            yield from _candidates(unescape(value)) if name == "srcset" else [unescape(value)]


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
