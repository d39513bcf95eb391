"""Is a GPU really used here? `python -m rnn_utils.preflight` says so, or fails in seconds.

A TensorFlow that finds no GPU trains on the CPU without a word, and cuDNN is left just as silently
where it cannot be used. So one training step of a small LSTM is traced, looked into and run.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from rnn_utils.backend import keras, tf
from rnn_utils.engine.kernels import kernels


class NoGpu(Exception):
    """No GPU is used; the message says what is missing and where to look."""


def main() -> int:
    """Report on the machine and return an exit status: 0 if its GPU is used, else 1."""
    try:
        print(f"preflight: {train_on(visible_gpus()[0])}")
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
        remedy = (
            "Is there one (nvidia-smi), and is the environment the one with the CUDA libraries "
            "(make preflight LOCK=gpu)?"
            if tf.sysconfig.get_build_info()["is_cuda_build"]
            else "This build has no CUDA at all: use Linux, or WSL on Windows."
        )
        raise NoGpu(f"TensorFlow {tf.__version__} sees no GPU. {remedy}")
    return gpus


def train_on(gpu: Any) -> str:
    """Run one training step of an LSTM through cuDNN and name the device that did it.

    Raises
    ------
    NoGpu
        If the step was not traced to cuDNN, or did not run on a GPU.
    """
    model = keras.Sequential([keras.Input((16, 16)), keras.layers.LSTM(8)])
    (lstm,) = kernels(model)
    if lstm.runs != "cuDNN":
        raise NoGpu(f"the LSTM does not go through cuDNN, it is {lstm.runs}: {lstm.why}")
    try:
        gradient = gradient_of(model, tf.constant(np.ones((4, 16, 16), np.float32)))
    except tf.errors.OpError as error:
        raise NoGpu(f"an LSTM step through cuDNN failed: {error}") from error
    if "GPU" not in gradient.device or not np.isfinite(gradient.numpy()).all():
        raise NoGpu(f"the LSTM step ran on {gradient.device}, or its gradients are not numbers")
    name = tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
    return f"an LSTM step ran through cuDNN on {name}"


@tf.function(autograph=False)
def gradient_of(model: keras.Model, rows: tf.Tensor) -> tf.Tensor:
    """Return the gradient of a stand-in loss with respect to a model's first weight."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(rows))
    return tape.gradient(loss, model.trainable_variables[0].value)


if __name__ == "__main__":
    sys.exit(main())
