"""Fixtures for all tests: where the book is, and where the full data set is, if anywhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LONGEST = ("test_book.py", "test_commands.py")
BESIDE = ROOT.parent / "shared" / "mnist"

# The same few examples in every run; `pytest --hypothesis-profile=long` tries many new ones.
settings.register_profile("short", max_examples=40, deadline=None, derandomize=True)
settings.register_profile("long", max_examples=5000, deadline=None)
settings.load_profile("short")

if "RNN_UTILS_DATA" not in os.environ and BESIDE.is_dir():
    os.environ["RNN_UTILS_DATA"] = str(BESIDE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the files that take longest, so that nobody waits for one of them at the end."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def full_mnist():
    """Return the full MNIST set, or skip where RNN_UTILS_DATA names none."""
    if "RNN_UTILS_DATA" not in os.environ:
        pytest.skip("the full data set is not here: RNN_UTILS_DATA names no directory")
    from rnn_utils import load_mnist

    return load_mnist("mnist")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of this machine's browser; skip without one, or fail if it is required."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        reason = f"no browser found: none of {', '.join(BROWSERS)} is installed"
        if os.environ.get("RNN_BOOK_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="module")
def browser(chromium):
    """Start this machine's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def clone(root, commit):
    """Return a function that makes a repository of the project as it stands, all committed."""

    def cloned(folder: Path, without: tuple[str, ...] = ()) -> Path:
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        files = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=True)
        for name in filter(None, files.stdout.split("\0")):
            if (root / name).is_file() and not name.startswith(without):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / name, folder / name)
        subprocess.run(["git", "init", "-q", "--initial-branch", "main"], cwd=folder, check=True)
        commit(folder)
        return folder

    return cloned


@pytest.fixture(scope="session")
def commit():
    """Return a function that commits all that is in a repository."""
    author = ["-c", "user.name=Tests", "-c", "user.email=tests@localhost"]

    def committed(folder: Path) -> None:
        for command in (["add", "--all"], [*author, "commit", "--quiet", "-m", "All of it"]):
            subprocess.run(["git", *command], cwd=folder, check=True)

    return committed


@pytest.fixture(scope="session")
def uv():
    """Return the path of uv, or skip where it or the packages it would fetch cannot be had."""
    path = Path(sys.executable).with_name("uv")
    probe = [path, "pip", "compile", "--quiet", "--no-header", "-"]
    try:
        subprocess.run(probe, input="six", capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no package can be installed from here: {error}")
    return path
