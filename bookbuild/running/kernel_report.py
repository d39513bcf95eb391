"""What a kernel knows of the run that it has just made; a last cell asks for it.

It starts and imports nothing: what the page did not use is not part of its run.
"""

from __future__ import annotations

import os
import platform
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from nbformat import NotebookNode

TAG = "bookbuild-kernel-report"
KIND = "application/vnd.bookbuild.kernel-report+json"
SOURCE = """\
from bookbuild.running.kernel_report import show_report
show_report()"""


# Run by a kernel at its start; it leaves no name behind.
WATCH = f"__import__({__name__!r}, fromlist=['watch']).watch()"
# Below the book, but none of it, or known otherwise to the key; so is what a name with a dot holds.
APART = {"_build", "rnn_utils", "bookbuild", "__pycache__", "site-packages"}
START = Path.cwd()  # the page's folder; the page may go elsewhere
READ: dict[str, tuple[int, int]] = {}  # what each file was when it was first opened
WRITTEN: set[str] = set()


def watch() -> None:
    """Take note of the files that are opened from now on."""
    sys.addaudithook(_note)


def _note(event: str, arguments: tuple) -> None:
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if arguments[2] & (os.O_WRONLY | os.O_RDWR):
            WRITTEN.add(path)
        elif path not in READ and os.path.isfile(path):
            READ[path] = _version(path)
    elif event in ("os.listdir", "os.scandir") and not _imports(sys._getframe(1)):
        name = "." if arguments[0] is None else arguments[0]
        if isinstance(name, (str, bytes, os.PathLike)):  # else a descriptor
            path = os.path.abspath(os.fsdecode(name))
            if os.path.isdir(path):
                READ.setdefault(path, _version(path))
    elif event == "os.rename":  # and of os.replace
        WRITTEN.add(os.path.abspath(os.fsdecode(arguments[1])))


def _imports(frame: FrameType | None) -> bool:
    """Tell whether Python itself looks for modules, or for what is installed."""
    while frame is not None:
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _version(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


def files_edited() -> list[str]:
    """Return those of `files_read` that are no longer what they were when they were opened."""
    found = []
    for name in files_read():
        path = os.path.normpath(START / name)
        if os.path.isfile(path) and path in READ and READ[path] != _version(path):
            found.append(name)
    return found


def files_read() -> list[str]:
    """Return what of the book was imported, read or listed, by its path from the page."""
    book = next((each for each in (START, *START.parents) if (each / "_toc.yml").exists()), None)
    modules = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    data = filter(None, map(os.environ.get, ("RNN_UTILS_DATA", "RNN_UTILS_CACHE")))
    folders = [Path(each) for each in (*data, sys.prefix, sys.base_prefix)]
    found = []
    for file in sorted((READ.keys() | modules) - WRITTEN - {None}) if book else ():
        parts = Path(os.path.relpath(file, book)).parts
        own = not APART.intersection(parts) and not any(
            part.startswith(".") or part.endswith(".egg-info") for part in parts
        )
        around = {Path(file), *Path(file).parents} - {book, *book.parents}
        if own and around.isdisjoint(folders) and os.path.exists(file):
            found.append(Path(os.path.relpath(file, START)).as_posix())
    return found


def add_question(notebook: NotebookNode) -> None:
    """Add the cell that asks, in place."""
    import nbformat

    cell = nbformat.v4.new_code_cell(SOURCE, metadata={"tags": [TAG]})
    notebook.cells.append(cell)


def take_answer(notebook: NotebookNode) -> dict[str, Any]:
    """Remove that cell, in place, and return the report; empty where the run ended before it."""
    cell = notebook.cells.pop()
    reports = [output["data"][KIND] for output in cell.outputs if KIND in output.get("data", {})]
    return reports[0] if reports else {}


def show_report() -> None:
    """Put versions, device, data and peak memory of this process out, as JSON."""
    from IPython.display import display

    report = {"provenance": _provenance(), "data": _data(), "peak_memory": peak_memory()}
    report |= {"files": files_read(), "edited": files_edited()}
    display({KIND: report}, raw=True)


def _provenance() -> dict[str, str]:
    if "rnn_utils.backend" in sys.modules:
        return sys.modules["rnn_utils"].provenance()
    return {"python": platform.python_version(), "device": f"CPU, {platform.machine()}"}


def _data() -> dict[str, tuple[str, str]]:
    return getattr(sys.modules.get("rnn_utils.data.mnist"), "LOADED", {})


def peak_memory() -> int:
    """Return the most memory that this process has held, in bytes."""
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else []:
        if line.startswith("VmHWM"):  # not every Linux has it
            return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
