"""Write what a run found: the measurements and a figure of each part, and one page of all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import figures
from benchmarks.contenders import CONTENDERS, COPY, NETWORKS, OURS, PILLOW, REDUCERS, Peer
from benchmarks.figures import milliseconds, thousands
from benchmarks.jobs import GROWTH_NETWORK, SIZES, Measurement
from benchmarks.results import (
    Results,
    Row,
    best,
    growth,
    labels,
    limits,
    ratio,
    reductions,
    spread,
    times_fastest_peer,
    trainings,
)
from rnn_utils.figures.svg import svg

HEAD = """# Appendix 4: Beside other libraries

Is what this book calls fast fast? Here its training stands beside that of other libraries, each in
the form that its own documentation teaches. All were measured in turns, on one machine that was
left alone meanwhile, each time in a process of its own. What makes the differences is the subject
of [chapter 9](../../chapters/09_speed.ipynb).

`make bench` measures all of it anew and writes this page.
"""
ABOUT_MASKS = """These are the digits of [chapter 7](../../chapters/07_variable_length.ipynb),
read in columns: blank ones at both ends are cut off, and the end is padded to equal length. A
`Masking` layer in the model tells what is padding. Both train the same Keras model. It answers at
the end of a digit, or after each column.
"""
Cell = Callable[[list[Measurement]], str]


def write(results: Results, folder: Path) -> list[Path]:
    """Write the results of a part as JSON and SVG, and the page anew; return the files.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, page = folder / f"{results.part}.json", folder / "README.md"
    results.write(data)
    page.write_text("\n".join([HEAD, *_sections(folder)]), encoding="utf-8")
    return [data, data.with_suffix(".svg"), page]


def _sections(folder: Path) -> Iterator[str]:
    """Draw the figure and yield the text of each part that was measured."""
    for part, (heading, tables, draw) in WRITERS.items():
        data = folder / f"{part}.json"
        if data.exists():
            results = Results.read(data)
            figure, alt = draw(results)
            data.with_suffix(".svg").write_bytes(svg(figure, salt="benchmarks"))
            yield f"## {heading}\n"
            # On a phone the figure scrolls inside its frame, also for those who use a keyboard.
            yield f'<div class="wide" tabindex="0">\n\n![{alt}]({part}.svg)\n\n</div>\n'
            yield from tables(results)
            yield machine_table(results)


def speed_tables(results: Results) -> Iterator[str]:
    """Yield one table per quantity, a column per network."""
    read, limit = trainings(results), limits(results)
    updates = "{iterations} updates of batch {batch_size}".format_map(results.recipe)
    heads = ["", *(NETWORKS[network].label for network in read)]

    def table_of(title: str, cell: Cell, more: Iterable[Sequence[str]] = ()) -> str:
        return table(heads, [*_rows(read.values(), CONTENDERS, cell), *more], title)

    comparison = []
    if limit:
        comparison.append(["arithmetic limit", *(thousands(limit[network]) for network in read)])
    if limit and all(OURS in row for row in read.values()):
        speeds = {n: best(row[OURS], "samples_per_second") for n, row in read.items()}
        shares = [f"{speed / limit[n]:.0%}" for n, speed in speeds.items()]
        comparison.append(["this book, share of the limit", *shares])
    if all(ratios := [times_fastest_peer(row) for row in read.values()]):
        comparison.append(["this book, times the fastest peer", *(f"{r:.2f}" for r in ratios)])

    speed = _range("samples_per_second", thousands)
    yield table_of("Steady: thousands of samples a second", speed, comparison)
    cold = _range("cold_seconds", "{:.2f}".format)
    yield table_of(f"Cold: seconds for the first {updates}, compilation included", cold)
    start = _best("start_seconds", "{:.1f}".format)
    yield table_of("Before that: seconds to import the library and build the model", start)
    peak = _best("peak_mib", "{:.0f}".format)
    yield table_of("Peak memory of the process after those updates, MiB", peak)
    yield table_of(
        "A check that all learn: mean loss over those updates (parameters)",
        lambda rounds: f"{rounds[0]['loss']:.2f} ({rounds[0]['parameters']:,})",
    )


def mask_tables(results: Results) -> Iterator[str]:
    """Yield what is read, and the tables of speed."""
    yield ABOUT_MASKS
    yield from speed_tables(results)


def reduction_tables(results: Results) -> Iterator[str]:
    """Yield one table, time and extra memory of each method in its columns."""
    read = reductions(results)
    time, memory = _range("seconds", milliseconds), _best("extra_mib", "{:.0f}".format)
    heads = ["", *(f"{method}, {quantity}" for method in read for quantity in ("ms", "extra MiB"))]
    rows = _rows(read.values(), REDUCERS, time, memory)
    comparisons = {"Pillow / this book": (PILLOW, OURS), "this book / plain copy": (OURS, COPY)}
    for text, (slow, fast) in comparisons.items():
        ratios = [ratio(row, slow, fast, "seconds") for row in read.values()]
        if all(ratios):
            rows.append([text, *(cell for each in ratios for cell in (f"{each:.1f} ×", ""))])
    yield table(heads, rows)


def growth_tables(results: Results) -> Iterator[str]:
    """Yield one table per size, a column per value."""
    label = NETWORKS[GROWTH_NETWORK].label
    speed = _best("samples_per_second", thousands)
    for size, read in growth(results).items():
        title = f"{label} network, thousands of samples a second by {SIZES[size]}"
        yield table(["", *map(str, read)], _rows(read.values(), CONTENDERS, speed), title)


def machine_table(results: Results) -> str:
    """Return where, when and how it was measured, and who was left out."""
    often = "in alternation, the best of them (to the worst, where they differ)"
    often = f"{results.rounds} rounds {often}" if results.rounds > 1 else "once"
    found = results.of("training")
    libraries = dict.fromkeys(each["library"] for each in found if "library" in each)
    rows = [
        *results.machine.items(),
        *([("libraries", ", ".join(libraries))] if libraries else []),
        ("measured", f"{results.date}, {often}"),
        ("in use by others before", f"{results.busy_percent:.0f} % of the processor"),
        ("digits", results.digits),
        *((label, f"left out, {why}") for label, why in results.left_out.items()),
    ]
    return table(["The machine", ""], rows, align=":--")


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], title: str = "", align: str = "--:"
) -> str:
    """Return a Markdown table; the first column is left-aligned, numbers are to the right."""
    aligned = [":--", *[align] * (len(heads) - 1)]
    lines = "".join(f"| {' | '.join(cells)} |\n" for cells in [heads, aligned, *rows])
    return f"**{title}**\n\n{lines}" if title else lines


def _rows(columns: Collection[Row], peers: Mapping[str, Peer], *cells: Cell) -> list[list[str]]:
    """Return a row for each peer that is in any of the columns, which have some cells each."""
    return [
        [label, *(cell(each[name]) if name in each else "–" for each in columns for cell in cells)]
        for name, label in labels(columns, peers).items()
    ]


def _best(quantity: str, write: Callable[[float], str]) -> Cell:
    return lambda rounds: write(best(rounds, quantity))


def _range(quantity: str, write: Callable[[float], str]) -> Cell:
    def cell(rounds: list[Measurement]) -> str:
        first, last = map(write, spread(rounds, quantity))
        return first if first == last else f"{first} (to {last})"

    return cell


WRITERS = {
    "speed": ("Training", speed_tables, figures.speed),
    "masks": ("Digits of different lengths", mask_tables, figures.speed),
    "gpu": ("Training on a GPU", speed_tables, figures.speed),
    "reduction": ("Reducing the digits", reduction_tables, figures.reduction),
    "growth": ("Larger batches, networks and digits", growth_tables, figures.growth_curves),
}
