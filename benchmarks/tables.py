"""The results as Markdown tables, each a row per contender and the best of the rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.networks import NETWORKS
from benchmarks.plan import GROWTH_NETWORK
from benchmarks.readings import (
    Range,
    Training,
    growth,
    limits,
    reductions,
    times_fastest_peer,
    trainings,
)
from benchmarks.reducers import COPY, PILLOW, REDUCERS
from benchmarks.results import Results

SIZE_LABELS = {"batch_size": "batch", "n_hidden": "hidden units", "n_steps": "time steps"}


def speed(results: Results) -> str:
    """Write one table per quantity, a column per network."""
    read, limit = trainings(results), limits(results)
    recipe = results.recipe
    updates = f"{recipe['iterations']} updates of batch {recipe['batch_size']}"
    heads = [NETWORKS[network].label for network in read]

    def one(title: str, cell: Callable[[Training], str], more: Iterable[Sequence[str]] = ()) -> str:
        rows = [
            [CONTENDERS[name].label]
            + [cell(row[name]) if name in row else "–" for row in read.values()]
            for name in CONTENDERS
            if any(name in row for row in read.values())
        ]
        return f"**{title}**\n\n" + table(["", *heads], [*rows, *more])

    comparison = []
    if limit:
        comparison.append(["arithmetic limit", *(thousands(limit[network]) for network in read)])
    if limit and all(OURS in row for row in read.values()):
        shares = [row[OURS].samples_per_second.best / limit[n] for n, row in read.items()]
        comparison.append(["this book, share of the limit", *(f"{s:.0%}" for s in shares)])
    if all(ratios := [times_fastest_peer(row) for row in read.values()]):
        comparison.append(["this book, times the fastest peer", *(f"{r:.2f}" for r in ratios)])
    return "\n".join(
        [
            one(
                "Steady: thousands of samples a second",
                lambda each: _range(each.samples_per_second, thousands),
                comparison,
            ),
            one(
                f"Cold: seconds for the first {updates}, compilation included",
                lambda each: _range(each.cold_seconds, "{:.2f}".format),
            ),
            one(
                "Before that: seconds to import the library and build the model",
                lambda each: f"{each.start_seconds.best:.1f}",
            ),
            one(
                "Peak memory of the process after those updates, MiB",
                lambda each: f"{each.peak_mib.best:.0f}",
            ),
            one(
                "A check that all learn: mean loss over those updates (parameters)",
                lambda each: f"{each.loss:.2f} ({each.parameters:,})",
            ),
        ]
    )


def reduction(results: Results) -> str:
    """Write one row per library, time and extra memory of each method."""
    read = {method: row for method, row in reductions(results).items() if row}
    heads = [f"{method}, {quantity}" for method in read for quantity in ("ms", "extra MiB")]
    rows = []
    for name in REDUCERS:
        if not any(name in row for row in read.values()):
            continue
        cells = [REDUCERS[name].label]
        for row in read.values():
            cells.append(_range(row[name].seconds, milliseconds) if name in row else "–")
            cells.append(f"{row[name].extra_mib.best:.0f}" if name in row else "–")
        rows.append(cells)
    for name, text in ((PILLOW, "Pillow / this book"), (COPY, "this book / plain copy")):
        if all({name, OURS} <= row.keys() for row in read.values()):
            cells = [text]
            for row in read.values():
                ratio = row[name].seconds.best / row[OURS].seconds.best
                cells += [f"{ratio if name == PILLOW else 1 / ratio:.1f} ×", ""]
            rows.append(cells)
    return table(["", *heads], rows)


def growth_table(results: Results) -> str:
    """Write one table per size, a column per value."""
    label = NETWORKS[GROWTH_NETWORK].label
    written = []
    for size, row in growth(results).items():
        values = sorted({value for speeds in row.values() for value in speeds})
        rows = [
            [CONTENDERS[name].label]
            + [thousands(speeds[value]) if value in speeds else "–" for value in values]
            for name, speeds in row.items()
        ]
        title = f"{label} network, thousands of samples a second by {SIZE_LABELS[size]}"
        written.append(f"**{title}**\n\n" + table(["", *map(str, values)], rows))
    return "\n".join(written)


def machine(results: Results) -> str:
    """Write where, when and how it was measured, and who was left out."""
    often = "once"
    if results.rounds > 1:
        often = (
            f"{results.rounds} rounds in alternation, the best of them (to the worst, where they "
            "differ)"
        )
    libraries = dict.fromkeys(
        each["library"] for each in results.of("training") if "library" in each
    )
    rows = [
        *results.machine.items(),
        *([("libraries", ", ".join(libraries))] if libraries else []),
        ("measured", f"{results.date}, {often}"),
        ("in use by others before", f"{results.busy_percent:.0f} % of the processor"),
        ("digits", results.digits),
        *((label, f"left out, {why}") for label, why in results.left_out.items()),
    ]
    return table(["The machine", ""], rows, align=":--")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], align: str = "--:") -> str:
    """Return a Markdown table; the first column is left-aligned, numbers are to the right."""
    aligned = [":--", *[align] * (len(heads) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [heads, aligned, *rows])


def _range(values: Range, write: Callable[[float], str]) -> str:
    best, worst = write(values.best), write(values.worst)
    return best if best == worst else f"{best} (to {worst})"


def thousands(value: float) -> str:
    """Write a number in thousands."""
    return three_digits(value / 1000)


def milliseconds(value: float) -> str:
    """Write a number of seconds in milliseconds."""
    return three_digits(1000 * value)


def three_digits(value: float) -> str:
    """Write a number of any size to three digits, without an exponent where it is below 10^6."""
    return f"{float(f'{value:.3g}'):,g}"
