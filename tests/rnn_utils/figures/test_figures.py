"""Every figure of the book can be read: no word is small, cut off or written over another."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from rnn_utils import diagrams, plots

RNG = np.random.default_rng(0)
IMAGES = RNG.random((10, 16, 16))
LABELS = np.arange(10)
PROBABILITIES = RNG.dirichlet(np.ones(10), 10)
STEPS_BY_CLASS = RNG.dirichlet(np.ones(10), 16)
CERTAIN = np.eye(10)[np.arange(16) % 10]
FALLING = 2.4 * np.exp(-np.arange(100) / 25)
SAME_END = dict.fromkeys(("basic RNN", "bidirectional", "LSTM", "three GRU layers"), FALLING)
FAIR = {"fair guess, ln 10": np.log(10)}
MATRIX = np.diag(np.full(10, 1135)) + RNG.integers(0, 120, (10, 10)) * (1 - np.eye(10, dtype=int))
GATES = {
    "forget gate $f_t$": RNG.random((16, 64)),
    "input gate $i_t$": RNG.random((16, 64)),
    r"candidate $\tilde c_t$": RNG.uniform(-1, 1, (16, 64)),
    "cell state $c_t$": RNG.normal(0, 40, (16, 64)),
    "output gate $o_t$": RNG.random((16, 64)),
    "hidden state $h_t$": RNG.uniform(-1, 1, (16, 64)),
}

FIGURES = {
    "digits in a row": lambda ax=None: plots.digits(IMAGES, LABELS, ax=ax),
    "one digit": lambda ax=None: plots.digits(IMAGES[:1], ["seven"], ax=ax),
    "digits in versions": lambda ax=None: plots.digits(
        {"28 × 28": RNG.random((10, 28, 28)), "nearest, 16 × 16": IMAGES}, LABELS, ax=ax
    ),
    "worst": lambda ax=None: plots.worst(IMAGES, LABELS, PROBABILITIES, ax=ax),
    "convergence": lambda ax=None: plots.convergence(SAME_END, references=FAIR, ax=ax),
    "convergence at the top": lambda ax=None: plots.convergence(
        {name: 3 - curve for name, curve in SAME_END.items()}, ax=ax
    ),
    "convergence, log": lambda ax=None: plots.convergence(
        SAME_END, references=FAIR, log=True, ax=ax
    ),
    "band": lambda ax=None: plots.band(
        {"N(0, 1)": FALLING * RNG.uniform(1, 2, (5, 1)), "Glorot": FALLING[None]},
        references=FAIR,
        ax=ax,
    ),
    "confusion": lambda ax=None: plots.confusion(MATRIX, ax=ax),
    "scores": lambda ax=None: plots.scores(
        {"basic": [0.91, 0.92, 0.9], "bidirectional": [0.925]},
        references={"three-layer LSTM, 28 × 28": 0.956},
        ax=ax,
    ),
    "histogram": lambda ax=None: plots.histogram(
        {"rows": RNG.integers(8, 13, 500), "columns": RNG.integers(2, 13, 500)}, ax=ax
    ),
    "gates": lambda ax=None: plots.gates(GATES, IMAGES[0], ax=ax),
    "one gate": lambda ax=None: plots.gates({"$f_t$": RNG.random((16, 8))}, ax=ax),
    "gates over 50 steps": lambda ax=None: plots.gates({"$f_t$": RNG.random((50, 8))}, ax=ax),
    "class probabilities": lambda ax=None: plots.class_probabilities(
        STEPS_BY_CLASS, IMAGES[0], 5, ax=ax
    ),
    "reading": lambda ax=None: plots.reading(
        IMAGES[0],
        dict.fromkeys(("basic", "bidirectional", "deep", "LSTM"), STEPS_BY_CLASS),
        ax=ax,
    ),
    "row strengths": lambda ax=None: plots.row_strengths(
        dict.fromkeys(SAME_END, FALLING[:16]), IMAGES[0], ax=ax
    ),
    "certain": lambda ax=None: plots.class_probabilities(CERTAIN, IMAGES[0], 0, ax=ax),
    "rolled and unrolled": lambda ax=None: diagrams.rnn_rolled_unrolled(ax=ax),
    "carried state": lambda ax=None: diagrams.carried_state(ax=ax),
    "gradient": lambda ax=None: diagrams.gradient_through_time(ax=ax),
    "bidirectional": lambda ax=None: diagrams.bidirectional(ax=ax),
    "bidirectional, wrong": lambda ax=None: diagrams.bidirectional(wrong_read_out=True, ax=ax),
    "deep": lambda ax=None: diagrams.deep(ax=ax),
    "deep places": lambda ax=None: diagrams.deep_places(ax=ax),
    "GRU": lambda ax=None: diagrams.gru_cell(ax=ax),
    "GRU, reset before": lambda ax=None: diagrams.gru_cell(reset_after=False, ax=ax),
    "LSTM": lambda ax=None: diagrams.lstm_cell(ax=ax),
}


@pytest.fixture(params=FIGURES, ids=lambda name: name.replace(" ", "-"))
def draw(request):
    """Return the function that draws one of the figures."""
    return FIGURES[request.param]


def words_on(figure, monkeypatch):
    """Draw a figure at 96 dpi; return each text that appeared, with its place in pixels."""
    figure.set_dpi(96)
    drawn = []
    draw_text = Text.draw

    def spy(self, renderer):
        if self.get_text().strip() and self.get_visible():
            drawn.append(self)
        draw_text(self, renderer)

    figure.draw_without_rendering()  # settles the layout
    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", spy)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    renderer = canvas.get_renderer()
    return [(text, Text.get_window_extent(text, renderer)) for text in drawn]


def test_words_are_apart_within_the_canvas_and_large_enough(draw, monkeypatch):
    figure = draw()
    words = words_on(figure, monkeypatch)
    assert words
    width, height = figure.canvas.get_width_height()
    for index, (text, box) in enumerate(words):
        name = text.get_text()
        assert text.get_fontsize() >= 10, name
        assert 0 <= box.x0 < box.x1 <= width, f"{name!r} leaves the canvas sideways"
        assert 0 <= box.y0 < box.y1 <= height, f"{name!r} leaves the canvas"
        for other, other_box in words[:index]:
            across = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
            down = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
            assert min(across, down) < 1, f"{name!r} is written over {other.get_text()!r}"


def test_words_of_one_panel_stay_off_the_others(draw, monkeypatch):
    figure = draw()
    words = words_on(figure, monkeypatch)
    for panel in figure.findobj(Axes):
        if panel.axison:
            own = set(panel.findobj(Text))
            strangers = [
                text for text, box in words if text not in own and box.overlaps(panel.bbox)
            ]
            assert not strangers


def test_the_check_of_words_finds_an_overlap(monkeypatch):
    figure = plots.confusion(MATRIX)
    figure.axes[0].text(0.1, 0.1, "over")
    boxes = [box for _, box in words_on(figure, monkeypatch)]
    *others, added = boxes
    assert any(added.overlaps(box) for box in others)


def test_a_new_figure_has_the_width_of_the_book_on_white(draw):
    figure = draw()
    assert isinstance(figure, Figure)
    assert figure.get_figwidth() == 7.5
    assert 1 < figure.get_figheight() < 8
    assert figure.get_facecolor() == (1, 1, 1, 1)


def test_given_axes_are_drawn_into_and_nothing_else_is(draw):
    figure = Figure(figsize=(12, 6))
    left, right = figure.subplots(1, 2)
    assert draw(ax=left) is figure
    assert figure.axes == [left, right]
    assert left.has_data() or left.patches or left.child_axes
    assert not right.has_data()
    assert not right.texts
    assert not right.child_axes


def test_pyplot_and_its_settings_stay_as_they_were(draw):
    figures = plt.get_fignums()
    with rc_context({"font.size": 23, "axes.spines.top": True, "mathtext.fontset": "stix"}):
        before = dict(rcParams)
        draw()
        assert dict(rcParams) == before
    assert plt.get_fignums() == figures


def test_each_figure_is_written_as_svg(draw, tmp_path):
    path = tmp_path / "figure.svg"
    draw().savefig(path)
    assert path.stat().st_size < 400_000
