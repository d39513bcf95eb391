"""``bookbuild execute``: run pages, keep their outputs, report every one that failed."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

import yaml

from bookbuild.book import Book, BookError, Page
from bookbuild.runner import Limits, Outcome, declared_parameters, run_page


def add_parser(verbs) -> None:
    """Add the verb and its options to the command line."""
    parser = verbs.add_parser("execute", help="run pages in fresh kernels", description=__doc__)
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="default: all")
    parser.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter of the page; may be repeated",
    )
    parser.add_argument(
        "--quick", action="store_true", help="set quick=True where a page declares it"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=Limits.cell,
        metavar="SECONDS",
        help="limit for each cell (default: %(default)s)",
    )
    parser.add_argument(
        "--start-timeout",
        type=_seconds,
        default=Limits.start,
        metavar="SECONDS",
        help="limit for the start of a kernel (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(book: Book, arguments: argparse.Namespace) -> int:
    """Run the chapters asked for; 1 if any failed."""
    pages = book.select(arguments.chapters)
    values = {name: parse_value(text) for name, text in arguments.parameters}
    limits = Limits(arguments.timeout, arguments.start_timeout)
    jobs = [(page, _parameters(page, values, arguments.quick)) for page in pages]
    outcomes = []
    for page, parameters in jobs:
        _say(f"{page.name}  starts" + "".join(f"  {k}={v!r}" for k, v in parameters.items()))
        outcome = run_page(page, parameters, limits, _say)
        _say(f"{page.name}  {'done' if outcome.ok else 'FAILED'} in {outcome.seconds:.1f} s")
        outcomes.append(outcome)
    return _report(book, outcomes)


def parse_value(text: str) -> Any:
    """Read the value of a parameter as papermill's command line does, and YAML besides.

    ``3`` is an int, ``1e-3`` a float, ``True`` a bool, ``None`` none, ``[1, 2]`` a list, and
    what is none of these is the text itself.

    Raises
    ------
    BookError
        If the value starts as YAML and does not end as such, like ``[1,``, or if a notebook
        cannot hold it, like the date ``2026-01-01``.
    """
    if text == "None":
        return None
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    try:
        value = yaml.safe_load(text)
        json.dumps(value)
    except yaml.YAMLError as error:
        raise BookError(f"the value {text!r} is not YAML; put quotes around a text") from error
    except TypeError as error:
        raise BookError(
            f"the value {text!r} is not a number, text, list or mapping of these; quote a text "
            f"inside the value: '\"{text}\"'"
        ) from error
    return value


def _seconds(text: str) -> int:
    """Read a time limit for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of seconds above 0")
    return int(text)


def _parameters(page: Page, values: dict[str, Any], quick: bool) -> dict[str, Any]:
    """Return what to inject into a page; refuse names that it does not declare."""
    declared = declared_parameters(page)
    unknown = [name for name in values if name not in declared]
    if unknown:
        known = ", ".join(declared) or "none"
        raise BookError(
            f"{page.name} has no parameter {', '.join(map(repr, unknown))}; it declares: {known}"
        )
    return ({"quick": True} if quick and "quick" in declared else {}) | values


def _report(book: Book, outcomes: Sequence[Outcome]) -> int:
    failures = [outcome for outcome in outcomes if not outcome.ok]
    if not failures:
        return 0
    _say(f"\n{len(failures)} of {len(outcomes)} pages failed:")
    for outcome in failures:
        _say(f"\n{outcome.page.name}, {outcome.where}\n  {outcome.error}")
        if outcome.page.failed.exists():
            _say(f"  what ran is in {book.relative(outcome.page.failed)}")
    return 1


def _say(line: str) -> None:
    """Print a whole line at once: logs and terminals show it the same."""
    print(line, flush=True)
