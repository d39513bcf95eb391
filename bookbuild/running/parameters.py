"""The parameters of a page: what its cell tagged ``parameters`` declares, and values for them."""

import json
from collections.abc import Iterable
from typing import Any

import yaml
from nbformat import NotebookNode

from bookbuild.book import BookError
from bookbuild.notebooks import runnable


def declared_parameters(notebook: NotebookNode) -> dict[str, str]:
    """Return the names in the cell tagged ``parameters``, each with the text of its default."""
    import papermill

    declared = papermill.inspect_notebook(runnable(notebook))
    return {name: each["default"] for name, each in declared.items()}


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
    """Read the value of a parameter as papermill's command line does, and YAML besides.

    ``3`` is an int, ``1e-3`` a float, ``True`` a bool, ``None`` none, ``[1, 2]`` a list, and
    what is none of these is the text itself.

    Raises
    ------
    BookError
        If the value starts as YAML and does not end as such, like ``[1,``, or if a notebook
        cannot hold it, like the date ``2026-01-01``.
    """
    if text == "None":
        return None
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    try:
        value = yaml.safe_load(text)
        json.dumps(value)
    except yaml.YAMLError as error:
        raise BookError(f"the value {text!r} is not YAML; put quotes around a text") from error
    except TypeError as error:
        raise BookError(
            f"the value {text!r} is not a number, text, list or mapping of these; quote a text "
            f"inside the value: '\"{text}\"'"
        ) from error
    return value
