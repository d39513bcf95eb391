"""One page through papermill, in a fresh kernel, with every way to fail caught and named.

The process that runs it may be on another machine, and writes nothing: an `Outcome` goes back.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import papermill
from jupyter_client import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from bookbuild.files import hashes_of
from bookbuild.notebooks import describe, first_line, runnable, strip_run_traces, tags
from bookbuild.running import kernel_report
from bookbuild.running.kernel_end import adopt_orphans, children, end_what_is_left
from bookbuild.running.kernel_start import kernel_manager
from bookbuild.running.machine import this_machine
from bookbuild.running.request import Limits, Outcome, Request

# nbclient reports a dead or late kernel by itself; the failure below says it with the cell's name.
logging.getLogger("papermill").addHandler(logging.NullHandler())

KERNEL_SETTINGS = [
    "--IPKernelApp.log_level=CRITICAL",
    f"--IPKernelApp.exec_lines={kernel_report.WATCH}",
    "--InteractiveShell.system_raise_on_error=True",  # a failed `!command` is a failed cell
]
AFTER_THE_LAST = "after the last cell"


@dataclass
class Progress:
    """What is known of a page while it runs; its methods are nbclient's hooks."""

    name: str
    say: Callable[[str], None]
    notebook: NotebookNode | None = None
    cell: NotebookNode | None = None
    asking: NotebookNode | None = None
    cell_began: float = field(default_factory=time.monotonic)
    request: str = ""

    def kernel_ready(self, notebook: NotebookNode) -> None:
        """Keep the notebook that is being filled in."""
        self.notebook = notebook

    def cell_starts(self, cell: NotebookNode, cell_index: int) -> None:
        """Remember the cell, in case it is the last."""
        if cell.cell_type == "code":
            self.cell, self.cell_began = cell, time.monotonic()

    def where(self) -> str:
        """Name the cell at work."""
        if self.cell is None:
            return "before the first cell"
        return _where(self.notebook, self.cell)

    def cell_ran(self, cell: NotebookNode, cell_index: int, execute_reply: Mapping) -> None:
        """Say that the cell is over."""
        if kernel_report.TAG in tags(cell):
            return
        for asked in execute_reply["content"].get("payload", ()):
            # Of what shows notebooks to people: to type into them, to open a pager, to end.
            self.request = self.request or asked["source"]
            self.asking = self.asking or cell
        seconds = time.monotonic() - self.cell_began
        number = f"{cell_index + 1:3}/{len(self.notebook.cells) - 1}"
        self.say(f"{self.name}  {number}  {seconds:6.1f} s  {first_line(cell)[:60]}")


def run_page(
    request: Request, limits: Limits, cores: int, say: Callable[[str], None], one_at_a_time: bool
) -> Outcome:
    """Run a page and return what it produced.

    Parameters
    ----------
    request : Request
        The page.
    limits : Limits
        How long a cell, and the start of the kernel, may take.
    cores : int
        How many the kernel may use.
    say : callable
        Told one line when the page starts and one per cell.
    one_at_a_time : bool
        Whether this process runs no other page beside it.
    """
    name, parameters = request.page.name, request.parameters
    progress = Progress(name, say)
    say(f"{name}  starts" + "".join(f"  {k}={v!r}" for k, v in parameters.items()))
    machine, files = this_machine(), hashes_of(request.guarded)
    adopt_orphans()
    others = children() if one_at_a_time else None
    began = time.monotonic()
    with TemporaryDirectory(ignore_cleanup_errors=True) as ours:
        folder = request.page.source.parent
        folder = str(folder) if folder.is_dir() else ours
        start = kernel_manager(cores, Path(ours), others)
        where, error = _execute(request, limits, folder, start, progress)
        for command in [*start.left, *end_what_is_left(ours, others=others)]:
            say(f"{name}  left a process behind, which was ended: {command[:80]}")
    seconds = time.monotonic() - began
    notebook, report = progress.notebook, {}
    if notebook is not None:
        strip_run_traces(notebook)
        report = kernel_report.take_answer(notebook)
    if progress.asking is not None:
        where = _where(notebook, progress.asking)
        error = f"the cell asks for {progress.request!r}, which only an editor of notebooks can do"
    elif not (error or report):
        where, error = AFTER_THE_LAST, "the kernel did not say what it ran with"
    after = hashes_of(request.guarded)
    changed = [file for file in files if files[file] != after.get(file)]
    return Outcome(notebook, seconds, where, error, machine, cores, report, changed)


def _execute(
    request: Request,
    limits: Limits,
    folder: str,
    start: type[AsyncKernelManager],
    progress: Progress,
) -> tuple[str, str]:
    """Run the cells; return where the run ended and why, two empty texts for its natural end."""
    notebook = runnable(request.source)
    kernel_report.add_question(notebook)
    try:
        notebook = papermill.execute_notebook(
            notebook,
            None,
            dict(request.parameters),
            kernel_name="python3",
            progress_bar=False,
            cwd=folder,
            start_timeout=limits.start,
            execution_timeout=limits.cell,
            kernel_manager_class=start,
            extra_arguments=KERNEL_SETTINGS,
            shutdown_kernel="immediate",
            record_timing=False,
            iopub_timeout=30,
            on_notebook_start=progress.kernel_ready,
            on_cell_start=progress.cell_starts,
            on_cell_executed=progress.cell_ran,
        )
    except PapermillExecutionError:
        return _first_error(progress.notebook)
    except CellTimeoutError:
        limit = f"no end after {limits.cell} s, the limit for a cell (--timeout raises it)"
        return progress.where(), limit
    except DeadKernelError:
        return progress.where(), start.death
    except RuntimeError as failure:
        trouble = "failed" if progress.notebook else "did not start"
        return progress.where(), f"the kernel {trouble}: {failure}"
    return _first_error(notebook)


def _first_error(notebook: NotebookNode) -> tuple[str, str]:
    """Find the cell that stopped the run, ``sys.exit(0)`` included, which papermill lets pass."""
    last = None
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                error = f"{output.ename}: {output.evalue}".removesuffix(": ")
                return _where(notebook, cell), error
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None:
            # What a magic complains of is no exception, and stands on stderr.
            outputs = last.outputs if last else []
            said = [each.text for each in outputs if each.get("name") == "stderr"]
            return _where(notebook, last or cell), "".join(said).strip() or "the run ended here"
        last = cell if cell.cell_type == "code" and cell.source.strip() else last
    return "", ""


def _where(notebook: NotebookNode, cell: NotebookNode) -> str:
    """Name a cell, whether it is the author's or ours."""
    return AFTER_THE_LAST if kernel_report.TAG in tags(cell) else describe(notebook, cell)
