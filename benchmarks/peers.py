"""Which peers are installed here. They are optional: without one, the others are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Protocol

REMEDY = "`make bench` installs every peer, as does pip install -e '.[bench]'"


class Peer(Protocol):
    """Anyone who takes part."""

    label: str
    packages: tuple[str, ...]  # importable names


def sort_out(names: Iterable[str], peers: Mapping[str, Peer]) -> tuple[list[str], dict[str, str]]:
    """Tell who can take part from who cannot.

    Returns
    -------
    list of str
        The names whose packages are installed.
    dict of str to str
        For each label of the others, why it is left out.
    """
    present, left_out = [], {}
    for name in names:
        missing = [package for package in peers[name].packages if find_spec(package) is None]
        if missing:
            left_out[peers[name].label] = f"not installed: {', '.join(missing)}"
        else:
            present.append(name)
    return present, left_out
