"""What the measurements were taken on, and with which version of the book."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from bookbuild.git import commit_of
from bookbuild.running.machine import gpu_models, processor

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
DISTRIBUTIONS = (
    "numpy",
    "tensorflow",
    "keras",
    "torch",
    "jax",
    "optax",
    "pillow",
    "opencv-python-headless",
    "scikit-image",
)
BUSY = 15.0  # per cent; above it, times mean little


def describe_machine() -> dict[str, str]:
    """Return processor, memory, system, versions and commit, each under a name to print."""
    flags = instruction_sets()
    threads = {name: os.environ[name] for name in sorted(os.environ) if name.endswith("_THREADS")}
    return {
        "processor": processor(),
        "cores": f"{psutil.cpu_count(logical=False)} ({psutil.cpu_count()} threads)",
        "instructions": ", ".join(INSTRUCTIONS[flag] for flag in INSTRUCTIONS if flag in flags)
        or "unknown",
        "GPU": ", ".join(gpu_models()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": platform.python_version(),
        "packages": ", ".join(installed(DISTRIBUTIONS)),
        "commit of the book": commit_of(Path(__file__).parent) or "unknown",
    } | ({"environment": ", ".join(f"{k}={v}" for k, v in threads.items())} if threads else {})


def instruction_sets() -> set[str]:
    """Return the processor's instruction sets as Linux spells them, none elsewhere."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    flags = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    return set(next(flags, "").split())


def installed(distributions: Iterable[str]) -> Iterable[str]:
    """Yield name and version of each distribution that is installed."""
    for name in distributions:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def busy_percent() -> float:
    """Return how much of the processor is in use now, over one second."""
    return psutil.cpu_percent(interval=1.0)
