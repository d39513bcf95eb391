"""Where the site's pages lead to the printed book, once there is one."""

import html
import os
from pathlib import Path

from bookbuild.files import write_text

PLACE = "<!-- the printed book -->"  # what a page has there until then


def link_from_site(site: Path, file: Path, words: str) -> None:
    """Put a link to a file into each page of a site that has a place for it."""
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        if PLACE in text:
            address = Path(os.path.relpath(file, page.parent)).as_posix()
            link = f'<a href="{html.escape(address)}">{html.escape(words)}</a>'
            write_text(text.replace(PLACE, f'<p class="printed-book">{link}</p>'), page)
