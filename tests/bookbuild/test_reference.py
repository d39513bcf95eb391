"""Recorded numbers are held to the reference, which is renewed on purpose only."""

import json

import pytest
import yaml

from bookbuild.book import Book
from bookbuild.checking import reference_numbers
from bookbuild.checking.reference_numbers import ReferenceNumber
from bookbuild.running.machine import processor

NUMBERS = {"test_accuracy": 0.91, "steps": 15, "kind": "tanh"}
WITHIN = {"test_accuracy": (0.02, "4 standard errors over 5 seeds")}


def record_page(book, record, numbers, **noted):
    outputs = [record(name, value, *WITHIN.get(name, ())) for name, value in numbers.items()]
    book.pretend("one", {"c1": outputs}, **noted)


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


def numbers_of(book, page="chapters/one"):
    return yaml.safe_load(reference(book).read_text())["cpu"][page]["numbers"]


def test_the_file_has_a_line_for_each_number(recorded):
    cpu, page, machine, packages, *lines = reference(recorded).read_text().splitlines()
    assert (cpu, page) == ("cpu:", "  chapters/one:")
    assert yaml.safe_load(machine) == {"machine": processor()}
    assert packages.startswith("    packages: ")
    assert lines == [
        "    numbers:",
        "      kind: {value: tanh}",
        "      steps: {value: 15}",
        "      test_accuracy: {value: 0.91, tolerance: 0.02, "
        "reason: 4 standard errors over 5 seeds}",
    ]
    done = recorded.run("check")
    assert done.returncode == 0
    assert "last bit" not in done.stdout


def test_what_is_saved_is_loaded_again(recorded):
    book = Book.load(recorded.root)
    numbers = {
        "a": ReferenceNumber("yes"),
        "b": ReferenceNumber([0.1, 1e-9], 1e-5, "rounding: so"),
        "c": ReferenceNumber(True),
        "d": ReferenceNumber(2.5e-11, 1e-12, "it's so"),
    }
    saved = {"gpu": {"chapters/one": reference_numbers.PageNumbers("A: B #1", "12", numbers)}}
    reference_numbers.save(book, saved)
    assert reference_numbers.load(book) == saved


def test_numbers_of_the_same_machine_and_packages_are_equal_to_the_last_bit(recorded, record):
    record_page(recorded, record, NUMBERS | {"test_accuracy": 0.9100000000000001})
    done = recorded.run("check")
    assert done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if "last bit" in line]
    assert line.startswith("chapters/one: ")
    assert line.endswith(": test_accuracy")


@pytest.mark.parametrize("other", ["machine", "packages"])
def test_on_another_machine_or_with_other_packages_the_last_bits_may_differ(
    recorded, record, other
):
    lines = [
        f"    {other}: another" if line.startswith(f"    {other}:") else line
        for line in reference(recorded).read_text().splitlines()
    ]
    reference(recorded).write_text("\n".join(lines))
    record_page(recorded, record, NUMBERS | {"test_accuracy": 0.9100000000000001})
    assert "last bit" not in recorded.run("check").stdout


@pytest.mark.parametrize(
    ("found", "admitted"),
    [
        ([2.3, 0.41], True),
        ([2.30001, 0.40999], True),
        ([0.41, 2.3], False),
        ([2.3], False),
        (2.3, False),
        ("2.3", False),
    ],
)
def test_several_numbers_are_compared_one_by_one(found, admitted):
    assert ReferenceNumber([2.3, 0.41], 4e-5, "rounding").admits(found) is admitted


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


def test_a_number_of_the_machine_may_become_any_other(recorded, record):
    def outputs(seconds):
        return {"c1": [record("seconds", seconds, "inf", "seconds of this machine")]}

    recorded.add("two", "x = 1")
    recorded.pretend("two", outputs(1.5))
    assert recorded.run("reference").returncode == 0
    assert "seconds: {value: 1.5, tolerance: .inf, reason: seconds of this machine}" in (
        reference(recorded).read_text()
    )
    recorded.pretend("two", outputs(99.0))
    done = recorded.run("check")
    assert done.returncode == 0, done.stdout
    assert "not equal to the last bit" not in done.stdout
    recorded.pretend("two", {"c1": []})
    done = recorded.run("check")
    assert "seconds was not recorded, and chapters/reference.yml has 1.5 ± inf" in done.stdout


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


def test_renewal_shows_what_moves(recorded, record):
    record_page(recorded, record, {"test_accuracy": 0.95, "loss": 0.3, "kind": "tanh"})
    done = recorded.run("reference")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "chapters/one  test_accuracy: 0.91 ± 0.02 → 0.95 ± 0.02, beyond its tolerance",
        "chapters/one  loss: new, 0.3 ± 3e-05",
        "chapters/one  steps: 15 → no longer recorded",
        "3 numbers moved; chapters/reference.yml holds them: review the difference",
    ]
    assert numbers_of(recorded)["loss"] == {"value": 0.3, "tolerance": 3e-5, "reason": "rounding"}
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
    assert set(yaml.safe_load(reference(recorded).read_text())["cpu"]) == {"chapters/two"}
    assert numbers_of(recorded, "chapters/two") == {}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cpu": {"chapters/one": 1}}',
        '{"cpu": {"chapters/one": {"a": {"value": 1}}}}',
        '{"cpu": {"chapters/one": {"machine": "a", "packages": "b", "numbers": {"a": 1}}}}',
    ],
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
