"""Start TensorFlow once: without its log chatter, with operations that repeat bit for bit.

TensorFlow writes information lines straight to file descriptor 2 while it loads, whatever the
log level, and a notebook would show them as errors. Here they are filtered out by what they say;
every other line, and every exception, still reaches the reader. Threads and a GPU's memory have to
be set before TensorFlow's first operation, so that is done here too. The other modules take `keras`
and `tf` from here, so that whichever is imported first starts TensorFlow this way.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHATTER = re.compile(
    rb"^[IW]\d{4} "  # absl: information and warnings
    rb"|: [IW] (tensorflow|external)/"  # the older log format
    rb"|^WARNING: All log messages before absl"
    rb"|^To enable the following instructions"
    rb"|Unable to register cu\w+ (factory|plugin)"
    rb"|oneDNN supports DT_BOOL only on platforms with"  # it computes the same without oneDNN
)
_NO_GPU = re.compile(rb"failed call to cuInit")
# What the book's numbers were computed with, whatever a personal keras.json says.
_KERAS = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
# Settings that change what TensorFlow computes, and that nothing here can undo.
_DECIDE_DIGITS = (
    *("TF_XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"),
    "NVIDIA_TF32_OVERRIDE",
)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Hold back file descriptor 2 inside the block, then pass on what is not chatter."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if not is_chatter(line):
                    os.write(2, line)


def is_chatter(line: bytes) -> bool:
    """Tell whether a start-up line says nothing that a reader could act on."""
    return bool(_CHATTER.search(line) or (_NO_GPU.search(line) and not _has_nvidia_device()))


def _has_nvidia_device() -> bool:
    return any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/dxg").exists()


def set_up_keras(is_ours: bool) -> None:
    """Give Keras the settings of the book; where somebody else started it, warn of others."""
    for name, value in _KERAS.items():
        found = getattr(keras.config, name)()
        if found != value and is_ours:
            getattr(keras.config, f"set_{name}")(value)
        elif found != value:
            warnings.warn(
                f"Keras computes with {name}={found!r} here, the book with {value!r}: restart "
                f"Python and import rnn_utils first, or call keras.config.set_{name}({value!r})",
                stacklevel=3,
            )


def warn_of_settings() -> None:
    """Name the settings in the environment that change what TensorFlow computes."""
    if found := [f"{name}={os.environ[name]}" for name in _DECIDE_DIGITS if os.environ.get(name)]:
        warnings.warn(
            f"the environment holds {', '.join(found)}: numbers may differ from the book's",
            stacklevel=3,
        )


def has_seed() -> bool:
    """Tell whether TensorFlow's random operations, as in Keras's `fit`, have a seed to repeat."""
    try:
        return tf.compat.v1.get_seed(None) != (None, None)
    except RuntimeError:  # none, though operations are to repeat
        return False


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# With buffers of one size, the matrix products inside cuDNN's recurrences repeat bit for bit.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:2")
_keras_is_ours = "keras" not in sys.modules
if _keras_is_ours:
    os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever else the user has chosen elsewhere
with without_chatter():
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise ImportError(
            f"Keras runs on {keras.backend.backend()} here, and rnn_utils needs TensorFlow: "
            "restart Python and import rnn_utils before keras"
        )
    set_up_keras(_keras_is_ours)
    warn_of_settings()
    tf.config.list_physical_devices()  # the first look for a GPU has its chatter, too
    if not has_seed():
        tf.random.set_seed(0)
    tf.config.experimental.enable_op_determinism()
    # A GPU would round the factors of a product to 10 bits. It is to compute what a CPU does.
    tf.config.experimental.enable_tensor_float_32_execution(False)

try:
    # An operation that is cut into threads adds up in an order that depends on the cores there
    # are. Here each has one thread, and several operations run at the same time.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    # Several pages may share a GPU: each takes the memory that it needs, not all there is.
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
except (RuntimeError, ValueError):
    warnings.warn(
        "TensorFlow was at work before rnn_utils was imported: training is slower, its last digits "
        "depend on the number of cores, and it may take all memory of a GPU. Restart Python and "
        "import rnn_utils first.",
        stacklevel=2,
    )


def has_gpu() -> bool:
    """Tell whether TensorFlow uses a GPU here; that starts the devices, as any operation does."""
    return bool(tf.config.list_logical_devices("GPU"))


@contextmanager
def enough_memory(what: str, remedy: str) -> Iterator[None]:
    """Let a MemoryError say what found no room and what to do, in place of TensorFlow's pages."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        tensor = re.search(r"shape(\[[\d,]+\])", str(error))
        asked = f" (a tensor of shape {tensor[1]})" if tensor else ""
        raise MemoryError(f"there is no memory for {what}{asked}: {remedy}") from None
