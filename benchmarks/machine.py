"""What the measurements were taken on, and with which version of the book."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from bookbuild.git import commit_of

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
    name, flags = processor()
    threads = {name: os.environ[name] for name in sorted(os.environ) if name.endswith("_THREADS")}
    return {
        "processor": name,
        "cores": f"{psutil.cpu_count(logical=False)} ({psutil.cpu_count()} threads)",
        "instructions": ", ".join(INSTRUCTIONS[flag] for flag in INSTRUCTIONS if flag in flags)
        or "unknown",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": platform.python_version(),
        "packages": ", ".join(installed(DISTRIBUTIONS)),
        "commit of the book": commit_of(Path(__file__).parent) or "unknown",
    } | ({"environment": ", ".join(f"{k}={v}" for k, v in threads.items())} if threads else {})


def processor() -> tuple[str, set[str]]:
    """Return the processor's name and its instruction sets, as far as the system tells."""
    name, flags = platform.processor() or platform.machine(), set()
    if (listing := Path("/proc/cpuinfo")).exists():
        first, *_ = listing.read_text().split("\n\n")
        facts = dict(line.split(":", 1) for line in first.splitlines() if ":" in line)
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        name = facts.get("model name", name)
        flags = set(facts.get("flags", facts.get("Features", "")).split())
    return name, flags


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
