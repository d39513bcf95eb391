"""What is read off a run and written: the tables, the figure, the goals."""

from dataclasses import replace

import pytest

from benchmarks import figures, goals, report, tables
from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.networks import NETWORKS
from benchmarks.plan import PARTS, SIZES, Plan, growth_jobs
from benchmarks.readings import growth, limits, others, times_fastest_peer, trainings
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
        ("growth", figures.growth_figure),
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


def test_the_best_round_counts_and_the_worst_is_told(results):
    basic = trainings(results("speed"))["basic"]
    assert basic[OURS].samples_per_second == pytest.approx((300e3, 300e3 / 1.1))
    assert basic[OURS].cold_seconds == pytest.approx((1.0, 1.1))
    assert times_fastest_peer(basic) == pytest.approx(300 / 145)
    assert times_fastest_peer(others(basic)) is None
    assert "| this book | 300 (to 273) |" in tables.speed(results("speed"))


def test_the_limit_is_the_best_product_by_the_flops(results):
    assert limits(results("speed"))["basic"] == pytest.approx(300e9 / 495_360)
    assert "| arithmetic limit | 606 | 303 | 48.4 | 152 |" in tables.speed(results("speed"))


def test_growth_varies_one_size_at_a_time(results):
    plan = Plan()
    read = growth(results("growth"))
    for size, values in zip(SIZES, plan.growth, strict=True):
        assert list(read[size]) == list(CONTENDERS)
        assert all(tuple(speeds) == values for speeds in read[size].values())
    assert read["n_hidden"][OURS][128] == pytest.approx(150e3)


def test_growth_never_reads_more_digits_than_there_are():
    recipes = [job["recipe"] for job in growth_jobs(Plan())]
    assert all(each["batch_size"] * each["iterations"] <= 50_000 for each in recipes)
    assert len({str(each) for each in recipes}) * len(CONTENDERS) == len(recipes)


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


def test_goals_are_met_or_missed(results):
    found = {goal.text: goal for goal in goals.goals(results("speed"))}
    assert found["Basic, times the fastest peer"].met
    assert found["Basic, cold, times PyTorch"].met
    share = found["Basic, share of the limit"]
    assert not share.met
    assert str(share) == "MISSED Basic, share of the limit: 0.50 (at least 0.5)"
    assert len(found) == 4 * len(NETWORKS) - 1, "PyTorch is no cold goal for the deep network"


def test_goals_of_the_reduction(results):
    found = {goal.text: goal for goal in goals.goals(results("reduction"))}
    assert found["nearest, times Pillow"].value == pytest.approx(1040 / 21)
    assert found["nearest, time of a plain copy"].met
    assert goals.goals(results("growth")) == []


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123456, "0.0123"), (27.04, "27"), (1041.7, "1,040"), (38_712, "38,700")]
)
def test_numbers_have_three_digits_and_no_exponent(value, text):
    assert tables.three_digits(value) == text
