"""The command line: ``python -m benchmarks [PART…]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

from benchmarks.contenders import CONTENDERS
from benchmarks.goals import goals
from benchmarks.machine import BUSY, busy_percent, describe_machine
from benchmarks.networks import NETWORKS
from benchmarks.peers import REMEDY, sort_out
from benchmarks.plan import GPU, PARTS, QUICK, Plan
from benchmarks.progress import progress_line
from benchmarks.reducers import REDUCERS
from benchmarks.results import Results
from benchmarks.rounds import ROOT, Measurement, WorkerError, run_job, run_rounds
from bookbuild.running.machine import gpu_models

PUBLISHED = ROOT / "benchmarks" / "results"  # where the book finds a whole run
TRIED = ROOT / "_build" / "benchmarks"  # where any other run goes


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the parts asked for and write what was found.

    Returns
    -------
    int
        0 when all was measured, 1 when something failed, 130 after Ctrl-C.
    """
    arguments = parser().parse_args(argv)
    try:
        return run(arguments)
    except (WorkerError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbenchmarks: interrupted; the parts that were finished are kept", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure speed, side by side.")
    parser.add_argument(
        "parts",
        nargs="*",
        type=part,
        metavar="PART",
        help=f"{', '.join(PARTS)} (default: all but {GPU})",
    )
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument(
        "--python",
        nargs=2,
        action="append",
        default=[],
        metavar=("CONTENDER", "PATH"),
        help="the Python of a contender whose libraries do not get on with the others'",
    )
    parser.add_argument("--rounds", type=rounds, metavar="N", help="default: 3, 1 where quick")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where the results go")
    return parser


def part(text: str) -> str:
    """Read the name of a part for argparse."""
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no part: choose from {', '.join(PARTS)}")
    return text


def rounds(text: str) -> int:
    """Read a number of rounds for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Measure the parts, write each as soon as it is measured, say what it shows."""
    pythons = dict(arguments.python)
    here, without = sort_out([n for n in arguments.contenders if n not in pythons], CONTENDERS)
    contenders = [name for name in arguments.contenders if name in here or name in pythons]
    reducers, without_reducers = sort_out(REDUCERS, REDUCERS)
    without |= without_reducers
    plan = replace(
        QUICK if arguments.quick else Plan(),
        contenders=tuple(contenders),
        networks=tuple(arguments.networks),
        reducers=tuple(reducers),
    )
    plan = replace(plan, rounds=arguments.rounds or plan.rounds)
    folder = arguments.into or (PUBLISHED if plan == Plan() else TRIED)
    for label, why in without.items():
        print(f"{label} is left out, {why}. Remedy: {REMEDY}")
    if GPU in arguments.parts and gpu_models() == ["none"]:
        raise WorkerError(f"the part {GPU} needs an NVIDIA GPU, and nvidia-smi shows none here")
    busy = busy_percent()
    if busy > BUSY:
        print(f"Something else uses {busy:.0f} % of the processor: these times will mislead")

    failed, machine = False, describe_machine()
    with tempfile.TemporaryDirectory() as digits:
        source = run_job({"measure": "digits"}, Path(digits))["source"]
        for name in arguments.parts or [part for part in PARTS if part != GPU]:
            print(f"\n{name}, {plan.rounds} round(s)", flush=True)
            measurements = run_rounds(PARTS[name](plan), plan.rounds, Path(digits), say, pythons)
            results = Results(
                part=name,
                date=date.today().isoformat(),
                machine=machine,
                busy_percent=busy,
                digits=source,
                recipe=asdict(plan.recipe),
                rounds=plan.rounds,
                left_out=without,
                measurements=measurements,
            )
            failed |= bool(results.failures)
            check_measured(results)
            publish(results, folder)
            if not arguments.quick:
                print(*goals(results), sep="\n")
    return int(failed)


def check_measured(results: Results) -> None:
    """Raise WorkerError if all jobs of a kind failed, for then there is nothing to show."""
    for failure in results.failures:
        if not results.of(failure["measure"]):
            raise WorkerError(
                f"nothing is written for {results.part}, every {failure['measure']} job failed: "
                f"{failure['error']}"
            )


def say(measurement: Measurement) -> None:
    """Print a measurement as it comes."""
    print(progress_line(measurement), flush=True)


def publish(results: Results, folder: Path) -> None:
    """Write a part's results."""
    # Not before anything is measured: a worker's peak memory starts at that of this process.
    from benchmarks import report

    for file in report.write(results, folder):
        print(f"wrote {file}")


if __name__ == "__main__":
    sys.exit(main())
