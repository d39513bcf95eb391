"""A task that is learned in seconds, and Python programs in processes of their own."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from rnn_utils import Recipe, basic_rnn, train
from rnn_utils.backend import keras

ROOT = Path(__file__).parents[2]
SMALL = Recipe(n_hidden=8, batch_size=20, iterations=25)


def toy(n=200, recipe=SMALL, seed=0):
    """Return sequences whose class is the column that holds most ink: easy to learn."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, recipe.n_classes, n)
    sequences = 0.2 * rng.random((n, recipe.n_steps, recipe.n_input), dtype=np.float32)
    sequences[np.arange(n), :, labels] += 0.8
    return sequences, labels


def fit(recipe=SMALL, **options):
    """Return a basic RNN that was trained on the toy task, and its history."""
    model = basic_rnn(recipe)
    return model, train(model, *toy(), recipe, progress=False, **options)


def subclassed():
    """Return a built model of a class of its own, whose call takes no mask."""

    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn, self.read_out = keras.layers.LSTM(8), keras.layers.Dense(10)

        def call(self, x):
            return self.read_out(self.rnn(x))

    model = Mine()
    model(np.zeros((1, 16, 16), "float32"))
    return model


def python(program, *, cores=None):
    """Run a program in another process, on given cores only; return what it printed."""
    if cores is not None:
        program = f"import os; os.sched_setaffinity(0, {set(cores)!r})\n{program}"
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout
