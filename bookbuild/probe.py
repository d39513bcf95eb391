"""What a kernel knows of the run it has just made; `answer` is called there, after the last cell.

It starts nothing: what the page did not use is not part of its run.
"""

import json
import platform
import resource
import sys
from pathlib import Path

QUESTION = "__import__('bookbuild.probe').probe.answer()"


def answer() -> str:
    """Return versions, device, data and peak memory of this process, as JSON."""
    return json.dumps({"provenance": _provenance(), "data": _data(), "peak_memory": peak_memory()})


def _provenance() -> dict[str, str]:
    if "rnn_utils.backend" in sys.modules:
        return sys.modules["rnn_utils"].provenance()
    return {"python": platform.python_version(), "device": f"CPU, {platform.machine()}"}


def _data() -> dict[str, tuple[str, str]]:
    return getattr(sys.modules.get("rnn_utils.data.mnist"), "LOADED", {})


def peak_memory() -> int:
    """Return the most memory that this process has held, in bytes."""
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else []:
        if line.startswith("VmHWM"):  # not every Linux has it
            return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
