"""The results as figures in the book's style; each comes with its alt text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from benchmarks.contenders import CONTENDERS, NETWORKS, OURS, REDUCERS
from benchmarks.jobs import GROWTH_NETWORK, SIZES
from benchmarks.results import (
    Results,
    Row,
    best,
    growth,
    labels,
    limits,
    reductions,
    spread,
    trainings,
)
from rnn_utils.figures.style import (
    CURVES,
    INK,
    PADDING,
    PAPER,
    QUIET,
    ROLES,
    SMALL,
    WIDTH,
    house_style,
)

BAR = 0.27  # inches of a figure's height


def speed(results: Results) -> tuple[Figure, str]:
    """Draw bars for each network: steady speed at the left, cold seconds at the right."""
    networks, limit = trainings(results), limits(results)
    names = labels(networks.values(), CONTENDERS)
    facts = []
    with house_style():
        height = len(networks) * (len(names) * BAR + 0.55) + 0.5
        figure, grid = _panels(len(networks), 2, height)
        for (left, right), (network, row) in zip(grid, networks.items(), strict=True):
            label = NETWORKS[network].label
            _bars(left, names, row, "samples_per_second", 1e-3, three_digits)
            _bars(right, names, row, "cold_seconds", 1, "{:.1f}".format)
            if limit:
                _mark_limit(left, limit[network] / 1000)
            left.set_title(label, loc="left", weight="bold")
            said = [
                f"{names[name]} {thousands(best(rounds, 'samples_per_second'))} thousand "
                f"samples a second and {best(rounds, 'cold_seconds'):.1f} s cold"
                for name, rounds in row.items()
            ]
            facts.append(f"{label}: {', '.join(said)}")
        left.set_xlabel("thousand samples a second:\nmore is better")
        updates = results.recipe["iterations"]
        right.set_xlabel(f"seconds for {updates} updates, cold:\nless is better")
    return figure, f"Bars of steady speed and of cold seconds. {'; '.join(facts)}."


def reduction(results: Results) -> tuple[Figure, str]:
    """Draw the time of each library on a logarithmic scale, a panel per method."""
    methods = reductions(results)
    names = labels(methods.values(), REDUCERS)
    facts = []
    with house_style():
        figure, (panels,) = _panels(1, len(methods), height=len(names) * BAR + 1.1)
        for ax, (method, row) in zip(panels, methods.items(), strict=True):
            _bars(ax, names, row, "seconds", 1000, three_digits, log=True)
            ax.set_title(method, loc="left", weight="bold")
            ax.set_xlabel("milliseconds: less is better")
            said = [f"{names[n]} {milliseconds(best(row[n], 'seconds'))} ms" for n in row]
            facts.append(f"{method}: {', '.join(said)}")
    return figure, f"Bars of the time to reduce the images. {'; '.join(facts)}."


def growth_curves(results: Results) -> tuple[Figure, str]:
    """Draw speed over batch, hidden units and time steps, a curve per contender."""
    sizes = growth(results)
    facts = []
    with house_style():
        figure, (panels,) = _panels(1, len(sizes), height=3.6)
        for ax, (size, values) in zip(panels, sizes.items(), strict=True):
            said = []
            for name, label in labels(values.values(), CONTENDERS).items():
                speeds = {
                    value: best(row[name], "samples_per_second") / 1000
                    for value, row in values.items()
                    if name in row
                }
                colour, dashes = CURVES[list(CONTENDERS).index(name)]
                look = {"color": colour, "linestyle": dashes, "marker": "o", "markersize": 4}
                width = 2.6 if name == OURS else 1.6
                ax.plot(speeds.keys(), speeds.values(), label=label, linewidth=width, **look)
                ends = [f"{three_digits(speeds[n])} at {n}" for n in (min(speeds), max(speeds))]
                said.append(f"{label} from {' to '.join(ends)}")
            facts.append(f"by {SIZES[size]}, {', '.join(said)}")
            ax.set(xscale="log", yscale="log", xlabel=SIZES[size])
            ax.set_xticks(list(values), [str(value) for value in values])
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter("{x:g}")
            ax.minorticks_off()
            ax.grid(axis="y")
        panels[0].set_ylabel("thousand samples a second")
        look = {"ncols": 3, "frameon": False, "fontsize": SMALL, "handlelength": 3}
        curves = panels[0].get_legend_handles_labels()
        figure.legend(*curves, loc="outside upper center", **look)
    label = NETWORKS[GROWTH_NETWORK].label
    return figure, f"Curves of the {label} network's thousand samples a second: {'; '.join(facts)}."


def _panels(n_rows: int, n_columns: int, height: float) -> tuple[Figure, list[list[Axes]]]:
    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER, layout="constrained")
    figure.get_layout_engine().set(w_pad=PADDING, h_pad=PADDING / 2)
    return figure, figure.subplots(n_rows, n_columns, sharey="row", squeeze=False).tolist()


def _bars(
    ax: Axes,
    names: Mapping[str, str],
    row: Row,
    quantity: str,
    scale: float,
    write: Callable[[float], str],
    log: bool = False,
) -> None:
    """Draw one bar per name, this book's in colour, each with its value and its spread."""
    for place, name in enumerate(names):
        if name not in row:
            _note(ax, "not measured", (0, place), color=QUIET)
            continue
        value, worst = (scale * each for each in spread(row[name], quantity))
        line, fill, weight = ROLES["input"].line, ROLES["input"].fill, "normal"
        if name == OURS:
            line, fill, weight = ROLES["hidden"].line, ROLES["hidden"].line, "bold"
        ax.barh(place, value, 0.72, color=fill, edgecolor=line, linewidth=0.8)
        ax.plot([value, worst], [place, place], color=INK, linewidth=1.2)
        _note(ax, write(value), (max(value, worst), place), color=INK, weight=weight)
    ax.set_yticks(range(len(names)), names.values())
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
        ax.minorticks_off()
    else:
        ax.locator_params(axis="x", nbins=4)  # five ticks at most
    ax.margins(x=0.2 if log else 0.28)


def _note(ax: Axes, text: str, place: tuple[float, float], **look: Any) -> None:
    offset = {"xytext": (4, 0), "textcoords": "offset points"}
    ax.annotate(text, place, va="center", size=SMALL, **offset, **look)


def _mark_limit(ax: Axes, limit: float) -> None:
    """Mark the arithmetic limit, named above the bars."""
    ax.axvline(limit, color=QUIET, linewidth=1.2, linestyle=(0, (2, 2)))
    above = {"xytext": (0, 3), "textcoords": "offset points", "xycoords": ("data", "axes fraction")}
    text = f"limit {three_digits(limit)}"
    ax.annotate(text, (limit, 1), ha="center", size=SMALL, color=QUIET, **above)


def thousands(value: float) -> str:
    """Write a number in thousands."""
    return three_digits(value / 1000)


def milliseconds(value: float) -> str:
    """Write a number of seconds in milliseconds."""
    return three_digits(1000 * value)


def three_digits(value: float) -> str:
    """Write a number of any size to three digits, without an exponent where it is below 10^6."""
    return f"{float(f'{value:.3g}'):,g}"
