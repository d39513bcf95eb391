"""The files of a book that its pages show, include or offer, and that it is configured with."""

import os
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from nbformat import NotebookNode

from bookbuild.book import Book
from bookbuild.files import sha256, write_bytes

REFERENCE = re.compile(
    r"""\]\(\s*<?([^)\s>]+)                              # [text](file), ![alt](file)
    | ^\s*\[[^\]]+\]:\s*<?([^\s>]+)                     # [name]: file
    | \b(?:src|href|poster)\s*=\s*["']([^"']+)          # HTML
    | ^\s*(?:`{3,}|~{3,}|:{3,})\{[\w:-]+\}[ \t]*(\S+)   # ```{figure} file
    | ^\s*:(?:file|image|img-[\w-]+|link|source):\s*(\S+)  # an option of a directive
    | \{[\w:-]+\}`(?:[^`<]*<)?([^`>]+)                  # {download}`text <file>`
    """,
    re.VERBOSE | re.MULTILINE,
)
TEXTS = (".md", ".rst", ".txt")  # what a page includes may name files of its own
FOLDERS = ("html_static_path", "html_extra_path", "templates_path", "local_extensions")


def files_of_page(text: str, folder: Path, root: Path) -> Iterator[Path]:
    """Yield the files of a book that a text names, and those that included texts name.

    Parameters
    ----------
    text : str
        Markdown and HTML.
    folder, root : Path
        Where names begin: those with a leading slash in the book's root.
    """
    waiting, seen = [(text, folder)], set()
    while waiting:
        text, folder = waiting.pop()
        for found in REFERENCE.finditer(text):
            path = _file_of(next(filter(None, found.groups())), folder, root)
            if path is None or path in seen:
                continue
            seen.add(path)
            yield path
            if path.suffix in TEXTS:
                waiting.append((path.read_text("utf-8", "replace"), path.parent))


def _file_of(address: str, folder: Path, root: Path) -> Path | None:
    """Return the file of a book that an address means, None if it means something else."""
    if re.match(r"[a-z][a-z0-9+.-]*:", address, re.I):
        return None
    name = unquote(address.partition("#")[0].partition("?")[0])
    start = root if name.startswith("/") else folder
    path = Path(os.path.normpath(start / name.lstrip("/")))
    return path if name and path.is_relative_to(root) and _is(Path.is_file, path) else None


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """Tell whether a path is a file or folder; a text that can be no name is neither."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def files_of_config(book: Book) -> Iterator[Path]:
    """Yield what the configuration names: logo, icons, bibliographies, folders of static files."""
    for key, value in _values(book.config):
        path = Path(os.path.normpath(book.root / value))
        is_inside = path.is_relative_to(book.root) and path != book.root
        is_wanted = _is(Path.is_file, path) or (key in FOLDERS and _is(Path.is_dir, path))
        if is_inside and is_wanted:
            yield path


def _values(config: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a configuration, however deep, each with the key above it."""
    if isinstance(config, dict):
        for name, value in config.items():
            yield from _values(value, key if key == "local_extensions" else str(name))
    elif isinstance(config, Iterable) and not isinstance(config, str):
        for value in config:
            yield from _values(value, key)
    elif isinstance(config, str) and config:
        yield key, config


def unpack_attachments(page: NotebookNode, folder: Path) -> None:
    """Turn images that were pasted into Markdown cells into files beside a page, in place."""
    for cell in page.cells:
        for name, formats in cell.pop("attachments", {}).items():
            content = b64decode(next(iter(formats.values())))
            file = f"{sha256(content)}{Path(name).suffix}"
            write_bytes(content, folder / "attachments" / file)
            for written in (name, quote(name)):
                cell.source = cell.source.replace(f"attachment:{written}", f"attachments/{file}")
