"""One page through papermill, in a fresh kernel, with every way to fail caught and named."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import papermill
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from bookbuild.book import BookError, Page
from bookbuild.notebooks import INJECTED, describe, first_line, read, settle, tags, write

# nbclient reports a dead or late kernel by itself; the failure below says it with the cell's name.
logging.getLogger("papermill").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Limits:
    """How long to wait, in seconds."""

    cell: int = 1800
    start: int = 120


@dataclass(frozen=True)
class Outcome:
    """What became of one run of a page.

    Attributes
    ----------
    page : Page
        The page that was run.
    seconds : float
        Wall time, the start of the kernel included.
    where, error : str
        The cell and what happened there; both empty when the page ran through.
    """

    page: Page
    seconds: float
    where: str = ""
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether the page ran from its first cell to its last."""
        return not self.error


class OwnKernelManager(AsyncKernelManager):
    """Starts the kernel of this very interpreter, whatever kernels the user has installed."""

    @default("kernel_spec_manager")
    def _only_the_native_kernel(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


@dataclass
class Watch:
    """What is known of a page while it runs; its methods are nbclient's hooks."""

    page: Page
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
        self.say(f"{self.page.name}  {place}  {seconds:6.1f} s  {first_line(cell)[:60]}")


def declared_parameters(page: Page) -> dict[str, Any]:
    """Return the names in the page's cell tagged ``parameters``, each with what is known of it."""
    return papermill.inspect_notebook(_runnable(page))


def run_page(
    page: Page,
    parameters: Mapping[str, Any],
    limits: Limits,
    say: Callable[[str], None],
) -> Outcome:
    """Run a page and keep what it produced.

    A page that ran through is written to ``page.executed``. Of any other, what it managed is
    written to ``page.failed``, and no executed page is left that a reader could take for it.

    Parameters
    ----------
    page : Page
        The page to run.
    parameters : mapping
        Values for names that the page declares.
    limits : Limits
        How long a cell, and the start of the kernel, may take.
    say : callable
        Told one line per cell.

    Returns
    -------
    Outcome
        How long it took, and where and why it failed if it did.

    Raises
    ------
    BookError
        If the source is no notebook, or is an executed copy of one.
    """
    watch = Watch(page, say)
    began = time.monotonic()
    try:
        notebook = papermill.execute_notebook(
            _runnable(page),
            None,
            dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            cwd=page.source.parent,
            start_timeout=limits.start,
            execution_timeout=limits.cell,
            kernel_manager_class=OwnKernelManager,
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
        where, error = _first_error(watch.notebook)
    except CellTimeoutError:
        where = watch.where()
        error = f"no end after {limits.cell} s, the limit for a cell (--timeout raises it)"
    except DeadKernelError:
        where = watch.where()
        error = "the kernel died: killed for memory, or ended by the code of the cell"
    except RuntimeError as failure:
        started = watch.notebook is not None
        where = watch.where()
        trouble = "failed" if started else "did not start"
        error = f"the kernel {trouble}: {failure}"
    else:
        where, error = _first_error(notebook)
    outcome = Outcome(page, time.monotonic() - began, where, error)
    _keep(outcome, watch.notebook, parameters)
    return outcome


def _runnable(page: Page) -> NotebookNode:
    """Read the page and say which kernel runs it, whatever its author's was called."""
    notebook = read(page.source)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    if any(INJECTED in tags(cell) for cell in notebook.cells):
        raise BookError(f"{page.source} is an executed copy (a cell tagged {INJECTED!r})")
    return notebook


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


def _keep(outcome: Outcome, notebook: NotebookNode | None, parameters: Mapping[str, Any]) -> None:
    page = outcome.page
    kept, dropped = (page.executed, page.failed) if outcome.ok else (page.failed, page.executed)
    dropped.unlink(missing_ok=True)
    if notebook is None:
        page.failed.unlink(missing_ok=True)
        return
    settle(notebook)
    notebook.metadata["bookbuild"] = {
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "parameters": dict(parameters),
        "quick": parameters.get("quick") is True,
        "seconds": round(outcome.seconds, 1),
    }
    write(notebook, kept)
