"""The points of a sweep: all combinations of the values that some parameters take."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bookbuild.book import BookError, Page
from bookbuild.files import sha256
from bookbuild.running.parameters import parse_value


def parse_grid(
    axes: Sequence[str], seeds: int | None, fixed: Collection[str] = ()
) -> dict[str, list[Any]]:
    """Read the axes of a grid, each like ``n_hidden=32,64``, the seeds last.

    Parameters
    ----------
    axes : sequence of str
        As on the command line.
    seeds : int, optional
        How many seeds are an axis of their own.
    fixed : collection of str
        Names that have a value already.

    Raises
    ------
    BookError
        If an axis has another form, or a name is given values twice, or there is no axis.
    """
    if seeds:
        axes = [*axes, "seed=" + ",".join(map(str, range(seeds)))]
    grid = {}
    for axis in axes:
        name, _, listed = axis.partition("=")
        texts = listed.split(",")
        if not name.isidentifier() or "" in texts:
            raise BookError(f"--grid {axis!r} is not like n_hidden=32,64,128")
        if name in grid or name in fixed:
            raise BookError(f"{name} is given values twice: name it once")
        values = [parse_value(text) for text in texts]
        if any(value in values[:i] for i, value in enumerate(values)):
            raise BookError(f"--grid {axis!r} names a value twice")
        grid[name] = values
    if not grid:
        raise BookError("a sweep needs --grid NAME=VALUE,VALUE or --seeds N")
    return grid


def points_of(grid: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of each point, the last axis moving fastest."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def page_of_point(page: Page, point: Mapping[str, Any], folder: Path) -> Page:
    """Return the page under the name of a point, with a place of its own for what it produces."""
    label = ",".join(f"{name}={value}" for name, value in point.items())
    file = f"{sha256(label.encode())[:12]}.ipynb"
    return replace(
        page,
        name=f"{page.name} {label}",
        executed=folder / "executed" / file,
        failed=folder / "failed" / file,
    )
