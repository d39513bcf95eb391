"""Options that several verbs share, and what they mean."""

import argparse
import re
from collections.abc import Sequence
from typing import Any

from bookbuild.book import Book
from bookbuild.running.parameters import parse_parameters
from bookbuild.running.request import Limits, Request, requests_for
from bookbuild.running.run_stale import RunOptions


def add_chapters(parser: argparse.ArgumentParser) -> None:
    """Add the chapters that a verb is about."""
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="default: all")


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say with which parameters pages are run."""
    parser.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter of the pages that declare it; may be repeated",
    )
    parser.add_argument(
        "--quick", action="store_true", help="set quick=True where a page declares it"
    )


def requests_from(book: Book, arguments: argparse.Namespace) -> list[Request]:
    """Return the requests to run the chapters that were named, as the options above say.

    A page that does not declare a parameter runs without it, and is named.
    """
    parameters = given_parameters(arguments)
    requests = requests_for(book.select(arguments.chapters), parameters, arguments.quick)
    for name in parameters:
        without = [each.page.name for each in requests if name not in each.parameters]
        if without:
            print(f"{name} is not declared by {', '.join(without)}: run without it")
    if arguments.quick and not any("quick" in each.parameters for each in requests):
        print("no page declares quick: --quick changes nothing")
    return requests


def given_parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the values given with ``-p``, without the space of `shield_values`."""
    return parse_parameters((name, re.sub("^ -", "-", text)) for name, text in arguments.parameters)


def shield_values(argv: Sequence[str]) -> list[str]:
    """Put a space before each value of ``-p`` that argparse would take for an option: ``-1e-3``."""
    pairs = zip([None, None, *argv], argv, strict=False)
    return [
        f" {word}" if two_before == "-p" and word[:1] == "-" else word for two_before, word in pairs
    ]


def add_scheduler_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which machines run the pages."""
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask scheduler, such as tcp://10.0.0.1:8786 (default: processes of this machine)",
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how pages are run; `run_options` reads them."""
    add_scheduler_option(parser)
    parser.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="how many pages to run at once on this machine (default: as many as its cores and "
        "memory allow, and that of its GPUs)",
    )
    parser.add_argument(
        "--force", action="store_true", help="run pages again of which nothing has moved"
    )
    for option, default, what in (
        ("--timeout", Limits.cell, "each cell"),
        ("--start-timeout", Limits.start, "the start of a kernel"),
    ):
        parser.add_argument(
            option,
            type=count,
            default=default,
            metavar="SECONDS",
            help=f"limit for {what} (default: %(default)s)",
        )


def run_options(arguments: argparse.Namespace) -> RunOptions:
    """Return what the options of `add_run_options` say."""
    limits = Limits(arguments.timeout, arguments.start_timeout)
    return RunOptions(arguments.scheduler, arguments.workers, arguments.force, limits)


def count(text: str) -> int:
    """Read a number of seconds, processes or seeds for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
