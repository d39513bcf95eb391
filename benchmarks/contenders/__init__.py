"""Who takes part: a module here for each library that trains, a function for each that reduces.

A module trains the book's networks as users of its library would. It has one function,
``prepare(network, recipe, sequences, labels) -> Trainer``, and imports the library at the top, so
that importing the module costs what importing the library does. The functions below import their
library themselves, so that one that is missing stops nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from rnn_utils import Recipe, reduce_images

REMEDY = "`make bench` installs every peer, as does pip install -e '.[bench]'"
SIDE = 16  # of a reduced image
METHODS = ("nearest", "area")
PADDING = -1.0  # no pixel has it


class Network(NamedTuple):
    """What decides the size of a network's layers; the numbers are those of a `Recipe`."""

    label: str
    gates: int  # products of the same size that a layer has at each step
    directions: int = 1
    stacked: bool = False  # whether it has the recipe's n_layers, or one
    masked: bool = False  # whether it reads sequences of different lengths, padded
    every_step: bool = False  # whether it answers, and has a label, at each step

    def layer_inputs(self, recipe: Recipe) -> list[int]:
        """Return the number of inputs of each layer, those of one direction."""
        upper = recipe.n_layers - 1 if self.stacked else 0
        return [recipe.n_input] + [recipe.n_hidden] * upper

    def flops_per_sample(self, recipe: Recipe) -> int:
        """Return the floating-point operations to train on one sequence, forward and backward.

        Only products count. One of n weights with a vector is 2n operations: a multiplication and
        an addition for each. The backward pass has two products for each of the forward pass, one
        for the gradient of the weights and one for that of the inputs.
        """
        inputs = sum(n + recipe.n_hidden for n in self.layer_inputs(recipe))
        one_way = self.gates * recipe.n_hidden * inputs
        read_out = recipe.n_hidden * recipe.n_classes * (recipe.n_steps if self.every_step else 1)
        return 3 * 2 * self.directions * (recipe.n_steps * one_way + read_out)


NETWORKS = {
    "basic": Network("Basic", gates=1),
    "bidirectional": Network("Bidirectional", gates=1, directions=2),
    "deep": Network("Deep (3 × GRU)", gates=3, stacked=True),
    "lstm": Network("LSTM", gates=4),
    "masked": Network("LSTM, a label per digit", gates=4, masked=True),
    "masked-steps": Network("LSTM, a label per step", gates=4, masked=True, every_step=True),
}


class Trainer(NamedTuple):
    """A network with its data, ready to train: a pass reads each sequence once."""

    parameters: int
    first_pass: Callable[[], float]  # compiles what is to be compiled; returns the mean loss
    next_pass: Callable[[], float]  # goes on training


@dataclass(frozen=True)
class Contender:
    """One library that trains, used in one way."""

    label: str
    module: str
    packages: tuple[str, ...]  # importable names
    options: Mapping[str, Any] = field(default_factory=dict)

    def prepare(
        self, network: str, recipe: Recipe, sequences: np.ndarray, labels: np.ndarray
    ) -> Trainer:
        """Import the library and build a network."""
        module = import_module(f"{__name__}.{self.module}")
        return module.prepare(network, recipe, sequences, labels, **self.options)


@dataclass(frozen=True)
class Reducer:
    """One library that reduces uint8 digits (n, 28, 28) to 16 x 16 and values in [0, 1]."""

    label: str
    reduce: Callable[[np.ndarray, str], np.ndarray]  # of images and one of METHODS
    packages: tuple[str, ...] = ()  # importable names


def with_opencv(images: np.ndarray, method: str) -> np.ndarray:
    """Resize one image after the other with OpenCV."""
    import cv2

    rule = {"nearest": cv2.INTER_NEAREST, "area": cv2.INTER_AREA}[method]
    resized = [cv2.resize(image, (SIDE, SIDE), interpolation=rule) for image in images]
    return np.stack(resized).astype(np.float32) / 255


def with_pillow(images: np.ndarray, method: str) -> np.ndarray:
    """Resize one image after the other with Pillow."""
    from PIL import Image

    rule = {"nearest": Image.Resampling.NEAREST, "area": Image.Resampling.BOX}[method]
    resized = [np.asarray(Image.fromarray(image).resize((SIDE, SIDE), rule)) for image in images]
    return np.stack(resized).astype(np.float32) / 255


def with_scikit_image(images: np.ndarray, method: str) -> np.ndarray:
    """Resize one image after the other with scikit-image."""
    from skimage.transform import resize, resize_local_mean

    one = {"nearest": partial(resize, order=0), "area": resize_local_mean}[method]
    resized = [one(image, (SIDE, SIDE), preserve_range=True) for image in images]
    return np.stack(resized).astype(np.float32) / 255


OURS, COPY, PILLOW = "ours", "copy", "pillow"
CONTENDERS = {
    OURS: Contender("this book", "ours", ("tensorflow",)),
    "keras": Contender("Keras fit", "keras_fit", ("keras",)),
    "keras-unrolled": Contender("Keras fit, unrolled", "keras_fit", ("keras",), {"unroll": True}),
    "pytorch": Contender("PyTorch", "pytorch", ("torch",)),
    "jax": Contender("JAX", "jax_scan", ("jax", "optax")),
}
REDUCERS = {
    OURS: Reducer("this book", lambda images, method: reduce_images(images, SIDE, method)),
    COPY: Reducer("plain copy", lambda images, method: images.copy()),  # what memory allows
    "opencv": Reducer("OpenCV", with_opencv, ("cv2",)),
    PILLOW: Reducer("Pillow", with_pillow, ("PIL",)),
    "scikit-image": Reducer("scikit-image", with_scikit_image, ("skimage",)),
}
Peer = Contender | Reducer


def missing(peer: Peer) -> str:
    """Name the packages of a peer that are not installed here, "" where all are."""
    return ", ".join(package for package in peer.packages if find_spec(package) is None)
