"""Ways to reduce uint8 digits (n, 28, 28) to 16 x 16 and values in [0, 1], one per library.

Each function imports its library itself, so that one that is missing stops nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

SIDE = 16
METHODS = ("nearest", "area")


def as_in_the_book(images: np.ndarray, method: str) -> np.ndarray:
    """Reduce all images in one call."""
    from rnn_utils import reduce_images

    return reduce_images(images, SIDE, method)


def with_pillow(images: np.ndarray, method: str) -> np.ndarray:
    """Resize one image after the other with Pillow."""
    from PIL import Image

    rule = {"nearest": Image.Resampling.NEAREST, "area": Image.Resampling.BOX}[method]
    resized = [np.asarray(Image.fromarray(image).resize((SIDE, SIDE), rule)) for image in images]
    return np.stack(resized).astype(np.float32) / 255


def with_opencv(images: np.ndarray, method: str) -> np.ndarray:
    """Resize one image after the other with OpenCV."""
    import cv2

    rule = {"nearest": cv2.INTER_NEAREST, "area": cv2.INTER_AREA}[method]
    resized = [cv2.resize(image, (SIDE, SIDE), interpolation=rule) for image in images]
    return np.stack(resized).astype(np.float32) / 255


def with_scikit_image(images: np.ndarray, method: str) -> np.ndarray:
    """Resize one image after the other with scikit-image."""
    from skimage.transform import resize, resize_local_mean

    if method == "nearest":
        one = partial(resize, output_shape=(SIDE, SIDE), order=0, preserve_range=True)
    else:
        one = partial(resize_local_mean, output_shape=(SIDE, SIDE), preserve_range=True)
    return np.stack([one(image) for image in images]).astype(np.float32) / 255


def copy(images: np.ndarray, method: str) -> np.ndarray:
    """Copy the same bytes and do nothing else: what memory allows."""
    return images.copy()


@dataclass(frozen=True)
class Reducer:
    """One way to reduce."""

    label: str
    reduce: Callable[[np.ndarray, str], np.ndarray]
    packages: tuple[str, ...] = ()  # importable names


OURS, COPY, PILLOW = "ours", "copy", "pillow"
REDUCERS: Mapping[str, Reducer] = {
    OURS: Reducer("this book", as_in_the_book),
    COPY: Reducer("plain copy", copy),
    "opencv": Reducer("OpenCV", with_opencv, ("cv2",)),
    PILLOW: Reducer("Pillow", with_pillow, ("PIL",)),
    "scikit-image": Reducer("scikit-image", with_scikit_image, ("skimage",)),
}
