"""The preflight: it must fail wherever no GPU does the work."""

import sys

import numpy as np
import pytest

from rnn_utils import preflight
from rnn_utils.backend import keras, tf

without_gpu = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="this machine has a GPU"
)


@without_gpu
def test_a_machine_without_gpu_fails_and_is_told_what_to_look_at(capsys):
    assert preflight.main() == 1
    said = capsys.readouterr().err
    assert "sees no GPU" in said
    assert "LOCK=gpu" in said or "no CUDA" in said


@without_gpu
def test_a_gpu_that_does_not_do_the_work_is_found_out(monkeypatch):
    pretended = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    with pytest.raises(preflight.NoGpu, match="through cuDNN failed"):
        preflight.train_on(pretended)

    # Let Keras choose cuDNN: the step is traced to it, and has no kernel to run with here.
    backend = sys.modules["keras.src.backend.tensorflow.rnn"]
    monkeypatch.setattr(backend, "_is_gpu_available", lambda: True)
    with pytest.raises(preflight.NoGpu, match="CudnnRNNV3"):
        preflight.train_on(pretended)


@pytest.mark.parametrize("missing", [preflight.CUDNN, preflight.CUDNN[1:]])
def test_operations_of_cudnn_are_looked_for_in_the_graph(missing):
    @tf.function
    def step(rows):
        if len(missing) == 1:
            tf.raw_ops.CudnnRNNV3(
                input=rows,
                input_h=tf.zeros((1, 4, 8)),
                input_c=tf.zeros((1, 4, 8)),
                params=tf.zeros(832),
                sequence_lengths=tf.fill([4], 16),
            )
        return keras.ops.sum(rows)

    traced = step.get_concrete_function(tf.constant(np.ones((16, 4, 16), np.float32)))
    with pytest.raises(preflight.NoGpu) as refusal:
        preflight.require_cudnn(traced)
    assert all(name in str(refusal.value) for name in missing)
    assert ("CudnnRNNV3" in str(refusal.value)) == ("CudnnRNNV3" in missing)
