"""Write what a run found: the measurements and a figure of each part, and one page of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import figures, tables
from benchmarks.results import Results
from rnn_utils.figures.svg import svg

PAGE = "README.md"
WRITERS = {
    "speed": ("Training", tables.speed, figures.speed),
    "gpu": ("Training on a GPU", tables.speed, figures.speed),
    "reduction": ("Reducing the digits", tables.reduction, figures.reduction),
    "growth": ("Larger batches, networks and digits", tables.growth_table, figures.growth_figure),
}
HEAD = """# Appendix 4: Beside other libraries

Is what this book calls fast fast? Here its training stands beside that of other libraries, each in
the form that its own documentation teaches. All were measured in turns, on one machine that was
left alone meanwhile, each time in a process of its own. What makes the differences is the subject
of [chapter 9](../../chapters/09_speed.ipynb).

`make bench` measures all of it anew and writes this page.
"""


def write(results: Results, folder: Path) -> list[Path]:
    """Write the results of a part as JSON and SVG, and the page anew; return the files.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, page = folder / f"{results.part}.json", folder / PAGE
    results.write(data)
    page.write_text("\n".join([HEAD, *_sections(folder)]), encoding="utf-8")
    return [data, picture_of(results.part, folder), page]


def picture_of(part: str, folder: Path) -> Path:
    """Return where the figure of a part lies."""
    return folder / f"{part}.svg"


def _sections(folder: Path) -> Iterator[str]:
    """Draw the figure and yield the text of each part that was measured."""
    for part, (heading, write_table, draw) in WRITERS.items():
        data = folder / f"{part}.json"
        if data.exists():
            results = Results.read(data)
            figure, alt = draw(results)
            picture = picture_of(part, folder)
            picture.write_bytes(svg(figure, salt="benchmarks"))
            yield f"## {heading}\n"
            # On a phone the figure scrolls inside its frame, also for those who use a keyboard.
            yield f'<div class="wide" tabindex="0">\n\n![{alt}]({picture.name})\n\n</div>\n'
            yield write_table(results)
            yield tables.machine(results)
