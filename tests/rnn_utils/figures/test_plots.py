"""Plots show the numbers they are given, and refuse what is not a number to show."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from rnn_utils import plots
from rnn_utils.figures.style import ROLES

RNG = np.random.default_rng(1)
IMAGES = RNG.random((6, 16, 16))
CURVE = np.array([2.3, 1.0, 0.5])
ROWS = RNG.dirichlet(np.ones(10), 16)


def texts(figure):
    """Return what is written inside the first axes."""
    return [text.get_text() for text in figure.axes[0].texts]


# Digits


def test_digits_of_each_version_share_a_cell_whatever_their_size():
    figure = plots.digits({"large": RNG.random((3, 28, 28)), "small": IMAGES[:3]})
    shown = figure.axes[0].images
    widths = [image.get_extent()[1] - image.get_extent()[0] for image in shown]
    assert len(shown) == 6
    np.testing.assert_allclose(widths, 1)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["large", "small"]


def test_whole_numbers_and_fractions_are_the_same_ink():
    whole = (IMAGES * 255).astype(np.uint8)
    dark = plots.digits(whole).axes[0].images[0].get_array()
    np.testing.assert_allclose(dark, plots.digits(whole / 255).axes[0].images[0].get_array())
    assert dark.max() <= 1


def test_blank_digits_are_paper():
    shown = plots.digits(np.zeros((1, 4, 4))).axes[0].images[0].get_array()
    assert not np.any(shown)


def test_a_grid_breaks_after_its_columns():
    shown = plots.digits(IMAGES, columns=4).axes[0].images
    tops = [image.get_extent()[3] for image in shown]
    assert len(set(tops)) == 2
    assert tops[3] < tops[4]


def test_worst_are_ordered_by_the_probability_of_the_truth():
    probabilities = np.full((3, 10), 0.1)
    probabilities[1] = np.eye(10)[7]
    probabilities[2] = np.eye(10)[2]
    figure = plots.worst(IMAGES[:3], [0, 1, 2], probabilities, count=2)
    assert texts(figure) == [
        "true 1, p .00\nread as 7, p 1.00",
        "true 0, p .10\nread as 0, p .10",
    ]


# Curves


def test_curves_are_drawn_from_iteration_one_and_named_where_they_end():
    figure = plots.convergence({"basic": CURVE, "LSTM": CURVE[:2]}, references={"fair": 2.3})
    ax = figure.axes[0]
    basic, lstm, fair = ax.lines
    np.testing.assert_array_equal(basic.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(lstm.get_ydata(), CURVE[:2])
    assert set(fair.get_ydata()) == {2.3}
    assert {text.get_text(): text.xy[1] for text in ax.texts} == {
        "basic": 0.5,
        "LSTM": 1.0,
        "fair": 2.3,
    }


def test_curves_differ_in_more_than_colour():
    lines = plots.convergence({str(i): CURVE + i for i in range(6)}).axes[0].lines
    assert len({str(line._dash_pattern) for line in lines}) == 6
    assert len({line.get_color() for line in lines}) == 6


def test_a_role_gives_a_curve_its_colour_and_keeps_it_from_the_others():
    curves = {"good": CURVE, "bad": CURVE + 1}
    good, bad = plots.convergence(curves, roles={"bad": "hidden"}).axes[0].lines
    assert bad.get_color() == ROLES["hidden"].line
    assert good.get_color() != bad.get_color()


def test_one_iteration_is_enough():
    plots.convergence({"basic": [2.3]}).draw_without_rendering()
    plots.band({"basic": [[2.3]]}, log=True).draw_without_rendering()


def test_a_band_reaches_from_the_lowest_to_the_highest_seed():
    runs = np.array([[1.0, 2.0], [3.0, 6.0]])
    ax = plots.band({"basic": runs}).axes[0]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [2, 4])
    edges = ax.collections[0].get_paths()[0].vertices
    assert {tuple(edge) for edge in edges} >= {(1, 1), (2, 2), (1, 3), (2, 6)}


def test_a_band_between_quantiles_is_narrower():
    runs = np.arange(5.0)[:, None] * np.ones(3)
    whole = plots.band({"basic": runs}).axes[0].collections[0].get_paths()[0]
    half = plots.band({"basic": runs}, quantiles=(0.25, 0.75)).axes[0].collections[0]
    assert np.ptp(whole.vertices[:, 1]) == 4
    assert np.ptp(half.get_paths()[0].vertices[:, 1]) == 2


def test_an_animation_ends_with_the_whole_curves():
    curves = {"basic": np.linspace(2, 1, 50), "short": CURVE}
    animation = plots.animate_convergence(curves, frames=3)
    page = animation.to_jshtml()
    assert page.count("data:image/png;base64") == 3
    basic, short = animation._fig.axes[0].lines
    assert len(basic.get_xdata()) == 50
    assert len(short.get_xdata()) == 3


# Tables


def test_confusion_writes_every_count_and_makes_mistakes_visible():
    matrix = np.diag([900] * 3)
    matrix[0, 1], matrix[1, 2] = 9, 1
    ax = plots.confusion(matrix).axes[0]
    assert [text.get_text() for text in ax.texts] == [str(n) for n in matrix.ravel()]
    cells = np.array([to_hex(cell.get_facecolor()) for cell in ax.patches]).reshape(3, 3)
    assert cells[0, 1] == ROLES["error"].line
    assert len({cells[0, 0], cells[0, 1], cells[1, 2], cells[2, 0]}) == 4


def test_confusion_without_a_mistake_is_drawn():
    plots.confusion(np.diag([5, 5])).draw_without_rendering()


def test_scores_show_each_run_the_mean_and_what_others_found():
    ax = plots.scores({"basic": [0.9, 0.92]}, references={"book": 0.95}).axes[0]
    mean, runs, reference = ax.lines[:3]
    np.testing.assert_allclose(mean.get_xdata(), 0.91)
    np.testing.assert_allclose(runs.get_xdata(), [0.9, 0.92])
    np.testing.assert_allclose(reference.get_xdata(), 0.95)
    assert [text.get_text() for text in ax.texts] == ["mean 0.910", "0.950"]


# Bars


def test_bars_of_a_group_add_up_to_all_of_it():
    ax = plots.histogram({"one": np.array([2, 2, 4]), "two": np.array([3])}).axes[0]
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    np.testing.assert_allclose(heights, [[2 / 3, 0, 1 / 3], [0, 1, 0]])
    middle = [bar.get_x() + bar.get_width() / 2 for bar in ax.containers[1]]
    np.testing.assert_allclose(middle, [2.2, 3.2, 4.2])


# Heat maps


def test_gates_and_states_have_scales_of_their_own():
    values = {"f": RNG.random((16, 8)), "c": RNG.uniform(-3, 3, (16, 8)), "h": -RNG.random((16, 8))}
    maps = [panel.images[0] for panel in plots.gates(values).axes[0].child_axes]
    (f, c, h) = maps
    assert f.get_clim() == (0, 1)
    assert c.get_clim() == (-np.abs(values["c"]).max(), np.abs(values["c"]).max())
    assert h.get_clim() == (-1, 1)


def test_rows_of_the_digit_are_level_with_the_time_steps():
    figure = plots.gates({"f": RNG.random((16, 8))}, IMAGES[0])
    figure.draw_without_rendering()
    panel, digit = figure.axes[0].child_axes
    for row in (0, 15):
        heights = [ax.transData.transform((0, row))[1] for ax in (panel, digit)]
        assert heights[0] == pytest.approx(heights[1])


def test_each_network_has_a_dot_in_its_likeliest_class():
    digit, *panels = plots.reading(IMAGES[0], {"a": ROWS, "b": ROWS[:, ::-1]}).axes[0].child_axes
    for panel, rows in zip(panels, (ROWS, ROWS[:, ::-1]), strict=True):
        places = [(row.argmax(), step) for step, row in enumerate(rows)]
        np.testing.assert_array_equal(panel.collections[0].get_offsets(), places)
        assert panel.get_ylim() == digit.get_ylim()


def test_bars_are_level_with_the_rows_of_the_digit():
    strengths = {"basic": RNG.random(16), "LSTM": np.zeros(16)}
    basic, none, digit = plots.row_strengths(strengths, IMAGES[0]).axes[0].child_axes
    np.testing.assert_array_equal([bar.get_width() for bar in basic.patches], strengths["basic"])
    assert [bar.get_width() for bar in none.patches] == [0] * 16
    assert basic.get_ylim() == digit.get_ylim()
    assert strengths["basic"].max() < basic.get_xlim()[1]


def test_the_likeliest_class_of_each_row_bears_its_probability():
    panel = plots.class_probabilities(ROWS, label=3).axes[0].child_axes[0]
    assert [text.get_position() for text in panel.texts] == [
        (row.argmax(), step) for step, row in enumerate(ROWS)
    ]
    assert panel.texts[0].get_text() == f"{ROWS[0].max():.2f}".removeprefix("0")


# Refusals

REFUSED = {
    "images of rank 2": (lambda: plots.digits(IMAGES[0]), "images must have 3 dimensions"),
    "no images": (lambda: plots.digits(IMAGES[:0]), "images is empty"),
    "NaN in an image": (lambda: plots.digits(IMAGES * np.nan), "images holds NaN"),
    "no versions": (lambda: plots.digits({}), "images is empty"),
    "unequal versions": (
        lambda: plots.digits({"a": IMAGES, "b": IMAGES[:2]}),
        "equally many digits",
    ),
    "too few labels": (lambda: plots.digits(IMAGES, [1]), "1 labels were given for 6"),
    "no columns": (lambda: plots.digits(IMAGES, columns=0), "columns must be at least 1, got 0"),
    "words as images": (lambda: plots.digits("seven"), "images must be an array of numbers"),
    "lengths that differ": (
        lambda: plots.worst(IMAGES, [1], ROWS),
        "equally many, got 6, 1 and 16",
    ),
    "logits": (lambda: plots.worst(IMAGES, [0] * 6, ROWS[:6] * 7), "apply softmax"),
    "label above 9": (lambda: plots.worst(IMAGES, [10] * 6, ROWS[:6]), "classes 0 to 9"),
    "nothing to count": (
        lambda: plots.worst(IMAGES, [0] * 6, ROWS[:6], count=0),
        "count must be at least 1, got 0",
    ),
    "a bare curve": (lambda: plots.convergence(CURVE), "curves must map names to arrays"),
    "no curve": (lambda: plots.convergence({}), "curves is empty"),
    "a curve of rank 2": (lambda: plots.convergence({"a": [CURVE]}), r"curves\['a'\]"),
    "an empty curve": (lambda: plots.convergence({"a": []}), r"curves\['a'\] is empty"),
    "a curve that diverged": (lambda: plots.convergence({"a": [1, np.inf]}), "infinity"),
    "seven curves": (lambda: plots.convergence(dict.fromkeys("abcdefg", CURVE)), "7 curves"),
    "a loss of 0 on a log axis": (
        lambda: plots.convergence({"a": [1, 0]}, log=True),
        "positive values, 'a' holds 0",
    ),
    "a reference of 0 on a log axis": (
        lambda: plots.band({"a": [CURVE]}, references={"zero": 0}, log=True),
        "'zero' holds 0",
    ),
    "a reference of NaN": (
        lambda: plots.convergence({"a": CURVE}, references={"x": np.nan}),
        r"references\['x'\] holds NaN",
    ),
    "an unknown role": (
        lambda: plots.convergence({"a": CURVE}, roles={"a": "villain"}),
        "unknown role 'villain'",
    ),
    "a role for no curve": (
        lambda: plots.convergence({"a": CURVE}, roles={"b": "error"}),
        "'b', which is not among",
    ),
    "a role for two curves": (
        lambda: plots.convergence({"a": CURVE, "b": CURVE}, roles={"a": "error", "b": "error"}),
        "given to two curves",
    ),
    "one run as a band": (lambda: plots.band({"a": CURVE}), "must have 2 dimensions"),
    "quantiles that descend": (
        lambda: plots.band({"a": [CURVE]}, quantiles=(1, 0)),
        "must ascend",
    ),
    "one frame": (
        lambda: plots.animate_convergence({"a": CURVE}, frames=1),
        "frames must be at least 2, got 1",
    ),
    "a matrix that is not square": (lambda: plots.confusion(np.ones((2, 3))), "square"),
    "fractions as counts": (lambda: plots.confusion(np.full((2, 2), 0.5)), "whole numbers"),
    "counts below 0": (lambda: plots.confusion([[1, -1], [0, 1]]), "none below 0"),
    "nothing counted": (lambda: plots.confusion(np.zeros((2, 2))), "no image at all"),
    "names for other classes": (
        lambda: plots.confusion(np.eye(2), classes=["a"]),
        "1 labels were given for 2",
    ),
    "no scores": (lambda: plots.scores({}), "table is empty"),
    "per cent": (lambda: plots.scores({"a": [91.2]}), r"table\['a'\] must lie between 0 and 1"),
    "a reference above 1": (
        lambda: plots.scores({"a": [0.9]}, references={"b": 98}),
        r"references\['b'\]",
    ),
    "half a step": (
        lambda: plots.histogram({"a": np.array([1.5])}),
        r"groups\['a'\] must hold whole numbers",
    ),
    "four groups of bars": (
        lambda: plots.histogram(dict.fromkeys("abcd", np.array([1]))),
        "4 groups were given; 3 can be told apart",
    ),
    "gates of rank 1": (lambda: plots.gates({"f": CURVE}), r"values\['f'\] must have 2"),
    "no gates": (lambda: plots.gates({}), "values is empty"),
    "steps that differ": (
        lambda: plots.gates({"f": ROWS, "i": ROWS[:4]}),
        "one row per time step",
    ),
    "a digit of 28 rows": (
        lambda: plots.class_probabilities(ROWS, np.ones((28, 28))),
        "'image': 28",
    ),
    "a strength below 0": (
        lambda: plots.row_strengths({"basic": -CURVE}, IMAGES[0]),
        r"strengths\['basic'\] holds -2.3; 0 is the least",
    ),
    "a network of other steps": (
        lambda: plots.reading(IMAGES[0], {"basic": ROWS[:4]}),
        "one row per time step",
    ),
    "bars for other rows": (
        lambda: plots.row_strengths({"basic": CURVE}, IMAGES[0]),
        "one row per time step",
    ),
    "a class that is none": (
        lambda: plots.class_probabilities(ROWS, label=10),
        "label must be classes 0 to 9",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_nonsense_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
