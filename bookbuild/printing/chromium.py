"""The browser that prints: one that this machine has, never one that the book installs."""

import re
import shutil
import subprocess
from pathlib import Path

from bookbuild.book import BookError
from bookbuild.running import tether

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
OLDEST = 131  # the first that prints the heads and page numbers of a style sheet
SECONDS = 600
OPTIONS = (
    "--headless",
    "--no-sandbox",  # there is none in most containers, and the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--virtual-time-budget=60000",  # milliseconds of a clock that rests while it computes or loads
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)


class NoChromium(BookError):
    """There is no browser here that can print the book."""


def find() -> str:
    """Return the path of a Chromium or Chrome that prints page numbers.

    Raises
    ------
    NoChromium
        If this machine has none, or one that is too old.
    """
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        raise NoChromium(f"it is printed by Chromium {OLDEST} or newer, or Chrome: install one")
    said = _run([browser, "--version"], 60).stdout
    version = re.search(r"(\d+)\.\d", said)
    if version is None or int(version[1]) < OLDEST:
        found = said.strip() or "of no version"
        raise NoChromium(f"{browser} is {found}; it takes version {OLDEST} or newer")
    return browser


def print_pdf(browser: str, page: Path, pdf: Path) -> None:
    """Print a local page; beside it the browser gets a profile of its own for the while.

    Raises
    ------
    BookError
        If the browser fails or takes longer than ten minutes.
    """
    profile = page.with_name("profile")
    options = [*OPTIONS, f"--user-data-dir={profile}", f"--print-to-pdf={pdf}"]
    try:
        done = _run([browser, *options, page.as_uri()], SECONDS)
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    if not pdf.exists():
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise BookError(f"{browser} printed nothing (exit status {done.returncode}): {said[-1]}")


def _run(command: list[str], seconds: float) -> subprocess.CompletedProcess:
    try:
        pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        return tether.call(command, seconds, text=True, errors="replace", **pipes)
    except subprocess.TimeoutExpired as error:
        raise BookError(f"{command[0]} did not end within {seconds:.0f} s") from error
