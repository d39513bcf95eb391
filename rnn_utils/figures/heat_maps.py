"""What happens in a network while it reads a digit, row beside row: heat maps and bars."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from rnn_utils.figures.inputs import (
    as_grey,
    check_at_least,
    class_numbers,
    distribution,
    named,
    numbers,
)
from rnn_utils.figures.style import (
    GATE_SCALE,
    INK,
    OUTPUT_SCALE,
    PADDING,
    PAPER,
    ROLES,
    RULE,
    SMALL,
    STATE_SCALE,
    axes_or_new,
    fraction,
    frame,
    house_style,
    picture,
)

Bounds = tuple[float, float, float, float]  # left, bottom, width, height as shares of the host

_BLOCK_HEIGHT = 2.3  # inches: title, map, its horizontal label and colour bar
_MAP_TOP, _MAP_BOTTOM = 0.87, 0.27  # of a block's height


def gates(
    values: Mapping[str, np.ndarray],
    image: np.ndarray | None = None,
    *,
    columns: int = 3,
    ax: Axes | None = None,
) -> Figure:
    """Show what gates and states do over time, each row beside the row of the digit being read.

    Values within 0 and 1 have a scale from 0 to 1; others have one that is symmetric around 0.

    Parameters
    ----------
    values : mapping of str to array (steps, units)
        One heat map each; the key is its title and may hold mathtext, ``"forget gate $f_t$"``.
    image : array (steps, width), optional
        The digit: its row t is read at step t.
    columns : int
        Heat maps in a row.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the heat maps are laid out inside it.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where there is nothing to show, an array is not two-dimensional and finite, or the
        arrays and the image differ in steps.
    """
    values = named("values", values, 2)
    check_at_least("columns", columns, 1)
    image = _image_of_steps(image, values)
    columns = min(columns, len(values))
    n_rows = -(-len(values) // columns)
    start = 0.08 if image is None else 0.28
    pitch = (1 - start) / columns
    height = (_MAP_TOP - _MAP_BOTTOM) / n_rows
    with house_style():
        ax = axes_or_new(ax, n_rows * _BLOCK_HEIGHT + 2 * PADDING, layout=None)
        ax.set_axis_off()
        for place, (name, map_) in enumerate(values.items()):
            row, column = divmod(place, columns)
            bottom = (n_rows - 1 - row + _MAP_BOTTOM) / n_rows
            bounds = (start + column * pitch, bottom, pitch - 0.025, height)
            panel = _heat_map(ax, bounds, map_, name)
            if column == 0:
                first = panel if image is None else _panel(ax, (0.08, bottom, 0.18, height), image)
                _number_the_rows(first, len(map_))
        return ax.figure


def class_probabilities(
    probabilities: np.ndarray,
    image: np.ndarray | None = None,
    label: int | None = None,
    *,
    ax: Axes | None = None,
) -> Figure:
    """Show how the probability of each class changes as the rows of a digit arrive.

    Parameters
    ----------
    probabilities : array (steps, n_classes)
        What a model gives each class after each row; each row sums to 1.
    image : array (steps, width), optional
        The digit: its row t is read at step t.
    label : int, optional
        The true class, to be framed.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the panels are laid out inside it.

    Returns
    -------
    matplotlib.figure.Figure
        In each row of the heat map the likeliest class bears its probability.

    Raises
    ------
    ValueError
        Where rows do not sum to 1, the image has another number of rows or the label is no class.
    """
    probabilities = distribution("probabilities", probabilities)
    steps, n_classes = probabilities.shape
    if label is not None:
        label = int(class_numbers("label", [label], n_classes)[0])
    image = _image_of_steps(image, {"probabilities": probabilities})
    with house_style():
        ax = axes_or_new(ax, 4.6, layout=None)
        ax.set_axis_off()
        left = 0.53 if image is not None else 0.08
        panel = _panel(ax, (left, 0.14, 0.985 - left, 0.84), probabilities, OUTPUT_SCALE)
        for step, row in enumerate(probabilities):
            likeliest = row.argmax()
            style = {"color": PAPER if row[likeliest] > 0.65 else INK, "size": SMALL}
            text = fraction(row[likeliest])
            panel.text(likeliest, step, text, ha="center", va="center", **style)
        panel.set(xticks=range(n_classes), xlabel="class")
        panel.tick_params(length=0)
        if label is not None:
            frame(panel, (label - 0.5, -0.5), 1, steps, INK, linewidth=1.6, zorder=3)
            panel.get_xticklabels()[label].set(weight="bold")
        first = panel if image is None else _panel(ax, (0.08, 0.14, 0.43, 0.84), image)
        _number_the_rows(first, steps)
        return ax.figure


def reading(
    image: np.ndarray, chances: Mapping[str, np.ndarray], *, ax: Axes | None = None
) -> Figure:
    """Show how several networks read one digit: their class probabilities after each row.

    Parameters
    ----------
    image : array (steps, width)
        The digit: its row t is read at step t.
    chances : mapping of str to array (steps, n_classes)
        What each network gives each class after each row; each row sums to 1.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the panels are laid out inside it.

    Returns
    -------
    matplotlib.figure.Figure
        A dot marks the likeliest class of each row.

    Raises
    ------
    ValueError
        Where there is nothing to show, rows do not sum to 1, or a network and the image differ in
        steps.
    """
    chances = {
        name: distribution(f"chances[{name!r}]", p)
        for name, p in named("chances", chances, 2).items()
    }
    image = _image_of_steps(numbers("image", image, 2), chances)
    start = 0.07
    pitch = (1 - start) / (1 + len(chances))
    bounds = [(start + place * pitch, 0.15, pitch - 0.02, 0.7) for place in range(1 + len(chances))]
    with house_style():
        ax = axes_or_new(ax, 2.5, layout=None)
        ax.set_axis_off()
        first = _panel(ax, bounds[0], image)
        first.set_title("the digit", size=SMALL, pad=4)
        _number_the_rows(first, len(image))
        for place, (name, p) in zip(bounds[1:], chances.items(), strict=True):
            panel = _panel(ax, place, p, OUTPUT_SCALE)
            panel.set_title(name, size=SMALL, pad=4)
            best = p.argmax(axis=1)
            sure = p.max(axis=1) > 0.55
            panel.scatter(best, range(len(p)), s=7, c=np.where(sure, PAPER, INK))
            panel.set(xlim=(-0.5, p.shape[1] - 0.5), ylim=(len(p) - 0.5, -0.5))
            panel.set_xticks(range(p.shape[1]))
            panel.tick_params(length=0, pad=2)
            panel.set_xlabel("class", size=SMALL, labelpad=2)
        return ax.figure


def row_strengths(
    strengths: Mapping[str, np.ndarray], image: np.ndarray, *, ax: Axes | None = None
) -> Figure:
    """Show how much each row of a digit counts, by bars beside the digit.

    Parameters
    ----------
    strengths : mapping of str to array (steps,)
        0 or more, one panel each, for instance one per network; its longest bar fills the panel.
    image : array (steps, width)
        The digit: its row t is read at step t.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the panels are laid out inside it.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where there is nothing to show, a strength is negative or not finite, or the strengths and
        the image differ in steps.
    """
    strengths = named("strengths", strengths, 1)
    for name, values in strengths.items():
        if values.min() < 0:
            raise ValueError(f"strengths[{name!r}] holds {values.min():g}; 0 is the least")
    image = _image_of_steps(image, strengths)
    steps = len(image)
    start = 0.3
    pitch = (1 - start) / len(strengths)
    with house_style():
        ax = axes_or_new(ax, 2.7, layout=None)
        ax.set_axis_off()
        for place, (name, values) in enumerate(strengths.items()):
            panel = ax.inset_axes((start + place * pitch, 0.06, pitch - 0.025, 0.8))
            panel.barh(range(steps), values, color=ROLES["hidden"].line)
            longest = values.max() or 1.0
            panel.set(xlim=(0, 1.05 * longest), ylim=(steps - 0.5, -0.5), xticks=[], yticks=[])
            panel.spines[:].set(visible=True, color=RULE)
            panel.set_title(name, size=SMALL, pad=4)
        _number_the_rows(_panel(ax, (0.08, 0.06, 0.2, 0.8), image), steps)
        return ax.figure


def _image_of_steps(image: np.ndarray | None, maps: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Check that image and maps have equally many rows, and return the image as grey values."""
    lengths = {name: len(map_) for name, map_ in maps.items()}
    if image is not None:
        image = as_grey(numbers("image", image, 2))
        lengths["image"] = len(image)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"one row per time step is needed everywhere, got {lengths}")
    return image


def _panel(
    host: Axes,
    bounds: Bounds,
    values: np.ndarray,
    scale: str | Colormap = "gray_r",
    limits: tuple[float, float] = (0, 1),
) -> Axes:
    """Draw an array inside `host`, its rows downwards in time."""
    panel = host.inset_axes(bounds)
    picture(panel, values, scale, limits, aspect="auto")
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set(visible=True, color=RULE)
    return panel


def _heat_map(host: Axes, bounds: Bounds, values: np.ndarray, title: str) -> Axes:
    """Draw (steps, units) as a panel with its name above and a colour bar below."""
    if values.min() >= 0 and values.max() <= 1:
        scale, limits = GATE_SCALE, (0, 1)
    else:
        furthest = max(1.0, np.abs(values).max())
        scale, limits = STATE_SCALE, (-furthest, furthest)
    panel = _panel(host, bounds, values, scale, limits)
    panel.set_title(title, pad=4)
    panel.set_xlabel(f"{values.shape[1]} units", size=SMALL, labelpad=3)
    bar_axes = panel.inset_axes((0.2, -0.235, 0.6, 0.05))
    bar = host.figure.colorbar(panel.images[0], cax=bar_axes, orientation="horizontal")
    ends = [f"{end:.3g}".replace("-", "\N{MINUS SIGN}") for end in limits]
    bar.set_ticks(limits, labels=ends)
    bar.ax.tick_params(length=0, pad=2)
    bar.outline.set(edgecolor=RULE)
    return panel


def _number_the_rows(ax: Axes, steps: int) -> None:
    """Write the number of the first row, from 1, and of every fourth part of the way."""
    every = -(-steps // 4)
    shown = sorted({1, *range(every, steps + 1, every)})
    ax.set_yticks([step - 1 for step in shown], shown)
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("row = time step")
