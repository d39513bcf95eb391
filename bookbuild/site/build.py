"""Build the site with jupyter-book, and put it in the place of the one before.

A site that was made from what there is now is kept as it is.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from bookbuild.book import Book, BookError
from bookbuild.files import copy, sha256, sha256_of_folder, write_text
from bookbuild.running import tether
from bookbuild.running.machine import sources
from bookbuild.site.external_loads import external_loads, files_missing
from bookbuild.site.finishing import finish
from bookbuild.site.staging import lay_out

MARK = ".made-from"  # in the site, so that it goes with it
JUPYTER_BOOK = """
import sys
sys.modules["rfc3987_syntax"] = None  # as in bookbuild.commands
from jupyter_book.cli.main import main
main()
"""


def build_site(book: Book, lock: int) -> int:
    """Build the site, put it in the place of the one before, and return the exit status.

    Parameters
    ----------
    book : Book
        Its pages were run and passed the gate.
    lock : int
        The descriptor by which `sole_use` holds the build folder.
    """
    if book.site.exists() and not book.site.is_dir():
        raise BookError(f"{book.site} is a file, and the site a folder: remove it")
    staged = book.build / "stage"
    lay_out(book, staged)
    made_from = _digest(staged)
    site = book.relative(book.site / "index.html")
    mark = book.site / MARK
    if mark.exists() and mark.read_text("utf-8") == made_from:
        shutil.rmtree(staged)
        print(f"the site is up to date: {site}")
        return 0
    print(f"building the site of {len(book.pages)} pages", flush=True)
    log = book.build / "html.log"
    new = staged / "_build" / "html"
    problems = [*_build(staged, log, lock)]
    if not problems:
        finish(new)
        problems = [*_bring_along(staged, new), *_foreign(new)]
    if problems:
        print("\n".join(problems))
        print(f"no site was built; the whole log is {book.relative(log)}")
        return 1
    write_text(made_from, new / MARK)
    swap(new, book.site)
    shutil.rmtree(staged)
    print(f"the site is {site}")
    return 0


def swap(new: Path, site: Path) -> None:
    """Put a finished site in the place of the one before it.

    Where that place is a link or another disk, what lies there is replaced file by file.
    """
    if site.is_symlink() or site.is_mount():
        _replace_contents(new, site)
        return
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


def _replace_contents(new: Path, site: Path) -> None:
    """Give a folder the files of another and no others; the mark that says so comes last."""
    site.resolve().mkdir(parents=True, exist_ok=True)
    (site / MARK).unlink(missing_ok=True)
    mark = (new / MARK).read_text("utf-8")
    (new / MARK).unlink()
    shutil.copytree(new, site, dirs_exist_ok=True)
    for path in sorted(site.rglob("*"), reverse=True):  # what is in a folder comes before it
        if not (new / path.relative_to(site)).exists():
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    write_text(mark, site / MARK)


def _digest(staged: Path) -> str:
    """Return a hash of what makes a site: the staged book, and all that is installed."""
    installed = sorted({f"{each.name} {each.version}" for each in distributions()})
    inputs = [sha256_of_folder(staged), sources("bookbuild"), installed]
    return sha256(json.dumps(inputs).encode())


def _build(folder: Path, log: Path, lock: int) -> Iterator[str]:
    """Run jupyter-book with warnings as errors; yield what it complains of.

    It holds the lock too, so that one left behind by a killed build is waited for.
    """
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(folder), "-W", "--keep-going"]
    with log.open("w", encoding="utf-8") as file:
        done = tether.call(command, stdout=file, stderr=subprocess.STDOUT, pass_fds=[lock])
    if done.returncode:
        yield f"jupyter-book failed (exit status {done.returncode}):"
        yield from (f"  {line}" for line in _complaints(log.read_text("utf-8", "replace")))


def _complaints(log: str) -> list[str]:
    """Pick the warnings and errors out of a log, else the last it said before it gave up."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    lines = [line for line in plain.partition("\nTraceback ")[0].splitlines() if line.strip()]
    return [line for line in lines if "WARNING:" in line or "ERROR:" in line] or lines[-5:]


def _bring_along(staged: Path, site: Path) -> Iterator[str]:
    """Copy what HTML of the book's own names, which Sphinx leaves as it is; yield what is nowhere.

    Pages lie in the site as their sources do in the book.
    """
    for page, address, file in files_missing(site):
        source = staged / os.path.relpath(file, site)
        if source.is_file() and not source.is_relative_to(site) and file.is_relative_to(site):
            copy(source, file)
        else:
            name = page.relative_to(site).as_posix()
            yield f"{name} leads to {address}: there is no such file, seen from the page"


def _foreign(site: Path) -> Iterator[str]:
    for file, address in external_loads(site):
        yield f"{file.relative_to(site).as_posix()} loads {address}: the site must carry it itself"
