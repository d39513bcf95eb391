"""Is a GPU really used here? `python -m rnn_utils.preflight` says so, or fails in seconds.

A TensorFlow that finds no GPU trains on the CPU without a word, and Keras leaves cuDNN just as
silently when it cannot use it. So one training step of a small LSTM is traced, looked into and run.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from rnn_utils.backend import keras, tf

# cuDNN's forward and backward pass; neither has a kernel for the CPU.
CUDNN = ("CudnnRNNV3", "CudnnRNNBackpropV3")


class NoGpu(Exception):
    """No GPU is used; the message says what is missing and where to look."""


def main() -> int:
    """Report on the machine and return an exit status: 0 if its GPU is used, else 1."""
    try:
        gpus = visible_gpus()
        print(f"preflight: {train_on(gpus[0])}")
    except NoGpu as problem:
        print(f"preflight: {problem}", file=sys.stderr)
        return 1
    return 0


def visible_gpus() -> list[Any]:
    """Return the GPUs that TensorFlow sees.

    Raises
    ------
    NoGpu
        If there is none.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        build = tf.sysconfig.get_build_info()
        raise NoGpu(
            f"TensorFlow {tf.__version__} sees no GPU. "
            + (
                "Is there one (nvidia-smi), and is the environment the one with the CUDA "
                "libraries (make preflight LOCK=gpu)?"
                if build["is_cuda_build"]
                else "This build has no CUDA at all: use Linux, or WSL on Windows."
            )
        )
    return gpus


def train_on(gpu: Any) -> str:
    """Run one training step of an LSTM through cuDNN and name the device that did it.

    Raises
    ------
    NoGpu
        If the step was not traced to cuDNN, or did not run on a GPU.
    """
    try:
        layer = keras.layers.LSTM(8, use_cudnn=True)
        layer.build((4, 16, 16))
        step = tf.function(lambda rows: gradients(layer, rows), autograph=False)
        rows = tf.constant(np.ones((4, 16, 16), np.float32))
        require_cudnn(step.get_concrete_function(rows))
        result = step(rows)[0]
    except (ValueError, tf.errors.OpError) as error:
        raise NoGpu(f"an LSTM step through cuDNN failed: {error}") from error
    if "GPU" not in result.device or not np.isfinite(result.numpy()).all():
        raise NoGpu(f"the LSTM step ran on {result.device}, or its gradients are not numbers")
    name = tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
    return f"an LSTM step ran through cuDNN on {name}"


def gradients(layer: keras.layers.Layer, rows: tf.Tensor) -> list[tf.Tensor]:
    """Return the gradients of a stand-in loss with respect to a layer's weights."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(rows))
    return tape.gradient(loss, [weight.value for weight in layer.trainable_weights])


def require_cudnn(traced: Any) -> None:
    """Look for cuDNN's operations in a traced function.

    Raises
    ------
    NoGpu
        If one of them is missing: Keras computes the layer in another way.
    """
    graph = traced.graph.as_graph_def()
    nodes = [*graph.node, *(node for body in graph.library.function for node in body.node_def)]
    missing = set(CUDNN) - {node.op for node in nodes}
    if missing:
        raise NoGpu(f"Keras did not put the LSTM through cuDNN: no {', '.join(sorted(missing))}")


if __name__ == "__main__":
    sys.exit(main())
