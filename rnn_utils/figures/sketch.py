"""A handful of drawing primitives: boxes, operations, arrows and words on a sheet in inches."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path

from rnn_utils.figures.style import (
    INK,
    MATHS,
    PADDING,
    PAPER,
    ROLES,
    TEXT,
    WIDTH,
    axes_or_new,
    blend,
    frame,
    picture,
)

Point = tuple[float, float]
Parts = tuple[str, ...]  # the parts of a diagram that something belongs to

LINES, BOXES, FRAMES, WORDS = 1, 2, 3, 4  # z-orders

FADED = 0.78  # how far towards paper the colour goes of what is not highlighted


@dataclass(frozen=True)
class Node:
    """Something that arrows meet: its middle, how far its border is from there, and its parts."""

    x: float
    y: float
    half_width: float
    half_height: float
    parts: Parts

    def left(self, shift: float = 0.0) -> Point:
        """Return the middle of the left border, or `shift` inches above it."""
        return self.x - self.half_width, self.y + shift

    def right(self, shift: float = 0.0) -> Point:
        """Return the middle of the right border, or `shift` inches above it."""
        return self.x + self.half_width, self.y + shift

    def top(self, shift: float = 0.0) -> Point:
        """Return the middle of the upper border, or `shift` inches right of it."""
        return self.x + shift, self.y + self.half_height

    def bottom(self, shift: float = 0.0) -> Point:
        """Return the middle of the lower border, or `shift` inches right of it."""
        return self.x + shift, self.y - self.half_height


class Sketch:
    """An empty sheet, and the few things that a diagram is made of.

    Parameters
    ----------
    height : float
        Inches; the width is that of every figure of the book.
    ax : matplotlib.axes.Axes or None
        Where to draw; None makes a figure of the right size.
    highlight : str or None
        The part to show; all that belongs to other parts is faded. None shows everything.
    """

    def __init__(self, height: float, ax: Axes | None, highlight: str | None = None):
        self.ax = axes_or_new(ax, height, layout=None)
        self.figure = self.ax.figure
        self.highlight = highlight
        self.ax.set(
            xlim=(PADDING, WIDTH - PADDING), ylim=(PADDING, height - PADDING), aspect="equal"
        )
        self.ax.set_axis_off()

    def is_shown(self, parts: Parts) -> bool:
        """Whether a thing that belongs to `parts` is drawn in full rather than faded."""
        return self.highlight is None or self.highlight in parts

    def tint(self, colour: str, parts: Parts) -> str:
        """Return `colour`, or a pale version of it where another part is highlighted."""
        return colour if self.is_shown(parts) else blend(colour, PAPER, FADED)

    def layer(self, level: int, parts: Parts) -> float:
        """Return the z-order for `level`, such that nothing faded lies over what is shown."""
        return level if self.is_shown(parts) else level - 0.5

    def box(
        self,
        x: float,
        y: float,
        text: str,
        role: str,
        *,
        width: float = 0.66,
        height: float = 0.5,
        size: float = MATHS,
        parts: Parts = (),
    ) -> Node:
        """Draw a rounded box around `text`, in the colours of `role`."""
        lower_left = (x - width / 2, y - height / 2)
        shape = FancyBboxPatch(lower_left, width, height, "round,pad=0,rounding_size=0.07")
        shape.set_facecolor(self.tint(ROLES[role].fill, parts))
        self._outline(shape, role, parts)
        self.text(x, y, text, size=size, parts=parts)
        return Node(x, y, width / 2, height / 2, parts)

    def op(
        self,
        x: float,
        y: float,
        symbol: str,
        role: str,
        *,
        radius: float = 0.17,
        parts: Parts = (),
    ) -> Node:
        """Draw an elementwise operation: a small circle around its symbol."""
        self._outline(Circle((x, y), radius, facecolor=PAPER), role, parts)
        self.text(x, y, symbol, size=MATHS, parts=parts)
        return Node(x, y, radius, radius, parts)

    def _outline(self, shape: Patch, role: str, parts: Parts) -> None:
        """Draw a shape that arrows meet, its edge in the colour of `role`."""
        colour = self.tint(ROLES[role].line, parts)
        shape.set(edgecolor=colour, linewidth=1.6, zorder=self.layer(BOXES, parts))
        self.ax.add_patch(shape)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = TEXT,
        colour: str = INK,
        ha: str = "center",
        parts: Parts = (),
    ) -> None:
        """Write `text` at a point."""
        colour = self.tint(colour, parts)
        self.ax.text(x, y, text, size=size, color=colour, ha=ha, va="center", zorder=WORDS)

    def arrow(
        self,
        *points: Point,
        role: str = "shared",
        dashed: bool = False,
        head: bool = True,
        parts: Parts = (),
    ) -> None:
        """Draw a line through `points`, with rounded corners and a head at its end."""
        colour = self.tint(ROLES[role].line, parts)
        self.ax.add_patch(
            FancyArrowPatch(
                path=_rounded(points),
                arrowstyle="-|>,head_length=5,head_width=2.6" if head else "-",
                color=colour,
                linewidth=1.6,
                linestyle=(0, (4, 2)) if dashed else "-",
                fill=head,
                joinstyle="miter",
                capstyle="butt",
                zorder=self.layer(LINES, parts),
            )
        )

    def dot(self, x: float, y: float, role: str, *, parts: Parts = ()) -> None:
        """Mark a point where a line branches: lines that cross without a dot do not meet."""
        colour = self.tint(ROLES[role].line, parts)
        self.ax.add_patch(Circle((x, y), 0.045, color=colour, zorder=self.layer(LINES, parts)))

    def image(self, x: float, y: float, pixels: np.ndarray, *, size: float) -> None:
        """Show grey values from 0 (paper) to 1 (ink) in a square."""
        left, bottom = x - size / 2, y - size / 2
        limits = self.ax.axis()
        extent = (left, left + size, bottom, bottom + size)
        picture(self.ax, pixels, extent=extent, zorder=BOXES)
        self.ax.axis(limits)
        frame(self.ax, (left, bottom), size, size, zorder=BOXES)


def _rounded(points: tuple[Point, ...], radius: float = 0.12) -> Path:
    """Return the path through `points` whose corners are rounded by `radius` inches."""
    points = [np.asarray(point, dtype=float) for point in points]
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        vertices += [_towards(before, corner, radius), corner, _towards(after, corner, radius)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])


def _towards(neighbour: np.ndarray, corner: np.ndarray, radius: float) -> np.ndarray:
    """Return the point `radius` from a corner towards a neighbour, at most half way."""
    step = neighbour - corner
    length = np.hypot(*step)
    return corner + step * min(radius, length / 2) / length
