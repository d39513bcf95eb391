"""Say what a run depended on."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Sequence
from typing import Any


def provenance() -> dict[str, str]:
    """Return what a run depended on: versions of Python and the libraries, and the device.

    On a GPU the versions of CUDA and cuDNN that TensorFlow was built for are among them.
    """
    from rnn_utils.backend import tf

    versions = {
        name: importlib.import_module(name).__version__
        for name in ("tensorflow", "keras", "numpy", "matplotlib")
    }
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        build = tf.sysconfig.get_build_info()
        versions |= {name: build.get(f"{name}_version", "unknown") for name in ("cuda", "cudnn")}
    return {"python": platform.python_version(), **versions, "device": _device(tf, gpus)}


def _device(tf: Any, gpus: Sequence[Any]) -> str:
    """Name the GPUs that TensorFlow sees, or the processor."""
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return "GPU, " + ", ".join(d.get("device_name", "unknown") for d in details)
    return f"CPU, {platform.machine()}"
