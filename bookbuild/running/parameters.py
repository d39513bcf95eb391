"""The parameters of a page: what its cell tagged ``parameters`` declares, and values for them."""

import ast
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from nbformat import NotebookNode

from bookbuild.book import BookError
from bookbuild.notebooks import code_cells, python, tags

OPENING = ("[", "{", "(", '"', "'")  # what starts so is meant as a value of Python
INFINITE = ("inf", "+inf", "-inf", "nan")  # and so are these, which are no literals


def declared_parameters(notebook: NotebookNode) -> dict[str, str]:
    """Return the names that the cell tagged ``parameters`` assigns, each with its default's text.

    Every assignment counts that is not inside a block, ``a, b = 1, 2`` included.
    """
    declared = {}
    for cell in [cell for cell in code_cells(notebook) if "parameters" in tags(cell)]:
        for statement, code in _statements(cell):
            if isinstance(statement, ast.Assign):
                targets = statement.targets
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                targets = [statement.target]
            else:
                continue
            default = ast.get_source_segment(code, statement.value)
            names = sorted(name for each in targets for name in _names(each, ast.Store))
            declared |= dict.fromkeys(names, default)
    return declared


def line_that_loses(notebook: NotebookNode, given: Iterable[str]) -> str:
    """Return the line of a page at which a value given to a parameter is lost, empty if none is.

    That is one that computes with the default in the very cell, since values are given below it,
    and one that sets the parameter anew before it was used.
    """
    unused, declared = set(given), False
    for cell in code_cells(notebook):
        here = "parameters" in tags(cell)
        declared = declared or here
        for statement, code in _statements(cell) if declared else ():
            used = _names(statement, ast.Load)
            unused -= set() if here else used
            anew = isinstance(statement, ast.Assign) and _names(statement, ast.Store)
            if unused & (used if here else anew or set()):
                return ast.get_source_segment(code, statement)
    return ""


def _statements(cell: NotebookNode) -> Iterator[tuple[ast.stmt, str]]:
    """Yield what a cell does, nothing of one that is no Python: its run will say why."""
    code = python(cell)
    with suppress(SyntaxError):
        yield from ((statement, code) for statement in ast.parse(code).body)


def _names(node: ast.AST, use: type[ast.expr_context]) -> set[str]:
    inside = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in inside if isinstance(each.ctx, use)}


def parse_parameters(parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Read the values given with ``-p``.

    Raises
    ------
    BookError
        If a name is given twice, or a value is none.
    """
    values = {}
    for name, text in parameters:
        if name in values:
            raise BookError(f"{name} is given values twice: name it once")
        values[name] = parse_value(text)
    return values


def parse_value(text: str) -> Any:
    """Read the value of a parameter: a literal of Python, and what is none is the text itself.

    ``3`` is an int, ``1e-3`` and ``-inf`` a float, ``True`` a bool, ``None`` none, ``[1e-3, 1]`` a
    list; ``no``, ``1:30`` and nothing at all are texts.

    Raises
    ------
    BookError
        If the value starts like a list, mapping or quoted text and is none, like ``[1,``, or if a
        notebook cannot hold it, like ``{1, 2}``.
    """
    if text.strip() in INFINITE:
        return float(text)
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if text.startswith(OPENING):
            raise BookError(
                f"the value {text!r} starts like a list, mapping or quoted text and is none; "
                f"quote a text inside the value: {json.dumps(text)!r}"
            ) from None
        value = text
    if not _survives_json(value):
        raise BookError(
            f"the value {text!r} is not a number, text, list or mapping of these in UTF-8; quote a "
            f"text inside the value: {json.dumps(text)!r}"
        )
    return value


def _survives_json(value: Any) -> bool:
    """Whether a notebook can hold a value: tuples come back as lists, some texts are not UTF-8."""
    try:
        return json.loads(json.dumps(value, ensure_ascii=False).encode()) == value
    except (TypeError, ValueError):
        return False
