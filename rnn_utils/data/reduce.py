"""Reduce 28 x 28 digits to the size at which the book's networks read them."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike

from rnn_utils.data.aligned import aligned_empty

SIDE = 28  # pixels of an MNIST digit, down and across
IN_HAND = 1024  # images that a thread works on at a time
MOST_THREADS = 8  # more would only wait for memory
METHODS = ("nearest", "area")


def reduce_images(images: ArrayLike, size: int = 16, method: str = "nearest") -> np.ndarray:
    """Reduce digits to `size` x `size` pixels with values in [0, 1].

    "nearest" keeps the pixel at source index floor(i * 28 / size) on both axes, without
    smoothing: the rule of the cookbook that this book follows. It is not the pixel-centre rule of
    `tf.image.resize` or Pillow. "area" gives each output pixel the mean of the source square
    under it, (28 / size) pixels wide, with the pixels at its edge counted by the part inside.

    Parameters
    ----------
    images : array_like, shape (n, 28, 28) or (28, 28)
        uint8 with values 0 to 255, or floating point with values already in [0, 1]. No other
        type is guessed at.
    size : int
        Output pixels per side, 1 to 28.
    method : {"nearest", "area"}
        How to reduce.

    Returns
    -------
    numpy.ndarray, shape (n, size, size) or (size, size)
        float32. From uint8 input every value is the exact one, rounded once.

    Raises
    ------
    TypeError
        If the images are neither uint8 nor floating point, or the size is not an integer.
    ValueError
        If the images are not 28 x 28, a float lies outside [0, 1] or is not finite, the size is
        not 1 to 28, or the method is unknown.
    """
    images, size = _checked_images(images), _checked_size(size)
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, not {method!r}")
    reduce_chunk = _nearest(size) if method == "nearest" else _area(size)
    batch = images.reshape(-1, SIDE, SIDE)
    reduced = aligned_empty((len(batch), size, size), np.float32)

    cores = min(_cores(), MOST_THREADS)
    shares = zip(np.array_split(batch, cores), np.array_split(reduced, cores), strict=True)

    def reduce_share(share):
        images, out = share
        for start in range(0, len(images), IN_HAND):
            chunk = images[start : start + IN_HAND]
            if chunk.dtype != np.uint8:
                _check_range(chunk)
            reduce_chunk(chunk, out=out[start : start + IN_HAND])

    with ThreadPoolExecutor(cores) as threads:
        list(threads.map(reduce_share, shares))  # raises what they raise
    return reduced.reshape(*images.shape[:-2], size, size)


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked_images(images: ArrayLike) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim not in (2, 3) or images.shape[-2:] != (SIDE, SIDE):
        raise ValueError(
            f"images must have shape (n, {SIDE}, {SIDE}) or ({SIDE}, {SIDE}), not {images.shape}"
        )
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise TypeError(
            f"images must be uint8 (0 to 255) or floating point (0 to 1), not {images.dtype}: "
            "convert them with .astype, so that their range is beyond doubt"
        )
    return images


def _checked_size(size: int) -> int:
    if isinstance(size, bool) or not hasattr(size, "__index__"):
        raise TypeError(f"size must be an integer, not {size!r}")
    if not 1 <= size <= SIDE:
        raise ValueError(f"size must lie between 1 and {SIDE}, not {size}")
    return operator.index(size)


def _check_range(images: np.ndarray) -> None:
    inside = (images >= 0) & (images <= 1)  # not so for NaN
    if not inside.all():
        found = f"one holds {images[~inside][0]}: divide pixels of 0 to 255 by 255"
        raise ValueError(f"float images must lie in [0, 1], but {found}")


def _nearest(size: int) -> Callable[..., None]:
    source = np.arange(size) * SIDE // size
    pixels = (source[:, np.newaxis] * SIDE + source).ravel()

    def reduce_chunk(images, out):
        kept = images.reshape(-1, SIDE * SIDE).take(pixels, axis=1).reshape(out.shape)
        _divide(kept, _white(images), out)

    return reduce_chunk


def _area(size: int) -> Callable[..., None]:
    overlap = _overlap(size)
    parts = 1 if size % 2 else 2  # the halves of an image reduce alike: half the zeros to multiply
    down, across = overlap[: size // parts, : SIDE // parts], overlap.T

    def reduce_chunk(images, out):
        # Sums of 8-bit pixels stay below 2**24 and so are exact in float32; floats need float64.
        dtype = np.float32 if images.dtype == np.uint8 else np.float64
        rows = down.astype(dtype) @ images.reshape(-1, SIDE // parts, SIDE).astype(dtype)
        sums = rows.reshape(-1, size, SIDE) @ across.astype(dtype, order="C")
        _divide(sums, _white(images) * SIDE**2, out)

    return reduce_chunk


def _overlap(size: int) -> np.ndarray:
    """Return the length that output pixel i and source pixel k share, (size, 28).

    The unit is 1 / `size` of a source pixel, which makes every length an integer: a side measures
    28 * `size`, an output pixel 28 and a source pixel `size`.
    """
    output = np.arange(size)[:, np.newaxis] * SIDE
    source = np.arange(SIDE) * size
    shared = np.minimum(output + SIDE, source + size) - np.maximum(output, source)
    return np.maximum(shared, 0)


def _white(images: np.ndarray) -> int:
    return 255 if images.dtype == np.uint8 else 1


def _divide(values: np.ndarray, divisor: int, out: np.ndarray) -> None:
    np.divide(values, divisor, out=out, dtype=np.float32, casting="same_kind")
