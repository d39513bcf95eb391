"""Diagrams of the book's networks.

Symbols are those of the text: row t of the digit is $x_t$, the hidden state $h_t$, the weights
from input to hidden $W$, from hidden to hidden $U$. Colours are those of `style`: one meaning each,
the same in every figure. Coordinates are inches on paper.
"""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from rnn_utils.figures.cell_diagrams import GRU_PARTS as GRU_PARTS
from rnn_utils.figures.cell_diagrams import LSTM_PARTS as LSTM_PARTS
from rnn_utils.figures.cell_diagrams import gru_cell as gru_cell
from rnn_utils.figures.cell_diagrams import lstm_cell as lstm_cell
from rnn_utils.figures.inputs import as_grey, numbers
from rnn_utils.figures.sketch import FRAMES, Node, Sketch
from rnn_utils.figures.style import INK, MATHS, QUIET, ROLES, SMALL, TEXT, frame, house_style

STEPS = (1, 2, 3, 16)  # the time steps that unrolled diagrams show; dots stand for the others


def _drawn_digit(size: int = 16, detail: int = 4) -> np.ndarray:
    """Return a 3 as (size, size) grey values, drawn from a typeface rather than a data set."""
    glyph = TextPath((0, 0), "3", size=1)
    box = glyph.get_extents()
    ticks = (np.arange(size * detail) + 0.5) / (size * detail) * 1.24 - 0.12
    across, down = np.meshgrid(ticks, 1 - ticks)
    x = box.x0 + box.width / 2 + (across - 0.5) * box.height
    y = box.y0 + down * box.height
    inside = glyph.contains_points(np.column_stack([x.ravel(), y.ravel()]))
    return inside.reshape(size, detail, size, detail).mean(axis=(1, 3))


def _grey_digit(image: np.ndarray | None) -> np.ndarray:
    """Return `image` scaled to [0, 1], or the drawn digit where there is none."""
    if image is None:
        return _drawn_digit()
    image = numbers("image", image, 2)
    if len(image) != max(STEPS):
        raise ValueError(f"image must have one row per step, {max(STEPS)}, got {len(image)}")
    return as_grey(image)


def _row_being_read(
    sketch: Sketch, x: float, y: float, image: np.ndarray, row: int, *, size: float = 0.72
) -> None:
    """Show `image` with row number `row` framed and the other rows faint."""
    faint = 0.28 * image
    faint[row - 1] = image[row - 1]
    sketch.image(x, y, faint, size=size)
    height = size / len(image)
    corner = (x - size / 2, y + size / 2 - row * height)
    frame(sketch.ax, corner, size, height, INK, linewidth=1.3, zorder=FRAMES)


def rnn_rolled_unrolled(image: np.ndarray | None = None, *, ax: Axes | None = None) -> Figure:
    """Draw the basic RNN as a loop, and unrolled over the rows of a digit.

    Left, the loop: x_t enters h_t through W, and h_t feeds itself through U. Right, its steps 1, 2,
    3 and 16 side by side, from h_0 = 0, each above the digit with the row that is read framed;
    the same W and U at every step. Only h_16 is read out, through W_y, to the logits y.

    Parameters
    ----------
    image : array (16, columns), optional
        The digit being read, 0 for paper; a typeface's 3 by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where `image` is not one finite digit of 16 rows.
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


def gradient_through_time(image: np.ndarray | None = None, *, ax: Axes | None = None) -> Figure:
    """Draw the unrolled basic RNN with the gradient that flows back through it.

    From below: the digit with the row that is read framed, the rows x_1, x_2, x_3 and x_16, the
    states h_1 to h_16, joined to the right by U, and above the last one the logits y and the loss.
    Above each state stands its gradient, delta_t; dashed arrows lead from the loss to delta_16 and
    from there back, to the left, one Jacobian J_t for each step.

    Parameters
    ----------
    image : array (16, columns), optional
        The digit being read, 0 for paper; a typeface's 3 by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where `image` is not one finite digit of 16 rows.
    """
    image = _grey_digit(image)
    with house_style():
        sketch = Sketch(4.7, ax)
        states, gradients = [], []
        for step, x in zip(STEPS, (1.15, 2.4, 3.65, 5.3), strict=True):
            state = sketch.box(x, 2.3, f"$h_{{{step}}}$", "hidden")
            _weighted(sketch, _input(sketch, x, 1.35, image, step), state, "$W$")
            states.append(state)
            gradients.append(sketch.box(x, 3.4, rf"$\delta_{{{step}}}$", "error"))
        _chain(sketch, states, "$U$")
        for earlier, later, step in zip(gradients, gradients[1:], STEPS[1:], strict=False):
            _back(sketch, later, earlier, f"$J_{{{step}}}$", dots=step == STEPS[-1])

        loss = sketch.box(6.8, 2.3, "loss", "output", width=0.74, size=TEXT)
        sketch.arrow(states[-1].right(), loss.left())
        sketch.text((states[-1].right()[0] + loss.left()[0]) / 2, 2.49, "$y$", size=MATHS)
        sketch.arrow(loss.top(), (loss.x, 3.4), gradients[-1].right(), role="error", dashed=True)
        sketch.text(0.82, 4.2, "backward: the gradient of the loss by each state", ha="left")
        return sketch.figure


def carried_state(*, ax: Axes | None = None) -> Figure:
    """Draw the basic RNN over a sequence of three steps that is padded to five.

    From below: the mask m_t, 1 at the first three steps and 0 at the other two; the inputs x_1,
    x_2 and x_3 and two boxes of padding, which lead nowhere; the states h_1, h_2 and h_3, joined
    by U. Dashed arrows carry h_3 over the padding, and the logits y are read from it there.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        sketch = Sketch(4.1, ax)
        read, carried = [], []
        for step, x in enumerate((1.0, 2.1, 3.2, 4.75, 6.45), start=1):
            valid = step <= 3
            sketch.text(x, 0.55, f"$m_{step} = {int(valid)}$", size=MATHS)
            row = sketch.box(x, 1.2, f"$x_{step}$" if valid else "0", "input")
            if valid:
                read.append(sketch.box(x, 2.3, f"$h_{step}$", "hidden"))
                _weighted(sketch, row, read[-1], "$W$")
            else:
                same = f"$h_{step} = h_3$"
                carried.append(sketch.box(x, 2.3, same, "hidden", width=1.2))
        for earlier, later in pairwise(read):
            sketch.arrow(earlier.right(), later.left())
            sketch.text((earlier.x + later.x) / 2, 2.49, "$U$", size=MATHS)
        for earlier, later in pairwise([read[-1], *carried]):
            sketch.arrow(earlier.right(), later.left(), role="hidden", dashed=True)
        logits = sketch.box(carried[-1].x, 3.45, "$y$", "output")
        _weighted(sketch, carried[-1], logits, "$W_y$")
        sketch.text(0.67, 3.45, "a sequence of three steps", ha="left")
        sketch.text(3.75, 3.45, "padding: not read,\nthe state is carried", ha="left")
        return sketch.figure


def _back(sketch: Sketch, later: Node, earlier: Node, jacobian: str, *, dots: bool) -> None:
    """Lead the gradient back by one step, or past dots, with the Jacobian above."""
    start, end = later.left(), earlier.right()
    middle = (start[0] + end[0]) / 2
    if not dots:
        sketch.arrow(start, end, role="error", dashed=True)
        sketch.text(middle, start[1] + 0.19, jacobian, size=MATHS)
        return
    sketch.arrow(start, (middle + 0.16, start[1]), role="error", dashed=True, head=False)
    sketch.text(middle, start[1], r"$\cdots$", size=MATHS)
    sketch.arrow((middle - 0.16, end[1]), end, role="error", dashed=True)
    sketch.text(middle + 0.3, start[1] + 0.19, jacobian, size=MATHS)


def bidirectional(
    image: np.ndarray | None = None, *, wrong_read_out: bool = False, ax: Axes | None = None
) -> Figure:
    """Draw the RNN that reads a digit in both directions, unrolled.

    In the middle the rows x_1, x_2, x_3 and x_16, above them the chain of forward states, which
    runs to the right, below them that of backward states, which runs to the left. The read-out
    y takes the forward state at row 16 and the backward state at row 1: both have read all rows.
    The wrong read-out takes the backward state at row 16, along a dashed line. The equation of
    either stands above it.

    Parameters
    ----------
    image : array (16, columns), optional
        The digit being read, 0 for paper; a typeface's 3 by default.
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
        Where `image` is not one finite digit of 16 rows.
    """
    image = _grey_digit(image)
    with house_style():
        sketch = Sketch(4.7, ax)
        forwards, backwards = [], []
        for step, x in zip(STEPS, (0.8, 2.15, 3.5, 5.2), strict=True):
            row = sketch.box(x, 2.45, f"$x_{{{step}}}$", "input")
            _row_being_read(sketch, x + 0.67, 2.45, image, step, size=0.5)
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
        last = "16" if wrong_read_out else "1"
        joined = rf"[\,\overrightarrow{{h}}_{{16}}, \overleftarrow{{h}}_{{{last}}}]"
        sketch.text(7.18, 4.2, f"$y = {joined}\\, W_y + b_y$", size=MATHS, ha="right")
        if wrong_read_out:
            _join_wrong_backward_state(sketch, backwards, logits)
        else:
            _join_backward_state(sketch, backwards[0], logits)
        return sketch.figure


def _join_backward_state(sketch: Sketch, first: Node, logits: Node) -> None:
    corners = (first.x, 0.7), (logits.x, 0.7)
    sketch.arrow(first.bottom(), *corners, logits.bottom(), role="backward")
    sketch.text(0.47, 0.42, "backward: reads rows 16, 15, ..., 1", ha="left")


def _join_wrong_backward_state(sketch: Sketch, backwards: list[Node], logits: Node) -> None:
    first, *_, last = backwards
    sketch.arrow(last.right(), (logits.x, last.y), logits.bottom(), role="error", dashed=True)
    colour = ROLES["error"].line
    sketch.text(last.x, 0.62, "wrong: has read\nrow 16 only", colour=colour)
    sketch.text(first.left()[0], 0.62, "has read all 16 rows,\nand is not used", ha="left")


def deep(image: np.ndarray | None = None, *, ax: Axes | None = None) -> Figure:
    """Draw two recurrent layers, the second reading the states of the first, unrolled.

    From below: the digit with the row that is read framed, the rows x_1, x_2, x_3 and x_16, the
    states of layer 1, those of layer 2, and above its last state alone the read-out y. Each layer
    has weights of its own, W and U with the layer's number.

    Parameters
    ----------
    image : array (16, columns), optional
        The digit being read, 0 for paper; a typeface's 3 by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where `image` is not one finite digit of 16 rows.
    """
    image = _grey_digit(image)
    with house_style():
        sketch = Sketch(5.25, ax)
        lower, upper = [], []
        for step, x in zip(STEPS, (1.6, 3.0, 4.4, 6.45), strict=True):
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
        sketch.text(5.95, 4.6, "read from the top layer's last state", ha="right")
        return sketch.figure


def deep_places(*, ax: Axes | None = None) -> Figure:
    """Draw the three places inside a recurrent step where layers can be added.

    Three recurrent steps side by side, x_t below, h_t with its loop, y_t above: with more layers
    between x_t and h_t, within the loop, and between h_t and y_t.

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
