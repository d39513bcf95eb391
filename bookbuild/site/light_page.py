"""What makes a page light: its parts are files, loaded once, when and where they are needed."""

import json
import os
import re
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from bookbuild.checking.active_content import script_of_the_book
from bookbuild.files import write_bytes

ICON = r'[{{,]"?{}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"'  # in Font Awesome's script
ICON_STYLES = {"fas", "fa-solid", "far", "fa-regular", "fab", "fa-brands", "fa"}
DATA_IMAGE = re.compile(r"data:image/(svg\+xml|png);base64,(.+)", re.DOTALL)
SVG_ROOT = re.compile(rb"<svg\s[^>]*>")
LENGTH = re.compile(r"(\d*\.?\d+)(pt|px)?")
VIEW_BOX = re.compile(r"\s*\S+?[\s,]+\S+?[\s,]+(\d*\.?\d+)[\s,]+(\d*\.?\d+)\s*")
PIXELS = {"pt": 96 / 72, "px": 1, None: 1}  # of CSS, in one unit of an image
GIVEN_SIZE = re.compile(r"(?<![\w-])(?:width|height)\s*:(?!\s*auto)")
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


def draw_icons(page: BeautifulSoup, icons: str) -> None:
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


def move_figures(page: BeautifulSoup, file: Path, site: Path) -> None:
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


def move_scripts(page: BeautifulSoup, file: Path, site: Path) -> None:
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


def load_what_is_used(page: BeautifulSoup) -> None:
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
