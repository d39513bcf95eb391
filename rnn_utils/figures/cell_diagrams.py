"""Diagrams of the gated cells: each row of a diagram is an equation of the text."""

from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnn_utils.figures.sketch import Node, Parts, Point, Sketch
from rnn_utils.figures.style import MATHS, TEXT, house_style

TIMES = r"$\times$"
LSTM_PARTS = ("forget", "input", "cell", "output")
GRU_PARTS = ("reset", "update", "candidate", "state")

_X_BUS, _H_BUS = 1.3, 1.55  # where the lines run that carry x_t and h_{t-1} to the gates
_ASIDE = 0.11  # how far from the middle of a gate's side they enter it


def lstm_cell(highlight: str | None = None, *, ax: Axes | None = None) -> Figure:
    """Draw the LSTM cell: rows that act, one below the other, on the cell state at the right.

    From the left x_t and h_{t-1} enter four boxes, each of which holds its equation: the forget
    gate f_t, the input gate i_t, the candidate and, lower down, the output gate o_t. At the right
    the cell state runs downwards: c_{t-1} is multiplied by f_t, the candidate times i_t is added,
    which makes c_t; its tanh, multiplied by o_t, is h_t.

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
        forget = _equation(sketch, 4.95, r"f_t = \sigma", "f", "gate", ("forget",))
        let_in = _equation(sketch, 4.1, r"i_t = \sigma", "i", "gate", ("input",))
        candidate = _equation(sketch, 3.25, r"\tilde c_t = \tanh", "c", "memory", ("input",))
        let_out = _equation(sketch, 1.3, r"o_t = \sigma", "o", "gate", ("output",))
        fed = (forget, let_in, candidate, let_out)
        _feed(sketch, x, _X_BUS, "input", [(node, -_ASIDE) for node in fed])
        _feed(sketch, h, _H_BUS, "hidden", [(node, _ASIDE) for node in fed])
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

    From the left x_t and h_{t-1} enter the update gate z_t and the reset gate r_t, each a box that
    holds its equation, and below them the parts of the candidate, which r_t acts on. At the right
    the old state runs downwards, multiplied by z_t, and the candidate times 1 - z_t is added.
    With `reset_after` the candidate has a second bias, inside the reset, written b'_h
    (`b_r_h` in `rnn_utils.networks.cells`).

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
        update = _equation(sketch, 4.35, r"z_t = \sigma", "z", "gate", ("update",))
        reset = _equation(sketch, 3.4, r"r_t = \sigma", "r", "gate", ("reset",))
        from_x, from_h, candidate = _gru_candidate(sketch, x.y, reset, reset_after=reset_after)
        to_x = [(from_x, 0), (update, -_ASIDE), (reset, -_ASIDE)]
        to_h = [(from_h, 0), (update, _ASIDE), (reset, _ASIDE)]
        _feed(sketch, x, _X_BUS, "input", to_x)
        _feed(sketch, h, _H_BUS, "hidden", to_h, passes_on=("state",))
        _mix_states(sketch, h, update, candidate)
        return sketch.figure


def _gru_candidate(
    sketch: Sketch, x_level: float, reset: Node, *, reset_after: bool
) -> tuple[Node, Node, Node]:
    """Draw the candidate state, with the reset gate before or after the recurrent product.

    Returns
    -------
    tuple of (Node, Node, Node)
        What x_t enters, what h_{t-1} enters, and the box that the candidate leaves.
    """
    parts = ("candidate",)
    y = 2.2
    if reset_after:
        text, at, gate_at = r"$h_{t-1} U_h + b_h^{\prime}$", 2.7, 3.8
    else:
        text, at, gate_at = r"$(r_t \odot h_{t-1})\,U_h$", 3.27, 2.15
    product = sketch.box(at, y, text, "hidden", width=1.44, size=MATHS - 1, parts=parts)
    forget = sketch.op(gate_at, y, TIMES, "hidden", parts=parts)
    first, second = (product, forget) if reset_after else (forget, product)
    add = sketch.op(4.36, y, "+", "hidden", parts=parts)
    squash = sketch.box(5.05, y, "tanh", "hidden", size=TEXT, parts=parts)
    from_x = sketch.box(
        2.7, x_level, "$x_t W_h + b_h$", "input", width=1.44, size=MATHS - 1, parts=parts
    )
    sketch.arrow(first.right(), second.left(), role="hidden", parts=parts)
    sketch.arrow(second.right(), add.left(), role="hidden", parts=parts)
    gate_wire = reset.bottom(gate_at - reset.x), forget.top()
    sketch.arrow(*gate_wire, role="gate", parts=("reset", "candidate"))
    sketch.arrow(from_x.right(), (add.x, x_level), add.bottom(), role="input", parts=parts)
    sketch.arrow(add.right(), squash.left(), role="hidden", parts=parts)
    return from_x, first, squash


def _mix_states(sketch: Sketch, h: Node, update: Node, candidate: Node) -> None:
    """Draw the update gate sharing out the new state between the old one and the candidate."""
    parts = ("state",)
    lane, aside = 6.85, 5.98
    keep = sketch.op(lane, update.y, TIMES, "hidden", parts=parts)
    rest = sketch.op(aside, 3.3, "$1{-}$", "gate", radius=0.21, parts=parts)
    write = sketch.op(aside, candidate.y, TIMES, "hidden", parts=parts)
    add = sketch.op(lane, candidate.y, "+", "hidden", parts=parts)
    new = sketch.box(lane, 0.5, "$h_t$", "hidden", parts=parts)
    sketch.arrow((_H_BUS, h.y), (lane, h.y), keep.top(), role="hidden", parts=parts)
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


def _equation(sketch: Sketch, y: float, start: str, letter: str, role: str, parts: Parts) -> Node:
    """Draw a box that holds its equation: `start`, then the sum with the weights of `letter`."""
    terms = rf"x_t W_{letter} + h_{{t-1}} U_{letter} + b_{letter}"
    text = f"${start}({terms})$"
    return sketch.box(3.63, y, text, role, width=3.3, height=0.54, parts=parts)


def _feed(
    sketch: Sketch,
    source: Node,
    bus: float,
    role: str,
    goals: list[tuple[Node, float]],
    *,
    passes_on: Parts = (),
) -> None:
    """Lead a wire from `source` to a bus, along it up and down, and off it to each goal.

    Each goal comes with how far above the middle of its side it is met. A stretch of wire is drawn
    once, and shown where a goal beyond it is; the first stretch also where it passes on to a part
    of `passes_on`.
    """
    ends = [(node.left(shift), node.parts) for node, shift in goals]
    everywhere = (*_parts_of(ends), *passes_on)
    sketch.arrow(source.right(), (bus, source.y), role=role, head=False, parts=everywhere)
    sketch.dot(bus, source.y, role, parts=everywhere)
    for end, parts in ends:
        sketch.dot(bus, end[1], role, parts=parts)
        sketch.arrow((bus, end[1]), end, role=role, parts=parts)
    for direction in (1, -1):
        ahead = sorted(
            (end for end in ends if direction * (end[0][1] - source.y) > 0),
            key=lambda end: direction * end[0][1],
        )
        levels = [source.y, *(end[1] for end, _ in ahead)]
        for passed, (start, stop) in enumerate(pairwise(levels)):
            stretch = (bus, start), (bus, stop)
            sketch.arrow(*stretch, role=role, head=False, parts=_parts_of(ahead[passed:]))


def _parts_of(ends: list[tuple[Point, Parts]]) -> Parts:
    return tuple(part for _, parts in ends for part in parts)


def _check_part(highlight: str | None, parts: Parts) -> None:
    if highlight is not None and highlight not in parts:
        raise ValueError(f"unknown part {highlight!r}: highlight one of {parts}, or None for all")
