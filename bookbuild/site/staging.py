"""Lay out what passed the gate as jupyter-book wants it."""

import shutil
from pathlib import Path
from urllib.parse import quote

import yaml
from sphinx_external_toc.api import Document, FileItem, TocTree
from sphinx_external_toc.parsing import create_toc_dict, parse_toc_yaml

from bookbuild.book import Book, BookError
from bookbuild.files import copy, write_text
from bookbuild.notebooks import published, read, texts_of, write
from bookbuild.site.local_files import files_of_config, files_of_page, unpack_attachments
from bookbuild.site.status_page import NAME as STATUS
from bookbuild.site.status_page import status_page

ASSETS = ("_toc.yml", "_static", "_templates")


def lay_out(book: Book, folder: Path) -> None:
    """Lay out a folder that holds what jupyter-book needs, and nothing from an earlier build.

    Raises
    ------
    BookError
        If ``_config.yml`` names a bibliography that does not exist.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _check_bibliographies(book)
    needed = {book.root / name for name in ASSETS} | set(files_of_config(book))
    for page in book.pages:
        target = folder / page.source.relative_to(book.root)
        if page.is_notebook:
            notebook = published(read(page.source), read(page.executed))
            unpack_attachments(notebook, target.parent)
            write(notebook, target)
            text = "\n".join(texts_of(notebook))
        else:
            copy(page.source, target)
            text = page.source.read_text("utf-8", "replace")
        needed.update(files_of_page(text, page.source.parent, book.root))
    for path in sorted(needed - {page.source for page in book.pages}):
        name = path.relative_to(book.root).as_posix()
        for target in {folder / name, folder / quote(name)}:  # as MyST writes images' names
            if not target.exists():  # it may lie in a folder that was copied
                copy(path, target)
    # What is here only to be included or loaded is no page, and no gate has seen it.
    config = book.config | {"only_build_toc_files": True}
    write_text(yaml.safe_dump(config, allow_unicode=True), folder / "_config.yml")
    write_text(status_page(book), folder / f"{STATUS}.md")
    _add_to_contents(STATUS, folder / "_toc.yml")


def _check_bibliographies(book: Book) -> None:
    names = book.config.get("bibtex_bibfiles", [])
    names = [names] if isinstance(names, str) else names
    for name in names:
        if not (book.root / name).is_file():
            raise BookError(f"_config.yml names the bibliography {name}, which does not exist")


def _add_to_contents(name: str, contents: Path) -> None:
    """Put a page at the end of the last part of a table of contents."""
    site_map = parse_toc_yaml(contents)
    root = site_map.root
    if not root.subtrees:
        root.subtrees.append(TocTree([]))
    root.subtrees[-1].items.append(FileItem(name))
    site_map[name] = Document(name)
    write_text(yaml.safe_dump(create_toc_dict(site_map), sort_keys=False), contents)
