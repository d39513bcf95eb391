"""One page through papermill, in a fresh kernel, with every way to fail caught and named.

A page comes as data and goes as data: the process that runs it may be on another machine, and
writes nothing.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from bookbuild import kernel
from bookbuild.notebooks import describe, first_line, runnable, settle
from bookbuild.place import survey
from bookbuild.task import Run, Task

# nbclient reports a dead or late kernel by itself; the failure below says it with the cell's name.
logging.getLogger("papermill").addHandler(logging.NullHandler())


@dataclass
class Watch:
    """What is known of a page while it runs; its methods are nbclient's hooks."""

    name: str
    say: Callable[[str], None]
    notebook: NotebookNode | None = None
    cell: NotebookNode | None = None
    cell_began: float = field(default_factory=time.monotonic)

    def kernel_ready(self, notebook: NotebookNode) -> None:
        """Keep the notebook that is being filled in."""
        self.notebook = notebook

    def cell_starts(self, cell: NotebookNode, cell_index: int) -> None:
        """Remember the cell, in case it is the last."""
        if cell.cell_type == "code":
            self.cell, self.cell_began = cell, time.monotonic()

    def where(self) -> str:
        """Name the cell at work."""
        return describe(self.notebook, self.cell) if self.cell else "before the first cell"

    def cell_ran(self, cell: NotebookNode, cell_index: int, execute_reply: Mapping) -> None:
        """Say that the cell is over."""
        seconds = time.monotonic() - self.cell_began
        place = f"{cell_index + 1:3}/{len(self.notebook.cells)}"
        self.say(f"{self.name}  {place}  {seconds:6.1f} s  {first_line(cell)[:60]}")


def run_task(task: Task, cores: int, say: Callable[[str], None]) -> Run:
    """Run a page and return what it produced.

    Parameters
    ----------
    task : Task
        The page.
    cores : int
        How many the kernel may use.
    say : callable
        Told one line when the page starts and one per cell.
    """
    watch = Watch(task.name, say)
    say(f"{task.name}  starts" + "".join(f"  {k}={v!r}" for k, v in task.parameters.items()))
    place = survey()
    began = time.monotonic()
    with TemporaryDirectory() as elsewhere:
        folder = task.folder if Path(task.folder).is_dir() else elsewhere
        where, error = _execute(task, folder, cores, watch)
    seconds = time.monotonic() - began
    if watch.notebook is None:
        return Run(seconds=seconds, where=where, error=error, place=place, cores=cores)
    answer = watch.notebook.metadata.pop(kernel.ANSWER, {})
    if not (error or answer):
        where, error = "after the last cell", "the kernel did not say what it ran with"
    settle(watch.notebook)
    text = nbformat.v4.writes(watch.notebook)
    return Run(text, seconds, where, error, place, cores, answer)


def _execute(task: Task, folder: str, cores: int, watch: Watch) -> tuple[str, str]:
    """Run the cells; return where the run ended and why, two empty texts for its natural end."""
    try:
        notebook = papermill.execute_notebook(
            runnable(nbformat.reads(task.notebook, as_version=4)),
            None,
            dict(task.parameters),
            engine_name=kernel.NAME,
            environment=kernel.environment(cores),
            kernel_name="python3",
            progress_bar=False,
            cwd=folder,
            start_timeout=task.limits.start,
            execution_timeout=task.limits.cell,
            kernel_manager_class=kernel.OwnKernelManager,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
            shutdown_kernel="immediate",
            record_timing=False,
            coalesce_streams=True,
            iopub_timeout=30,
            on_notebook_start=watch.kernel_ready,
            on_cell_start=watch.cell_starts,
            on_cell_executed=watch.cell_ran,
        )
    except PapermillExecutionError:
        return _first_error(watch.notebook)
    except CellTimeoutError:
        limit = f"no end after {task.limits.cell} s, the limit for a cell (--timeout raises it)"
        return watch.where(), limit
    except DeadKernelError:
        return watch.where(), "the kernel died: killed for memory, or ended by the code of the cell"
    except RuntimeError as failure:
        trouble = "failed" if watch.notebook else "did not start"
        return watch.where(), f"the kernel {trouble}: {failure}"
    return _first_error(notebook)


def _first_error(notebook: NotebookNode) -> tuple[str, str]:
    """Find the cell that stopped the run, ``sys.exit(0)`` included, which papermill lets pass."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                error = f"{output.ename}: {output.evalue}".removesuffix(": ")
                return describe(notebook, cell), error
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None:
            return describe(notebook, cell), "the run ended before this cell"
    return "", ""
