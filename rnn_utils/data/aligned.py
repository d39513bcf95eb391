"""Arrays that start where TensorFlow can read them, so that it need not copy them."""

import math

import numpy as np
from numpy.typing import DTypeLike

ALIGNMENT = 64  # bytes: TensorFlow uses an array in place if its address is a multiple


def aligned_empty(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Return an array like `numpy.empty`, at an address that TensorFlow can use."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % ALIGNMENT
    return memory[first : first + size].view(dtype).reshape(shape)


def aligned(values: np.ndarray) -> np.ndarray:
    """Return the values, copied if TensorFlow could not use them where they are."""
    in_place = values.ctypes.data % ALIGNMENT == 0 and values.flags.c_contiguous
    if in_place and values.flags.writeable:  # DLPack, as TensorFlow reads it, knows no read-only
        return values
    copy = aligned_empty(values.shape, values.dtype)
    copy[...] = values
    return copy
