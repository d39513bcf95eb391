"""``bookbuild html``: from pages that passed the gate to a site, all of it or nothing.

A site that was made from what there is now is kept as it is.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from sphinx_external_toc.api import Document, FileItem, TocTree
from sphinx_external_toc.parsing import create_toc_dict, parse_toc_yaml

from bookbuild.book import Book, BookError
from bookbuild.check import inspect_runs, report
from bookbuild.files import copy, sha256, sha256_of_folder, sole_use, write_text
from bookbuild.notebooks import published, read, write
from bookbuild.place import sources
from bookbuild.selfcontained import external_loads
from bookbuild.statuspage import NAME as STATUS
from bookbuild.statuspage import status_page

ASSETS = ("_config.yml", "_toc.yml", "_static", "_templates")
MARK = ".made-from"  # in the site, so that it goes with it
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def add_parser(verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("html", help="build the site", description=__doc__)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Build the site from pages that pass the gate; an earlier site survives any failure."""
    with sole_use(book.build) as lock:
        findings, _ = inspect_runs(book, book.notebooks)
        if findings:
            return report(findings, "no site was built: the gate is shut")
        staged = book.build / "stage"
        stage(book, staged)
        made_from = _digest(staged)
        site = book.relative(book.site / "index.html")
        if _marked(book.site) == made_from:
            shutil.rmtree(staged)
            print(f"the site is up to date: {site}")
            return 0
        print(f"building the site of {len(book.pages)} pages", flush=True)
        log = book.build / "html.log"
        new = staged / "_build" / "html"
        problems = [*_build(staged, log, lock), *_foreign(new)]
        if problems:
            print("\n".join(problems))
            print(f"no site was built; the whole log is {book.relative(log)}")
            return 1
        write_text(made_from, new / MARK)
        swap(new, book.site)
        shutil.rmtree(staged)
    print(f"the site is {site}")
    return 0


def stage(book: Book, folder: Path) -> None:
    """Lay out a folder that holds what jupyter-book needs, and nothing from an earlier build.

    Raises
    ------
    BookError
        If ``_config.yml`` names a bibliography that does not exist.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in [*ASSETS, *_bibliographies(book)]:
        copy(book.root / name, folder / name)
    for page in book.pages:
        target = folder / page.source.relative_to(book.root)
        if page.is_notebook:
            write(published(read(page.source), read(page.executed)), target)
        else:
            copy(page.source, target)
            for image in _images(page.source):
                copy(page.source.parent / image, target.parent / image)
    write_text(status_page(book), folder / f"{STATUS}.md")
    _add_to_contents(STATUS, folder / "_toc.yml")


def swap(new: Path, site: Path) -> None:
    """Put a finished site in the place of the one before it."""
    old = site.with_name(site.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    try:
        new.rename(site)
    except OSError:
        if old.exists():
            old.rename(site)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _images(page: Path) -> Iterator[str]:
    """Yield the files beside a Markdown page that it shows as images."""
    for block in MarkdownIt().parse(page.read_text("utf-8")):
        for token in block.children or []:
            source = token.attrGet("src") if token.type == "image" else None
            if source and (page.parent / source).is_file():
                yield source


def _bibliographies(book: Book) -> list[str]:
    names = book.config.get("bibtex_bibfiles", [])
    names = [names] if isinstance(names, str) else names
    for name in names:
        if not (book.root / name).is_file():
            raise BookError(f"_config.yml names the bibliography {name}, which does not exist")
    return names


def _add_to_contents(name: str, contents: Path) -> None:
    """Put a page at the end of the last part of a table of contents."""
    site_map = parse_toc_yaml(contents)
    root = site_map.root
    if not root.subtrees:
        root.subtrees.append(TocTree([]))
    root.subtrees[-1].items.append(FileItem(name))
    site_map[name] = Document(name)
    write_text(yaml.safe_dump(create_toc_dict(site_map), sort_keys=False), contents)


def _digest(staged: Path) -> str:
    """Return a hash of what makes a site: the staged book, and all that is installed."""
    installed = sorted({f"{each.name} {each.version}" for each in distributions()})
    inputs = [sha256_of_folder(staged), sources("bookbuild"), installed]
    return sha256(json.dumps(inputs).encode())


def _marked(site: Path) -> str:
    """Return what a site says it was made from."""
    mark = site / MARK
    return mark.read_text("utf-8") if mark.exists() else ""


def _build(folder: Path, log: Path, lock: int) -> Iterator[str]:
    """Run jupyter-book with warnings as errors; yield what it complains of.

    It holds the lock too, so that one left behind by a killed build is waited for.
    """
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(folder), "-W", "--keep-going"]
    with log.open("w", encoding="utf-8") as file:
        status = subprocess.run(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            pass_fds=[lock],
            check=False,
        ).returncode
    if status:
        yield f"jupyter-book failed (exit status {status}):"
        yield from (f"  {line}" for line in _complaints(log.read_text("utf-8", "replace")))


def _complaints(log: str) -> list[str]:
    """Pick the warnings and errors out of a log, else the last it said before it gave up."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    lines = [line for line in plain.partition("\nTraceback ")[0].splitlines() if line.strip()]
    return [line for line in lines if "WARNING:" in line or "ERROR:" in line] or lines[-5:]


def _foreign(site: Path) -> Iterator[str]:
    for file, address in external_loads(site):
        yield f"{file.relative_to(site).as_posix()} loads {address}: the site must carry it itself"
