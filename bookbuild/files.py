"""Files under ``_build/``: never half written, and written by one process at a time."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_text(text: str, path: Path) -> None:
    """Write a file so that its path never holds half of it, even if the process is killed."""
    write_bytes(text.encode(), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file as `write_text` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder if there is one, making the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy2(source, target)


def sha256(content: bytes) -> str:
    """Return the first half of the SHA-256 of some bytes, in hex: enough to tell them apart."""
    return hashlib.sha256(content).hexdigest()[:32]


def sha256_of_folder(folder: Path) -> dict[str, str]:
    """Return the hash of each file below a folder by its path there, compiled ones left out."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def hashes_of(files: Iterable[Path]) -> dict[Path, str]:
    """Return the hashes of those files that exist and can be read."""
    hashes = {}
    for file in files:
        with suppress(OSError):
            if file.is_file():
                hashes[file] = sha256(file.read_bytes())
    return hashes


@contextmanager
def sole_use(folder: Path) -> Iterator[int]:
    """Keep other processes from writing below a folder; wait, and say so, while one does.

    A build that was killed may have left a process at work, which is waited for too: the lock
    lives as long as any process that holds its descriptor.

    Parameters
    ----------
    folder : Path
        Is made if it does not exist.

    Yields
    ------
    int
        The descriptor, to be passed on to processes that write there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another bookbuild at work in {folder}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()
