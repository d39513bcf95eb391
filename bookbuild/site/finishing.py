"""What becomes of the pages after Sphinx has written them, in one pass over each.

They become light: figures and the scripts of outputs are files, loaded when they are needed, and
what a page does not use is not loaded. They become safe: a content security policy lets only the
theme's own scripts run, so what a notebook displays can bring none of its own.
"""

import json
import os
import re
import shutil
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString

from bookbuild.book import BookError
from bookbuild.checking.active_content import active_parts, script_of_the_book
from bookbuild.files import write_bytes
from bookbuild.site.printed_link import PLACE

ICON = r'[{{,]"?{}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"'  # in Font Awesome's script
ICON_STYLES = {"fas", "fa-solid", "far", "fa-regular", "fab", "fa-brands", "fa"}
DATA_IMAGE = re.compile(r"data:image/(svg\+xml|png);base64,(.+)", re.DOTALL)
SVG_ROOT = re.compile(rb"<svg\s[^>]*>")
LENGTH = re.compile(r"(\d*\.?\d+)(pt|px)?")
VIEW_BOX = re.compile(r"\s*\S+?[\s,]+\S+?[\s,]+(\d*\.?\d+)[\s,]+(\d*\.?\d+)\s*")
PIXELS = {"pt": 96 / 72, "px": 1, None: 1}  # of CSS, in one unit of an image
GIVEN_SIZE = re.compile(r"(?<![\w-])(?:width|height)\s*:(?!\s*auto)")
# A page that Sphinx wrote with the theme, not one that the book brings along.
LEADS_ON = 'meta[http-equiv="refresh" i]'
NO_ICON = '<!DOCTYPE html><link rel="icon" href="data:,"/>'  # else a browser looks for one
OF_THE_THEME = "html[data-content_root]:has(> head):has(> body):has(title)"
OTHERS = {"_static", "_downloads", "_sources"}  # folders with files that are no pages of the book
# The handlers in attributes that `book.js` replaces: the theme's and the player's.
HANDLER = re.compile(
    r"(window(?=\.print)|anim_[0-9a-f]{12})\.([a-z_]+)\((?:parseInt\(this\.value\))?\);?"
)
ICON_SCRIPT = "scripts/fontawesome.js"
NEEDED_BY = {  # what on a page needs which files of _static, and scripts by what they define
    ".math": {"mathjax/startup.js", "MathJax"},
    ".bd-search-container": {"searchtools.js", "language_data.js", "searchindex.js"},
    ".toggle, .admonition.dropdown": {
        *("togglebutton.js", "togglebutton.css", "togglebuttonSelector"),
        *("toggleHintShow", "toggleHintHide", "toggleOpenOnPrint"),
    },
    '[class^="sd-"], [class*=" sd-"]': {"design-tabs.js", "sphinx-design.min.css"},
    "no-element": {ICON_SCRIPT},  # the icons are drawn here
}
DEFINED = re.compile(r"\s*(?:let |var |const |window\.)(\w+)")
UNUSED = (  # in _static: what of the theme's no page loads
    *(ICON_SCRIPT, "scripts/*.map", "styles/*.map", "vendor/fontawesome/webfonts/*.ttf"),
    *("locales/*/LC_MESSAGES/booktheme.*", "webpack-macros.html", "sbt-webpack-macros.html"),
    *("mathjax/*.js", "mathjax/adaptors", "mathjax/sre", "mathjax/ui", "mathjax/output/svg*"),
    *("mathjax/a11y/[!a]*", "mathjax/input/[!t]*", "mathjax/input/tex-*"),
)
USED = {"startup.js", "core.js"}  # of what these patterns match
POLICY = (
    "default-src 'self'; script-src 'self'{}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "frame-src 'none'; base-uri 'none'; form-action 'self'"
)


def finish(site: Path) -> None:
    """Finish every page of a built site, then remove what none of them loads."""
    icon_script = site / "_static" / ICON_SCRIPT
    if not icon_script.exists():
        raise BookError(f"the theme has no {ICON_SCRIPT}: install the locked sphinx-book-theme")
    icons = icon_script.read_text("utf-8")
    for file in sorted(site.rglob("*.html")):
        page = BeautifulSoup(file.read_text("utf-8", "replace"), "html.parser")
        if file.relative_to(site).parts[0] in OTHERS:
            continue
        if page.select_one(LEADS_ON):
            file.write_text(NO_ICON + str(page), "utf-8")
        if not page.select_one(OF_THE_THEME):
            continue
        _draw_icons(page, icons)
        _listen(page)
        _disarm(page)
        _move_figures(page, file, site)
        _move_scripts(page, file, site)
        _load_what_is_used(page)
        _describe(page)
        _secure(page)
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


def _draw_icons(page: BeautifulSoup, icons: str) -> None:
    """Draw the theme's icons into the page, as its script of 1.5 MB would."""
    for mark in page.select(".fas, .fa-solid, .far, .fa-regular, .fab, .fa-brands"):
        classes = [name for name in mark["class"] if name not in ICON_STYLES]
        name = next((name for name in classes if name.startswith("fa-")), None)
        if name is None:
            continue
        drawings = re.findall(ICON.format(re.escape(name.removeprefix("fa-"))), icons)
        if drawings:  # else the font of icons shows it
            is_solid = {"fas", "fa-solid"}.intersection(mark["class"])
            width, height, path = drawings[-1 if is_solid else 0]  # the solid ones come last
            mark.name = "svg"
            mark["class"] = ["svg-inline--fa", *classes]
            mark.attrs |= {"aria-hidden": "true", "viewBox": f"0 0 {width} {height}"}
            mark.append(page.new_tag("path", attrs={"fill": "currentColor", "d": path}))


def _move_figures(page: BeautifulSoup, file: Path, site: Path) -> None:
    """Turn figures in the page into files, and let the browser know their size beforehand."""
    images = page.select("article img")
    for image in images:
        address = urlsplit(image.get("src", ""))
        local = file.parent / unquote(address.path)
        data = DATA_IMAGE.match(image.get("src", ""))
        if data:
            content = b64decode(data[2] + "==")
            image["src"] = _store(content, data[1].partition("+")[0], "_images", file, site)
        elif address.scheme or address.netloc or local.suffix != ".svg" or not local.is_file():
            continue
        else:
            content = local.read_bytes()
        width, height = _size(content)
        given = image.get("width", str(round(width)))
        sized = image.has_attr("height") or GIVEN_SIZE.search(image.get("style", ""))
        if width and height and given.isdecimal() and not sized:
            image["width"], image["height"] = int(given), round(int(given) * height / width)
        if image is not images[0]:
            image["loading"] = "lazy"


def _size(image: bytes) -> tuple[float, float]:
    """Return the width and height of an image in pixels of CSS, zeros if it does not say."""
    if image.startswith(b"\x89PNG"):
        return tuple(int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
    tag = SVG_ROOT.search(image)
    if not tag:
        return 0, 0
    svg = BeautifulSoup(tag[0].decode("utf-8", "replace"), "html.parser").svg
    lengths = [LENGTH.fullmatch(svg.get(name, "")) for name in ("width", "height")]
    if all(lengths):
        return tuple(float(each[1]) * PIXELS[each[2]] for each in lengths)
    box = VIEW_BOX.fullmatch(svg.get("viewbox", ""))
    return (float(box[1]), float(box[2])) if box else (0, 0)


def _move_scripts(page: BeautifulSoup, file: Path, site: Path) -> None:
    """Turn the book's own scripts in outputs into files, which `book.js` loads in their time."""
    for output in page.select("article .cell_output"):
        scripts = [s for s in output.find_all("script") if script_of_the_book(s)]
        if not scripts:
            continue
        code = [s.string if s.get("type") is None else _fill(s) for s in scripts]
        content = ";\n".join(code).encode()
        address = _store(content, "js", "_static/outputs", file, site)
        scripts[-1].insert_after(page.new_tag("script", attrs={"data-src": address}))
        for script in scripts:
            script.clear() if script.get("type") else script.decompose()


def _fill(data: Tag) -> str:
    """Return the statement that gives an element its data back."""
    selector = f'#{data.parent["id"]} script[type="application/json"]'
    text = json.dumps(str(data.string))
    return f"document.querySelector({json.dumps(selector)}).textContent = {text};"


def _store(content: bytes, kind: str, folder: str, file: Path, site: Path) -> str:
    """Write a file named by its content, and return its address as a page sees it."""
    path = site / folder / f"{sha256(content).hexdigest()[:16]}.{kind}"
    write_bytes(content, path)
    return Path(os.path.relpath(path, file.parent)).as_posix()


def _listen(page: BeautifulSoup) -> None:
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


def _disarm(page: BeautifulSoup) -> None:
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


def _load_what_is_used(page: BeautifulSoup) -> None:
    """Load scripts once, where they are used, and after the page is there."""
    field = page.select_one(".bd-search-container input")
    if field:  # in place of the theme's script, which stands in the page
        field["autofocus"] = ""
    unused = set().union(*(of for each, of in NEEDED_BY.items() if not page.select_one(each)))
    seen = set()
    for part in page.select("script:not([type]), link[rel=stylesheet]"):
        address = part.get("src") or part.get("href")
        what = address or part.string or ""
        defined = DEFINED.match(what)
        file = urlsplit(address).path.rpartition("_static/")[2].lstrip("./") if address else ""
        if what in seen or (file or (defined and defined[1])) in unused:
            part.decompose()
        elif part.has_attr("src"):
            part["defer"] = ""
        elif "DOCUMENTATION_OPTIONS" in what:  # which a deferred script defines
            part["type"] = "module"
        seen.add(what)


def _describe(page: BeautifulSoup) -> None:
    """Say in the head what the page is about: in its first paragraph, else its title."""
    first = page.select_one("article section > p, article p")
    text = " ".join((first or page.title).get_text().split())
    if len(text) > 160:
        text = text[:160].rpartition(" ")[0] + " …"
    page.head.append(page.new_tag("meta", attrs={"name": "description", "content": text}))


def _secure(page: BeautifulSoup) -> None:
    """Put a policy into the head: of scripts in the page only those in its head may run."""
    head = page.head
    charset = head.find("meta", charset=True)  # which stands within a page's first 1,024 bytes
    scripts = [s.string for s in head.find_all("script", src=False, recursive=False)]
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    policy = POLICY.format("".join(f" 'sha256-{each}'" for each in dict.fromkeys(hashes)))
    meta = {"http-equiv": "Content-Security-Policy", "content": policy}
    head.insert(head.index(charset) + 1 if charset else 0, page.new_tag("meta", attrs=meta))
