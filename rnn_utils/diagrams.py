"""Diagrams of the book's networks, drawn with a handful of primitives.

Symbols are those of the text: row t of the digit is $x_t$, the hidden state $h_t$, the weights
from input to hidden $W$, from hidden to hidden $U$. Colours are those of `rnn_utils.style`: one
meaning each, the same in every figure. A diagram's coordinates are inches on paper.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from rnn_utils.style import (
    INK,
    MATHS,
    PADDING,
    PAPER,
    QUIET,
    ROLES,
    RULE,
    SMALL,
    TEXT,
    WIDTH,
    axes_or_new,
    blend,
    house_style,
)

Point = tuple[float, float]

TIMES = r"$\times$"
LINES, BOXES, FRAMES, WORDS = 1, 2, 3, 4  # z-orders

FADED = 0.78  # how far towards paper the colour goes of what is not highlighted

# Primitives -----------------------------------------------------------------------------------


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
        self.text(x, y, symbol, parts=parts)
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


# Reading a digit row by row -------------------------------------------------------------------

STEPS = (1, 2, 3, 16)  # the time steps that unrolled diagrams show; dots stand for the others


def _drawn_digit(size: int = 16, detail: int = 4) -> np.ndarray:
    """Return a 3 as (size, size) grey values, drawn from a typeface rather than a data set."""
    glyph = TextPath((0, 0), "3", size=1)
    box = glyph.get_extents()
    ticks = (np.arange(size * detail) + 0.5) / (size * detail) * 1.24 - 0.12
    across, down = np.meshgrid(ticks, 1 - ticks)
    points = np.column_stack(
        [
            box.x0 + box.width / 2 + (across.ravel() - 0.5) * box.height,
            box.y0 + down.ravel() * box.height,
        ]
    )
    inside = glyph.contains_points(points).reshape(size, detail, size, detail)
    return inside.mean(axis=(1, 3))


def _grey_digit(image: np.ndarray | None) -> np.ndarray:
    """Return `image` scaled to [0, 1], or the drawn digit where there is none."""
    if image is None:
        return _drawn_digit()
    image = np.asarray(image, dtype=float)
    if image.ndim != 2 or image.shape[0] < max(STEPS):
        raise ValueError(
            f"image must be one digit of at least {max(STEPS)} rows, got shape {image.shape}"
        )
    if not np.isfinite(image).all() or image.min() < 0:
        raise ValueError("image must hold grey values: finite, none below 0")
    return image / max(image.max(), np.finfo(float).tiny)


def _row_being_read(
    sketch: Sketch, x: float, y: float, image: np.ndarray, row: int, *, size: float = 0.72
) -> Node:
    """Show `image` with row number `row` framed and the other rows faint."""
    faint = 0.28 * image
    faint[row - 1] = image[row - 1]
    node = sketch.image(x, y, faint, size=size)
    height = size / len(image)
    sketch.ax.add_patch(
        Rectangle(
            (x - size / 2, y + size / 2 - row * height),
            size,
            height,
            fill=False,
            edgecolor=INK,
            linewidth=1.3,
            zorder=FRAMES,
        )
    )
    return node


# Architectures --------------------------------------------------------------------------------


def rnn_rolled_unrolled(image: np.ndarray | None = None, *, ax: Axes | None = None) -> Figure:
    """Draw the basic RNN as a loop, and unrolled over the rows of a digit.

    Parameters
    ----------
    image : array (rows, columns), optional
        The digit being read, at least 16 rows; a typeface's 3 by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where `image` is not one finite digit of at least 16 rows.
    """
    image = _grey_digit(image)
    with house_style():
        sketch = Sketch(4.1, ax)
        _rolled(sketch, 0.65, 2.3)
        sketch.image(0.65, 0.65, image, size=0.72)
        sketch.arrow((1.5, 2.3), (2.0, 2.3), role="input")
        sketch.text(1.75, 2.48, "unroll", size=SMALL, colour=QUIET)

        start = sketch.box(2.55, 2.3, "$h_0 = 0$", "hidden", width=0.86)
        columns = zip(STEPS, (3.66, 4.66, 5.66, 6.98), strict=True)
        states = [sketch.box(x, 2.3, f"$h_{{{step}}}$", "hidden") for step, x in columns]
        _chain(sketch, [start, *states], "$U$")
        for step, state in zip(STEPS, states, strict=True):
            row = _input(sketch, state.x, 1.35, image, step)
            _weighted(sketch, row, state, "$W$")

        logits = sketch.box(states[-1].x, 3.45, "$y$", "output")
        _weighted(sketch, states[-1], logits, "$W_y$")
        sketch.text(6.5, 3.45, "logits of the 10 classes,\nread from $h_{16}$ only", ha="right")
        sketch.text(2.12, 3.45, "the same $W$, $U$ and $b$\nat every step", ha="left")
        return sketch.figure


def bidirectional(
    image: np.ndarray | None = None, *, wrong_read_out: bool = False, ax: Axes | None = None
) -> Figure:
    """Draw the RNN that reads a digit in both directions, unrolled.

    Parameters
    ----------
    image : array (rows, columns), optional
        The digit being read, at least 16 rows; a typeface's 3 by default.
    wrong_read_out : bool
        Whether to show the mistake of taking both halves of the last output: its backward half
        has read one row.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where `image` is not one finite digit of at least 16 rows.
    """
    image = _grey_digit(image)
    with house_style():
        sketch = Sketch(4.7, ax)
        forwards, backwards = [], []
        for step, x in zip(STEPS, (0.8, 2.15, 3.5, 5.2), strict=True):
            row = sketch.box(x, 2.45, f"$x_{{{step}}}$", "input")
            _row_being_read(sketch, x + 0.65, 2.45, image, step, size=0.56)
            forward = sketch.box(x, 3.65, rf"$\overrightarrow{{h}}_{{{step}}}$", "hidden")
            backward = sketch.box(x, 1.25, rf"$\overleftarrow{{h}}_{{{step}}}$", "backward")
            sketch.arrow(row.top(), forward.bottom())
            sketch.arrow(row.bottom(), backward.top())
            forwards.append(forward)
            backwards.append(backward)
        _chain(sketch, forwards, role="hidden")
        _chain(sketch, backwards, role="backward", back=True)
        logits = sketch.box(6.85, 2.45, "$y$", "output")
        sketch.arrow(forwards[-1].right(), (6.85, 3.65), logits.top(), role="hidden")
        sketch.text(0.47, 4.2, "forward: reads rows 1, 2, ..., 16", ha="left")
        if wrong_read_out:
            _join_wrong_backward_state(sketch, backwards, logits)
        else:
            _join_backward_state(sketch, backwards[0], logits)
        return sketch.figure


def _join_backward_state(sketch: Sketch, first: Node, logits: Node) -> None:
    below = 0.7
    sketch.arrow(
        first.bottom(), (first.x, below), (logits.x, below), logits.bottom(), role="backward"
    )
    sketch.text(0.47, 0.42, "backward: reads rows 16, 15, ..., 1", ha="left")


def _join_wrong_backward_state(sketch: Sketch, backwards: list[Node], logits: Node) -> None:
    first, *_, last = backwards
    sketch.arrow(last.right(), (logits.x, last.y), logits.bottom(), role="error", dashed=True)
    colour = ROLES["error"].line
    sketch.text(last.x, 0.62, "wrong: has read\nrow 16 only", colour=colour)
    sketch.text(first.left()[0], 0.62, "has read all 16 rows,\nand is not used", ha="left")


def deep(image: np.ndarray | None = None, *, ax: Axes | None = None) -> Figure:
    """Draw two recurrent layers, the second reading the states of the first, unrolled.

    Parameters
    ----------
    image : array (rows, columns), optional
        The digit being read, at least 16 rows; a typeface's 3 by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where `image` is not one finite digit of at least 16 rows.
    """
    image = _grey_digit(image)
    with house_style():
        sketch = Sketch(5.25, ax)
        lower, upper = [], []
        for step, x in zip(STEPS, (1.55, 2.9, 4.25, 6.3), strict=True):
            row = _input(sketch, x, 1.35, image, step)
            low = sketch.box(x, 2.35, f"$h^{{(1)}}_{{{step}}}$", "hidden", width=0.7)
            high = sketch.box(x, 3.4, f"$h^{{(2)}}_{{{step}}}$", "hidden", width=0.7)
            _weighted(sketch, row, low, "$W^{(1)}$")
            _weighted(sketch, low, high, "$W^{(2)}$")
            lower.append(low)
            upper.append(high)
        _chain(sketch, lower, "$U^{(1)}$")
        _chain(sketch, upper, "$U^{(2)}$")
        logits = sketch.box(upper[-1].x, 4.6, "$y$", "output", width=0.7)
        _weighted(sketch, upper[-1], logits, "$W_y$")
        for state, text in ((lower[0], "layer 1"), (upper[0], "layer 2")):
            sketch.text(0.35, state.y, text, ha="left")
        sketch.text(5.8, 4.6, "read from the top layer's last state", ha="right")
        return sketch.figure


def deep_places(*, ax: Axes | None = None) -> Figure:
    """Draw the three places inside a recurrent step where layers can be added.

    After Pascanu et al., "How to construct deep recurrent neural networks" (2014).

    Parameters
    ----------
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        sketch = Sketch(5.15, ax)
        for x, place in zip((0.9, 3.35, 5.8), ("input", "hidden", "output"), strict=True):
            _deep_place(sketch, x, place)
        return sketch.figure


def _deep_place(sketch: Sketch, x: float, place: str) -> None:
    """Draw one recurrent step with more layers on the way named by `place`."""
    row = sketch.box(x, 1.15, "$x_t$", "input")
    state = sketch.box(x, 2.85, "$h_t$", "hidden", height=1.0)
    logits = sketch.box(x, 4.55, "$y_t$", "output")
    _up(sketch, row, state, layers_of="input" if place == "input" else None)
    _around(sketch, state, layers_of="hidden" if place == "hidden" else None)
    _up(sketch, state, logits, layers_of="output" if place == "output" else None)
    names = {"input": "input to hidden", "hidden": "hidden to hidden", "output": "hidden to output"}
    sketch.text(x - 0.33, 0.5, names[place], ha="left")


def _up(sketch: Sketch, low: Node, high: Node, *, layers_of: str | None) -> None:
    """Join two nodes of a column, by way of more layers where a role for them is given."""
    if layers_of:
        layers = _layers(sketch, low.x, (low.top()[1] + high.bottom()[1]) / 2, layers_of)
        sketch.arrow(low.top(), layers.bottom())
        sketch.arrow(layers.top(), high.bottom())
    else:
        sketch.arrow(low.top(), high.bottom())


def _around(sketch: Sketch, state: Node, *, layers_of: str | None) -> None:
    """Feed a state back to itself, by way of more layers where a role for them is given."""
    side, lift = state.right()[0] + 0.57, 0.36
    out, back = state.right(lift), state.right(-lift)
    if layers_of:
        layers = _layers(sketch, side, state.y, layers_of)
        sketch.arrow(out, (side, out[1]), layers.top())
        sketch.arrow(layers.bottom(), (side, back[1]), back)
    else:
        sketch.arrow(out, (side, out[1]), (side, back[1]), back)


def _layers(sketch: Sketch, x: float, y: float, role: str) -> Node:
    return sketch.box(x, y, "layers", role, width=0.74, height=0.34, size=TEXT)


def _input(sketch: Sketch, x: float, y: float, image: np.ndarray, step: int) -> Node:
    """Draw input `step`, and below it the digit with that row framed."""
    _row_being_read(sketch, x, y - 0.7, image, step)
    return sketch.box(x, y, f"$x_{{{step}}}$", "input")


def _rolled(sketch: Sketch, x: float, y: float) -> None:
    """Draw the loop: one row in, and the state fed back to itself."""
    row = sketch.box(x, y - 0.95, "$x_t$", "input")
    state = sketch.box(x, y, "$h_t$", "hidden")
    _weighted(sketch, row, state, "$W$")
    side, above = state.right()[0] + 0.28, y + 0.58
    sketch.arrow(state.right(), (side, y), (side, above), (x, above), state.top())
    sketch.text(side + 0.07, y + 0.3, "$U$", size=MATHS, ha="left")


def _weighted(sketch: Sketch, low: Node, high: Node, weight: str) -> None:
    """Join two nodes of a column upwards, with the weights beside the arrow."""
    sketch.arrow(low.top(), high.bottom())
    sketch.text(low.x + 0.09, (low.top()[1] + high.bottom()[1]) / 2, weight, size=MATHS, ha="left")


def _chain(
    sketch: Sketch,
    states: list[Node],
    weight: str = "",
    *,
    role: str = "shared",
    back: bool = False,
) -> None:
    """Join states in time, or back in time; dots stand for the steps left out before the last."""
    for earlier, later in pairwise(states):
        start, end = (later.left(), earlier.right()) if back else (earlier.right(), later.left())
        middle = (start[0] + end[0]) / 2
        if later is not states[-1]:
            sketch.arrow(start, end, role=role)
            sketch.text(middle, earlier.y + 0.19, weight, size=MATHS)
        else:
            aside = -0.16 if back else 0.16
            sketch.arrow(start, (middle - aside, start[1]), role=role, head=False)
            sketch.text(middle, earlier.y, r"$\cdots$", size=MATHS)
            sketch.arrow((middle + aside, end[1]), end, role=role)


# Cells ----------------------------------------------------------------------------------------

LSTM_PARTS = ("forget", "input", "cell", "output")
GRU_PARTS = ("reset", "update", "candidate", "state")

_X_BUS, _H_BUS = 1.3, 1.55  # where the lines run that carry x_t and h_{t-1} to the gates
_ASIDE = 0.11  # how far from the middle of a gate's side they enter it


def lstm_cell(highlight: str | None = None, *, ax: Axes | None = None) -> Figure:
    """Draw the LSTM cell: rows that act, one below the other, on the cell state at the right.

    Parameters
    ----------
    highlight : {None, "forget", "input", "cell", "output"}
        The part to show while the others fade: the forget gate, the input gate with the
        candidate, the update of the cell state, or the output gate with the new hidden state.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where `highlight` names no part.
    """
    _check_part(highlight, LSTM_PARTS)
    with house_style():
        sketch = Sketch(6.25, ax, highlight)
        readers = ("forget", "input", "output")
        x = sketch.box(0.58, 2.2, "$x_t$", "input", parts=readers)
        h = sketch.box(0.58, 3.67, "$h_{t-1}$", "hidden", parts=readers)
        forget = _gate(sketch, x, h, 4.95, "f", parts=("forget",))
        let_in = _gate(sketch, x, h, 4.1, "i", parts=("input",))
        candidate = _candidate(sketch, x, h, 3.25, "c", parts=("input",))
        let_out = _gate(sketch, x, h, 1.3, "o", parts=("output",))
        new = _update_cell_state(sketch, forget, let_in, candidate)
        _show_cell_state(sketch, new, let_out)
        return sketch.figure


def _update_cell_state(sketch: Sketch, forget: Node, let_in: Node, candidate: Node) -> Node:
    """Draw the cell state's way from c_{t-1} to c_t."""
    parts = ("cell",)
    lane = 6.82
    old = sketch.box(lane, 5.82, "$c_{t-1}$", "memory", parts=parts)
    keep = sketch.op(lane, forget.y, TIMES, "memory", parts=parts)
    write = sketch.op(5.9, candidate.y, TIMES, "memory", parts=parts)
    add = sketch.op(lane, candidate.y, "+", "memory", parts=parts)
    new = sketch.box(lane, 2.55, "$c_t$", "memory", parts=("cell", "output"))
    sketch.arrow(old.bottom(), keep.top(), role="memory", parts=parts)
    sketch.arrow(keep.bottom(), add.top(), role="memory", parts=parts)
    sketch.arrow(add.bottom(), new.top(), role="memory", parts=parts)
    sketch.arrow(forget.right(), keep.left(), role="gate", parts=("forget", "cell"))
    corner = (write.x, let_in.y)
    sketch.arrow(let_in.right(), corner, write.top(), role="gate", parts=("input", "cell"))
    sketch.arrow(candidate.right(), write.left(), role="memory", parts=("input", "cell"))
    sketch.arrow(write.right(), add.left(), role="memory", parts=parts)
    equation = r"$c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t$"
    sketch.text(6.3, new.y, equation, size=MATHS, ha="right", parts=parts)
    return new


def _show_cell_state(sketch: Sketch, cell: Node, let_out: Node) -> None:
    """Draw how the output gate lets the cell state be seen as h_t."""
    parts = ("output",)
    squash = sketch.box(cell.x, 1.9, "tanh", "memory", height=0.32, size=TEXT, parts=parts)
    show = sketch.op(cell.x, let_out.y, TIMES, "hidden", parts=parts)
    state = sketch.box(cell.x, 0.5, "$h_t$", "hidden", parts=parts)
    sketch.arrow(cell.bottom(), squash.top(), role="memory", parts=parts)
    sketch.arrow(squash.bottom(), show.top(), role="memory", parts=parts)
    sketch.arrow(let_out.right(), show.left(), role="gate", parts=parts)
    sketch.arrow(show.bottom(), state.top(), role="hidden", parts=parts)
    equation = r"$h_t = o_t \odot \tanh(c_t)$"
    sketch.text(6.3, state.y, equation, size=MATHS, ha="right", parts=parts)


def gru_cell(
    highlight: str | None = None, *, reset_after: bool = True, ax: Axes | None = None
) -> Figure:
    """Draw the GRU cell: what is kept of the old state, and what the candidate adds to it.

    Parameters
    ----------
    highlight : {None, "reset", "update", "candidate", "state"}
        The part to show while the others fade: the reset gate, the update gate, the candidate
        or the new state.
    reset_after : bool
        Whether the reset gate acts after the product with the recurrent weights, as Keras does
        by default, or on the state before it.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where `highlight` names no part.
    """
    _check_part(highlight, GRU_PARTS)
    with house_style():
        sketch = Sketch(5.75, ax, highlight)
        x = sketch.box(0.58, 1.25, "$x_t$", "input", parts=("reset", "update", "candidate"))
        h = sketch.box(0.58, 5.3, "$h_{t-1}$", "hidden", parts=GRU_PARTS)
        update = _gate(sketch, x, h, 4.35, "z", parts=("update",))
        reset = _gate(sketch, x, h, 3.4, "r", parts=("reset",))
        candidate = _gru_candidate(sketch, x, h, reset, reset_after=reset_after)
        _mix_states(sketch, h, update, candidate)
        return sketch.figure


def _gru_candidate(sketch: Sketch, x: Node, h: Node, reset: Node, *, reset_after: bool) -> Node:
    """Draw the candidate state, with the reset gate before or after the recurrent product."""
    parts = ("candidate",)
    y = 2.2
    if reset_after:
        text, at, gate_at = r"$h_{t-1} U_h + b_h^{\prime}$", 2.62, 3.76
    else:
        text, at, gate_at = r"$(r_t \odot h_{t-1})\,U_h$", 3.2, 2.1
    product = sketch.box(at, y, text, "hidden", width=1.4, size=MATHS - 1, parts=parts)
    forget = sketch.op(gate_at, y, TIMES, "hidden", parts=parts)
    first, second = (product, forget) if reset_after else (forget, product)
    add = sketch.op(4.36, y, "+", "hidden", parts=parts)
    squash = sketch.box(5.05, y, "tanh", "hidden", size=TEXT, parts=parts)
    from_x = sketch.box(
        2.62, x.y, "$x_t W_h + b_h$", "input", width=1.4, size=MATHS - 1, parts=parts
    )
    _feed(sketch, h, _H_BUS, first.left(), "hidden", parts)
    sketch.arrow(first.right(), second.left(), role="hidden", parts=parts)
    sketch.arrow(second.right(), add.left(), role="hidden", parts=parts)
    gate_wire = reset.bottom(gate_at - reset.x), forget.top()
    sketch.arrow(*gate_wire, role="gate", parts=("reset", "candidate"))
    sketch.arrow(x.right(), from_x.left(), role="input", parts=parts)
    sketch.arrow(from_x.right(), (add.x, x.y), add.bottom(), role="input", parts=parts)
    sketch.arrow(add.right(), squash.left(), role="hidden", parts=parts)
    return squash


def _mix_states(sketch: Sketch, h: Node, update: Node, candidate: Node) -> None:
    """Draw the update gate sharing out the new state between the old one and the candidate."""
    parts = ("state",)
    lane, aside = 6.85, 5.98
    keep = sketch.op(lane, update.y, TIMES, "hidden", parts=parts)
    rest = sketch.op(aside, 3.3, "$1-$", "gate", radius=0.21, parts=parts)
    write = sketch.op(aside, candidate.y, TIMES, "hidden", parts=parts)
    add = sketch.op(lane, candidate.y, "+", "hidden", parts=parts)
    new = sketch.box(lane, 0.5, "$h_t$", "hidden", parts=parts)
    sketch.arrow(h.right(), (lane, h.y), keep.top(), role="hidden", parts=parts)
    sketch.arrow(update.right(), keep.left(), role="gate", parts=("update", *parts))
    sketch.dot(aside, update.y, "gate", parts=parts)
    sketch.arrow((aside, update.y), rest.top(), role="gate", parts=parts)
    sketch.arrow(rest.bottom(), write.top(), role="gate", parts=parts)
    sketch.arrow(candidate.right(), write.left(), role="hidden", parts=("candidate", *parts))
    sketch.text(5.58, candidate.y + 0.24, r"$\tilde h_t$", size=MATHS, parts=("candidate", *parts))
    sketch.arrow(write.right(), add.left(), role="hidden", parts=parts)
    sketch.arrow(keep.bottom(), add.top(), role="hidden", parts=parts)
    sketch.arrow(add.bottom(), new.top(), role="hidden", parts=parts)
    equation = r"$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \tilde h_t$"
    sketch.text(6.3, new.y, equation, size=MATHS, ha="right", parts=parts)


def _gate(
    sketch: Sketch, x: Node, h: Node, y: float, letter: str, *, parts: tuple[str, ...]
) -> Node:
    """Draw a gate as a box that holds its equation, fed with x_t and h_{t-1}."""
    equation = rf"${letter}_t = \sigma({_terms(letter)})$"
    return _fed_box(sketch, x, h, y, equation, "gate", parts)


def _candidate(
    sketch: Sketch, x: Node, h: Node, y: float, letter: str, *, parts: tuple[str, ...]
) -> Node:
    """Draw a candidate for the memory, as `_gate` does a gate."""
    equation = rf"$\tilde {letter}_t = \tanh({_terms(letter)})$"
    return _fed_box(sketch, x, h, y, equation, "memory", parts)


def _terms(letter: str) -> str:
    return rf"x_t W_{letter} + h_{{t-1}} U_{letter} + b_{letter}"


def _fed_box(
    sketch: Sketch, x: Node, h: Node, y: float, text: str, role: str, parts: tuple[str, ...]
) -> Node:
    node = sketch.box(3.63, y, text, role, width=3.3, height=0.54, parts=parts)
    _feed(sketch, x, _X_BUS, node.left(-_ASIDE), "input", parts)
    _feed(sketch, h, _H_BUS, node.left(_ASIDE), "hidden", parts)
    return node


def _feed(
    sketch: Sketch, source: Node, bus: float, goal: Point, role: str, parts: tuple[str, ...]
) -> None:
    """Lead a wire from `source` along the bus to `goal`; wires of one source share the bus."""
    on, off = (bus, source.y), (bus, goal[1])
    sketch.arrow(source.right(), on, off, goal, role=role, radius=0, parts=parts)
    sketch.dot(*on, role, parts=parts)
    sketch.dot(*off, role, parts=parts)


def _check_part(highlight: str | None, parts: tuple[str, ...]) -> None:
    if highlight is not None and highlight not in parts:
        raise ValueError(f"unknown part {highlight!r}: highlight one of {parts}, or None for all")
