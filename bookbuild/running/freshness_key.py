"""The key of a run: all that decides what a page puts out.

It maps each part, such as the code or the packages, to the names and contents in it, so that a
difference can be named.
"""

import ast
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from bookbuild.files import sha256
from bookbuild.notebooks import code_cells, python
from bookbuild.running.machine import Machine

Key = dict[str, dict[str, Any]]

# Parts that say which sources a page was made from. The others say how and where it was run.
SOURCES = ("code", "rnn_utils", "files")
VALUES_UNTOLD = (*SOURCES, "environment")
NAMED = 3  # of the differences in a part
VARIABLE = re.compile(r"""(?:environ\b[.\w]*|getenv)\s*[\[(]\s*["'](\w+)["']""")
PATH = re.compile(r"""["']([\w./-]+\.\w+)["']""")  # a text in the code that looks like a file's


def key_of(
    notebook: NotebookNode,
    folder: Path,
    parameters: Mapping[str, Any],
    machine: Machine,
    asked: Iterable[str],
    opened: Iterable[str] = (),
) -> Key:
    """Return what decides the outputs of a page.

    Parameters
    ----------
    notebook : NotebookNode
        The page; only its code counts.
    folder : Path
        Where it lies.
    parameters : mapping
        The values that are injected.
    machine : Machine
        Where it is run.
    asked : iterable of str
        The data that the page asks for.
    opened : iterable of str
        The files that a run was seen to use, by their paths from the folder.
    """
    cells = enumerate(code_cells(notebook), start=1)
    return {
        "code": {f"code cell {n}": sha256(cell.source.encode()) for n, cell in cells},
        "rnn_utils": dict(machine.rnn_utils),
        "files": files_used(notebook, folder, opened),
        "packages": dict(machine.packages),
        "parameters": dict(parameters),
        "environment": _variables_read(notebook),
        "data": {each: machine.data[each] for each in asked},
        "device": dict(machine.device),
    }


def _variables_read(notebook: NotebookNode) -> dict[str, str]:
    """Return the hash of each variable of the environment that the code asks for by its name."""
    code = "\n".join(cell.source for cell in code_cells(notebook))
    found = {name: os.environ.get(name) for name in VARIABLE.findall(code)}
    return {name: sha256(value.encode()) for name, value in found.items() if value is not None}


def files_used(notebook: NotebookNode, folder: Path, opened: Iterable[str] = ()) -> dict[str, str]:
    """Return the hash of each local file that a page depends on, by its path from the folder.

    These are the files that a run opened and the folders that it listed, the files that the code
    names, the modules of the folder that it imports, and what those name and import in turn.
    """
    code = [python(cell) for cell in code_cells(notebook)]
    opened = set(opened)
    names, found = {*opened}, {}
    while names or code:
        for text in code:
            names.update(PATH.findall(text), _local_modules(text, folder))
        files = [(name, folder / name) for name in names - found.keys()]
        names, code = set(), []
        for name, file in files:
            if file.is_dir() and name in opened:
                found[name] = sha256("\n".join(_listed(file)).encode())
            elif file.is_file():
                found[name] = sha256(file.read_bytes())
                if file.suffix == ".py":
                    code.append(file.read_text("utf-8", errors="replace"))
    return dict(sorted(found.items()))


def _listed(folder: Path) -> list[str]:
    """Return the names in a folder, without what is hidden or made by builds and imports."""
    names = (path.name for path in folder.iterdir())
    return sorted(name for name in names if not name.startswith((".", "_build", "__pycache__")))


def _local_modules(code: str, folder: Path) -> Iterator[str]:
    """Yield the files of modules and packages in the folder that the code imports."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module] if node.module else [alias.name for alias in node.names]
        else:
            continue
        for module in modules:
            first = module.partition(".")[0]
            if (folder / f"{first}.py").is_file():
                yield f"{first}.py"
            for file in (folder / first).rglob("*.py") if first else ():
                yield file.relative_to(folder).as_posix()


def short_name(key: Key) -> str:
    """Return a short name for a key."""
    return sha256(json.dumps(key, sort_keys=True).encode())[:12]


def differences(old: Key, new: Key) -> dict[str, str]:
    """Say for each part that differs what does."""
    return {
        part: _differences_in(old.get(part, {}), new[part], part)
        for part in new
        if old.get(part, {}) != new[part]
    }


def _differences_in(old: Mapping[str, Any], new: Mapping[str, Any], part: str) -> str:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    told = [_difference(name, old, new, part) for name in names[:NAMED]]
    more = len(names) - NAMED
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def _difference(name: str, old: Mapping[str, Any], new: Mapping[str, Any], part: str) -> str:
    if part in VALUES_UNTOLD:
        return name
    before, after = (repr(side[name]) if name in side else "none" for side in (old, new))
    return f"{name} {before} → {after}"
