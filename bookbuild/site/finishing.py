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

from bs4 import BeautifulSoup, Tag

from bookbuild.checking.active_content import active_parts, script_of_the_book
from bookbuild.files import write_bytes

ICON = r'[{{,]"?{}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"'  # in Font Awesome's script
ICON_STYLES = {"fas", "fa-solid", "far", "fa-regular", "fab", "fa-brands", "fa"}
DATA_IMAGE = re.compile(r"data:image/(svg\+xml|png);base64,(.+)", re.DOTALL)
SVG_SIZE = re.compile(rb'<svg[^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"', re.DOTALL)
# The handlers in attributes that `book.js` replaces: the theme's and the player's.
HANDLER = re.compile(
    r"(window(?=\.print)|anim_[0-9a-f]{12})\.([a-z_]+)\((?:parseInt\(this\.value\))?\);?"
)
NEEDED_BY = {  # scripts and styles by a part of address or text, and what on a page needs them
    "mathjax": "article .math",
    "searchtools.js": ".bd-search-container",
    "language_data.js": ".bd-search-container",
    "searchindex.js": ".bd-search-container",
    "togglebutton": ".toggle, .admonition.dropdown",
    "togglehint": ".toggle, .admonition.dropdown",
    "toggleopen": ".toggle, .admonition.dropdown",
    "design": '[class^="sd-"], [class*=" sd-"]',
    "scripts/fontawesome.js": "no-element",  # the icons are drawn here
}
ICON_SCRIPT = "scripts/fontawesome.js"
UNUSED = (  # in _static: what no page loads
    ICON_SCRIPT,
    *("**/*.map", "**/*.ttf", "locales", "webpack-macros.html", "sbt-webpack-macros.html"),
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
    icons = (site / "_static" / ICON_SCRIPT).read_text("utf-8")
    for file in sorted(site.rglob("*.html")):
        if "_static" in file.relative_to(site).parts:
            continue
        page = BeautifulSoup(file.read_text("utf-8"), "html.parser")
        if page.find("title"):  # else it only leads on to another page
            _draw_icons(page, icons)
            _move_figures(page, file, site)
            _move_scripts(page, file, site)
            _listen(page)
            _disarm(page)
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


def _draw_icons(page: BeautifulSoup, icons: str) -> None:
    """Draw the theme's icons into the page, as its script of 1.5 MB would."""
    for mark in page.select(".fas, .fa-solid, .far, .fa-regular, .fab, .fa-brands"):
        classes = [name for name in mark["class"] if name not in ICON_STYLES]
        name = next(name for name in classes if name.startswith("fa-")).removeprefix("fa-")
        drawings = re.findall(ICON.format(re.escape(name)), icons)
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
        data = DATA_IMAGE.match(image.get("src", ""))
        if data:
            content = b64decode(data[2])
            image["src"] = _store(content, data[1].partition("+")[0], "_images", file, site)
        elif image.get("src", "").endswith(".svg"):
            content = (file.parent / image["src"]).read_bytes()
        else:
            continue
        size = _size(content)
        if size:
            width = int(image.get("width", round(size[0] * 96 / 72)))
            image["width"], image["height"] = width, round(width * size[1] / size[0])
        if image is not images[0]:
            image["loading"] = "lazy"


def _size(image: bytes) -> tuple[float, float] | None:
    """Return the width and height of an image in units of its own."""
    svg = SVG_SIZE.search(image)
    if svg:
        return float(svg[1]), float(svg[2])
    if image.startswith(b"\x89PNG"):
        return tuple(int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
    return None


def _move_scripts(page: BeautifulSoup, file: Path, site: Path) -> None:
    """Turn the book's own scripts in outputs into a file for each, which no page waits for."""
    for output in page.select("article .cell_output"):
        scripts = [s for s in output.find_all("script") if script_of_the_book(s)]
        if not scripts:
            continue
        code = [s.string if s.get("type") is None else _fill(s) for s in scripts]
        content = ";\n".join(code).encode()
        address = _store(content, "js", "_static/outputs", file, site)
        scripts[-1].insert_after(page.new_tag("script", attrs={"defer": "", "src": address}))
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
    for fold in page.select("summary[aria-label]"):  # which hides what the fold itself says
        del fold["aria-label"]
    for event in ("onclick", "oninput"):
        for element in page.find_all(attrs={event: HANDLER}):
            element["data-object"], element["data-call"] = HANDLER.match(element[event]).groups()
            del element[event]


def _disarm(page: BeautifulSoup) -> None:
    """Take away what a text or an output brings along to run, wherever it was carried."""
    for element, attribute in list(active_parts(page.body)):
        if attribute:
            del element[attribute]
        elif not element.get("src"):  # of a script: a file of the site
            element.decompose()


def _load_what_is_used(page: BeautifulSoup) -> None:
    """Load scripts once, where they are used, and after the page is there."""
    field = page.select_one(".bd-search-container input")
    if field:  # in place of the theme's script, which stands in the page
        field["autofocus"] = ""
    unused = [what for what, selector in NEEDED_BY.items() if not page.select_one(selector)]
    seen = set()
    for part in page.select("script:not([type]), link[rel=stylesheet]"):
        address = part.get("src") or part.get("href")
        what = address or part.string or ""
        if what in seen or any(name in what.lower() for name in unused):
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
    head = page.head or page.find("meta").wrap(page.new_tag("head"))
    charset = head.find("meta", charset=True)  # which stands within a page's first 1,024 bytes
    scripts = [s.string for s in head.find_all("script", src=False, recursive=False)]
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    policy = POLICY.format("".join(f" 'sha256-{each}'" for each in dict.fromkeys(hashes)))
    meta = {"http-equiv": "Content-Security-Policy", "content": policy}
    head.insert(head.index(charset) + 1 if charset else 0, page.new_tag("meta", attrs=meta))
