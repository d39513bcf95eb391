"""Diagrams hold together: arrows meet boxes, nothing is crossed out, highlighting only fades."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from rnn_utils import diagrams

DRAWINGS = {
    "rolled": diagrams.rnn_rolled_unrolled,
    "gradient": diagrams.gradient_through_time,
    "carried-state": diagrams.carried_state,
    "bidirectional": diagrams.bidirectional,
    "bidirectional-wrong": lambda: diagrams.bidirectional(wrong_read_out=True),
    "deep": diagrams.deep,
    "deep-places": diagrams.deep_places,
    "gru-reset-after": diagrams.gru_cell,
    "gru-reset-before": lambda: diagrams.gru_cell(reset_after=False),
    "lstm": diagrams.lstm_cell,
}
HIGHLIGHTS = [
    *((diagrams.lstm_cell, part) for part in diagrams.LSTM_PARTS),
    *((diagrams.gru_cell, part) for part in diagrams.GRU_PARTS),
]
DOT = 0.1  # inches: a smaller circle marks a junction, a larger one is an operation


@pytest.fixture(params=DRAWINGS)
def ax(request):
    """Return the axes of one diagram, drawn."""
    figure = DRAWINGS[request.param]()
    FigureCanvasAgg(figure).draw()
    return figure.axes[0]


def outline(patch):
    """Return a patch's border as points close to each other, in inches."""
    (corners,) = patch.get_patch_transform().transform_path(patch.get_path()).to_polygons()
    return dense(corners)


def dense(corners):
    """Return points at most a hundredth of an inch apart on a line through `corners`."""
    pieces = [
        np.linspace(start, end, 2 + int(100 * np.hypot(*(end - start))))
        for start, end in pairwise(corners)
    ]
    return np.concatenate(pieces)


def wires(ax):
    """Return each wire as the points of its shaft and, where it has a head, the head's tip."""
    lines = []
    for patch in ax.patches:
        if isinstance(patch, FancyArrowPatch):
            shaft, *heads = patch.get_path().to_polygons(closed_only=False)
            tips = [head[1:2] for head in heads]
            lines.append(np.concatenate([dense(shaft), *tips]))
    return lines


def nodes(ax):
    circles = [patch for patch in ax.patches if isinstance(patch, Circle) and patch.radius > DOT]
    return circles + [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]


def places_to_end(ax):
    """Return points at which a wire may end: borders, junctions, both sides of an ellipsis."""
    dots = [patch.center for patch in ax.patches if isinstance(patch, Circle)]
    gaps = [text.get_position() for text in ax.texts if "dots" in text.get_text()]
    beside = [(x + side, y) for x, y in gaps for side in (-0.16, 0.16)]
    borders = [outline(node) for node in nodes(ax)]
    return np.concatenate([*borders, *(np.array([point]) for point in [*dots, *beside])])


def test_every_wire_joins_two_things(ax):
    held = places_to_end(ax)
    loose = [
        point
        for wire in wires(ax)
        for point in wire[[0, -1]]
        if np.hypot(*(held - point).T).min() > 0.03  # a mitred tip is drawn that much longer
    ]
    unroll = [text for text in ax.texts if text.get_text() == "unroll"]
    assert len(loose) == 2 * len(unroll), loose


def test_no_wire_crosses_a_box_or_a_word(ax):
    renderer = ax.figure.canvas.get_renderer()
    to_inches = ax.transData.inverted()
    obstacles = [outline(node) for node in nodes(ax)]
    obstacles += [
        to_inches.transform(text.get_window_extent(renderer).corners()) for text in ax.texts
    ]
    for points in wires(ax):
        for obstacle in obstacles:
            low, high = obstacle.min(axis=0) + 0.01, obstacle.max(axis=0) - 0.01
            inside = ((points > low) & (points < high)).all(axis=1)
            assert not inside.any(), points[inside][0]


def test_words_fit_their_boxes(ax):
    renderer = ax.figure.canvas.get_renderer()
    to_inches = ax.transData.inverted()
    borders = [outline(node) for node in nodes(ax)]
    fitted = 0
    for text in ax.texts:
        low, high = to_inches.transform(text.get_window_extent(renderer).get_points())
        for border in borders:
            if (border.min(axis=0) < text.get_position()).all() and (
                border.max(axis=0) > text.get_position()
            ).all():
                fitted += 1
                assert (border.min(axis=0) + 0.03 < low).all(), text.get_text()
                assert (border.max(axis=0) - 0.03 > high).all(), text.get_text()
    assert fitted == len(borders)


def test_boxes_are_apart(ax):
    extents = [(border.min(axis=0), border.max(axis=0)) for border in map(outline, nodes(ax))]
    for i, (low, high) in enumerate(extents):
        for other_low, other_high in extents[:i]:
            gap = np.maximum(low - other_high, other_low - high).max()
            assert gap > 0.1


def shape_of(figure):
    """Return all that a diagram draws, save its colours and which lies over which."""
    ax = figure.axes[0]
    drawn = [patch.get_path().vertices.round(9).tolist() for patch in ax.patches]
    words = [(t.get_text(), t.get_position(), t.get_fontsize()) for t in ax.texts]
    return drawn, words, figure.get_size_inches().tolist()


def lightness(figure):
    return [np.mean(to_rgb(text.get_color())) for text in figure.axes[0].texts]


@pytest.mark.parametrize(("cell", "part"), HIGHLIGHTS)
def test_highlighting_fades_the_rest_and_moves_nothing(cell, part):
    whole, highlighted = cell(), cell(part)
    assert shape_of(highlighted) == shape_of(whole)
    words = np.array(lightness(highlighted))
    shown = words == np.array(lightness(whole))
    assert shown.any()
    assert not shown.all()
    assert (words[~shown] > 0.6).all()


@pytest.mark.parametrize(
    ("cell", "parts"),
    [(diagrams.lstm_cell, diagrams.LSTM_PARTS), (diagrams.gru_cell, diagrams.GRU_PARTS)],
)
def test_the_parts_together_are_the_cell_and_no_two_are_the_same(cell, parts):
    whole = np.array(lightness(cell()))
    shown = np.array([np.array(lightness(cell(part))) == whole for part in parts])
    assert shown.any(axis=0).all()
    assert len({tuple(row) for row in shown}) == len(parts)


@pytest.mark.parametrize("cell", [diagrams.lstm_cell, diagrams.gru_cell])
def test_an_unknown_part_is_refused(cell):
    with pytest.raises(ValueError, match="unknown part 'memory': highlight one of"):
        cell("memory")


def is_shown(highlighted, whole):
    return highlighted.get_edgecolor() == whole.get_edgecolor()


@pytest.mark.parametrize(("cell", "part"), HIGHLIGHTS)
def test_what_enters_a_highlighted_operation_is_highlighted(cell, part):
    whole, highlighted = (figure.axes[0] for figure in (cell(), cell(part)))
    tips = [
        (lit, wire.get_path().to_polygons(closed_only=False)[-1][1])
        for lit, wire in zip(
            map(is_shown, highlighted.patches, whole.patches), highlighted.patches, strict=True
        )
        if isinstance(wire, FancyArrowPatch)
    ]
    for node, original in zip(nodes(highlighted), nodes(whole), strict=True):
        if isinstance(node, Circle) and is_shown(node, original):
            near = [lit for lit, tip in tips if np.hypot(*(tip - node.center)) < node.radius + 0.03]
            assert near
            assert all(near)


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_reset_gate_stands_before_or_after_the_product():
    after, before = words(diagrams.gru_cell()), words(diagrams.gru_cell(reset_after=False))
    assert r"$h_{t-1} U_h + b_h^{\prime}$" in after
    assert r"$(r_t \odot h_{t-1})\,U_h$" in before
    assert not set(after) >= set(before)


def test_the_gradient_flows_back_by_one_jacobian_a_step():
    ax = diagrams.gradient_through_time().axes[0]
    places = {text.get_text(): text.get_position() for text in ax.texts}
    deltas = [places[rf"$\delta_{{{step}}}$"] for step in (1, 2, 3, 16)]
    jacobians = [places[f"$J_{{{step}}}$"] for step in (2, 3, 16)]
    for (earlier, _), (jacobian, _), (later, _) in zip(deltas, jacobians, deltas[1:], strict=False):
        assert earlier < jacobian < later
    back = [wire for wire in wires(ax) if np.ptp(wire[:, 1]) < 0.1 and wire[0, 0] > wire[-1, 0]]
    assert len(back) == 4  # the last step in two pieces, beside its dots


def test_padding_leads_nowhere_and_the_state_is_carried_over_it():
    ax = diagrams.carried_state().axes[0]
    said = words(diagrams.carried_state())
    masks = [rf"$m_{step} = {int(step <= 3)}$" for step in range(1, 6)]
    assert {*masks, "$h_4 = h_3$", "$h_5 = h_3$"} <= set(said)
    upwards = [wire for wire in wires(ax) if np.ptp(wire[:, 0]) < 0.01]
    assert len(upwards) == 4  # three inputs and the read-out


def test_the_wrong_read_out_says_what_is_wrong():
    said = " ".join(words(diagrams.bidirectional(wrong_read_out=True)))
    assert "wrong" in said
    assert "wrong" not in " ".join(words(diagrams.bidirectional()))


@pytest.mark.parametrize(
    "draw",
    [diagrams.rnn_rolled_unrolled, diagrams.gradient_through_time, diagrams.bidirectional],
)
def test_a_digit_of_the_readers_own_is_read(draw):
    digit = np.zeros((16, 16))
    digit[2] = 255  # row 3
    shown = [np.asarray(image.get_array()) for image in draw(digit).axes[0].images]
    rows_read = [image[2].max() for image in shown[-4:]]  # at steps 1, 2, 3 and 16
    np.testing.assert_allclose(rows_read, [0.28, 0.28, 1, 0.28])


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.ones((28, 28)), "one row per step, 16, got 28"),
        (np.ones((2, 16, 16)), "image must have 2 dimensions"),
        (np.full((16, 16), np.nan), "image holds NaN"),
    ],
)
@pytest.mark.parametrize(
    "draw", [diagrams.rnn_rolled_unrolled, diagrams.bidirectional, diagrams.deep]
)
def test_a_digit_that_is_none_is_refused(draw, image, message):
    with pytest.raises(ValueError, match=message):
        draw(image)
