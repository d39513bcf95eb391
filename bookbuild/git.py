"""What git knows of the sources."""

import subprocess
from pathlib import Path


def commit_of(folder: Path) -> str:
    """Return what git calls a folder's sources, marked where they differ; empty without git."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
