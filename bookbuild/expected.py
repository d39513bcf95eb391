"""The expected value of every recorded number: one small file, reviewed like the sources."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bookbuild.book import Book, BookError
from bookbuild.files import write_text
from bookbuild.note import Note
from bookbuild.rules import Fault

FILE = "chapters/reference.json"
RENEWAL = "find out what moved it; if it is meant, make reference and review the difference"
# How far a new number may lie from its reference until somebody has thought about it: by a word
# in its name, and for others in proportion. Processors differ in the last digits of a product,
# and a hundred updates make much of it.
TOLERANCES = {"accuracy": 0.02, "difference": 2e-5}
PROPORTION = 0.25

Value = float | int | str | bool


@dataclass(frozen=True)
class Expected:
    """A number of a page, and how far a run may be from it; texts and integers must be equal."""

    value: Value
    tolerance: float

    def admits(self, found: Value) -> bool:
        """Whether a run that recorded this is as expected."""
        if isinstance(self.value, str) or isinstance(found, str):
            return found == self.value
        return abs(found - self.value) <= self.tolerance

    def __str__(self) -> str:
        """Return the value with its tolerance, if it has one."""
        return f"{self.value}" + (f" ± {self.tolerance}" if self.tolerance else "")


Numbers = dict[str, Expected]
Reference = dict[str, dict[str, Numbers]]  # by device, then by page


def load(book: Book) -> Reference:
    """Read the file; it is empty where there is none.

    Raises
    ------
    BookError
        If the file cannot be understood.
    """
    path = _path(book)
    if not path.exists():
        return {}
    try:
        return {
            device: {
                page: {name: _entry(entry) for name, entry in numbers.items()}
                for page, numbers in pages.items()
            }
            for device, pages in json.loads(path.read_text("utf-8")).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BookError(
            f"{FILE} cannot be read ({type(error).__name__}: {error}): mend it or take it back "
            'from git; an entry is "name": {"value": 0.9, "tolerance": 0.01}'
        ) from error


def save(book: Book, reference: Reference) -> None:
    """Write the file, sorted, one number to a line."""
    lines = _lines(
        reference,
        lambda pages: _lines(pages, lambda numbers: _lines(numbers, _json, 3), 2),
        1,
    )
    write_text(lines + "\n", _path(book))


def default_tolerance(name: str, value: Value) -> float:
    """Return the tolerance of a number that nobody has reviewed yet."""
    if not isinstance(value, float):
        return 0
    for word, tolerance in TOLERANCES.items():
        if word in name:
            return tolerance
    return float(f"{PROPORTION * abs(value):.1g}")


def excuse(note: Note, reference: Reference, page: str) -> str:
    """Say why the numbers of a page's run cannot be held to the reference; nothing if they can."""
    if note.parameters:
        values = ", ".join(f"{name}={value!r}" for name, value in note.parameters.items())
        return f"it was run with {values}"
    if (note.data.get("auto") or [""])[0] == "mnist-5k":
        return "it was run on the small data set"
    # A page without numbers for any device is a new one: that they are missing is found.
    devices = [device for device, pages in reference.items() if page in pages]
    if devices and note.device not in devices:
        return f"{FILE} has no numbers of it for a {note.device}"
    return ""


def faults(recorded: Mapping[str, Value], numbers: Numbers, device: str) -> Iterator[Fault]:
    """Compare what a page recorded with what is expected of it."""
    for name in sorted({*recorded, *numbers}):
        if name not in numbers:
            what = f"{name} is {recorded[name]}, and {FILE} has no such number"
        elif name not in recorded:
            what = f"{name} was not recorded, and {FILE} has {numbers[name]}"
        elif not numbers[name].admits(recorded[name]):
            what = f"{name} is {recorded[name]}, and {FILE} has {numbers[name]} on a {device}"
        else:
            continue
        yield Fault(None, what, RENEWAL)


def _path(book: Book) -> Path:
    return book.root / FILE


def _entry(entry: Mapping[str, Any]) -> Expected:
    expected = Expected(entry["value"], entry.get("tolerance", 0))
    if not isinstance(expected.value, Value) or not expected.tolerance >= 0:
        raise ValueError(f"{entry} is no number with a tolerance")
    return expected


def _json(expected: Expected) -> str:
    tolerance = {"tolerance": expected.tolerance} if expected.tolerance else {}
    return json.dumps({"value": expected.value, **tolerance}, ensure_ascii=False)


def _lines(mapping: Mapping[str, Any], show: Any, depth: int) -> str:
    indent = "  " * depth
    entries = [f"{indent}{json.dumps(key)}: {show(mapping[key])}" for key in sorted(mapping)]
    return "{\n" + ",\n".join(entries) + "\n" + indent[2:] + "}" if entries else "{}"
