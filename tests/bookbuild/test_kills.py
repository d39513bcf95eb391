"""Builds whose processes are killed at random: what is published is whole and right all the same.

RNN_BOOK_KILLS says how many builds are tried, RNN_BOOK_KILLS_SEED which ones.
"""

import os
import random
import subprocess
import time

import psutil
from bs4 import BeautifulSoup

from bookbuild.notebooks import read
from bookbuild.running.run_record import record_of

BUILDS = int(os.environ.get("RNN_BOOK_KILLS", "2"))
SEED = int(os.environ.get("RNN_BOOK_KILLS_SEED", "0"))
NAMES = ("one", "two", "three")
CELLS = 4
VICTIMS = ("kernel", "worker", "parent")
LONGEST = 120  # seconds; a build takes ten


def write_pages(book, version):
    """Make each page say its name, a version, and the number of each cell."""
    for name in NAMES:
        sources = [
            f"import time\ntime.sleep(0.2)\nprint('{name} {version} {number}')"
            for number in range(CELLS)
        ]
        book.add(name, *sources)


def said(name, version):
    return [f"{name} {version} {number}" for number in range(CELLS)]


def is_kernel(process):
    return "ipykernel_launcher" in " ".join(process.cmdline())


def alive(build, kind):
    """Return the processes of a build that are of a kind."""
    parent = psutil.Process(build.pid)
    if kind == "parent":
        return [parent]
    found = []
    for process in parent.children(recursive=True):
        try:
            if is_kernel(process) == (kind == "kernel"):
                found.append(process)
        except psutil.Error:  # it ended meanwhile
            continue
    return found


def batter(command, choices, victims, until):
    """Run a command and kill up to two of its processes; return its status and those it leaves."""
    build = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    family = set()
    moments = sorted(choices.uniform(0, until) for _ in range(choices.randint(1, 2)))
    began = time.monotonic()
    try:
        while build.poll() is None and time.monotonic() - began < LONGEST:
            family.update(psutil.Process(build.pid).children(recursive=True))
            if moments and time.monotonic() - began >= moments[0]:
                targets = alive(build, choices.choice(victims))
                if targets:
                    moments.pop(0)
                    choices.choice(targets).kill()
            time.sleep(0.02)
    except psutil.NoSuchProcess:  # the build, between two looks
        pass
    out, _ = build.communicate(timeout=LONGEST)
    return build.returncode, out, psutil.wait_procs(family, timeout=20)[1]


def check_executed(book, version):
    """Hold each executed page to a whole run, of this version or of an earlier one."""
    for name in NAMES:
        path = book.executed(name)
        if path.exists():
            assert record_of(read(path))
            lines = book.printed(name).splitlines()
            assert lines in [said(name, each) for each in range(version + 1)]


def check_site(book, versions):
    """Hold the site, if there is one, to whole pages of one of these versions."""
    shown = {}
    for name in NAMES:
        path = book.root / "_build" / "html" / "chapters" / f"{name}.html"
        if path.exists():
            page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
            shown[name] = [each.get_text().strip() for each in page.select(".cell_output")]
    assert not shown or shown in [{name: said(name, v) for name in NAMES} for v in versions]


def timed(book, verb):
    """Run a command unharmed and return the seconds that it takes."""
    began = time.monotonic()
    done = book.run_apart(verb)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - began


def test_no_kill_gets_half_a_page_published_or_leaves_a_process(book):
    choices = random.Random(SEED)
    write_pages(book, 0)
    seconds = {verb: timed(book, verb) for verb in ("execute", "html")}
    published = 0
    for version in range(1, BUILDS + 1):
        write_pages(book, version)
        status, out, left = batter([*book.command, "execute"], choices, VICTIMS, seconds["execute"])
        assert left == [], out
        check_executed(book, version)
        if status == 0:
            assert all(book.printed(name).splitlines() == said(name, version) for name in NAMES)
        site, out, left = batter([*book.command, "html"], choices, ["parent"], seconds["html"])
        assert left == [], out
        assert status == 0 or site != 0, "a book that was not run through was published"
        check_site(book, [published, version] if status == 0 else [published])
        published = version if site == 0 else published
    assert (book.execute().returncode, book.run("html").returncode) == (0, 0)
    check_site(book, [BUILDS])
    assert (book.root / "_build" / "html").is_dir()
