"""Whether a page must run again: the parts of what decides its outputs, and which of them moved.

A key maps each part to the names and contents in it, so that a difference can be named.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode

from bookbuild.files import sha256
from bookbuild.notebooks import code_cells
from bookbuild.place import Place

Key = dict[str, dict[str, Any]]

# Parts that say which sources a page was made from. The others say how and where it was run.
SOURCES = ("code", "rnn_utils")
NAMED = 3  # of the differences in a part


def key_of(
    notebook: NotebookNode, parameters: Mapping[str, Any], place: Place, asked: Iterable[str]
) -> Key:
    """Return what decides the outputs of a page.

    Parameters
    ----------
    notebook : NotebookNode
        The page; only its code counts.
    parameters : mapping
        The values that are injected.
    place : Place
        Where it is run.
    asked : iterable of str
        The data that the page asks for.
    """
    cells = enumerate(code_cells(notebook), start=1)
    return {
        "code": {f"code cell {n}": sha256(cell.source.encode()) for n, cell in cells},
        "rnn_utils": dict(place.rnn_utils),
        "packages": dict(place.packages),
        "parameters": dict(parameters),
        "data": {each: place.data[each] for each in asked},
        "device": dict(place.device),
    }


def digest(key: Key) -> str:
    """Return a short name for a key."""
    return sha256(json.dumps(key, sort_keys=True).encode())[:12]


def moved(old: Key, new: Key) -> dict[str, str]:
    """Say for each part that differs what does, most telling names first."""
    return {
        part: _differences(old.get(part, {}), new[part], part)
        for part in new
        if old.get(part) != new[part]
    }


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], part: str) -> str:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    told = [_difference(name, old, new, part) for name in names[:NAMED]]
    more = len(names) - NAMED
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def _difference(name: str, old: Mapping[str, Any], new: Mapping[str, Any], part: str) -> str:
    if part in SOURCES:
        return name
    before, after = (repr(side[name]) if name in side else "none" for side in (old, new))
    return f"{name} {before} → {after}"
