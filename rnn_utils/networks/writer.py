"""Let a network write names, letter by letter."""

from __future__ import annotations

import numpy as np

from rnn_utils.backend import keras, tf, without_chatter
from rnn_utils.data.names import EDGE, N_SYMBOLS, PADDING, decode, numbers_of


def write_names(
    model: keras.Model,
    count: int = 1,
    *,
    beginning: str = "",
    temperature: float = 1.0,
    seed: int = 0,
    most: int = 30,
) -> list[str]:
    """Return names that a network writes, each letter drawn from what it expects next.

    Parameters
    ----------
    model : keras.Model
        Reads numbers of letters (batch, steps), for any number of steps, and puts out the logits
        of the next letter at each (batch, steps, 28). It needs no other part of this book.
    count : int
        How many names.
    beginning : str
        What each name begins with, of any length, in letters from a to z.
    temperature : float
        The logits are divided by it. Below 1 likely letters become more likely, above 1 less; at
        0 each letter is the likeliest.
    seed : int
        Equal seeds give equal names.
    most : int
        After so many letters a name is left as it is, without an end. The beginning does not count.

    Raises
    ------
    ValueError
        If the beginning has a character that is no letter from a to z, the temperature is
        negative, another number is no whole one in its range, or the model reads or puts out
        something else.
    """
    for name, number, least in (("count", count, 1), ("most", most, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < least:
            raise ValueError(f"{name} must be a whole number, {least} or more, got {number!r}")
    if not temperature >= 0:
        raise ValueError(f"temperature must be 0 or more, got {temperature!r}")
    _check_writes(model)
    written = np.tile(np.array([EDGE, *numbers_of(beginning)], np.int32), (count, 1))
    # One graph for any number of steps. It comments on masks when it first runs.
    read = tf.function(model, input_signature=[tf.TensorSpec((count, None), tf.int32)])
    rng = np.random.default_rng(seed)
    ended = np.zeros(count, bool)
    with without_chatter():
        for _ in range(most):
            logits = read(written).numpy()[:, -1, 1:]  # (count, 27), without padding
            letters = np.where(ended, PADDING, 1 + _draw(logits, temperature, rng))
            written = np.column_stack([written, letters.astype(np.int32)])
            ended |= letters == EDGE
            if ended.all():
                break
    return decode(written[:, 1:])


def _draw(logits: np.ndarray, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Return a class for each row of logits (n, k)."""
    if temperature == 0:
        return logits.argmax(axis=1)
    below_best = (logits - logits.max(axis=1, keepdims=True)).astype(float)
    up_to = np.exp(below_best / temperature).cumsum(axis=1)  # shares of the last, up to each class
    return (up_to > up_to[:, -1:] * rng.random((len(logits), 1))).argmax(axis=1)


def _check_writes(model: keras.Model) -> None:
    """Raise ValueError unless a model reads and writes letters, however many there are."""
    reads = getattr(model, "input_shape", None)
    if reads != (None, None):
        raise ValueError(
            f"the model {getattr(model, 'name', model)!r} reads {reads}, but names have "
            'any number of letters: build it with keras.Input((None,), dtype="int32")'
        )
    wanted = (None, None, N_SYMBOLS)
    if model.output_shape != wanted:
        raise ValueError(
            f"the model {model.name!r} puts out {model.output_shape}, but {wanted} is needed: at "
            "each step the logits of padding, 26 letters and the end"
        )
