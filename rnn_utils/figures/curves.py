"""Curves over iterations: one per run, or one per model with its spread over seeds."""

import textwrap
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from rnn_utils.figures.inputs import check_at_least, named, numbers
from rnn_utils.figures.style import (
    CURVES,
    INK,
    QUIET,
    ROLES,
    SMALL,
    axes_or_new,
    blend,
    house_style,
)


def convergence(
    curves: Mapping[str, np.ndarray],
    *,
    references: Mapping[str, float] | None = None,
    roles: Mapping[str, str] | None = None,
    xlabel: str = "iteration",
    ylabel: str = "training loss",
    log: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """Plot one value per iteration, each curve labelled where it ends.

    Parameters
    ----------
    curves : mapping of str to array (iterations,)
        For instance the loss of each model. At most six.
    references : mapping of str to float, optional
        Horizontal lines to compare with, such as ``{"fair guess, ln 10": np.log(10)}``.
    roles : mapping of str to str, optional
        A role of `style.ROLES` for a curve with a meaning, ``"error"`` for instance.
    xlabel, ylabel : str
        What the axes measure.
    log : bool
        Whether the vertical axis is logarithmic.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where a curve is empty, not one-dimensional or not finite, where a logarithmic axis meets
        a value that is not positive, or where a role or its curve is unknown.
    """
    curves = named("curves", curves, 1)
    single_runs = {name: curve[np.newaxis] for name, curve in curves.items()}
    return _draw(single_runs, None, references, roles, xlabel, ylabel, log, ax)


def band(
    runs: Mapping[str, np.ndarray],
    *,
    quantiles: tuple[float, float] = (0.0, 1.0),
    references: Mapping[str, float] | None = None,
    roles: Mapping[str, str] | None = None,
    xlabel: str = "iteration",
    ylabel: str = "training loss",
    log: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """Plot the mean over seeds as a line, and the spread over seeds as a band around it.

    Parameters
    ----------
    runs : mapping of str to array (seeds, iterations)
        One row per repetition. At most six entries.
    quantiles : (float, float)
        Between which quantiles over the seeds the band lies; (0, 1) is lowest to highest.
    references, roles, xlabel, ylabel, log, ax
        As in `convergence`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        As in `convergence`, or where `quantiles` do not ascend within 0 and 1.
    """
    low, high = quantiles
    if not 0 <= low < high <= 1:
        raise ValueError(f"quantiles must ascend within 0 and 1, got {quantiles}")
    runs = named("runs", runs, 2)
    return _draw(runs, quantiles, references, roles, xlabel, ylabel, log, ax)


def animate_convergence(
    curves: Mapping[str, np.ndarray],
    *,
    frames: int = 40,
    interval: float = 100,
    references: Mapping[str, float] | None = None,
    roles: Mapping[str, str] | None = None,
    xlabel: str = "iteration",
    ylabel: str = "training loss",
    log: bool = False,
) -> FuncAnimation:
    """Play `convergence`: the curves grow with the iterations, on axes that stay still.

    Show it with `rnn_utils.show_animation`; each frame adds some 45 kB to the page.

    Parameters
    ----------
    curves, references, roles, xlabel, ylabel, log
        As in `convergence`.
    frames : int
        Pictures, at least 2; the last one is the whole plot.
    interval : float
        Milliseconds between them.

    Returns
    -------
    matplotlib.animation.FuncAnimation

    Raises
    ------
    ValueError
        As in `convergence`, or where there are fewer than two frames.
    """
    check_at_least("frames", frames, 2)
    figure = convergence(
        curves, references=references, roles=roles, xlabel=xlabel, ylabel=ylabel, log=log
    )
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, or the axes would move between frames
    (ax,) = figure.axes
    whole = [(line, *line.get_data()) for line in ax.lines[: len(curves)]]
    longest = max(len(x) for _, x, _ in whole)
    lengths = np.linspace(min(2, longest), longest, frames).round().astype(int)

    def draw(length: int) -> list[Artist]:
        for line, x, y in whole:
            line.set_data(x[:length], y[:length])
        for note in ax.texts:
            note.arrow_patch.set_visible(length == longest)
        return [*ax.lines, *ax.texts]

    return FuncAnimation(figure, draw, frames=lengths, interval=interval, repeat=False)


class _End(NamedTuple):
    """Where a curve ends, and what its label says."""

    x: float
    y: float
    text: str
    colour: str


def _draw(
    runs: Mapping[str, np.ndarray],
    quantiles: tuple[float, float] | None,
    references: Mapping[str, float] | None,
    roles: Mapping[str, str] | None,
    xlabel: str,
    ylabel: str,
    log: bool,
    ax: Axes | None,
) -> Figure:
    """Draw the mean over each entry's rows, and a band between quantiles where they are given."""
    looks = _looks(runs, roles)
    references = {
        name: float(numbers(f"references[{name!r}]", value, 0))
        for name, value in (references or {}).items()
    }
    if log:
        _require_positive(runs | references)
    right = max(2, *(values.shape[1] for values in runs.values()))
    ends = []
    with house_style():
        ax = axes_or_new(ax, 4.2)
        for name, values in runs.items():
            colour = looks[name]["color"]
            mean = values.mean(axis=0)
            iterations = np.arange(1, len(mean) + 1)
            if quantiles is not None:
                bottom, top = np.quantile(values, quantiles, axis=0)
                ax.fill_between(iterations, bottom, top, color=colour, alpha=0.18, linewidth=0)
            ax.plot(iterations, mean, **looks[name])
            ends.append(_End(len(mean), mean[-1], name, colour))
        for name, value in references.items():
            ax.axhline(value, color=QUIET, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
            ends.append(_End(right, value, name, QUIET))
        ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(1, right))
        ax.grid(axis="y")
        if log:
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ax.yaxis.set_minor_locator(NullLocator())
        elif ax.dataLim.ymin >= 0:
            ax.set_ylim(bottom=0)
        _label_ends(ax, ends)
        return ax.figure


def _looks(curves: Mapping[str, np.ndarray], roles: Mapping[str, str] | None) -> dict[str, dict]:
    """Return colour and dashes for each curve, the colour by its role where it has one."""
    if len(curves) > len(CURVES):
        raise ValueError(f"{len(curves)} curves were given; {len(CURVES)} can be told apart")
    roles = dict(roles or {})
    for name, role in roles.items():
        if name not in curves:
            raise ValueError(f"roles names {name!r}, which is not among {list(curves)}")
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}: choose from {list(ROLES)}")
        if list(roles.values()).count(role) > 1:
            raise ValueError(f"role {role!r} is given to two curves, which would look alike")
    free = iter(look for look in CURVES if look[0] not in {ROLES[r].line for r in roles.values()})
    looks = {}
    for name in curves:
        if name in roles:
            colour = ROLES[roles[name]].line
            dashes = dict(CURVES).get(colour, "-")
        else:
            colour, dashes = next(free)
        looks[name] = {"color": colour, "linestyle": dashes}
    return looks


def _label_ends(ax: Axes, ends: list[_End]) -> None:
    """Write each label right of the axes, level with its end or as near as its neighbours let."""
    ax.set_ylim(ax.get_ylim())  # the labels are placed for these limits
    to_fraction = ax.transData + ax.transAxes.inverted()
    points = sorted(
        (to_fraction.transform((end.x, end.y))[1], textwrap.fill(end.text, 18), end) for end in ends
    )
    inches = ax.get_position().height * ax.figure.get_figheight()
    line_height = 1.35 * SMALL / 72 / inches
    heights = [line_height * (text.count("\n") + 1) for _, text, _ in points]
    places = _spread([point[0] for point in points], heights)
    for place, (_, text, end) in zip(places, points, strict=True):
        ax.annotate(
            text,
            xy=(end.x, end.y),
            xytext=(1.035, place),
            textcoords="axes fraction",
            color=blend(end.colour, INK, 0.25),
            size=SMALL,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": end.colour,
                "linewidth": 0.9,
                "shrinkA": 1,
                "shrinkB": 1,
                "relpos": (0, 0.5),
            },
        )


def _spread(wanted: list[float], heights: list[float]) -> list[float]:
    """Move ascending positions apart by half their heights, and back down where they pass 1."""
    places = list(wanted)
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + (heights[i - 1] + heights[i]) / 2)
    ceiling = 1.0
    for i in reversed(range(len(places))):
        places[i] = min(places[i], ceiling - heights[i] / 2)
        ceiling = places[i] - heights[i] / 2
    return places


def _require_positive(series: Mapping[str, np.ndarray | float]) -> None:
    for name, values in series.items():
        if np.min(values) <= 0:
            raise ValueError(
                f"a logarithmic axis needs positive values, {name!r} holds {np.min(values)}; "
                "use log=False"
            )
