"""A handful of drawing primitives: boxes, operations, arrows and words on a sheet in inches."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path

from rnn_utils.figures.style import (
    INK,
    MATHS,
    PADDING,
    PAPER,
    ROLES,
    RULE,
    TEXT,
    WIDTH,
    axes_or_new,
    blend,
)

Point = tuple[float, float]

LINES, BOXES, FRAMES, WORDS = 1, 2, 3, 4  # z-orders

FADED = 0.78  # how far towards paper the colour goes of what is not highlighted


@dataclass(frozen=True)
class Node:
    """Something that arrows meet: its middle and how far its border is from there."""

    x: float
    y: float
    half_width: float
    half_height: float

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
        self.highlight = highlight
        self.ax.set(
            xlim=(PADDING, WIDTH - PADDING), ylim=(PADDING, height - PADDING), aspect="equal"
        )
        self.ax.set_axis_off()

    @property
    def figure(self) -> Figure:
        """The figure that holds the diagram."""
        return self.ax.figure

    def is_shown(self, parts: tuple[str, ...]) -> bool:
        """Whether a thing that belongs to `parts` is drawn in full rather than faded."""
        return self.highlight is None or self.highlight in parts

    def tint(self, colour: str, parts: tuple[str, ...]) -> str:
        """Return `colour`, or a pale version of it where another part is highlighted."""
        return colour if self.is_shown(parts) else blend(colour, PAPER, FADED)

    def layer(self, level: int, parts: tuple[str, ...]) -> float:
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
        parts: tuple[str, ...] = (),
    ) -> Node:
        """Draw a rounded box around `text`, in the colours of `role`."""
        corner = 0.07
        self.ax.add_patch(
            FancyBboxPatch(
                (x - width / 2 + corner, y - height / 2 + corner),
                width - 2 * corner,
                height - 2 * corner,
                boxstyle=f"round,pad={corner}",
                facecolor=self.tint(ROLES[role].fill, parts),
                edgecolor=self.tint(ROLES[role].line, parts),
                linewidth=1.6,
                zorder=self.layer(BOXES, parts),
            )
        )
        self.text(x, y, text, size=size, parts=parts)
        return Node(x, y, width / 2, height / 2)

    def op(
        self,
        x: float,
        y: float,
        symbol: str,
        role: str,
        *,
        radius: float = 0.17,
        parts: tuple[str, ...] = (),
    ) -> Node:
        """Draw an elementwise operation: a small circle around its symbol."""
        self.ax.add_patch(
            Circle(
                (x, y),
                radius,
                facecolor=PAPER,
                edgecolor=self.tint(ROLES[role].line, parts),
                linewidth=1.6,
                zorder=self.layer(BOXES, parts),
            )
        )
        self.text(x, y, symbol, size=MATHS, parts=parts)
        return Node(x, y, radius, radius)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = TEXT,
        colour: str = INK,
        ha: str = "center",
        va: str = "center",
        parts: tuple[str, ...] = (),
    ) -> None:
        """Write `text` at a point."""
        colour = self.tint(colour, parts)
        self.ax.text(x, y, text, size=size, color=colour, ha=ha, va=va, zorder=WORDS)

    def arrow(
        self,
        *points: Point,
        role: str = "shared",
        dashed: bool = False,
        head: bool = True,
        radius: float = 0.12,
        parts: tuple[str, ...] = (),
    ) -> None:
        """Draw a line through `points`, with rounded corners and a head at its end."""
        colour = self.tint(ROLES[role].line, parts)
        self.ax.add_patch(
            FancyArrowPatch(
                path=_rounded(points, radius),
                arrowstyle="-|>,head_length=5,head_width=2.6" if head else "-",
                facecolor=colour,
                edgecolor=colour,
                linewidth=1.6,
                linestyle=(0, (4, 2)) if dashed else "-",
                fill=head,
                joinstyle="miter",
                capstyle="butt",
                shrinkA=0,
                shrinkB=0,
                mutation_scale=1,
                zorder=self.layer(LINES, parts),
            )
        )

    def dot(self, x: float, y: float, role: str, *, parts: tuple[str, ...] = ()) -> None:
        """Mark a point where a line branches: lines that cross without a dot do not meet."""
        self.ax.add_patch(
            Circle(
                (x, y),
                0.045,
                color=self.tint(ROLES[role].line, parts),
                zorder=self.layer(LINES, parts),
            )
        )

    def image(self, x: float, y: float, pixels: np.ndarray, *, size: float) -> Node:
        """Show grey values from 0 (paper) to 1 (ink) in a square."""
        half = size / 2
        limits = self.ax.axis()
        self.ax.imshow(
            pixels,
            extent=(x - half, x + half, y - half, y + half),
            cmap="gray_r",
            vmin=0,
            vmax=1,
            interpolation="none",
            zorder=BOXES,
        )
        self.ax.axis(limits)
        self.ax.add_patch(
            Rectangle(
                (x - half, y - half),
                size,
                size,
                fill=False,
                edgecolor=RULE,
                linewidth=0.8,
                zorder=BOXES,
            )
        )
        return Node(x, y, half, half)


def _rounded(points: tuple[Point, ...], radius: float) -> Path:
    """Return the path through `points` whose corners are rounded by `radius` inches."""
    points = [np.asarray(point, dtype=float) for point in points]
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        for neighbour in (before, after):
            step = neighbour - corner
            length = np.hypot(*step)
            on_leg = corner + step * min(radius, length / 2) / length
            if neighbour is before:
                vertices += [on_leg, corner]
                codes += [Path.LINETO, Path.CURVE3]
            else:
                vertices.append(on_leg)
                codes.append(Path.CURVE3)
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])
