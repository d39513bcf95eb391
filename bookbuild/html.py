"""``bookbuild html``: from pages that passed the gate to a site, all of it or nothing."""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bookbuild.book import Book, BookError
from bookbuild.check import gate, report
from bookbuild.notebooks import published, read, write
from bookbuild.selfcontained import external_loads

ASSETS = ("_config.yml", "_toc.yml", "_static", "_templates")
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def add_parser(verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("html", help="build the site", description=__doc__)
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Build the site from pages that pass the gate; an earlier site survives any failure."""
    findings = [finding for page in book.notebooks for finding in gate(page)]
    if findings:
        return report(findings, "no site was built: the gate is shut")
    staged = book.build / "stage"
    stage(book, staged)
    print(f"building the site of {len(book.pages)} pages", flush=True)
    problems = [*_build(staged, book.build / "html.log"), *_foreign(staged / "_build" / "html")]
    if problems:
        print("\n".join(problems))
        print(f"no site was built; the whole log is {book.relative(book.build / 'html.log')}")
        return 1
    swap(staged / "_build" / "html", book.site)
    shutil.rmtree(staged)
    print(f"the site is {book.relative(book.site / 'index.html')}")
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
        _copy(book.root / name, folder / name)
    for page in book.pages:
        target = folder / page.source.relative_to(book.root)
        if page.is_notebook:
            write(published(read(page.source), read(page.executed)), target)
        else:
            _copy(page.source, target)


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


def _bibliographies(book: Book) -> list[str]:
    names = book.config.get("bibtex_bibfiles", [])
    names = [names] if isinstance(names, str) else names
    for name in names:
        if not (book.root / name).is_file():
            raise BookError(f"_config.yml names the bibliography {name}, which does not exist")
    return names


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy2(source, target)


def _build(folder: Path, log: Path) -> Iterator[str]:
    """Run jupyter-book with warnings as errors; yield what it complains of."""
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(folder), "-W", "--keep-going"]
    with log.open("w", encoding="utf-8") as file:
        status = subprocess.run(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
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
