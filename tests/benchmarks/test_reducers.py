"""The peers reduce digits to what the book reduces them to."""

import numpy as np
import pytest

from benchmarks.contenders import COPY, METHODS, OURS, REDUCERS, REMEDY, missing
from rnn_utils import load_mnist

# Pillow and scikit-image take other pixels as the nearest; Pillow's box counts whole pixels.
EQUAL = {("opencv", "nearest"): 1e-6, ("opencv", "area"): 1 / 255, ("scikit-image", "area"): 1e-6}


@pytest.fixture(scope="module")
def images():
    return load_mnist("mnist-5k").test_images[:50]


def reduce(name, images, method):
    reducer = REDUCERS[name]
    if missing(reducer):
        pytest.skip(f"{reducer.label}: not installed: {missing(reducer)}; {REMEDY}")
    return reducer.reduce(images, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", set(REDUCERS) - {COPY})
def test_they_return_what_the_book_returns(images, name, method):
    reduced, ours = reduce(name, images, method), REDUCERS[OURS].reduce(images, method)
    assert reduced.shape == ours.shape == (50, 16, 16)
    assert reduced.dtype == ours.dtype == np.float32
    assert 0 <= reduced.min() < 0.1
    assert 0.9 < reduced.max() <= 1
    assert reduced.mean() == pytest.approx(ours.mean(), rel=0.1)
    if (name, method) in EQUAL:
        assert np.abs(reduced - ours).max() <= EQUAL[name, method]


def test_a_copy_has_the_same_bytes_elsewhere(images):
    copied = REDUCERS[COPY].reduce(images, "nearest")
    assert np.array_equal(copied, images)
    assert not np.shares_memory(copied, images)
