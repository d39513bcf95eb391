"""Arrays that TensorFlow reads where they lie."""

import numpy as np
import pytest

from rnn_utils import reduce_images
from rnn_utils.backend import has_gpu, tf
from rnn_utils.data.aligned import ALIGNMENT, aligned, aligned_empty
from rnn_utils.engine.devices import resident


def is_aligned(values):
    return values.ctypes.data % ALIGNMENT == 0


def unaligned(shape):
    """Return floats four bytes behind an address that would do."""
    memory = aligned_empty((4 * (np.prod(shape) + 1),), np.uint8)
    values = memory[4:].view(np.float32).reshape(shape)
    values[...] = np.random.default_rng(0).random(shape)
    return values


@pytest.mark.parametrize("shape", [(1,), (3, 5), (100, 16, 16)])
@pytest.mark.parametrize("dtype", ["float32", "int32", "float64"])
def test_an_aligned_array_has_the_shape_and_type_asked_for(shape, dtype):
    values = aligned_empty(shape, dtype)
    assert (values.shape, values.dtype) == (shape, np.dtype(dtype))
    assert is_aligned(values)
    values[...] = 1


def test_what_is_aligned_is_not_copied():
    values = aligned_empty((4, 3), np.float32)
    assert aligned(values) is values
    assert is_aligned(reduce_images(np.zeros((3, 28, 28), np.uint8)))


def read_only():
    values = unaligned((4, 3))
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    "values", [unaligned((4, 3)), read_only(), unaligned((8, 3))[::2], unaligned((3, 4)).T]
)
def test_everything_else_is_copied_as_it_is(values):
    copy = aligned(values)
    assert not np.shares_memory(copy, values)
    assert is_aligned(copy) and copy.flags.c_contiguous and copy.flags.writeable
    assert np.array_equal(copy, values)
    assert np.array_equal(resident(values), values)


@pytest.mark.skipif(has_gpu(), reason="a GPU needs its own copy")
def test_a_cpu_reads_the_array_itself():
    values = reduce_images(np.random.default_rng(0).integers(0, 256, (9, 28, 28), np.uint8))
    tensor = resident(values)
    assert np.array_equal(tf.gather(tensor, [8, 1]), values[[8, 1]])
    values[8, 2, 3] = 0.5
    assert tensor.numpy()[8, 2, 3] == 0.5


def test_the_tensor_keeps_the_memory_alive():
    tensor = resident(unaligned((1000, 16)))
    expected = tensor.numpy().copy()
    rubbish = [np.full((1000, 16), 7, np.float32) for _ in range(50)]
    assert np.array_equal(tensor, expected)
    del rubbish
