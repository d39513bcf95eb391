"""The book's look: one palette, one typography, one kind of paper.

A colour means the same thing in every figure. The hues are those of Okabe and Ito ("Color
Universal Design", 2008), which stay apart for colour-blind readers, darkened where a thin line
would not reach a contrast of 3 to 1 on white. No figure relies on colour alone.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

WIDTH = 7.5  # inches: 720 px on a screen
TEXT = 12  # points
SMALL = 11  # points, the smallest text in any figure
MATHS = 16  # points, symbols in diagrams
PADDING = 0.12  # inches of white around a figure, so that it reads as a card on a dark page

INK = "#1f1f1f"
QUIET = "#6a6a6a"
RULE = "#d4d4d4"
PAPER = "#ffffff"


def blend(colour: str, other: str, share: float) -> str:
    """Mix two colours.

    Parameters
    ----------
    colour, other : str
        Any matplotlib colours.
    share : float
        How much of `other` is in the mixture, 0 to 1.

    Returns
    -------
    str
        The mixture as ``#rrggbb``.
    """
    pairs = zip(to_rgb(colour), to_rgb(other), strict=True)
    return to_hex([(1 - share) * a + share * b for a, b in pairs])


@dataclass(frozen=True)
class Role:
    """The colours of one meaning: `line` for edges and curves, `fill` for areas behind text."""

    line: str
    fill: str


def _role(line: str, share_of_paper: float = 0.82) -> Role:
    return Role(line, blend(line, PAPER, share_of_paper))


ROLES = {
    "input": _role("#5f5f5f", 0.88),  # grey, as the pixels are
    "hidden": _role("#0072b2"),
    "memory": _role("#007f5c"),
    "gate": _role("#b87700", 0.76),
    "output": Role("#7a6c00", "#f7f0a6"),
    "backward": _role("#a84f8b", 0.80),
    "shared": Role(INK, PAPER),
    "error": _role("#c24a00", 0.80),
}

# The order in which curves without a meaning of their own take colours and dashes.
CURVES = (
    (ROLES["hidden"].line, "-"),
    (ROLES["gate"].line, (0, (5, 1.2))),
    (ROLES["memory"].line, (0, (7, 1.2, 1.5, 1.2))),
    (ROLES["backward"].line, (0, (1.6, 1))),
    (INK, (0, (4, 1, 1, 1, 1, 1))),
    (ROLES["error"].line, (0, (9, 1.5))),
)


def _scale(name: str, *colours: str) -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list(name, colours)


GATE_SCALE = _scale("gate", PAPER, "#e5b566", "#6b4500")  # shut to open, 0 to 1
OUTPUT_SCALE = _scale("output", PAPER, "#d9cc55", "#544a00")  # probabilities, 0 to 1
STATE_SCALE = _scale("state", "#8a3500", "#e0a078", PAPER, "#8fbcd9", "#00507d")  # around 0

_RC = {
    "font.family": ["DejaVu Sans"],
    "font.size": TEXT,
    "mathtext.fontset": "cm",
    "axes.labelsize": TEXT,
    "axes.titlesize": TEXT,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "text.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
}


def house_style() -> AbstractContextManager[None]:
    """Draw in the book's style inside this context; matplotlib's settings return after it."""
    return matplotlib.rc_context(_RC)


def fraction(value: float) -> str:
    """Write a number between 0 and 1 as the book's tables do: .52, and 1.00."""
    return f"{value:.2f}".removeprefix("0")


def axes_or_new(ax: Axes | None, height: float, *, layout: str | None = "constrained") -> Axes:
    """Return `ax` itself or, where it is None, the axes of a new figure.

    The figure is not registered with pyplot, so a notebook shows it once and nothing has to be
    closed.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Where the caller wants the drawing.
    height : float
        Inches, of a new figure; its width is `WIDTH`.
    layout : {"constrained", None}
        None lets the axes fill the figure up to the padding.
    """
    if ax is not None:
        return ax
    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER, layout=layout)
    if layout == "constrained":
        figure.get_layout_engine().set(w_pad=PADDING, h_pad=PADDING)
        return figure.add_subplot()
    x, y = PADDING / WIDTH, PADDING / height
    return figure.add_axes((x, y, 1 - 2 * x, 1 - 2 * y))


def picture(
    ax: Axes,
    values: np.ndarray,
    scale: str | Colormap = "gray_r",
    limits: tuple[float, float] = (0, 1),
    **options: object,
) -> None:
    """Show an array as an image with sharp pixels: grey values from 0, paper, to 1, ink.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    values : array (height, width)
        One number per pixel.
    scale : str or matplotlib.colors.Colormap
        Other colours than grey.
    limits : (float, float)
        The numbers at the two ends of the scale.
    **options
        For `matplotlib.axes.Axes.imshow`.
    """
    low, high = limits
    ax.imshow(values, cmap=scale, vmin=low, vmax=high, interpolation="none", **options)


def frame(
    ax: Axes,
    corner: tuple[float, float],
    width: float,
    height: float,
    colour: str = RULE,
    linewidth: float = 0.8,
    zorder: float = 1,
) -> None:
    """Draw a hollow rectangle, by the corner where its coordinates are lowest."""
    look = {"edgecolor": colour, "linewidth": linewidth, "zorder": zorder}
    ax.add_patch(Rectangle(corner, width, height, fill=False, **look))
