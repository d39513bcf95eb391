"""What git knows of the sources."""

import subprocess
from pathlib import Path

from bookbuild.book import BookError


def commit_of(folder: Path) -> str:
    """Return what git calls a folder's sources, marked where they differ; empty without git."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def tracked_files(folder: Path) -> list[Path]:
    """Return the files in a folder that git knows, none without git."""
    command = ["git", "ls-files", "-z"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return [folder / name for name in done.stdout.split("\0") if name]


def changed_files(folder: Path, commit: str) -> list[str]:
    """Return the paths in a folder that differ between where a branch began and its last commit.

    Raises
    ------
    BookError
        If git cannot compare with the commit.
    """
    options = ("-z", "--name-only", "--no-renames", "--relative")
    command = ["git", "diff", *options, f"{commit}...HEAD", "--"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        raise BookError(
            f"git cannot compare with {commit!r} ({reason.strip().splitlines()[0]}): "
            "name a commit or branch that was fetched, with BASE=…"
        ) from error
    return [name for name in done.stdout.split("\0") if name]
