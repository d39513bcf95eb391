"""Lay out what passed the gate as jupyter-book wants it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from sphinx_external_toc.api import Document, FileItem, TocTree
from sphinx_external_toc.parsing import create_toc_dict, parse_toc_yaml

from bookbuild.book import Book, BookError
from bookbuild.files import copy, write_text
from bookbuild.notebooks import published, read, write
from bookbuild.site.status_page import NAME as STATUS
from bookbuild.site.status_page import status_page

ASSETS = ("_config.yml", "_toc.yml", "_static", "_templates")


def lay_out(book: Book, folder: Path) -> None:
    """Lay out a folder that holds what jupyter-book needs, and nothing from an earlier build.

    Raises
    ------
    BookError
        If ``_config.yml`` names a bibliography that does not exist.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in [*ASSETS, *_bibliographies(book)]:
        copy(book.root / name, folder / name)
    for page in book.pages:
        target = folder / page.source.relative_to(book.root)
        if page.is_notebook:
            write(published(read(page.source), read(page.executed)), target)
        else:
            copy(page.source, target)
            for image in _images(page.source):
                copy(page.source.parent / image, target.parent / image)
    write_text(status_page(book), folder / f"{STATUS}.md")
    _add_to_contents(STATUS, folder / "_toc.yml")


def _images(page: Path) -> Iterator[str]:
    """Yield the files beside a Markdown page that it shows as images."""
    for block in MarkdownIt().parse(page.read_text("utf-8")):
        for token in block.children or []:
            source = token.attrGet("src") if token.type == "image" else None
            if source and (page.parent / source).is_file():
                yield source


def _bibliographies(book: Book) -> list[str]:
    names = book.config.get("bibtex_bibfiles", [])
    names = [names] if isinstance(names, str) else names
    for name in names:
        if not (book.root / name).is_file():
            raise BookError(f"_config.yml names the bibliography {name}, which does not exist")
    return names


def _add_to_contents(name: str, contents: Path) -> None:
    """Put a page at the end of the last part of a table of contents."""
    site_map = parse_toc_yaml(contents)
    root = site_map.root
    if not root.subtrees:
        root.subtrees.append(TocTree([]))
    root.subtrees[-1].items.append(FileItem(name))
    site_map[name] = Document(name)
    write_text(yaml.safe_dump(create_toc_dict(site_map), sort_keys=False), contents)
