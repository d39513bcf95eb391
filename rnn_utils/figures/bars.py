"""Bars: how often each whole number occurs."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from rnn_utils.figures.inputs import named
from rnn_utils.figures.style import CURVES, PAPER, SMALL, axes_or_new, blend, house_style

HATCHES = ("", "///", "...")  # beside the colours, which not everybody can tell apart


def histogram(
    groups: Mapping[str, np.ndarray],
    *,
    xlabel: str = "length",
    ylabel: str = "share of the sequences",
    ax: Axes | None = None,
) -> Figure:
    """Show how often each whole number occurs, the bars of several groups side by side.

    Parameters
    ----------
    groups : mapping of str to array (n,) of int
        For instance the lengths of sequences, none below 0. At most three groups.
    xlabel, ylabel : str
        What the axes measure; the vertical one is in per cent of a group.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where there are no groups or too many, or one is empty or holds other numbers.
    """
    groups = named("groups", groups, 1)
    if len(groups) > len(HATCHES):
        raise ValueError(f"{len(groups)} groups were given; {len(HATCHES)} can be told apart")
    for name, values in groups.items():
        if (values != np.round(values)).any() or values.min() < 0:
            raise ValueError(f"groups[{name!r}] must hold whole numbers, none below 0")
    low = int(min(values.min() for values in groups.values()))
    high = int(max(values.max() for values in groups.values()))
    numbers = np.arange(low, high + 1)
    width = 0.8 / len(groups)
    with house_style():
        ax = axes_or_new(ax, 3.0)
        for place, (name, values) in enumerate(groups.items()):
            colour, _ = CURVES[place]
            counts = np.bincount(values.astype(int), minlength=high + 1)[low:]
            ax.bar(
                numbers + (place - (len(groups) - 1) / 2) * width,
                counts / len(values),
                width=width,
                label=name,
                facecolor=blend(colour, PAPER, 0.6),
                edgecolor=colour,
                hatch=HATCHES[place],
            )
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=20))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        ax.grid(axis="y")
        ax.legend(frameon=False, fontsize=SMALL, loc="upper left")
        return ax.figure
