"""The files of a book that its pages show, include or offer, and that it is configured with."""

import os
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from nbformat import NotebookNode

from bookbuild.book import Book
from bookbuild.files import sha256, write_bytes

APART = ("_build", "__pycache__", "node_modules")  # and what is hidden: no files of pages
ESCAPE = re.compile(r"\\(?=[^\w\s])")  # in Markdown: a sign that means itself
EMBEDDED = re.compile(r"base64,[\w+/=]+")
FOLDERS = ("html_static_path", "html_extra_path", "templates_path", "local_extensions")


def files_of_page(text: str, folder: Path, root: Path) -> Iterator[Path]:
    """Yield the files of a book that a text names, and those that included texts name.

    A text names a file where its path stands, from the folder or from the book's root, whatever
    is around it: Markdown, HTML, a directive, a role. What is named too often does no harm.

    Parameters
    ----------
    text : str
        Markdown and HTML.
    folder, root : Path
        Where paths begin.
    """
    waiting, seen = [(text, folder)], set()
    while waiting:
        text, folder = waiting.pop()
        text = EMBEDDED.sub("", text)
        readings = {text, unquote(text), unescape(text), ESCAPE.sub("", text)}
        words = set(re.findall(r"\w+", "".join(readings)))
        for path in _files_below(root):
            if path in seen or not words.issuperset(re.findall(r"\w+", path.stem)):
                continue
            paths = {os.path.relpath(path, folder), os.path.relpath(path, root)}
            forms = [re.escape(each) for each in paths]
            forms += [re.escape(each.removesuffix(path.suffix)) + r"\.\*" for each in paths]
            named = re.compile(rf"(?<![\w-])(?:{'|'.join(forms)})(?![\w-])")
            if any(map(named.search, readings)):
                seen.add(path)
                yield path
                if re.search(rf"include\b.*{re.escape(path.name)}", text):
                    waiting.append((path.read_text("utf-8", "replace"), path.parent))


def _files_below(root: Path) -> Iterator[Path]:
    """Yield the files of a book that pages may use; links to folders are followed."""
    for base, folders, files in os.walk(root, followlinks=True):
        here = Path(base).resolve()
        folders[:] = [
            each
            for each in folders
            if each not in APART
            and not each.startswith(".")
            and not here.is_relative_to((here / each).resolve())  # a link that leads back
        ]
        yield from (Path(base, each) for each in files if _is(Path.is_file, Path(base, each)))


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
