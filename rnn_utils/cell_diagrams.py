"""Diagrams of the gated cells: each row of a diagram is an equation of the text."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnn_utils.sketch import Node, Point, Sketch
from rnn_utils.style import MATHS, TEXT, house_style

TIMES = r"$\times$"
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
