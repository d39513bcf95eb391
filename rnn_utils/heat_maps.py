"""Heat maps of what happens in a network while it reads a digit, row beside row."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rnn_utils.figure_inputs import as_grey, class_numbers, distribution, named, numbers
from rnn_utils.style import (
    GATE_SCALE,
    INK,
    OUTPUT_SCALE,
    PADDING,
    PAPER,
    RULE,
    SMALL,
    STATE_SCALE,
    axes_or_new,
    house_style,
)

_BLOCK_HEIGHT + 2 * PADDING, layout=None)
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
