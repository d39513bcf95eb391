"""Fixtures for all tests: where the book is, and where the full data set is, if anywhere."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ROOT.parent / "shared" / "mnist"

if "RNN_UTILS_DATA" not in os.environ and BESIDE.is_dir():
    os.environ["RNN_UTILS_DATA"] = str(BESIDE)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def full_mnist():
    """Return the full MNIST set, or skip where RNN_UTILS_DATA names none."""
    if "RNN_UTILS_DATA" not in os.environ:
        pytest.skip("the full data set is not here: RNN_UTILS_DATA names no directory")
    from rnn_utils import load_mnist

    return load_mnist("mnist")
