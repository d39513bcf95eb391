"""Tiny books made on the spot, and the command line as a user calls it."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import nbformat
import pytest
from distributed import LocalCluster
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookbuild.__main__ import main
from bookbuild.running.freshness_key import key_of
from bookbuild.running.machine import this_machine
from bookbuild.running.run_record import RunRecord

LIMIT = 120  # seconds; far above what any of these books needs


@dataclass
class TinyBook:
    """A book in a temporary folder; pages are lists of sources, or of whole cells."""

    root: Path
    scheduler: Callable[[], str] = field(repr=False, default=str)

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

    def run(self, *arguments):
        """Call ``python -m bookbuild`` on this book, without the seconds that Python needs."""
        out, err = io.StringIO(), io.StringIO()
        arguments = ["--book", str(self.root), *arguments]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(arguments)
            except SystemExit as exit:
                status = exit.code
        return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())

    def execute(self, *arguments):
        """Call ``execute`` with workers that are there already."""
        return self.run("execute", "--scheduler", self.scheduler(), *arguments)

    def run_apart(self, *arguments, **environment):
        """Call ``python -m bookbuild`` on this book in a process of its own."""
        return subprocess.run(
            [*self.command, *arguments],
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            cwd=self.root,
            env=os.environ | environment,
        )

    @property
    def command(self):
        """The start of a command line on this book."""
        return [sys.executable, "-m", "bookbuild", "--book", str(self.root)]

    def source(self, name):
        """Return the path of a chapter."""
        return self.root / "chapters" / f"{name}.ipynb"

    def executed(self, name):
        """Return the path of an executed chapter."""
        return self.root / "_build" / "executed" / "chapters" / f"{name}.ipynb"

    def failed(self, name):
        """Return the path of what a failed chapter managed."""
        return self.root / "_build" / "failed" / "chapters" / f"{name}.ipynb"

    def pretend(self, name, outputs=None, **noted):
        """Write an executed copy as a run would leave it, with the outputs of each cell by id."""
        notebook = json.loads(self.source(name).read_text())
        notebook["metadata"]["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
        count = 0
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code" and "".join(cell["source"]).strip():
                count += 1
                cell.update(execution_count=count, outputs=(outputs or {}).get(cell["id"], []))
        note = {
            "parameters": {},
            "seed": "1",
            "finished": "2026-01-02T03:04:05+00:00",
            "seconds": 2.5,
            "peak_memory": 3 * 2**20,
            "cores": 1,
            "provenance": {"python": "3.11.7", "device": "CPU, x86_64"},
            "data": {},
            "commit": "abc1234",
        } | noted
        asked = {each: found for each, (found, _) in note["data"].items()}
        place = replace(this_machine(), data=asked)
        key = key_of(
            nbformat.read(self.source(name), 4),
            self.source(name).parent,
            note["parameters"],
            place,
            asked,
        )
        notebook["metadata"]["bookbuild"] = asdict(RunRecord(key=key, **note))
        self.executed(name).parent.mkdir(parents=True, exist_ok=True)
        self.executed(name).write_text(json.dumps(notebook))

    def note(self, name):
        """Return what is noted of the last run of a chapter."""
        return json.loads(self.executed(name).read_text())["metadata"]["bookbuild"]

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


@pytest.fixture(scope="session")
def record():
    """Return a function that makes the output with which a page records a number."""
    prefix = "application/papermill.record/"

    def output(name, value, tolerance=None, reason=""):
        within = {} if tolerance is None else {"tolerance": tolerance, "reason": reason}
        return new_output(
            "display_data",
            data={prefix + "text/plain": json.dumps(value)},
            metadata={"scrapbook": {"name": name, "mime_prefix": prefix}, "rnn_utils": within},
        )

    return output


@pytest.fixture(scope="session")
def scheduler():
    """Start two workers that all tests share."""
    with LocalCluster(2, threads_per_worker=1, memory_limit=0, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def book(tmp_path, request):
    """Make a book with a front page and no chapter yet."""
    return new_book(tmp_path, request)


@pytest.fixture(scope="module")
def shared_book(tmp_path_factory, request):
    """Make a book that the tests of a module share."""
    return new_book(tmp_path_factory.mktemp("shared"), request)


def new_book(folder, request):
    (folder / "chapters").mkdir()
    (folder / "_config.yml").write_text(
        'title: Tiny\nexecute:\n  execute_notebooks: "off"\nsphinx:\n  config:\n'
        "    extensions: [myst_nb, jupyter_book, sphinx_comments, sphinx_external_toc,\n"
        "                 sphinx_book_theme, sphinx-mathjax-offline,\n"
        "                 bookbuild.site.sphinx_extension]\n"
    )
    (folder / "intro.md").write_text("# Tiny\n")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: intro\nchapters:\n")
    return TinyBook(folder, lambda: request.getfixturevalue("scheduler"))
