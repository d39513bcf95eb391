"""Plots of what a network reads, how it learns and where it errs.

Each function takes plain arrays and an optional `ax`, draws in the book's style and returns the
figure. None goes through pyplot, so a notebook shows a figure once, where it is asked to.
Arrays may be anything that NumPy reads as such.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from rnn_utils.style import (
    CURVES,
    GATE_SCALE,
    INK,
    OUTPUT_SCALE,
    PADDING,
    PAPER,
    QUIET,
    ROLES,
    RULE,
    SMALL,
    STATE_SCALE,
    axes_or_new,
    blend,
    house_style,
)


def digits(
    images: np.ndarray | Mapping[str, np.ndarray],
    labels: Sequence | None = None,
    *,
    columns: int = 10,
    ax: Axes | None = None,
) -> Figure:
    """Show digits as ink on paper, in a grid.

    Parameters
    ----------
    images : array (n, height, width), or mapping of str to such arrays
        Grey values, 0 for paper; each array is scaled by its own largest value. A mapping shows
        one row per entry, named by its key: several versions of the same n digits, which may
        differ in height and width.
    labels : sequence of n, optional
        What to write above each digit (with a mapping: above each column).
    columns : int
        Digits in a row when `images` is one array.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where an array is empty, is not three-dimensional or holds NaN, where the rows of a
        mapping or the labels differ in number.
    """
    if isinstance(images, Mapping):
        rows = {name: _numbers(f"images[{name!r}]", stack, 3) for name, stack in images.items()}
        lengths = {len(stack) for stack in rows.values()}
        if len(lengths) != 1:
            raise ValueError(f"each row of images must hold equally many digits, got {lengths}")
        (columns,) = lengths
        flat = [image for stack in rows.values() for image in _as_grey(stack)]
        headings = _labels_for(labels, columns)
    else:
        rows = {}
        flat = list(_as_grey(_numbers("images", images, 3)))
        if columns < 1:
            raise ValueError(f"columns must be at least 1, got {columns}")
        columns = min(columns, len(flat))
        headings = _labels_for(labels, len(flat))
    with house_style():
        return _digit_grid(flat, headings, list(rows), columns, ax)


def worst(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    count: int = 10,
    columns: int = 5,
    ax: Axes | None = None,
) -> Figure:
    """Show the digits whose true class a model finds least likely, the worst first.

    Parameters
    ----------
    images : array (n, height, width)
        Grey values, 0 for paper.
    labels : array (n,) of int
        The true classes.
    probabilities : array (n, n_classes)
        What the model gives each class; each row sums to 1.
    count : int
        How many digits to show, if there are as many.
    columns : int
        Digits in a row.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Each digit with its class, the model's reading of it and the probability of that reading.

    Raises
    ------
    ValueError
        Where shapes or lengths disagree, rows do not sum to 1 or a label names no class.
    """
    images = _numbers("images", images, 3)
    probabilities = _distribution("probabilities", probabilities)
    labels = _class_numbers("labels", labels, probabilities.shape[1])
    if not len(images) == len(labels) == len(probabilities):
        raise ValueError(
            "images, labels and probabilities must be equally many, got "
            f"{len(images)}, {len(labels)} and {len(probabilities)}"
        )
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    of_truth = probabilities[np.arange(len(labels)), labels]
    order = np.argsort(of_truth, kind="stable")[:count]
    readings = probabilities[order].argmax(axis=1)
    captions = [
        f"true {labels[i]}, read as {reading}\np = {probabilities[i, reading]:.2f}"
        for i, reading in zip(order, readings, strict=True)
    ]
    return digits(images[order], captions, columns=columns, ax=ax)


def convergence(
    curves: Mapping[str, np.ndarray],
    *,
    references: Mapping[str, float] | None = None,
    roles: Mapping[str, str] | None = None,
    xlabel: str = "iteration",
    ylabel: str = "training loss",
    log: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """Plot one value per iteration, each curve labelled where it ends.

    Parameters
    ----------
    curves : mapping of str to array (iterations,)
        For instance the loss of each model. At most six.
    references : mapping of str to float, optional
        Horizontal lines to compare with, such as ``{"fair guess, ln 10": np.log(10)}``.
    roles : mapping of str to str, optional
        A role of `rnn_utils.style.ROLES` for a curve with a meaning, ``"error"`` for instance.
    xlabel, ylabel : str
        What the axes measure.
    log : bool
        Whether the vertical axis is logarithmic.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where a curve is empty, not one-dimensional or not finite, where a logarithmic axis meets
        a value that is not positive, or where a role or its curve is unknown.
    """
    curves = {name: _numbers(f"curves[{name!r}]", curve, 1) for name, curve in curves.items()}
    looks = _looks(curves, roles)
    references = _references(references)
    if log:
        _require_positive(curves | references)
    with house_style():
        ax = axes_or_new(ax, 4.2)
        for name, curve in curves.items():
            ax.plot(_iterations(len(curve)), curve, **looks[name])
        ends = [
            _End(len(curve), curve[-1], name, looks[name]["color"])
            for name, curve in curves.items()
        ]
        _finish_curves(ax, ends, references, xlabel, ylabel, log)
        return ax.figure


def band(
    runs: Mapping[str, np.ndarray],
    *,
    quantiles: tuple[float, float] = (0.0, 1.0),
    references: Mapping[str, float] | None = None,
    roles: Mapping[str, str] | None = None,
    xlabel: str = "iteration",
    ylabel: str = "training loss",
    log: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """Plot the mean over seeds as a line, and the spread over seeds as a band around it.

    Parameters
    ----------
    runs : mapping of str to array (seeds, iterations)
        One row per repetition. At most six entries.
    quantiles : (float, float)
        Between which quantiles over the seeds the band lies; (0, 1) is lowest to highest.
    references, roles, xlabel, ylabel, log, ax
        As in `convergence`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        As in `convergence`, or where `quantiles` do not ascend within 0 and 1.
    """
    low, high = quantiles
    if not 0 <= low < high <= 1:
        raise ValueError(f"quantiles must ascend within 0 and 1, got {quantiles}")
    runs = {name: _numbers(f"runs[{name!r}]", values, 2) for name, values in runs.items()}
    looks = _looks(runs, roles)
    references = _references(references)
    if log:
        _require_positive(runs | references)
    with house_style():
        ax = axes_or_new(ax, 4.2)
        ends = []
        for name, values in runs.items():
            colour = looks[name]["color"]
            iterations = _iterations(values.shape[1])
            bottom, top = np.quantile(values, quantiles, axis=0)
            ax.fill_between(iterations, bottom, top, color=colour, alpha=0.18, linewidth=0)
            mean = values.mean(axis=0)
            ax.plot(iterations, mean, **looks[name])
            ends.append(_End(len(mean), mean[-1], name, colour))
        _finish_curves(ax, ends, references, xlabel, ylabel, log)
        return ax.figure


def confusion(
    matrix: np.ndarray, *, classes: Sequence | None = None, ax: Axes | None = None
) -> Figure:
    """Show which class is read as which.

    Right readings share one pale colour. Mistakes have a scale of their own, up to the most
    frequent one: on a common scale a good model's mistakes would all look like zero.

    Parameters
    ----------
    matrix : array (n_classes, n_classes) of int
        ``matrix[a, b]`` counts the images of class a that are read as b.
    classes : sequence of n_classes, optional
        Their names; 0, 1, 2, ... by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where the matrix is not square, holds anything but counts or counts nothing at all.
    """
    matrix = _counts("matrix", matrix)
    n_classes = len(matrix)
    names = range(n_classes) if classes is None else _labels_for(classes, n_classes)
    mistakes = matrix * (1 - np.eye(n_classes, dtype=int))
    shares = mistakes / max(1, mistakes.max())
    colours = [
        [
            ROLES["hidden"].fill if a == b else _mistake_colour(shares[a, b])
            for b in range(n_classes)
        ]
        for a in range(n_classes)
    ]
    with house_style():
        ax = axes_or_new(ax, 6.4)
        for (a, b), number in np.ndenumerate(matrix):
            ax.add_patch(
                Rectangle(
                    (b - 0.47, a - 0.47), 0.94, 0.94, facecolor=colours[a][b], edgecolor="none"
                )
            )
            ax.text(b, a, f"{number}", **_count_style(a == b, number, shares[a, b]))
        ax.set(xlim=(-0.5, n_classes - 0.5), ylim=(n_classes - 0.5, -0.5), aspect="equal")
        ax.set_xticks(range(n_classes), names)
        ax.set_yticks(range(n_classes), names)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set(xlabel="read as", ylabel="true digit")
        return ax.figure


def scores(
    table: Mapping[str, Sequence[float]],
    *,
    references: Mapping[str, float] | None = None,
    xlabel: str = "test accuracy",
    ax: Axes | None = None,
) -> Figure:
    """Show the accuracy of every run as a dot, with the mean over the seeds.

    Parameters
    ----------
    table : mapping of str to sequence of float
        The accuracies, between 0 and 1, of the runs of each model.
    references : mapping of str to float, optional
        Accuracies found elsewhere to compare with, drawn below as hollow diamonds.
    xlabel : str
        What the horizontal axis measures.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Where there is nothing to show or a value is not between 0 and 1.
    """
    table = {name: _shares(f"table[{name!r}]", runs) for name, runs in table.items()}
    references = {
        name: _shares(f"references[{name!r}]", [value])[0]
        for name, value in (references or {}).items()
    }
    if not table:
        raise ValueError("table is empty: give the accuracies of at least one model")
    names = [*table, *references]
    with house_style():
        ax = axes_or_new(ax, 0.36 * len(names) + 1.0)
        for place, runs in enumerate(table.values()):
            _runs_and_mean(ax, place, runs)
        for place, value in enumerate(references.values(), start=len(table)):
            ax.plot(value, place, "D", markerfacecolor=PAPER, markeredgecolor=QUIET)
            _note_at_right(ax, place, f"{value:.3f}", QUIET)
        if references:
            ax.axhline(len(table) - 0.5, color=QUIET, linewidth=0.8)
        ax.set_yticks(range(len(names)), names)
        ax.set(ylim=(len(names) - 0.5, -0.5), xlabel=xlabel)
        ax.margins(x=0.06)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x")
        return ax.figure


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
    values = {name: _numbers(f"values[{name!r}]", map_, 2) for name, map_ in values.items()}
    if not values:
        raise ValueError("values is empty: give at least one array (steps, units)")
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
    probabilities = _distribution("probabilities", probabilities)
    steps, n_classes = probabilities.shape
    if label is not None:
        label = int(_class_numbers("label", [label], n_classes)[0])
    image = _image_of_steps(image, {"probabilities": probabilities})
    with house_style():
        ax = axes_or_new(ax, 4.1, layout=None)
        ax.set_axis_off()
        left = 0.53 if image is not None else 0.08
        panel = ax.inset_axes((left, 0.14, 0.985 - left, 0.84))
        panel.imshow(
            probabilities, cmap=OUTPUT_SCALE, vmin=0, vmax=1, aspect="auto", interpolation="none"
        )
        for step, row in enumerate(probabilities):
            likeliest = row.argmax()
            colour = PAPER if row[likeliest] > 0.65 else INK
            number = f"{row[likeliest]:.2f}".removeprefix("0")
            panel.text(likeliest, step, number, color=colour, size=SMALL, ha="center", va="center")
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


def animate_convergence(
    curves: Mapping[str, np.ndarray],
    *,
    frames: int = 40,
    interval: float = 100,
    references: Mapping[str, float] | None = None,
    roles: Mapping[str, str] | None = None,
    xlabel: str = "iteration",
    ylabel: str = "training loss",
    log: bool = False,
) -> FuncAnimation:
    """Play `convergence`: the curves grow with the iterations, on axes that stay still.

    Show it with ``HTML(animation.to_jshtml())``; each frame adds some 30 kB to the page.

    Parameters
    ----------
    curves, references, roles, xlabel, ylabel, log
        As in `convergence`.
    frames : int
        Pictures, at least 2; the last one is the whole plot.
    interval : float
        Milliseconds between them.

    Returns
    -------
    matplotlib.animation.FuncAnimation

    Raises
    ------
    ValueError
        As in `convergence`, or where there are fewer than two frames.
    """
    if frames < 2:
        raise ValueError(f"frames must be at least 2, got {frames}")
    figure = convergence(
        curves, references=references, roles=roles, xlabel=xlabel, ylabel=ylabel, log=log
    )
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, or the axes would move between frames
    (ax,) = figure.axes
    whole = [(line, *line.get_data()) for line in ax.lines[: len(curves)]]
    longest = max(len(x) for _, x, _ in whole)
    lengths = np.linspace(min(2, longest), longest, frames).round().astype(int)

    def draw(length: int) -> list[Artist]:
        for line, x, y in whole:
            line.set_data(x[:length], y[:length])
        for note in ax.texts:
            note.arrow_patch.set_visible(length == longest)
        return [*ax.lines, *ax.texts]

    return FuncAnimation(figure, draw, frames=lengths, interval=interval, repeat=False)


# Grids of digits ------------------------------------------------------------------------------


def _digit_grid(
    images: list[np.ndarray],
    headings: list[str],
    row_names: list[str],
    columns: int,
    ax: Axes | None,
) -> Figure:
    """Lay out scaled images in cells one unit wide, headings above them."""
    n_rows = -(-len(images) // columns)
    margin = max((len(name) for name in row_names), default=0) * 0.085  # inches for row names
    cell = min((7.2 - margin) / columns, 1.35)  # inches
    # Headings belong to each digit in a plain grid, to each column where rows have names.
    heading_lines = max((text.count("\n") + 1 for text in headings), default=0)
    heading = 0.2 * heading_lines / cell + 0.06 if headings else 0.0
    pitch = 1.08 if row_names else 1.08 + heading
    height = n_rows * pitch + (heading if row_names else 0.0)
    ax = axes_or_new(ax, height * cell + 0.3)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        left, top = 1.08 * column, row * pitch
        ax.imshow(
            image,
            extent=(left, left + 1, top + 1, top),
            cmap="gray_r",
            vmin=0,
            vmax=1,
            interpolation="none",
        )
        ax.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=RULE, linewidth=0.8))
        if index < len(headings):
            ax.text(left + 0.5, top - 0.05, headings[index], ha="center", va="bottom", size=SMALL)
    ax.set(xlim=(-0.02, 1.08 * columns - 0.06), ylim=(n_rows * pitch - (pitch - 1.02), -heading))
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([row * pitch + 0.5 for row in range(len(row_names))], row_names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax.figure


def _as_grey(stack: np.ndarray) -> np.ndarray:
    """Scale grey values by the largest of the stack, so that 255 and 1.0 are the same ink."""
    return stack / max(stack.max(), np.finfo(float).tiny)


# Curves ---------------------------------------------------------------------------------------


class _End(NamedTuple):
    """Where a curve ends, and what its label says."""

    x: float
    y: float
    text: str
    colour: str


def _iterations(number: int) -> np.ndarray:
    return np.arange(1, number + 1)


def _looks(curves: Mapping[str, np.ndarray], roles: Mapping[str, str] | None) -> dict[str, dict]:
    """Return colour and dashes for each curve, the colour by its role where it has one."""
    if not 1 <= len(curves) <= len(CURVES):
        raise ValueError(
            f"{len(curves)} curves were given; between 1 and {len(CURVES)} can be told apart"
        )
    roles = dict(roles or {})
    for name, role in roles.items():
        if name not in curves:
            raise ValueError(f"roles names {name!r}, which is not among {list(curves)}")
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}: choose from {list(ROLES)}")
    free = iter(look for look in CURVES if look[0] not in {ROLES[r].line for r in roles.values()})
    looks = {}
    for name in curves:
        if name in roles:
            colour = ROLES[roles[name]].line
            dashes = next((dash for line, dash in CURVES if line == colour), "-")
        else:
            colour, dashes = next(free)
        looks[name] = {"color": colour, "linestyle": dashes}
    return looks


def _finish_curves(
    ax: Axes,
    ends: list[_End],
    references: Mapping[str, float],
    xlabel: str,
    ylabel: str,
    log: bool,
) -> None:
    """Add what all plots over iterations share: reference lines, axes, labels at the ends."""
    last = max(end.x for end in ends)
    for value in references.values():
        ax.axhline(value, color=QUIET, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(1, max(last, 2)))
    ax.grid(axis="y")
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_locator(NullLocator())
    elif ax.dataLim.ymin >= 0:
        ax.set_ylim(bottom=0)
    lines = [_End(ax.get_xlim()[1], y, text, QUIET) for text, y in references.items()]
    _label_ends(ax, ends + lines)


def _label_ends(ax: Axes, ends: list[_End]) -> None:
    """Write each label right of the axes, level with its end or as near as its neighbours let."""
    ax.set_ylim(ax.get_ylim())  # the labels are placed for these limits
    to_fraction = ax.transData + ax.transAxes.inverted()
    points = sorted(
        (to_fraction.transform((end.x, end.y))[1], textwrap.fill(end.text, 18), end) for end in ends
    )
    inches = ax.get_position().height * ax.figure.get_figheight()
    line_height = 1.35 * SMALL / 72 / inches
    heights = [line_height * (text.count("\n") + 1) for _, text, _ in points]
    places = _spread([point[0] for point in points], heights)
    for place, (_, text, end) in zip(places, points, strict=True):
        ax.annotate(
            text,
            xy=(end.x, end.y),
            xytext=(1.035, place),
            textcoords="axes fraction",
            color=blend(end.colour, INK, 0.25),
            size=SMALL,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": end.colour,
                "linewidth": 0.9,
                "shrinkA": 1,
                "shrinkB": 1,
                "relpos": (0, 0.5),
            },
        )


def _spread(wanted: list[float], heights: list[float]) -> list[float]:
    """Move ascending positions apart by half their heights, and back down where they pass 1."""
    places = list(wanted)
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + (heights[i - 1] + heights[i]) / 2)
    ceiling = 1.0
    for i in reversed(range(len(places))):
        places[i] = min(places[i], ceiling - heights[i] / 2)
        ceiling = places[i] - heights[i] / 2
    return places


def _references(references: Mapping[str, float] | None) -> dict[str, float]:
    return {
        name: float(_numbers(f"references[{name!r}]", value, 0))
        for name, value in (references or {}).items()
    }


def _require_positive(series: Mapping[str, np.ndarray | float]) -> None:
    for name, values in series.items():
        if np.min(values) <= 0:
            raise ValueError(
                f"a logarithmic axis needs positive values, {name!r} holds {np.min(values)}; "
                "use log=False"
            )


# Confusion ------------------------------------------------------------------------------------


def _mistake_colour(share: float) -> str:
    return blend(PAPER, ROLES["error"].line, 0.08 + 0.92 * share) if share else PAPER


def _count_style(right: bool, number: int, share: float) -> dict:
    if right:
        colour, weight = INK, "bold"
    elif number == 0:
        colour, weight = "#b5b5b5", "normal"
    else:
        colour, weight = (PAPER if share > 0.9 else INK), "normal"
    return {"color": colour, "weight": weight, "size": SMALL, "ha": "center", "va": "center"}


# Scores ---------------------------------------------------------------------------------------


def _runs_and_mean(ax: Axes, place: int, runs: np.ndarray) -> None:
    colours = ROLES["hidden"]
    mean = runs.mean()
    ax.plot([mean, mean], [place - 0.27, place + 0.27], color=INK, linewidth=2.2)
    ax.plot(
        runs,
        np.full(len(runs), place),
        "o",
        markersize=7,
        markerfacecolor=colours.fill,
        markeredgecolor=colours.line,
    )
    _note_at_right(ax, place, f"mean {mean:.3f}" if len(runs) > 1 else f"{mean:.3f}", INK)


def _note_at_right(ax: Axes, place: int, text: str, colour: str) -> None:
    ax.annotate(
        text,
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        color=colour,
        size=SMALL,
        va="center",
        annotation_clip=False,
    )


# Heat maps beside a digit ---------------------------------------------------------------------

_BLOCK_HEIGHT = 2.3  # inches: title, map, its horizontal label and colour bar
_MAP_TOP, _MAP_BOTTOM = 0.87, 0.27  # of a block's height


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


# Checks of what is given ----------------------------------------------------------------------


def _numbers(name: str, values: np.ndarray, ndim: int) -> np.ndarray:
    """Return `values` as finite floats of rank `ndim`, or say what is wrong with them."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of numbers, got {values!r:.60}") from None
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape})")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity; leave out what was not measured")
    return array


def _shares(name: str, values: Sequence[float]) -> np.ndarray:
    array = _numbers(name, values, 1)
    if array.min() < 0 or array.max() > 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {array}")
    return array


def _image_of_steps(image: np.ndarray | None, maps: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Check that image and maps have equally many rows, and return the image as grey values."""
    lengths = {name: len(map_) for name, map_ in maps.items()}
    if image is not None:
        image = _as_grey(_numbers("image", image, 2))
        lengths["image"] = len(image)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"one row per time step is needed everywhere, got {lengths}")
    return image


def _counts(name: str, values: np.ndarray) -> np.ndarray:
    array = _numbers(name, values, 2)
    if array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be square, got shape {array.shape}")
    if (array < 0).any() or (array != np.round(array)).any():
        raise ValueError(f"{name} must hold counts: whole numbers, none below 0")
    if not array.any():
        raise ValueError(f"{name} counts no image at all")
    return array.astype(int)


def _distribution(name: str, values: np.ndarray) -> np.ndarray:
    array = _numbers(name, values, 2)
    if (array < 0).any() or not np.allclose(array.sum(axis=1), 1, atol=1e-3):
        raise ValueError(f"each row of {name} must be probabilities that sum to 1 (apply softmax)")
    return array


def _class_numbers(name: str, values: np.ndarray, n_classes: int) -> np.ndarray:
    array = _numbers(name, values, 1)
    if (array != np.round(array)).any() or array.min() < 0 or array.max() >= n_classes:
        raise ValueError(f"{name} must be classes 0 to {n_classes - 1}, got {np.unique(array)}")
    return array.astype(int)


def _labels_for(labels: Sequence | None, number: int) -> list[str]:
    texts = [] if labels is None else [str(label) for label in labels]
    if texts and len(texts) != number:
        raise ValueError(f"{len(texts)} labels were given for {number} places")
    return texts
