"""Heat maps of what happens in a network while it reads a digit, row beside row."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rnn_utils.figures.inputs import as_grey, class_numbers, distribution, named, numbers
from rnn_utils.figures.style import (
    GATE_SCALE,
    INK,
    OUTPUT_SCALE,
    PADDING,
    PAPER,
    RULE,
    SMALL,
    STATE_SCALE,
    axes_or_new,
    fraction,
    house_style,
)

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
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    image = _image_of_steps(image, values)
    columns = min(columns, len(values))
    n_rows = -(-len(values) // columns)
    with house_style():
        ax = axes_or_new(ax, n_rows * _BLOCK_HEIGHT + 2 * PADDING, layout=None)
        ax.set_axis_off()
        for place, (name, map_) in enumerate(values.items()):
            row, column = divmod(place, columns)
            left, width, bottom, height = _block(row, column, n_rows, columns, image is not None)
            panel = ax.inset_axes((left, bottom, width, height))
            _heat_map(panel, map_, name)
            if column == 0:
                first = panel if image is None else _digit_beside(ax, image, bottom, height)
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
        panel = ax.inset_axes((left, 0.14, 0.985 - left, 0.84))
        panel.imshow(
            probabilities, cmap=OUTPUT_SCALE, vmin=0, vmax=1, aspect="auto", interpolation="none"
        )
        for step, row in enumerate(probabilities):
            likeliest = row.argmax()
            colour = PAPER if row[likeliest] > 0.65 else INK
            panel.text(
                likeliest,
                step,
                fraction(row[likeliest]),
                color=colour,
                size=SMALL,
                ha="center",
                va="center",
            )
        panel.set_xticks(range(n_classes))
        panel.set_yticks([])
        panel.set_xlabel("class")
        panel.tick_params(length=0)
        panel.spines[:].set(visible=True, color=RULE)
        if label is not None:
            _frame_class(panel, label, steps)
        first = panel
        if image is not None:
            first = _digit_beside(ax, image, 0.14, 0.84, left=0.08, width=0.43)
        _number_the_rows(first, steps)
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


def _block(
    row: int, column: int, n_rows: int, columns: int, with_digit: bool
) -> tuple[float, float, float, float]:
    """Return left, width, bottom and height of a heat map, as shares of the host axes."""
    start = 0.28 if with_digit else 0.08
    pitch = (1 - start) / columns
    bottom = (n_rows - 1 - row + _MAP_BOTTOM) / n_rows
    return start + column * pitch, pitch - 0.025, bottom, (_MAP_TOP - _MAP_BOTTOM) / n_rows


def _heat_map(ax: Axes, values: np.ndarray, title: str) -> None:
    """Draw (steps, units) downwards in time, with a colour bar below."""
    if values.min() >= 0 and values.max() <= 1:
        scale, low, high = GATE_SCALE, 0.0, 1.0
    else:
        scale, high = STATE_SCALE, max(1.0, np.abs(values).max())
        low = -high
    shown = ax.imshow(values, cmap=scale, vmin=low, vmax=high, aspect="auto", interpolation="none")
    ax.set_title(title, pad=4)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(f"{values.shape[1]} units", size=SMALL, labelpad=3)
    ax.spines[:].set(visible=True, color=RULE)
    bar = ax.figure.colorbar(
        shown, cax=ax.inset_axes((0.2, -0.235, 0.6, 0.05)), orientation="horizontal"
    )
    ends = [f"{end:.3g}".replace("-", "\N{MINUS SIGN}") for end in (low, high)]
    bar.set_ticks([low, high], labels=ends)
    bar.ax.tick_params(length=0, pad=2)
    bar.outline.set(edgecolor=RULE)


def _digit_beside(
    host: Axes,
    image: np.ndarray,
    bottom: float,
    height: float,
    *,
    left: float = 0.08,
    width: float = 0.18,
) -> Axes:
    """Draw the digit so that its rows are level with the rows of the heat maps."""
    ax = host.inset_axes((left, bottom, width, height))
    ax.imshow(image, cmap="gray_r", vmin=0, vmax=1, aspect="auto", interpolation="none")
    ax.set_xticks([])
    ax.spines[:].set(visible=True, color=RULE)
    return ax


def _number_the_rows(ax: Axes, steps: int) -> None:
    """Write the number of the first row, from 1, and of every fourth part of the way."""
    every = -(-steps // 4)
    shown = sorted({1, *range(every, steps + 1, every)})
    ax.set_yticks([step - 1 for step in shown], shown)
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("row = time step")


def _frame_class(ax: Axes, label: int, steps: int) -> None:
    ax.add_patch(
        Rectangle((label - 0.5, -0.5), 1, steps, fill=False, edgecolor=INK, linewidth=1.6, zorder=3)
    )
    tick = ax.get_xticklabels()[label]
    tick.set(weight="bold")
