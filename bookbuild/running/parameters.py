"""The parameters of a page: what its cell tagged ``parameters`` declares, and values for them."""

import ast
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from nbformat import NotebookNode

from bookbuild.book import BookError
from bookbuild.notebooks import code_cells, python, tags

OPENING = ("[", "{", "(", '"', "'")  # what starts so is meant as a value of Python
INFINITE = ("inf", "+inf", "-inf", "nan")  # and so are these, which are no literals


class Parameter(NamedTuple):
    """What a page says of a parameter: its default, if that is written out, and its annotation."""

    default: ast.expr | None
    annotation: ast.expr | None = None

    @property
    def text(self) -> str:
        """The default as Python writes it."""
        return ast.unparse(self.default) if self.default else ""

    def kind_missed_by(self, value: Any) -> str:
        """Say of which kind values are if the given one is not; empty if it is.

        None is of every kind, and so is all where the default is computed, or None.
        """
        try:
            default = ast.literal_eval(self.default)
        except ValueError:
            return ""
        annotated = re.findall(r"\w+", ast.unparse(self.annotation) if self.annotation else "")
        is_known = default is None or value is None or type(value).__name__ in annotated
        return "" if is_known or _kind(value) == _kind(default) else _kind(default)


def _kind(value: Any) -> str:
    kinds = {bool: "True or False", int: "a number", float: "a number", str: "a text"}
    kinds |= {list: "a list", tuple: "a list", dict: "a mapping"}
    return kinds.get(type(value), type(value).__name__)


def declared_parameters(notebook: NotebookNode) -> dict[str, Parameter]:
    """Return what the cell tagged ``parameters`` assigns.

    Every assignment counts that is not inside a block, ``a, b = 1, 2`` and ``(a := 1)`` included.
    """
    declared = {}
    for cell in [cell for cell in code_cells(notebook) if "parameters" in tags(cell)]:
        for statement, _ in _statements(cell):
            match statement:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        declared |= {name: Parameter(each) for name, each in _pairs(target, value)}
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                    declared[name] = Parameter(statement.value, statement.annotation)
                case ast.Expr(value=ast.NamedExpr(target=target, value=value)):
                    declared[target.id] = Parameter(value)
    return declared


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that an assignment sets, each with its value where that is written out."""
    match target:
        case ast.Name(id=name):
            yield name, value
        case ast.Starred(value=inside):
            yield from _pairs(inside, None)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            values = getattr(value, "elts", [])
            if len(values) != len(parts) or any(isinstance(e, ast.Starred) for e in parts + values):
                values = [None] * len(parts)
            for part, each in zip(parts, values, strict=True):
                yield from _pairs(part, each)


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
            is_change = isinstance(statement, ast.AugAssign)  # n += 1 uses n
            used = _names(statement, ast.Load, *[ast.Store] * is_change)
            unused -= set() if here else used
            if unused & (used if here else _set_anew(statement)):
                return ast.get_source_segment(code, statement)
    return ""


def _set_anew(statement: ast.stmt) -> set[str]:
    """Return the names that a statement sets or takes away, whatever a block inside it does."""
    match statement:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {each.asname or each.name.partition(".")[0] for each in names}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            return {name for each in targets for name in _names(each, ast.Store, ast.Del)}
        case ast.AnnAssign(value=ast.expr()) | ast.For() | ast.Expr(value=ast.NamedExpr()):
            return _names(getattr(statement, "target", statement), ast.Store)
    return set()


def _statements(cell: NotebookNode) -> Iterator[tuple[ast.stmt, str]]:
    """Yield what a cell does, nothing of one that is no Python: its run will say why."""
    code = python(cell)
    with suppress(SyntaxError):
        yield from ((statement, code) for statement in ast.parse(code).body)


def _names(node: ast.AST, *uses: type[ast.expr_context]) -> set[str]:
    inside = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in inside if isinstance(each.ctx, uses)}


def parse_parameters(parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Read the values given with ``-p``.

    Raises
    ------
    BookError
        If a name is given twice, or a value is none.
    """
    values = {}
    for name, text in parameters:
        name = unicodedata.normalize("NFKC", name)  # as Python reads it
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
