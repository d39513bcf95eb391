"""The parameters of a page: what its cell tagged ``parameters`` declares, and values for them."""

import ast
import json
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode

from bookbuild.book import BookError
from bookbuild.notebooks import python, tags

OPENING = ("[", "{", "(", '"', "'")  # what starts so is meant as a value of Python
INFINITE = ("inf", "+inf", "-inf", "nan")  # and so are these, which are no literals


def declared_parameters(notebook: NotebookNode) -> dict[str, str]:
    """Return the names that the cell tagged ``parameters`` assigns, each with its default's text.

    Every assignment counts that is not inside a block. A cell that is no Python declares nothing:
    its run will say why.
    """
    cell = next((cell for cell in notebook.cells if "parameters" in tags(cell)), None)
    if cell is None:
        return {}
    code = python(cell)
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return {}
    declared = {}
    for statement in statements:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        else:
            continue
        default = ast.get_source_segment(code, statement.value)
        declared |= {target.id: default for target in targets if isinstance(target, ast.Name)}
    return declared


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
