"""What a sweep found: a table of all that its points recorded, and a picture of one number."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bookbuild.book import BookError

DEFAULT_NUMBER = "test_accuracy"
SEED = "seed"


class Row(NamedTuple):
    """A point of a grid that ran through: its parameters and what the page recorded there."""

    parameters: Mapping[str, Any]
    numbers: Mapping[str, Any]
    seconds: float


def table(rows: Sequence[Row]) -> str:
    """Return a tidy table as CSV: parameters, then recorded numbers, then seconds; a row each."""
    parameters = dict.fromkeys(name for row in rows for name in row.parameters)
    numbers = dict.fromkeys(name for row in rows for name in row.numbers)
    text = io.StringIO()
    columns = dict.fromkeys([*parameters, *numbers, "seconds"])
    lines = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    lines.writeheader()
    lines.writerows({**row.numbers, **row.parameters, "seconds": row.seconds} for row in rows)
    return text.getvalue()


def plot(rows: Sequence[Row], axes: Sequence[str], number: str | None) -> str:
    """Draw a recorded number over the first axis, a line for each combination of the others.

    Parameters
    ----------
    rows : sequence of Row
        At least one with a recorded number.
    axes : sequence of str
        The parameters of the grid; over the seeds the mean and the range are drawn.
    number : str, optional
        Which number; `DEFAULT_NUMBER`, or the first there is, by default.

    Returns
    -------
    str
        The picture as SVG.

    Raises
    ------
    BookError
        If no point recorded such a number.
    """
    from rnn_utils.figures.style import CURVES, axes_or_new, house_style
    from rnn_utils.figures.svg import svg

    number = _choose(rows, number)
    first, *others = [axis for axis in axes if axis != SEED] or [SEED]
    places = list(dict.fromkeys(str(row.parameters[first]) for row in rows))
    lines: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        if number in row.numbers:
            label = ", ".join(f"{name} {row.parameters[name]}" for name in others)
            place = places.index(str(row.parameters[first]))
            lines.setdefault(label, {}).setdefault(place, []).append(row.numbers[number])
    with house_style():
        ax = axes_or_new(None, 4.2)
        for n, (label, runs) in enumerate(lines.items()):
            colour, dashes = CURVES[n % len(CURVES)]
            means = [sum(values) / len(values) for values in runs.values()]
            below = [mean - min(runs[x]) for x, mean in zip(runs, means, strict=True)]
            above = [max(runs[x]) - mean for x, mean in zip(runs, means, strict=True)]
            look = {"color": colour, "linestyle": dashes, "marker": "o", "capsize": 3}
            ax.errorbar(list(runs), means, [below, above], label=label or number, **look)
        ax.set_xticks(range(len(places)), places)
        ax.set(xlabel=first, ylabel=number)
        ax.grid(axis="y")
        if others:
            ax.legend(frameon=False)
        return svg(ax.figure, salt=number).decode()


def _choose(rows: Sequence[Row], number: str | None) -> str:
    names = dict.fromkeys(
        name for row in rows for name, value in row.numbers.items() if not isinstance(value, str)
    )
    if number is None and names:
        return DEFAULT_NUMBER if DEFAULT_NUMBER in names else next(iter(names))
    if number not in names:
        known = ", ".join(names) or "none"
        raise BookError(f"no point recorded the number {number!r}; recorded are: {known}")
    return number
