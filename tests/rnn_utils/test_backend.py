"""TensorFlow starts quietly, and only when it is needed; real errors stay visible."""

import json
import subprocess
import sys

import pytest


def python(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


@pytest.mark.parametrize("first", ["training.loop", "networks.models", "backend"])
def test_whatever_is_imported_first_nothing_reaches_stderr(first):
    run = python(f"import rnn_utils.{first}; from rnn_utils import train, basic_rnn, Recipe")
    assert (run.returncode, run.stderr) == (0, "")


def test_reading_digits_and_drawing_start_no_tensorflow():
    run = python(
        "import sys; from rnn_utils import Recipe, load_mnist, reduce_images, show, record; "
        "from rnn_utils import cells, plots, diagrams; sys.exit('tensorflow' in sys.modules)"
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_real_errors_of_the_start_still_show():
    run = python(
        "import os\nfrom rnn_utils.backend import without_chatter\n"
        "with without_chatter():\n"
        "    os.write(2, b'I0000 00:00:1 1 port.cc:153] oneDNN is on\\n')\n"
        "    os.write(2, b'E0000 00:00:1 1 util.cc:1] oneDNN supports DT_BOOL only on platforms "
        "with AVX-512.\\n')\n"
        "    os.write(2, b'E0000 00:00:1 1 disk.cc:1] disk full\\n')\n"
        "    raise RuntimeError('no kernel')"
    )
    assert "oneDNN" not in run.stderr
    assert "disk full" in run.stderr
    assert "RuntimeError: no kernel" in run.stderr


def test_public_names_are_the_ones_that_are_there():
    import rnn_utils

    assert all(hasattr(rnn_utils, name) for name in rnn_utils.__all__)
    assert set(rnn_utils.__all__) <= set(dir(rnn_utils))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = rnn_utils.trian


def test_every_operation_has_one_thread():
    from rnn_utils.backend import tf

    assert tf.config.threading.get_intra_op_parallelism_threads() == 1


def test_a_tensorflow_that_is_at_work_already_is_warned_of():
    run = python(
        "import os; os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'\n"
        "import tensorflow as tf; tf.zeros(1)\n"
        "from rnn_utils import Recipe, basic_rnn; basic_rnn(Recipe())"
    )
    assert run.returncode == 0
    assert run.stderr.count("TensorFlow was at work before rnn_utils was imported") == 1
    assert "Restart Python and import rnn_utils first" in run.stderr
    assert "the environment holds TF_ENABLE_ONEDNN_OPTS=0" in run.stderr


PERSONAL = {
    "backend": "torch",
    "floatx": "float64",
    "epsilon": 0.001,
    "image_data_format": "channels_first",
}


def test_keras_is_that_of_the_book_whatever_was_chosen_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text(json.dumps(PERSONAL))
    run = python(
        "from rnn_utils import Recipe, basic_rnn; from rnn_utils.backend import keras\n"
        "print(keras.backend.backend(), keras.config.floatx(), keras.config.epsilon(), \n"
        "keras.config.image_data_format(), basic_rnn(Recipe()).weights[0].dtype)"
    )
    assert (run.stdout, run.stderr) == ("tensorflow float32 1e-07 channels_last float32\n", "")


def test_what_else_decides_the_numbers_is_named(monkeypatch):
    from rnn_utils import backend

    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=2")
    with pytest.warns(UserWarning, match=r"holds TF_XLA_FLAGS=--tf_xla_auto_jit=2: numbers may"):
        backend.warn_of_settings()
    monkeypatch.setattr(backend.keras.config, "floatx", lambda: "float64")
    with pytest.warns(UserWarning, match=r"floatx='float64' here, .*keras.config.set_floatx"):
        backend.set_up_keras(is_ours=False)


def test_usual_settings_are_not_warned_of(monkeypatch, recwarn):
    from rnn_utils import backend

    for name in backend._DECIDE_DIGITS:
        monkeypatch.delenv(name, raising=False)
    backend.warn_of_settings()
    backend.set_up_keras(is_ours=False)
    assert not recwarn.list


def test_a_keras_that_runs_on_something_else_is_refused():
    run = python("import keras\nkeras.backend.backend = lambda: 'jax'\nimport rnn_utils.backend")
    assert "Keras runs on jax here" in run.stderr
    assert "restart Python and import rnn_utils before keras" in run.stderr


def test_a_network_of_the_book_can_be_fitted_by_keras_with_no_seed_of_the_readers():
    run = python(
        "import numpy as np; from rnn_utils import Recipe, basic_rnn\n"
        "model = basic_rnn(Recipe(n_hidden=4)); model.compile(loss='mse')\n"
        "fit = model.fit(np.zeros((8, 16, 16), 'float32'), np.zeros((8, 10)), verbose=0)\n"
        "print(len(fit.history['loss']))"
    )
    assert run.stdout == "1\n", run.stderr


def test_a_seed_that_was_chosen_before_is_kept():
    run = python(
        "import sys\n"
        "import tensorflow as tf\n"
        "from tensorflow.python.framework.config import disable_op_determinism\n"
        "for operations_repeat in (False, True):\n"
        "    for seed in (None, 3):\n"
        "        disable_op_determinism()\n"
        "        tf.random.set_seed(seed)\n"
        "        if operations_repeat:\n"
        "            tf.config.experimental.enable_op_determinism()\n"
        "        sys.modules.pop('rnn_utils.backend', None)\n"
        "        import rnn_utils.backend\n"
        "        print(tf.compat.v1.get_seed(None)[0])"
    )
    assert run.stdout == "0\n3\n0\n3\n", run.stderr
