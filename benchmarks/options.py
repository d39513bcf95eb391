"""What both command lines have: some options, and the folders that results go into."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from benchmarks.jobs import ROOT

PUBLISHED = ROOT / "benchmarks" / "results"  # where the book finds a whole run
TRIED = ROOT / "_build" / "benchmarks"  # where any other run goes


def common(prog: str, description: str, networks: Iterable[str]) -> argparse.ArgumentParser:
    """Return a parser that knows which networks, how large, and where the results go."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--networks", nargs="+", choices=networks, default=list(networks))
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where the results go")
    return parser


def count(text: str) -> int:
    """Read a whole number above 0 for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
