"""What becomes of the pages after Sphinx has written them, in one pass over each."""

import shutil
from pathlib import Path

from bs4 import BeautifulSoup

from bookbuild.book import BookError
from bookbuild.site import light_page, safe_page, style_sheets
from bookbuild.site.external_loads import OTHERS

# A page that Sphinx wrote with the theme, not one that the book brings along.
LEADS_ON = 'meta[http-equiv="refresh" i]'
NO_ICON = '<!DOCTYPE html><link rel="icon" href="data:,"/>'  # else a browser looks for one
OF_THE_THEME = "html[data-content_root]:has(> head):has(> body):has(title)"
UNUSED = (  # in _static: what of the theme's no page loads
    *(light_page.ICON_SCRIPT, "scripts/*.map", "styles/*.map", "vendor/fontawesome/webfonts/*.ttf"),
    *("locales/*/LC_MESSAGES/booktheme.*", "webpack-macros.html", "sbt-webpack-macros.html"),
    *("mathjax/*.js", "mathjax/adaptors", "mathjax/sre", "mathjax/ui", "mathjax/output/svg*"),
    *("mathjax/a11y/[!a]*", "mathjax/input/[!t]*", "mathjax/input/tex-*"),
)
USED = {"startup.js", "core.js"}  # of what these patterns match


def finish(site: Path) -> None:
    """Finish every page of a built site, then remove what none of them loads."""
    icon_script = site / "_static" / light_page.ICON_SCRIPT
    if not icon_script.exists():
        raise BookError(
            f"the theme has no {light_page.ICON_SCRIPT}: install the locked sphinx-book-theme"
        )
    icons = icon_script.read_text("utf-8")
    for file in sorted(site.rglob("*.html")):
        page = BeautifulSoup(file.read_text("utf-8", "replace"), "html.parser")
        if file.relative_to(site).parts[0] in OTHERS:
            continue
        if page.select_one(LEADS_ON):
            file.write_text(NO_ICON + str(page), "utf-8")
        if not page.select_one(OF_THE_THEME):
            continue
        light_page.draw_icons(page, icons)
        safe_page.listen(page)
        safe_page.disarm(page)
        light_page.move_figures(page, file, site)
        light_page.move_scripts(page, file, site)
        light_page.load_what_is_used(page)
        page.html["data-theme"] = "light"  # until a script knows what the reader prefers
        _describe(page)
        safe_page.secure(page)
        file.write_text(str(page), "utf-8")
    for pattern in UNUSED:
        for path in (site / "_static").glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in USED:
                path.unlink()
    for folder in sorted((site / "_static").glob("locales/**/"), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    style_sheets.trim(site)


def _describe(page: BeautifulSoup) -> None:
    """Say in the head what the page is about: in its first paragraph, else its title."""
    first = page.select_one("article section > p, article p")
    text = " ".join((first or page.title).get_text().split())
    if len(text) > 160:
        text = text[:160].rpartition(" ")[0] + " …"
    page.head.append(page.new_tag("meta", attrs={"name": "description", "content": text}))
