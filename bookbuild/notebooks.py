"""Notebook files: read and written safely, rid of what changes from run to run, put together."""

import ast
import copy
import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from bookbuild.book import BookError
from bookbuild.files import sha256, write_text

INJECTED = "injected-parameters"
SKIPPED = "skip-execution"  # Jupyter Book's own tag, which a book of pages that ran cannot have
ALONE = "runs-alone"  # on any cell of a page that measures what a machine can do
FAILURE_MARKER = "papermill-error-cell-tag"
VOLATILE_CELL_METADATA = ("papermill", "execution", "ExecuteTime", "executionInfo", "outputId")
VOLATILE_NOTEBOOK_METADATA = ("papermill", "bookbuild", "widgets")
FIRST_MINOR_WITH_IDS = 5
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
RUN_HERE = re.compile(r"\s*%%(?:time|timeit|capture|prun)\b.*\n?")  # magics around Python
OVERWRITTEN = re.compile(r"^.*\r(?=[^\n])", re.MULTILINE)
HIDING_TAGS = ("remove-cell", "remove-input", "hide-cell", "hide-input")


def read(path: Path) -> NotebookNode:
    """Read a notebook.

    Raises
    ------
    BookError
        If the file is not a valid notebook of format 4.
    """
    notebook = read_as_is(path)
    give_ids(notebook)
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        reason = str(error).splitlines()[0]
        raise BookError(f"{path} is not a readable notebook: {reason}") from error
    return notebook


def read_as_is(path: Path) -> NotebookNode:
    """Read a notebook without the repairs that `read` makes, such as ids for cells.

    Raises
    ------
    BookError
        If the file is not JSON or has not the shape of a notebook.
    """
    try:
        text = path.read_text("utf-8-sig")
        content = json.loads(text)
        shaped = isinstance(content, dict) and isinstance(content.get("cells"), list)
        if not shaped or content.get("nbformat") != 4:
            raise BookError(f"{path} is not a notebook of format 4: open and save it in JupyterLab")
        notebook = nbformat.v4.reads(text)
        parts = [notebook, *notebook.cells]
        if not all(isinstance(part.metadata, dict) for part in parts):
            raise TypeError("its metadata is no mapping")
        text_of(notebook).encode()  # half a character is none
    except BookError:
        raise
    except Exception as error:  # whatever a file may hold
        raise BookError(f"{path} is not a readable notebook: {error}") from error
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook so that the path never holds half of one."""
    write_text(text_of(notebook), path)


def text_of(notebook: NotebookNode) -> str:
    """Return a notebook as it stands in a file."""
    return nbformat.v4.writes(notebook) + "\n"


def has_id(cell: NotebookNode) -> bool:
    """Whether a cell has an id as the format wants it."""
    return isinstance(cell.get("id"), str) and bool(CELL_ID.fullmatch(cell.id))


def give_ids(notebook: NotebookNode) -> None:
    """Give each cell, in place, an id of its own if it has none: the same one at each reading."""
    seen = set()
    for n, cell in enumerate(notebook.cells):
        if not has_id(cell) or cell.id in seen:
            cell.id = sha256(f"{n} {cell.get('source')}".encode())[:8]
        seen.add(cell.id)
    notebook.nbformat_minor = max(notebook.nbformat_minor, FIRST_MINOR_WITH_IDS)


def title(notebook: NotebookNode) -> str:
    """Return the first heading, empty if there is none."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    heading = re.search(r"^# +(.+)$", "\n".join(texts), re.MULTILINE)
    return heading[1].strip() if heading else ""


def recorded(notebook: NotebookNode) -> dict[str, Any]:
    """Return the numbers and texts that a page noted with `rnn_utils.record`, by name."""
    return {
        output.metadata["scrapbook"]["name"]: json.loads(
            output.data[output.metadata["scrapbook"]["mime_prefix"] + "text/plain"]
        )
        for output in _records(notebook)
    }


def recorded_tolerances(notebook: NotebookNode) -> dict[str, tuple[float, str]]:
    """Return the tolerances that a page gave to numbers, each with its reason, by name."""
    return {
        output.metadata["scrapbook"]["name"]: (float(given["tolerance"]), given["reason"])
        for output in _records(notebook)
        if (given := output.metadata.get("rnn_utils"))
    }


def _records(notebook: NotebookNode) -> Iterator[NotebookNode]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "name" in output.get("metadata", {}).get("scrapbook", {}):
                yield output


def texts_of(page: NotebookNode) -> Iterator[str]:
    """Yield the Markdown and HTML of a page: the author's, and what cells displayed."""
    for cell in page.cells:
        if cell.cell_type == "markdown":
            yield cell.source
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            yield from (data[kind] for kind in ("text/markdown", "text/html") if kind in data)


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell, none if it has none."""
    return cell.metadata.get("tags", [])


def is_machinery(cell: NotebookNode) -> bool:
    """Whether papermill put the cell there, not the author."""
    return INJECTED in tags(cell) or FAILURE_MARKER in tags(cell)


def python(cell: NotebookNode) -> str:
    """Return the code of a cell as Python, its magics as the calls that they are.

    What a magic such as ``%%time`` runs as part of the page is code of the page.
    """
    code = RUN_HERE.sub("", cell.source, count=1) if RUN_HERE.match(cell.source) else cell.source
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):  # before Python 3.12 the latter for a zero
        from IPython.core.inputtransformer2 import TransformerManager  # takes half a second

        return TransformerManager().transform_cell(code)
    return code


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the author's code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and not is_machinery(cell)]


def describe(notebook: NotebookNode, cell: NotebookNode) -> str:
    """Name a cell so that its author finds it: number from 1, id and first line."""
    if INJECTED in tags(cell):
        name = "the cell of injected parameters"
    else:
        authored = [each for each in notebook.cells if not is_machinery(each)]
        position = next(i for i, each in enumerate(authored, start=1) if each is cell)
        name = f"cell {position} (id {cell.get('id')!r})"
    return f"{name}: {first_line(cell)}"


def first_line(cell: NotebookNode) -> str:
    """Return the first line of a cell that says something."""
    return next((line.strip() for line in cell.source.splitlines() if line.strip()), "(empty)")


def runnable(notebook: NotebookNode) -> NotebookNode:
    """Return a copy that says which kernel runs it, whatever its author's was called."""
    page = copy.deepcopy(notebook)
    page.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    page.metadata["language_info"] = {"name": "python"}
    return page


def strip_run_traces(notebook: NotebookNode) -> None:
    """Remove, in place, what makes two equal runs differ, and papermill's traces."""
    notebook.metadata.pop("papermill", None)
    notebook.cells = [cell for cell in notebook.cells if FAILURE_MARKER not in tags(cell)]
    hiding = _hiding_tags_of_parameters(notebook)
    for cell in notebook.cells:
        _join_streams(cell)
        for key in VOLATILE_CELL_METADATA:
            cell.metadata.pop(key, None)
        if INJECTED in tags(cell):
            cell.id = INJECTED
            cell.metadata["tags"] = [INJECTED, *hiding]
        if not tags(cell):
            cell.metadata.pop("tags", None)


def _join_streams(cell: NotebookNode) -> None:
    """Join what a cell printed between two displays, as a terminal that heeds returns shows it.

    nbclient can do so, in a time that grows with the square of a line's length.
    """
    kept, printed = [], {}
    for output in cell.get("outputs", []):
        if "name" not in output:
            printed = {}
        elif output.name in printed:
            printed[output.name].text += output.text
            continue
        else:
            printed[output.name] = output
        kept.append(output)
    for output in kept:
        if "name" in output:
            output.text = OVERWRITTEN.sub("", output.text)
    if "outputs" in cell:
        cell.outputs = kept


def _hiding_tags_of_parameters(notebook: NotebookNode) -> list[str]:
    """Injected values are shown or hidden as the defaults above them are."""
    parameters = next((cell for cell in notebook.cells if "parameters" in tags(cell)), None)
    return [tag for tag in tags(parameters) if tag in HIDING_TAGS] if parameters else []


def strip_source(source: NotebookNode) -> None:
    """Remove, in place, all that a run or an editor left in a source; give every cell an id."""
    for key in VOLATILE_NOTEBOOK_METADATA:
        source.metadata.pop(key, None)
    source.metadata.get("language_info", {}).pop("version", None)
    for cell in source.cells:
        for key in VOLATILE_CELL_METADATA:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    give_ids(source)


def edited_since(source: NotebookNode, executed: NotebookNode) -> NotebookNode | None:
    """Return the first code cell that is not what ran, None when the run is of today's code."""
    for ours, theirs in zip_longest(code_cells(source), code_cells(executed)):
        if ours is None or theirs is None or ours.source != theirs.source:
            return ours or theirs
    return None


def published(source: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """Join today's text and tags to the outputs of the last run.

    A page needs no new run for a mended sentence: only code decides what its outputs are. The
    two must hold the same code cells, which the gate makes sure of.

    Parameters
    ----------
    source, executed : NotebookNode
        The chapter, and the last run of it.

    Returns
    -------
    NotebookNode
        The cells of `source`, its code cells with the outputs of `executed`, with the injected
        parameters where there are any.
    """
    page = copy.deepcopy(source)
    for cell, ran in zip(code_cells(page), code_cells(executed), strict=True):
        cell.outputs = copy.deepcopy(ran.outputs)
        cell.execution_count = ran.execution_count
    injected = [copy.deepcopy(cell) for cell in executed.cells if INJECTED in tags(cell)]
    page.cells = [
        each
        for cell in page.cells
        for each in ([cell, *injected] if "parameters" in tags(cell) else [cell])
    ]
    page.metadata = copy.deepcopy(executed.metadata)
    page.nbformat, page.nbformat_minor = executed.nbformat, executed.nbformat_minor
    return page
