"""The arithmetic limit: how many samples a second the processor's multiplications allow.

The limit is the rate of single-precision matrix products on this machine (SGEMM, by NumPy),
divided by the floating-point operations of the products that one sample needs. A product of n
weights with one vector counts 2n: a multiplication and an addition for each. The backward pass
has two products for each of the forward pass: one for the gradient of the weights, one for that
of the inputs. Activations and the update of the weights count nothing.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.networks import Network
from rnn_utils import Recipe

SIDE = 2048  # rows and columns of the matrices that are multiplied
PRODUCTS = 20


def flops_per_sample(network: Network, recipe: Recipe) -> int:
    """Return the floating-point operations to train on one sequence, forward and backward."""
    n_layers = recipe.n_layers if network.stacked else 1
    inputs = [recipe.n_input] + [recipe.n_hidden] * (n_layers - 1)
    one_way = sum(network.gates * recipe.n_hidden * (n + recipe.n_hidden) for n in inputs)
    step = network.directions * one_way
    read_out = network.directions * recipe.n_hidden * recipe.n_classes
    return 3 * 2 * (recipe.n_steps * step + read_out)


def measure_sgemm(side: int = SIDE, products: int = PRODUCTS) -> float:
    """Return the best rate of several matrix products, in floating-point operations a second."""
    rng = np.random.default_rng(0)
    a, b = rng.random((2, side, side), dtype=np.float32)
    out = np.empty_like(a)
    seconds = []
    for _ in range(products + 1):  # the first one starts the threads
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 / min(seconds[1:])
