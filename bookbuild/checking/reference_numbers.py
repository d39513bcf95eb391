"""The numbers to expect of each page: one small file, reviewed like the sources."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from nbformat import NotebookNode

from bookbuild.book import Book, BookError
from bookbuild.checking.rules import Fault
from bookbuild.files import write_text
from bookbuild.notebooks import recorded, recorded_tolerances
from bookbuild.running.freshness_key import short_name
from bookbuild.running.run_record import RunRecord

FILE = "chapters/reference.yml"
RENEWAL = "find out what moved it; if it is meant, make reference and review the difference"
ROUNDING = 1e-4  # of a number that came without a tolerance

Value = float | int | str | bool | list
NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?", re.I)


@dataclass(frozen=True)
class ReferenceNumber:
    """What a page recorded under a name, how far another run may be from it, and why so far.

    Texts, whole numbers, and what has no tolerance must be equal.
    """

    value: Value
    tolerance: float = 0
    reason: str = ""

    def admits(self, found: Value) -> bool:
        """Whether a run that recorded this is as expected."""
        if isinstance(self.value, list) or isinstance(found, list):
            alike = type(self.value) is type(found) and len(self.value) == len(found)
            return alike and all(map(self._is_near, self.value, found))
        return self._is_near(self.value, found)

    def _is_near(self, expected: Value, found: Value) -> bool:
        if isinstance(expected, str) or isinstance(found, str):
            return found == expected
        return abs(found - expected) <= self.tolerance

    def as_mapping(self) -> dict[str, Value]:
        """Return the number as it stands in the file; an exact one has no tolerance there."""
        return {key: value for key, value in asdict(self).items() if key == "value" or value}

    def __str__(self) -> str:
        """Return the value with its tolerance, if it has one."""
        return f"{self.value}" + (f" ± {self.tolerance:.2g}" if self.tolerance else "")


Numbers = Mapping[str, ReferenceNumber]


@dataclass(frozen=True)
class PageNumbers:
    """The numbers of a page, and what they were made with.

    On the same processor or GPU, with the same packages, another run gives the same bits.
    """

    machine: str
    packages: str
    numbers: Numbers


NOTHING_EXPECTED = PageNumbers("", "", {})
Reference = dict[str, dict[str, PageNumbers]]  # by device, then by page


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
            device: {page: _page_numbers(**entry) for page, entry in pages.items()}
            for device, pages in yaml.safe_load(path.read_text("utf-8")).items()
        }
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BookError(
            f"{FILE} cannot be read ({type(error).__name__}: {error}): mend it or take it back "
            "from git; an entry is name: {value: 0.9, tolerance: 0.01, reason: …}"
        ) from error


def save(book: Book, reference: Reference) -> None:
    """Write the file, sorted, one number to a line."""
    lines = []
    for device, pages in sorted(reference.items()):
        lines.append(f"{device}:")
        for page, made in sorted(pages.items()):
            lines.append(f"  {page}:")
            for key in ("machine", "packages"):
                lines.append(f"    {key}: {_one_line(getattr(made, key))}")
            lines.append("    numbers:" if made.numbers else "    numbers: {}")
            for name, number in sorted(made.numbers.items()):
                lines.append(f"      {name}: {_one_line(number.as_mapping())}")
    write_text("\n".join(lines) + "\n", _path(book))


def of_run(notebook: NotebookNode, record: RunRecord) -> PageNumbers:
    """Return what a page recorded, with the tolerances that it gave."""
    given = recorded_tolerances(notebook)
    numbers = {
        name: ReferenceNumber(value, *(given.get(name) or _default_tolerance(value)))
        for name, value in recorded(notebook).items()
    }
    return PageNumbers(record.machine, packages_of(record), numbers)


def packages_of(record: RunRecord) -> str:
    """Return a short name of the packages that a page was run with."""
    return short_name(record.key["packages"])


def _default_tolerance(value: Value) -> tuple[float, str]:
    if not isinstance(value, float):
        return 0, ""
    return float(f"{ROUNDING * abs(value):.1g}"), "rounding"


def why_not_compared(record: RunRecord, reference: Reference, page: str) -> str:
    """Say why the numbers of a page's run cannot be held to the reference; nothing if they can."""
    if record.departure:
        return f"it {record.departure}"
    with_page = [device for device, pages in reference.items() if page in pages]
    if record.device not in reference or (with_page and record.device not in with_page):
        return f"{FILE} has no numbers of it for a {record.device}"
    # Of a page that has numbers nowhere it is found that they are missing.
    return ""


def faults(found: Mapping[str, Value], numbers: Numbers, device: str) -> Iterator[Fault]:
    """Compare what a page recorded with what is expected of it."""
    for name in sorted({*found, *numbers}):
        if name not in numbers:
            what = f"{name} is {found[name]}, and {FILE} has no such number"
        elif name not in found:
            what = f"{name} was not recorded, and {FILE} has {numbers[name]}"
        elif not numbers[name].admits(found[name]):
            what = f"{name} is {found[name]}, and {FILE} has {numbers[name]} on a {device}"
        else:
            continue
        yield Fault(None, what, RENEWAL)


def not_to_the_bit(notebook: NotebookNode, record: RunRecord, made: PageNumbers) -> list[str]:
    """Return the names of numbers that differ although machine and packages are the same.

    A number whose tolerance has no limit, such as seconds, is expected to differ.
    """
    if (record.machine, packages_of(record)) != (made.machine, made.packages):
        return []
    found = recorded(notebook)
    return [
        name
        for name, number in made.numbers.items()
        if number.tolerance < math.inf and found.get(name) != number.value
    ]


def _path(book: Book) -> Path:
    return book.root / FILE


def _one_line(value: Any) -> str:
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf
    )
    return text.removesuffix("\n...\n").strip()


def _page_numbers(machine: str, packages: str, numbers: Mapping[str, Any]) -> PageNumbers:
    return PageNumbers(machine, packages, {name: _number(**each) for name, each in numbers.items()})


def _number(value: Value, tolerance: float = 0, reason: str = "") -> ReferenceNumber:
    if not isinstance(value, Value) or not tolerance >= 0:
        raise ValueError(f"{value} ± {tolerance} is no number with a tolerance")
    if isinstance(value, str) and NUMBER.fullmatch(value):
        raise ValueError(f"{value} is a text to YAML, which writes 1.0e-05")
    return ReferenceNumber(value, tolerance, reason)
