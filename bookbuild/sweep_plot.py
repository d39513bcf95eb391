"""The picture of a sweep: one recorded number over its grid, mean and range over the seeds."""

from collections.abc import Sequence

from bookbuild.book import BookError
from bookbuild.sweep import DEFAULT_NUMBER, Point
from rnn_utils.figures.style import CURVES, axes_or_new, house_style
from rnn_utils.figures.svg import svg

SEED = "seed"


def plot(points: Sequence[Point], axes: Sequence[str], number: str | None) -> str:
    """Draw a recorded number over the first axis, a line for each combination of the others.

    Parameters
    ----------
    points : sequence of Point
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
    number = _choose(points, number)
    first, *others = [axis for axis in axes if axis != SEED] or [SEED]
    places = list(dict.fromkeys(str(point.parameters[first]) for point in points))
    lines: dict[str, dict[int, list[float]]] = {}
    for point in points:
        if number in point.numbers:
            label = ", ".join(f"{name} {point.parameters[name]}" for name in others)
            place = places.index(str(point.parameters[first]))
            lines.setdefault(label, {}).setdefault(place, []).append(point.numbers[number])
    with house_style():
        ax = axes_or_new(None, 4.2)
        for n, (label, runs) in enumerate(lines.items()):
            colour, dashes = CURVES[n % len(CURVES)]
            means = [sum(values) / len(values) for values in runs.values()]
            below = [mean - min(runs[x]) for x, mean in zip(runs, means, strict=True)]
            above = [max(runs[x]) - mean for x, mean in zip(runs, means, strict=True)]
            ax.errorbar(
                list(runs),
                means,
                yerr=[below, above],
                label=label or number,
                color=colour,
                linestyle=dashes,
                marker="o",
                capsize=3,
            )
        ax.set_xticks(range(len(places)), places)
        ax.set(xlabel=first, ylabel=number)
        ax.grid(axis="y")
        if others:
            ax.legend(frameon=False)
        return svg(ax.figure, salt=number).decode()


def _choose(points: Sequence[Point], number: str | None) -> str:
    names = dict.fromkeys(
        name
        for point in points
        for name, value in point.numbers.items()
        if not isinstance(value, str)
    )
    if number is None and names:
        return DEFAULT_NUMBER if DEFAULT_NUMBER in names else next(iter(names))
    if number not in names:
        known = ", ".join(names) or "none"
        raise BookError(f"no point recorded the number {number!r}; recorded are: {known}")
    return number
