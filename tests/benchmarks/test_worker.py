"""What a worker reads and measures, and that it starts with little."""

import json
import subprocess
import sys

import numpy as np
import pytest

import rnn_utils
from benchmarks import worker
from benchmarks.contenders import OURS, PADDING
from benchmarks.jobs import ROOT, WorkerError, run_job
from rnn_utils import Recipe, reduce_images

HEAVY = ["matplotlib", "tensorflow", "keras", "pooch", "papermill", "nbformat"]


def test_a_rate_is_measured(tmp_path):
    assert worker.sgemm(tmp_path, side=64, products=2)["flops_per_second"] > 1e6


def test_the_digits_are_as_many_as_mnist_has(tmp_path, monkeypatch):
    mnist = rnn_utils.load_mnist("mnist-5k")
    monkeypatch.setattr(rnn_utils, "load_mnist", lambda: mnist, raising=False)
    assert worker.digits(tmp_path) == {"source": "mnist-5k"}
    images = np.load(tmp_path / "images.npy")
    assert images.shape == (70_000, 28, 28)
    assert np.array_equal(images[:5000], images[5000:10_000]), "few digits are repeated"


def test_a_pass_reads_as_many_digits_as_it_updates_on(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), np.uint8)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", np.arange(30))
    sequences = reduce_images(images)
    recipe = Recipe(batch_size=5, iterations=4, n_steps=40)
    read, labels = worker.load_sequences(tmp_path, recipe)
    assert read.shape == (20, 40, 16)
    assert labels.tolist() == list(range(20))
    assert np.array_equal(read[:, :16], sequences[:20])
    assert np.array_equal(read[:, 16:32], sequences[:20]), "a digit is read again from the top"
    monkeypatch.setattr(worker, "DIGITS", 30)
    with pytest.raises(ValueError, match="35 digits, but there are 30: use fewer iterations"):
        worker.load_sequences(tmp_path, Recipe(batch_size=5, iterations=7))


def test_digits_of_different_lengths_are_padded_at_the_end(tmp_path):
    images = np.zeros((3, 28, 28), np.uint8)  # the first one blank
    images[1, 5:20, 7:14] = 255  # four of the sixteen columns
    images[2, :, [0, 26, 27]] = 255  # the first column and the last
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", np.arange(3))
    read, _ = worker.load_sequences(tmp_path, Recipe(batch_size=3, iterations=1), masked=True)
    columns = reduce_images(images).transpose(0, 2, 1)
    real = (read != PADDING).any(axis=2)
    assert real.sum(axis=1).tolist() == [16, 4, 16]
    assert real[1, :4].all()
    assert np.array_equal(read[1, :4], columns[1, 4:8])
    assert np.array_equal(read[2], columns[2]), "blank columns inside a digit stay"


def test_a_failed_worker_says_why(tmp_path):
    job = {"measure": "reduction", "reducer": OURS, "method": "nearest", "count": 1}
    with pytest.raises(WorkerError, match=r"exit status 1, .*images\.npy"):
        run_job({**job, "passes": 1, "seconds": 0}, tmp_path)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [("benchmarks.worker", HEAVY), ("benchmarks.__main__", ["matplotlib", "tensorflow", "keras"])],
)
def test_what_measures_imports_nothing_heavy(module, heavy):
    code = f"import {module}, json, sys; print(json.dumps(list(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert not set(heavy) & set(json.loads(run.stdout))
