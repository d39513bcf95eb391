"""One line about a measurement, for those who wait."""

from __future__ import annotations

from benchmarks.contenders import CONTENDERS
from benchmarks.networks import NETWORKS
from benchmarks.plan import SIZES
from benchmarks.reducers import REDUCERS
from benchmarks.rounds import Measurement


def progress_line(measurement: Measurement) -> str:
    """Say what was measured, and the figure that matters most."""
    about = f"round {measurement['round']}  {SUBJECTS[measurement['measure']](measurement):<44}"
    if "error" in measurement:
        return f"{about} FAILED: {measurement['error']}"
    return f"{about} {FIGURES[measurement['measure']](measurement)}"


def _training(measurement: Measurement) -> str:
    sizes = " ".join(str(measurement["recipe"][name]) for name in SIZES)
    network = NETWORKS[measurement["network"]].label
    return f"{network} {sizes}, {CONTENDERS[measurement['contender']].label}"


def _reduction(measurement: Measurement) -> str:
    return f"{measurement['method']}, {REDUCERS[measurement['reducer']].label}"


SUBJECTS = {
    "sgemm": lambda measurement: "matrix product",
    "training": _training,
    "reduction": _reduction,
}
FIGURES = {
    "sgemm": lambda measured: f"{measured['flops_per_second'] / 1e9:.0f} GFLOP/s",
    "training": lambda measured: (
        f"{measured['samples_per_second'] / 1000:.3g} k samples/s, "
        f"cold {measured['cold_seconds']:.2f} s, {measured['peak_mib']:.0f} MiB"
    ),
    "reduction": lambda measured: (
        f"{1000 * measured['seconds']:.3g} ms, {measured['extra_mib']:.0f} MiB extra"
    ),
}
