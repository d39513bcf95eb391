"""Tiny books made on the spot, and the command line as a user calls it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

LIMIT = 120  # seconds; far above what any of these books needs


@dataclass
class TinyBook:
    """A book in a temporary folder; pages are lists of sources, or of whole cells."""

    root: Path

    def add(self, name, *cells):
        """Write a chapter whose cells have the ids c0, c1, …, and enter it in the contents."""
        cells = [new_code_cell(c) if isinstance(c, str) else c for c in cells]
        notebook = new_notebook(cells=[new_markdown_cell(f"# {name}"), *cells])
        for number, cell in enumerate(notebook.cells):
            cell.id = f"c{number}"
        nbformat.write(notebook, self.root / "chapters" / f"{name}.ipynb")
        contents = self.root / "_toc.yml"
        if f"chapters/{name}\n" not in contents.read_text():
            with contents.open("a") as file:
                file.write(f"  - file: chapters/{name}\n")

    def run(self, *arguments, **environment):
        """Call ``python -m bookbuild`` on this book."""
        return subprocess.run(
            [sys.executable, "-m", "bookbuild", "--book", str(self.root), *arguments],
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            env=os.environ | environment,
        )

    def source(self, name):
        """Return the path of a chapter."""
        return self.root / "chapters" / f"{name}.ipynb"

    def executed(self, name):
        """Return the path of an executed chapter."""
        return self.root / "_build" / "executed" / "chapters" / f"{name}.ipynb"

    def failed(self, name):
        """Return the path of what a failed chapter managed."""
        return self.root / "_build" / "failed" / "chapters" / f"{name}.ipynb"

    def pretend(self, name, outputs=None):
        """Write an executed copy as a run would leave it, with the outputs of each cell by id."""
        notebook = json.loads(self.source(name).read_text())
        notebook["metadata"]["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
        count = 0
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code" and "".join(cell["source"]).strip():
                count += 1
                cell.update(execution_count=count, outputs=(outputs or {}).get(cell["id"], []))
        self.executed(name).parent.mkdir(parents=True, exist_ok=True)
        self.executed(name).write_text(json.dumps(notebook))

    def printed(self, name):
        """Return what an executed chapter printed."""
        cells = json.loads(self.executed(name).read_text())["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        return "".join("".join(output.get("text", "")) for output in outputs)

    def edit(self, path, change):
        """Let a function change a notebook, kept as it is otherwise."""
        notebook = json.loads(path.read_text())
        change(notebook)
        path.write_text(json.dumps(notebook))


@pytest.fixture
def book(tmp_path):
    """Make a book with a front page and no chapter yet."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "_config.yml").write_text(
        'title: Tiny\nexecute:\n  execute_notebooks: "off"\nsphinx:\n  config:\n'
        "    extensions: [myst_nb, jupyter_book, sphinx_comments, sphinx_external_toc,\n"
        "                 sphinx_book_theme, sphinx-mathjax-offline]\n"
    )
    (tmp_path / "intro.md").write_text("# Tiny\n")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: intro\nchapters:\n")
    return TinyBook(tmp_path)
