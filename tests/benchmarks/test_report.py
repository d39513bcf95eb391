"""What is written of a run: the page, its tables and its figures."""

from dataclasses import replace

import pytest

from benchmarks import figures, report
from benchmarks.jobs import PARTS
from benchmarks.results import Results


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_written_and_read_back(results, tmp_path, part):
    made_up = results(part)
    files = report.write(made_up, tmp_path)
    assert [file.name for file in files] == [f"{part}.json", f"{part}.svg", "README.md"]
    assert Results.read(files[0]) == made_up
    page = files[2].read_text()
    assert f"]({part}.svg)" in page
    assert "Abacus" in page
    assert "Theano" in page, "the page says who is left out"
    picture = files[1].read_bytes()
    report.write(made_up, tmp_path)
    assert files[1].read_bytes() == picture


def test_the_page_holds_every_part_that_was_measured(results, tmp_path):
    for part in reversed(PARTS):
        report.write(results(part), tmp_path)
    page = (tmp_path / "README.md").read_text()
    places = [page.index(f"]({part}.svg)") for part in PARTS]
    assert places == sorted(places)
    assert page.count("\n## ") == len(PARTS)
    report.write(results("speed"), tmp_path)
    assert (tmp_path / "README.md").read_text() == page


def shown_ticks(ax):
    """Return the labels of the ticks inside the axes; others exist and are not drawn."""
    low, high = ax.get_xlim()
    return [text for text in ax.get_xticklabels() if low <= text.get_position()[0] <= high]


@pytest.mark.parametrize(
    ("part", "draw"),
    [
        ("speed", figures.speed),
        ("reduction", figures.reduction),
        ("growth", figures.growth_curves),
    ],
)
def test_no_text_of_a_figure_covers_another(results, part, draw):
    figure, alt = draw(results(part))
    assert "this book" in alt
    assert "\n" not in alt
    figure.draw_without_rendering()
    texts = [
        text.get_window_extent().padded(-1)
        for ax in figure.axes
        for text in [*ax.texts, ax.title, ax.xaxis.label, *shown_ticks(ax)]
        if text.get_text()
    ]
    clashes = sum(a.overlaps(b) for i, a in enumerate(texts) for b in texts[:i])
    assert clashes == 0
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in texts)


def test_a_bar_figure_has_at_most_five_ticks(results):
    whole = results("speed")
    fast = [{**each, "samples_per_second": 2.6e6} for each in whole.measurements]
    figure, _ = figures.speed(replace(whole, measurements=fast))
    figure.draw_without_rendering()
    assert all(3 <= len(shown_ticks(ax)) <= 5 for ax in figure.axes)


def test_the_tables_show_the_best_round_and_the_limit(results):
    steady = next(report.speed_tables(results("speed")))
    assert "| this book | 300 (to 273) |" in steady
    assert "| arithmetic limit | 606 | 303 | 48.4 | 152 |" in steady


def test_the_page_has_the_ratio_of_the_masks(results, tmp_path):
    report.write(results("masks"), tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "| this book, times the fastest peer | 3.95 | 3.95 |" in page
    assert "JAX" not in page


def test_a_contender_that_failed_is_absent_and_the_rest_is_shown(results, tmp_path):
    whole = results("speed")
    broken = replace(
        whole,
        measurements=[
            {"error": "it broke", **each}
            if (each.get("contender"), each.get("network")) == ("jax", "deep")
            else each
            for each in whole.measurements
        ],
    )
    assert len(broken.failures) == 2
    report.write(broken, tmp_path)
    page = (tmp_path / "README.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith("| JAX | 145")]
    assert row.split("|")[4].strip() == "–"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123456, "0.0123"), (27.04, "27"), (1041.7, "1,040"), (38_712, "38,700")]
)
def test_numbers_have_three_digits_and_no_exponent(value, text):
    assert figures.three_digits(value) == text
