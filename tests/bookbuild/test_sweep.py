"""A chapter over a grid: every point in the table with its own numbers, failures reported."""

import csv

import pytest
from nbformat.v4 import new_code_cell

from bookbuild.book import BookError
from bookbuild.running.sweep_grid import parse_grid, points_of
from bookbuild.running.sweep_results import Row, plot, table

GRID = ["--grid", "n=1,2,3,4", "--grid", "rate=0.1,1e-3,area"]


@pytest.fixture
def chapter(book, record):
    """Make a chapter that fails for n = 4, and records a number made of its parameters."""
    book.add(
        "one",
        new_code_cell("n = 0\nrate = None\nseed = 0", metadata={"tags": ["parameters"]}),
        "assert n != 4\n"
        "prefix = 'application/papermill.record/'\n"
        "display({prefix + 'text/plain': str(n + seed / 10)}, raw=True,\n"
        "        metadata={'scrapbook': {'name': 'total', 'mime_prefix': prefix}})\n",
    )
    return book


def rows(book):
    with (book.root / "_build" / "sweeps" / "one" / "table.csv").open() as file:
        return list(csv.DictReader(file))


def test_twelve_points_of_which_three_fail_leave_nine_rows(chapter):
    command = ["sweep", "one", *GRID, "--scheduler", chapter.scheduler()]
    done = chapter.run(*command)
    assert done.returncode == 1
    assert done.stdout.count("AssertionError") == 3
    assert "3 of 12 pages failed" in done.stdout
    assert "chapters/one n=4,rate=area, cell 3 (id 'c2')" in done.stdout
    found = [(row["n"], row["rate"], float(row["total"])) for row in rows(chapter)]
    rates = ("0.1", "0.001", "area")
    assert found == [(str(n), rate, float(n)) for n in (1, 2, 3) for rate in rates]
    assert "<svg" in (chapter.root / "_build" / "sweeps" / "one" / "plot.svg").read_text()
    assert not chapter.executed("one").exists()

    done = chapter.run(*command)
    assert done.stdout.count("  starts") == 3
    assert done.stdout.count("fresh: full run") == 9
    assert len(rows(chapter)) == 9


def test_seeds_are_the_last_axis(chapter):
    done = chapter.run("sweep", "one", "--seeds", "2", "--scheduler", chapter.scheduler())
    assert done.returncode == 0, done.stdout
    assert [(row["seed"], row["total"]) for row in rows(chapter)] == [("0", "0.0"), ("1", "0.1")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "a sweep needs --grid NAME=VALUE,VALUE or --seeds N"),
        (["--grid", "n"], "--grid 'n' is not like n_hidden=32,64,128"),
        (["--grid", "n=1,,2"], "--grid 'n=1,,2' is not like"),
        (["--grid", "n=1,2,1.0"], "--grid 'n=1,2,1.0' names a value twice"),
        (["--seeds", "2", "-p", "n", "1", "-p", "n", "2"], "n is given values twice"),
        (["--grid", "n=1", "--grid", "n=2"], "n is given values twice"),
        (["--grid", "seed=1,2", "--seeds", "2"], "seed is given values twice"),
        (["--grid", "n=1,2", "-p", "n", "3"], "n is given values twice"),
        (["--grid", "m=1,2"], "has no parameter 'm'; declared are: n, rate, seed"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(chapter, options, message):
    done = chapter.run("sweep", "one", *options)
    assert done.returncode == 2
    assert message in done.stderr


def test_points_are_all_combinations_in_order():
    grid = parse_grid(["n=1,2", "rate=0.1,True"], 2)
    points = list(points_of(grid))
    assert len(points) == 8
    assert points[0] == {"n": 1, "rate": 0.1, "seed": 0}
    assert points[-1] == {"n": 2, "rate": True, "seed": 1}


def point(n, rate, seed, /, **numbers):
    return Row({"n": n, "rate": rate, "seed": seed}, numbers, 1.5)


def test_the_table_is_tidy():
    points = [point(1, 0.1, 0, a=0.25, n=1), point(2, 0.1, 0, b="x, y")]
    assert table(points) == ('n,rate,seed,a,b,seconds\n1,0.1,0,0.25,,1.5\n2,0.1,0,,"x, y",1.5\n')


def test_the_plot_names_axis_number_and_lines():
    points = [
        point(n, rate, seed, test_accuracy=0.9, other=1)
        for n in (32, 64)
        for rate in ("slow", "fast")
        for seed in (0, 1)
    ]
    for number, shown in ((None, "test_accuracy"), ("other", "other")):
        image = plot(points, ["n", "rate", "seed"], number)
        for text in (shown, "rate slow", "rate fast", "32", "64"):
            assert f"<!-- {text} -->" in image


def test_a_number_that_was_not_recorded_is_refused():
    points = [point(1, 1, 0, loss=1.0, kind="tanh")]
    with pytest.raises(BookError, match="no point recorded the number 'kind'; recorded are: loss"):
        plot(points, ["n"], "kind")
    with pytest.raises(BookError, match="recorded are: none"):
        plot([point(1, 1, 0, kind="tanh")], ["n"], None)


def test_a_number_misspelt_costs_neither_the_table_nor_the_report(chapter):
    command = ["sweep", "one", "--grid", "n=3,4", "--scheduler", chapter.scheduler()]
    done = chapter.run(*command, "--number", "totl")
    assert done.returncode == 2
    assert "totl" in done.stderr
    assert "1 of 2 pages failed" in done.stdout
    assert [row["total"] for row in rows(chapter)] == ["3.0"]
