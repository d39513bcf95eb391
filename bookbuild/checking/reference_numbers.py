"""The numbers to expect of each page: one small file, reviewed like the sources."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bookbuild.book import Book, BookError
from bookbuild.checking.rules import Fault
from bookbuild.files import write_text
from bookbuild.running.run_record import RunRecord

FILE = "chapters/reference.yml"
RENEWAL = "find out what moved it; if it is meant, make reference and review the difference"
# How far a new number may lie from its reference until somebody has thought about it: by a word
# in its name, and for others in proportion. Processors differ in the last digits of a product,
# and a hundred updates make much of it.
TOLERANCES = {"accuracy": 0.02, "difference": 2e-5}
PROPORTION = 0.25

Value = float | int | str | bool
NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?", re.I)


@dataclass(frozen=True)
class ReferenceNumber:
    """A number of a page, and how far a run may be from it; texts and integers must be equal."""

    value: Value
    tolerance: float

    def admits(self, found: Value) -> bool:
        """Whether a run that recorded this is as expected."""
        if isinstance(self.value, str) or isinstance(found, str):
            return found == self.value
        return abs(found - self.value) <= self.tolerance

    def as_mapping(self) -> dict[str, Value]:
        """Return the number as it stands in the file; an exact one has no tolerance there."""
        return {"value": self.value} | ({"tolerance": self.tolerance} if self.tolerance else {})

    def __str__(self) -> str:
        """Return the value with its tolerance, if it has one."""
        return f"{self.value}" + (f" ± {self.tolerance}" if self.tolerance else "")


Numbers = dict[str, ReferenceNumber]
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
            for device, pages in yaml.safe_load(path.read_text("utf-8")).items()
        }
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BookError(
            f"{FILE} cannot be read ({type(error).__name__}: {error}): mend it or take it back "
            "from git; an entry is name: {value: 0.9, tolerance: 0.01}"
        ) from error


def save(book: Book, reference: Reference) -> None:
    """Write the file, sorted, one number to a line."""
    plain = {
        device: {
            page: {name: number.as_mapping() for name, number in sorted(numbers.items())}
            for page, numbers in sorted(pages.items())
        }
        for device, pages in sorted(reference.items())
    }
    style = {"default_flow_style": None, "sort_keys": False, "width": math.inf}
    write_text(yaml.safe_dump(plain, allow_unicode=True, **style), _path(book))


def default_tolerance(name: str, value: Value) -> float:
    """Return the tolerance of a number that nobody has reviewed yet."""
    if not isinstance(value, float):
        return 0
    for word, tolerance in TOLERANCES.items():
        if word in name:
            return tolerance
    return float(f"{PROPORTION * abs(value):.1g}")


def why_not_compared(record: RunRecord, reference: Reference, page: str) -> str:
    """Say why the numbers of a page's run cannot be held to the reference; nothing if they can."""
    if record.parameters:
        values = ", ".join(f"{name}={value!r}" for name, value in record.parameters.items())
        return f"it was run with {values}"
    if (record.data.get("auto") or [""])[0] == "mnist-5k":
        return "it was run on the small data set"
    with_page = [device for device, pages in reference.items() if page in pages]
    if record.device not in reference or (with_page and record.device not in with_page):
        return f"{FILE} has no numbers of it for a {record.device}"
    # Of a page that has numbers nowhere it is found that they are missing.
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


def _entry(entry: Mapping[str, Any]) -> ReferenceNumber:
    expected = ReferenceNumber(entry["value"], entry.get("tolerance", 0))
    if not isinstance(expected.value, Value) or not expected.tolerance >= 0:
        raise ValueError(f"{entry} is no number with a tolerance")
    if isinstance(expected.value, str) and NUMBER.fullmatch(expected.value):
        raise ValueError(f"{expected.value} is a text to YAML, which writes 1.0e-05")
    return expected
