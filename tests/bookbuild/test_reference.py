"""Recorded numbers are held to the reference, which is renewed on purpose only."""

import json

import pytest
import yaml

from bookbuild.checking.reference_numbers import default_tolerance

NUMBERS = {"test_accuracy": 0.91, "steps": 15, "kind": "tanh"}


def record_page(book, record, numbers, **noted):
    book.pretend("one", {"c1": [record(*item) for item in numbers.items()]}, **noted)


@pytest.fixture
def recorded(book, record):
    """Make a book whose page recorded numbers that are the reference."""
    book.add("one", "x = 1")
    record_page(book, record, NUMBERS)
    done = book.run("reference")
    assert done.returncode == 0, done.stderr
    return book


def reference(book):
    return book.root / "chapters" / "reference.yml"


def test_the_file_has_a_line_for_each_number(recorded):
    assert reference(recorded).read_text() == (
        "cpu:\n"
        "  chapters/one:\n"
        "    kind: {value: tanh}\n"
        "    steps: {value: 15}\n"
        "    test_accuracy: {value: 0.91, tolerance: 0.02}\n"
    )
    assert recorded.run("check").returncode == 0


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"test_accuracy": 0.94}, "test_accuracy is 0.94, and chapters/reference.yml has 0.91"),
        ({"steps": 16}, "steps is 16, and chapters/reference.yml has 15 on a cpu"),
        ({"kind": "relu"}, "kind is relu, and chapters/reference.yml has tanh"),
        ({"new": 1.5}, "new is 1.5, and chapters/reference.yml has no such number"),
        ({"steps": None}, "steps was not recorded, and chapters/reference.yml has 15"),
        ({"steps": "many"}, "steps is many"),
    ],
)
def test_a_number_that_moved_shuts_the_gate(recorded, record, change, found):
    numbers = {name: value for name, value in {**NUMBERS, **change}.items() if value is not None}
    record_page(recorded, record, numbers)
    for verb in ("check", "html"):
        done = recorded.run(verb)
        assert done.returncode == 1
        assert f"chapters/one\n  {found}" in done.stdout
        assert "make reference" in done.stdout


def test_a_reference_that_is_changed_shuts_the_gate(recorded):
    reference(recorded).write_text(reference(recorded).read_text().replace("0.91", "0.88"))
    done = recorded.run("check")
    assert done.returncode == 1
    assert "test_accuracy is 0.91, and chapters/reference.yml has 0.88 ± 0.02" in done.stdout


def test_a_number_within_its_tolerance_passes(recorded, record):
    record_page(recorded, record, NUMBERS | {"test_accuracy": 0.92})
    assert recorded.run("check").returncode == 0


@pytest.mark.parametrize(
    ("noted", "reason"),
    [
        ({"parameters": {"quick": True}}, "it was run with quick=True"),
        ({"parameters": {"seed": 3}}, "it was run with seed=3"),
        ({"data": {"auto": ["mnist-5k", "00"]}}, "it was run on the small data set"),
        ({"provenance": {"device": "GPU, H100"}}, "has no numbers of it for a gpu"),
    ],
)
def test_what_cannot_be_compared_is_said(recorded, record, noted, reason):
    record_page(recorded, record, {"test_accuracy": 0.5}, **noted)
    done = recorded.run("check")
    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "not compared" in line]
    assert line.startswith("chapters/one: ")
    assert line.endswith(reason)


def test_renewal_shows_what_moves_and_keeps_tolerances(recorded, record):
    text = reference(recorded).read_text().replace("0.02", "0.005")
    reference(recorded).write_text(text)
    record_page(recorded, record, {"test_accuracy": 0.95, "loss": 0.3, "kind": "tanh"})
    done = recorded.run("reference")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "chapters/one  test_accuracy: 0.91 ± 0.005 → 0.95, beyond its tolerance",
        "chapters/one  loss: new, 0.3 ± 0.07",
        "chapters/one  steps: 15 → no longer recorded",
        "3 numbers moved; chapters/reference.yml holds them: review the difference",
    ]
    kept = yaml.safe_load(reference(recorded).read_text())["cpu"]["chapters/one"]
    assert kept["test_accuracy"] == {"value": 0.95, "tolerance": 0.005}
    assert recorded.run("check").returncode == 0


def test_a_second_device_has_numbers_of_its_own(recorded, record):
    record_page(recorded, record, {"steps": 15}, provenance={"device": "GPU, H100"})
    assert recorded.run("reference").returncode == 0
    assert set(yaml.safe_load(reference(recorded).read_text())) == {"cpu", "gpu"}


def test_a_page_that_a_device_has_never_run_is_not_held_to_another_device(recorded, record):
    recorded.add("two", "x = 1")
    on_gpu = {"provenance": {"device": "GPU, H100"}}
    record_page(recorded, record, {"steps": 15}, **on_gpu)
    recorded.pretend("two", {"c1": [record("steps", 1)]})
    assert recorded.run("reference").returncode == 0
    recorded.pretend("two", {"c1": [record("steps", 2)]}, **on_gpu)
    done = recorded.run("check")
    assert done.returncode == 0, done.stdout
    assert "chapters/two: its numbers are not compared" in done.stdout
    recorded.add("three", "x = 1")
    recorded.pretend("three", {"c1": [record("steps", 2)]}, **on_gpu)
    assert "steps is 2, and chapters/reference.yml has no such number" in (
        recorded.run("check").stdout
    )


def test_a_quick_run_is_no_reference(recorded, record):
    before = reference(recorded).read_text()
    record_page(recorded, record, {"test_accuracy": 0.5}, parameters={"quick": True})
    done = recorded.run("reference")
    assert done.returncode == 2
    assert "chapters/one is no reference: it was run with quick=True" in done.stderr
    assert reference(recorded).read_text() == before


def test_a_page_that_left_the_book_leaves_the_reference(recorded):
    recorded.add("two", "x = 1")
    recorded.pretend("two")
    contents = recorded.root / "_toc.yml"
    contents.write_text(contents.read_text().replace("  - file: chapters/one\n", ""))
    done = recorded.run("reference")
    assert "chapters/one  is no longer in the book" in done.stdout
    assert yaml.safe_load(reference(recorded).read_text()) == {"cpu": {"chapters/two": {}}}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"cpu": {"chapters/one": {"a": 1}}}', '{"cpu": {"chapters/one": 1}}']
)
def test_a_reference_that_cannot_be_read_gets_a_message(recorded, text):
    reference(recorded).write_text(text)
    done = recorded.run("check")
    assert done.returncode == 2
    assert "chapters/reference.yml cannot be read" in done.stderr


def test_renewal_notes_how_long_the_pages_took(recorded, record):
    file = recorded.root / "chapters" / "durations.json"
    assert json.loads(file.read_text()) == {"chapters/one": 2}
    recorded.add("two", "x = 1")
    recorded.pretend("two", seconds=71.6)
    assert recorded.run("reference", "two").returncode == 0
    assert json.loads(file.read_text()) == {"chapters/one": 2, "chapters/two": 72}
    contents = recorded.root / "_toc.yml"
    contents.write_text(contents.read_text().replace("  - file: chapters/one\n", ""))
    assert recorded.run("reference", "two").returncode == 0
    assert json.loads(file.read_text()) == {"chapters/two": 72}


@pytest.mark.parametrize(
    ("name", "value", "tolerance"),
    [
        ("mean_accuracy", 0.9, 0.02),
        ("numpy_keras_difference", 4e-6, 2e-5),
        ("loss", -0.237, 0.06),
        ("steps", 15, 0),
        ("agrees", True, 0),
        ("kind", "tanh", 0),
    ],
)
def test_new_numbers_get_a_tolerance(name, value, tolerance):
    assert default_tolerance(name, value) == tolerance
