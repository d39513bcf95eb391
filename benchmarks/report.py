"""Write what a run found: the measurements, a page with tables, a figure."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from benchmarks import figures, tables
from benchmarks.results import Results

WRITERS = {
    "speed": (tables.speed, figures.speed),
    "reduction": (tables.reduction, figures.reduction),
    "growth": (tables.growth_table, figures.growth_figure),
}


def write(results: Results, folder: Path) -> list[Path]:
    """Write the results of a part as JSON, Markdown and SVG; return the files.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, page, picture = (folder / f"{results.part}.{kind}" for kind in ("json", "md", "svg"))
    results.write(data)
    write_table, draw = WRITERS[results.part]
    figure, alt = draw(results)
    save(figure, picture)
    parts = (write_table(results), f"![{alt}]({picture.name})\n", tables.machine(results))
    page.write_text("\n".join(parts), encoding="utf-8")
    return [data, page, picture]


def save(figure: Figure, path: Path) -> None:
    """Save a figure as SVG, the same bytes for the same results."""
    with matplotlib.rc_context({"svg.hashsalt": "benchmarks", "svg.fonttype": "path"}):
        figure.savefig(path, metadata={"Date": None, "Creator": None})
