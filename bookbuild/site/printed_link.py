"""Where the site's pages lead to the printed book, once there is one."""

import html
import os
import re
from pathlib import Path

from bookbuild.files import write_text

PLACE = "<!-- the printed book -->"  # stays, so that a later link takes the place of this one
CLASS = "printed-book"


def link_from_site(site: Path, file: Path, words: str) -> None:
    """Put a link to a file into each page of a site that has a place for it."""
    place = re.compile(rf'{PLACE}(?:<p class="{CLASS}">.*?</p>)?')
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        if PLACE in text:
            address = html.escape(Path(os.path.relpath(file, page.parent)).as_posix())
            link = f'<p class="{CLASS}"><a href="{address}">{html.escape(words)}</a></p>'
            write_text(place.sub(lambda _, link=link: PLACE + link, text), page)
