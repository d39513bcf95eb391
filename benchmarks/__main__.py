"""The command line, ``python -m benchmarks [PART…]``, or ``python -m benchmarks accuracy``.

It measures the parts, says what comes of each job, and describes the machine it ran on.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmarks import accuracy
from benchmarks.contenders import CONTENDERS, NETWORKS, REDUCERS, REMEDY, missing
from benchmarks.jobs import (
    GPU,
    PARTS,
    QUICK,
    SIZES,
    Measurement,
    Plan,
    WorkerError,
    run_job,
    run_rounds,
)
from benchmarks.options import PUBLISHED, TRIED, common, count
from benchmarks.results import Results, goals
from bookbuild.git import commit_of
from bookbuild.running.machine import cpuinfo, gpu_models, processor

BUSY = 15.0  # per cent of the processor in use by others; above it, times mean little
INSTRUCTIONS = {  # as Linux spells them: as people do
    "avx": "AVX",
    "avx2": "AVX2",
    "fma": "FMA",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512 BF16",
    "amx_tile": "AMX",
    "asimd": "NEON",
    "sve": "SVE",
}
PACKAGES = "numpy tensorflow keras torch jax optax pillow opencv-python-headless scikit-image"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the parts asked for and write what was found.

    Returns
    -------
    int
        0 when all was measured, 1 when something failed, 130 after Ctrl-C.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        if words[:1] == [accuracy.ACCURACY]:
            arguments = accuracy.parser().parse_args(words[1:])
            return accuracy.run(arguments, describe_machine())
        return run(parser().parse_args(words))
    except (WorkerError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbenchmarks: interrupted; the parts that were finished are kept", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = common("benchmarks", "Measure speed, side by side.", Plan().networks)
    parser.epilog = "`benchmarks accuracy` measures accuracy instead, and has options of its own."
    parser.add_argument(
        "parts",
        nargs="*",
        type=part,
        metavar="PART",
        help=f"{', '.join(PARTS)} (default: all but {GPU})",
    )
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument(
        "--python",
        nargs=2,
        action="append",
        default=[],
        metavar=("CONTENDER", "PATH"),
        help="the Python of a contender whose libraries do not get on with the others'",
    )
    parser.add_argument("--rounds", type=count, metavar="N", help="default: 3, 1 where quick")
    return parser


def part(text: str) -> str:
    """Read the name of a part for argparse."""
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no part: choose from {', '.join(PARTS)}")
    return text


def run(arguments: argparse.Namespace) -> int:
    """Measure the parts, write each as soon as it is measured, say what it shows."""
    pythons = dict(arguments.python)
    wanted = [CONTENDERS[name] for name in arguments.contenders if name not in pythons]
    absent = [peer for peer in [*wanted, *REDUCERS.values()] if missing(peer)]
    plan = QUICK if arguments.quick else Plan()
    plan = replace(
        plan,
        contenders=tuple(n for n in arguments.contenders if CONTENDERS[n] not in absent),
        networks=tuple(arguments.networks),
        reducers=tuple(name for name, peer in REDUCERS.items() if peer not in absent),
        rounds=arguments.rounds or plan.rounds,
    )
    folder = arguments.into or (PUBLISHED if plan == Plan() else TRIED)
    left_out = {peer.label: f"not installed: {missing(peer)}" for peer in absent}
    for label, why in left_out.items():
        print(f"{label} is left out, {why}. Remedy: {REMEDY}")
    if GPU in arguments.parts and gpu_models() == ["none"]:
        raise WorkerError(f"the part {GPU} needs an NVIDIA GPU, and nvidia-smi shows none here")
    busy = psutil.cpu_percent(interval=1.0)
    if busy > BUSY:
        print(f"Something else uses {busy:.0f} % of the processor: these times will mislead")

    failed, machine = False, describe_machine()
    with tempfile.TemporaryDirectory() as digits:
        source = run_job({"measure": "digits"}, Path(digits))["source"]
        for name in arguments.parts or [part for part in PARTS if part != GPU]:
            print(f"\n{name}, {plan.rounds} round(s)", flush=True)
            measurements = []
            for measurement in run_rounds(PARTS[name](plan), plan.rounds, Path(digits), pythons):
                print(progress_line(measurement), flush=True)
                measurements.append(measurement)
            results = Results(
                part=name,
                date=date.today().isoformat(),
                machine=machine,
                busy_percent=busy,
                digits=source,
                recipe=asdict(plan.recipe),
                rounds=plan.rounds,
                left_out=left_out,
                measurements=measurements,
            )
            failed |= bool(results.failures)
            publish(results, folder)
            if not arguments.quick:
                print(*goals(results), sep="\n")
    return int(failed)


def progress_line(measured: Measurement) -> str:
    """Say what was measured, and the figure that matters most."""
    error = f"FAILED: {measured['error']}" if "error" in measured else ""
    if measured["measure"] == "sgemm":
        subject = "matrix product"
        figure = error or f"{measured['flops_per_second'] / 1e9:.0f} GFLOP/s"
    elif measured["measure"] == "reduction":
        subject = f"{measured['method']}, {REDUCERS[measured['reducer']].label}"
        figure = error or (
            f"{1000 * measured['seconds']:.3g} ms, {measured['extra_mib']:.0f} MiB extra"
        )
    else:
        sizes = " ".join(str(measured["recipe"][size]) for size in SIZES)
        network, contender = NETWORKS[measured["network"]], CONTENDERS[measured["contender"]]
        subject = f"{network.label} {sizes}, {contender.label}"
        figure = error or (
            f"{measured['samples_per_second'] / 1000:.3g} k samples/s, "
            f"cold {measured['cold_seconds']:.2f} s, {measured['peak_mib']:.0f} MiB"
        )
    return f"round {measured['round']}  {subject:<44} {figure}"


def publish(results: Results, folder: Path) -> None:
    """Write a part's results, or raise WorkerError if all jobs of a kind failed."""
    for failure in results.failures:
        if not results.of(failure["measure"]):
            raise WorkerError(
                f"nothing is written for {results.part}, every {failure['measure']} job failed: "
                f"{failure['error']}"
            )
    # Not before anything is measured: a worker's peak memory starts at that of this process.
    from benchmarks import report

    for file in report.write(results, folder):
        print(f"wrote {file}")


def describe_machine() -> dict[str, str]:
    """Return processor, memory, system, versions and commit, each under a name to print."""
    threads = [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.endswith("_THREADS")]
    return {
        "processor": processor(),
        "cores": f"{psutil.cpu_count(logical=False)} ({psutil.cpu_count()} threads)",
        "instructions": instruction_sets(),
        "GPU": ", ".join(gpu_models()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": platform.python_version(),
        "packages": ", ".join(installed(PACKAGES.split())),
        "commit of the book": commit_of(Path(__file__).parent) or "unknown",
        **({"environment": ", ".join(threads)} if threads else {}),
    }


def instruction_sets() -> str:
    """Name the processor's instruction sets, as far as the system tells."""
    flags = cpuinfo("flags", "Features").split()
    return ", ".join(label for flag, label in INSTRUCTIONS.items() if flag in flags) or "unknown"


def installed(distributions: Iterable[str]) -> Iterator[str]:
    """Yield name and version of each distribution that is installed."""
    for name in distributions:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


if __name__ == "__main__":
    sys.exit(main())
