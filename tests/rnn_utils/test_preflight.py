"""The preflight: it must fail wherever no GPU does the work."""

import importlib

import pytest

from rnn_utils import preflight
from rnn_utils.backend import tf
from rnn_utils.engine import fast_model

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
    with pytest.raises(preflight.NoGpu, match="the LSTM does not go through cuDNN, it is written"):
        preflight.train_on(pretended)

    # Let Keras choose cuDNN: the step is traced to it, and has no kernel to run with here.
    keras_rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
    monkeypatch.setattr(keras_rnn, "_is_gpu_available", lambda: True)
    monkeypatch.setattr(fast_model, "has_gpu", lambda: True)
    with pytest.raises(preflight.NoGpu, match=r"through cuDNN failed: .*CudnnRNN"):
        preflight.train_on(pretended)
