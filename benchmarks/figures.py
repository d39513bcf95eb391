"""The results as figures in the book's style; each comes with its alt text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.networks import NETWORKS
from benchmarks.plan import GROWTH_NETWORK
from benchmarks.readings import Range, growth, limits, reductions, trainings
from benchmarks.reducers import REDUCERS
from benchmarks.results import Results
from benchmarks.tables import SIZE_LABELS, milliseconds, thousands, three_digits
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

ROW = 0.27  # inches that a bar takes


def speed(results: Results) -> tuple[Figure, str]:
    """Draw bars for each network: steady speed at the left, cold seconds at the right."""
    read, limit = trainings(results), limits(results)
    iterations = results.recipe["iterations"]
    names = [name for name in CONTENDERS if any(name in row for row in read.values())]
    with house_style():
        figure, grid = _panels(len(read), 2, height=len(read) * (len(names) * ROW + 0.55) + 0.5)
        for (left, right), (network, row) in zip(grid, read.items(), strict=True):
            steady = {n: _scaled(each.samples_per_second, 1e-3) for n, each in row.items()}
            cold = {n: each.cold_seconds for n, each in row.items()}
            _bars(left, names, steady, CONTENDERS, write=three_digits)
            _bars(right, names, cold, CONTENDERS, write="{:.1f}".format)
            if limit:
                _limit_line(left, limit[network] / 1000)
            left.set_title(NETWORKS[network].label, loc="left", weight="bold")
            right.set_yticklabels([])
        left.set_xlabel("thousand samples a second:\nmore is better")
        right.set_xlabel(f"seconds for {iterations} updates, cold:\nless is better")
    facts = [
        f"{NETWORKS[network].label}: "
        + ", ".join(
            f"{CONTENDERS[name].label} {thousands(each.samples_per_second.best)} thousand "
            f"samples a second and {each.cold_seconds.best:.1f} s cold"
            for name, each in row.items()
        )
        for network, row in read.items()
    ]
    return figure, "Bars of steady speed and of cold seconds. " + "; ".join(facts) + "."


def reduction(results: Results) -> tuple[Figure, str]:
    """Draw the time of each library on a logarithmic scale, a panel per method."""
    read = {method: row for method, row in reductions(results).items() if row}
    names = [name for name in REDUCERS if any(name in row for row in read.values())]
    with house_style():
        figure, (panels,) = _panels(1, len(read), height=len(names) * ROW + 1.1)
        for ax, (method, row) in zip(panels, read.items(), strict=True):
            times = {name: _scaled(each.seconds, 1000) for name, each in row.items()}
            _bars(ax, names, times, REDUCERS, write=three_digits, log=True)
            ax.set_title(method, loc="left", weight="bold")
            ax.set_xlabel("milliseconds: less is better")
        for ax in panels[1:]:
            ax.set_yticklabels([])
    facts = [
        f"{method}: "
        + ", ".join(
            f"{REDUCERS[n].label} {milliseconds(each.seconds.best)} ms" for n, each in row.items()
        )
        for method, row in read.items()
    ]
    return figure, "Bars of the time to reduce the images. " + "; ".join(facts) + "."


def growth_figure(results: Results) -> tuple[Figure, str]:
    """Draw speed over batch, hidden units and time steps, a curve per contender."""
    read = growth(results)
    with house_style():
        figure, (panels,) = _panels(1, len(read), height=3.6)
        for ax, (size, row) in zip(panels, read.items(), strict=True):
            for name, speeds in row.items():
                colour, dashes = _look(name)
                ax.plot(
                    list(speeds),
                    [speed / 1000 for speed in speeds.values()],
                    color=colour,
                    linestyle=dashes,
                    marker="o",
                    markersize=4,
                    linewidth=2.6 if name == OURS else 1.6,
                    label=CONTENDERS[name].label,
                )
            if ax is not panels[0]:
                ax.sharey(panels[0])
            _log_axes(ax, sorted({value for speeds in row.values() for value in speeds}))
            ax.set_xlabel(SIZE_LABELS[size])
        for ax in panels[1:]:
            ax.tick_params(labelleft=False)
        panels[0].set_ylabel("thousand samples a second")
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside upper center",
            ncols=3,
            frameon=False,
            fontsize=SMALL,
            handlelength=3,
        )
    facts = [
        f"by {SIZE_LABELS[size]}, "
        + ", ".join(
            f"{CONTENDERS[name].label} from {thousands(speeds[min(speeds)])} at {min(speeds)} to "
            f"{thousands(speeds[max(speeds)])} at {max(speeds)}"
            for name, speeds in row.items()
        )
        for size, row in read.items()
    ]
    label = NETWORKS[GROWTH_NETWORK].label
    return figure, f"Curves of the {label} network's thousand samples a second: {'; '.join(facts)}."


def _panels(rows: int, columns: int, height: float) -> tuple[Figure, list[list[Axes]]]:
    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER, layout="constrained")
    figure.get_layout_engine().set(w_pad=PADDING, h_pad=PADDING / 2)
    return figure, figure.subplots(rows, columns, squeeze=False).tolist()


def _bars(
    ax: Axes,
    names: Sequence[str],
    values: Mapping[str, Range],
    peers: Mapping[str, object],
    *,
    write,
    log: bool = False,
) -> None:
    """Draw one bar per name, this book's in colour, each with its value and its spread."""
    for place, name in enumerate(names):
        if name not in values:
            _note(ax, 0, place, "not measured", QUIET)
            continue
        best, worst = values[name]
        own = name == OURS
        colours = ROLES["hidden"] if own else ROLES["input"]
        ax.barh(
            place,
            best,
            0.72,
            color=colours.line if own else colours.fill,
            edgecolor=colours.line,
            linewidth=0.8,
        )
        ax.plot([best, worst], [place, place], color=INK, linewidth=1.2)
        _note(ax, max(best, worst), place, write(best), INK, weight="bold" if own else "normal")
    ax.set_yticks(range(len(names)), [peers[name].label for name in names])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_locator(NullLocator())
    ax.margins(x=0.28 if not log else 0.2)


def _note(ax: Axes, x: float, y: float, text: str, colour: str, weight: str = "normal") -> None:
    ax.annotate(
        text,
        (x, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        size=SMALL,
        color=colour,
        weight=weight,
    )


def _limit_line(ax: Axes, limit: float) -> None:
    """Mark the arithmetic limit, named above the bars."""
    ax.axvline(limit, color=QUIET, linewidth=1.2, linestyle=(0, (2, 2)))
    ax.annotate(
        f"limit {three_digits(limit)}",
        (limit, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        size=SMALL,
        color=QUIET,
    )


def _log_axes(ax: Axes, values: Sequence[int]) -> None:
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(values, [str(value) for value in values])
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    ax.grid(axis="y")


def _look(name: str) -> tuple[str, object]:
    return CURVES[list(CONTENDERS).index(name)]


def _scaled(values: Range, factor: float) -> Range:
    return Range(values.best * factor, values.worst * factor)
