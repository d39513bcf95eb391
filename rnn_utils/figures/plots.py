"""Plots of what a network reads, how it learns and where it errs.

Each function takes plain arrays and an optional `ax`, draws in the book's style and returns the
figure. None goes through pyplot, so a notebook shows a figure once, where it is asked to.
Arrays may be anything that NumPy reads as such.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rnn_utils.figures.bars import histogram as histogram
from rnn_utils.figures.curves import animate_convergence as animate_convergence
from rnn_utils.figures.curves import band as band
from rnn_utils.figures.curves import convergence as convergence
from rnn_utils.figures.heat_maps import class_probabilities as class_probabilities
from rnn_utils.figures.heat_maps import gates as gates
from rnn_utils.figures.heat_maps import reading as reading
from rnn_utils.figures.heat_maps import row_strengths as row_strengths
from rnn_utils.figures.inputs import (
    as_grey,
    check_at_least,
    class_numbers,
    counts,
    distribution,
    labels_for,
    named,
    numbers,
    shares,
)
from rnn_utils.figures.style import (
    INK,
    PAPER,
    QUIET,
    ROLES,
    SMALL,
    axes_or_new,
    blend,
    fraction,
    frame,
    house_style,
    picture,
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
        rows = named("images", images, 3)
        lengths = {len(stack) for stack in rows.values()}
        if len(lengths) != 1:
            raise ValueError(f"each row of images must hold equally many digits, got {lengths}")
        (columns,) = lengths
        flat = [image for stack in rows.values() for image in as_grey(stack)]
        headings = labels_for(labels, columns)
    else:
        rows = {}
        flat = list(as_grey(numbers("images", images, 3)))
        check_at_least("columns", columns, 1)
        columns = min(columns, len(flat))
        headings = labels_for(labels, len(flat))
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
        Each digit with its class, the model's reading of it and the probability of either.

    Raises
    ------
    ValueError
        Where shapes or lengths disagree, rows do not sum to 1 or a label names no class.
    """
    images = numbers("images", images, 3)
    probabilities = distribution("probabilities", probabilities)
    labels = class_numbers("labels", labels, probabilities.shape[1])
    if not len(images) == len(labels) == len(probabilities):
        raise ValueError(
            "images, labels and probabilities must be equally many, got "
            f"{len(images)}, {len(labels)} and {len(probabilities)}"
        )
    check_at_least("count", count, 1)
    of_truth = probabilities[np.arange(len(labels)), labels]
    order = np.argsort(of_truth, kind="stable")[:count]
    readings = probabilities[order].argmax(axis=1)
    captions = [
        f"true {labels[i]}, p {fraction(of_truth[i])}\n"
        f"read as {reading}, p {fraction(probabilities[i, reading])}"
        for i, reading in zip(order, readings, strict=True)
    ]
    return digits(images[order], captions, columns=columns, ax=ax)


def confusion(
    matrix: np.ndarray, *, classes: Sequence | None = None, ax: Axes | None = None
) -> Figure:
    """Show which class is read as which.

    Right readings share one pale, framed colour. Mistakes have a scale of their own, up to the most
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
    matrix = counts("matrix", matrix)
    n_classes = len(matrix)
    names = range(n_classes) if classes is None else labels_for(classes, n_classes)
    mistakes = matrix * (1 - np.eye(n_classes, dtype=int))
    severity = mistakes / max(1, mistakes.max())
    with house_style():
        ax = axes_or_new(ax, 6.4)
        for (a, b), number in np.ndenumerate(matrix):
            _draw_count(ax, a, b, number, severity[a, b])
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
    table = {
        name: shares(f"table[{name!r}]", runs) for name, runs in named("table", table, 1).items()
    }
    references = {
        name: shares(f"references[{name!r}]", [value])[0]
        for name, value in (references or {}).items()
    }
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


def _digit_grid(
    images: list[np.ndarray],
    headings: list[str],
    row_names: list[str],
    columns: int,
    ax: Axes | None,
) -> Figure:
    """Lay out scaled images in cells one unit wide, headings above them."""
    n_rows = -(-len(images) // columns)
    longest = max((len(name) for name in row_names), default=0)
    margin = longest * 0.6 * SMALL / 72  # inches for row names
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
        picture(ax, image, extent=(left, left + 1, top + 1, top))
        frame(ax, (left, top), 1, 1)
        if index < len(headings):
            ax.text(left + 0.5, top - 0.05, headings[index], ha="center", va="bottom", size=SMALL)
    ax.set(xlim=(-0.02, 1.08 * columns - 0.06), ylim=(n_rows * pitch - (pitch - 1.02), -heading))
    ax.set(aspect="equal", xticks=[])
    ax.set_yticks([row * pitch + 0.5 for row in range(len(row_names))], row_names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax.figure


def _draw_count(ax: Axes, truth: int, reading: int, number: int, severity: float) -> None:
    """Draw a cell of a confusion matrix; a mistake of severity 1 is the most frequent one."""
    edge, weight = "none", "normal"
    if truth == reading:
        role = ROLES["hidden"]
        face, edge, ink, weight = role.fill, role.line, INK, "bold"
    elif number == 0:
        face, ink = PAPER, "#b5b5b5"
    else:
        face = blend(PAPER, ROLES["error"].line, 0.08 + 0.92 * severity)
        ink = PAPER if severity > 0.9 else INK
    corner = (reading - 0.47, truth - 0.47)
    ax.add_patch(Rectangle(corner, 0.94, 0.94, facecolor=face, edgecolor=edge))
    style = {"color": ink, "weight": weight, "size": SMALL}
    ax.text(reading, truth, f"{number}", ha="center", va="center", **style)


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
    )
