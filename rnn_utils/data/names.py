"""The surnames of the United States' census of 1990, and the numbers that stand for their letters.

The list comes with the package `names` and is checked by its SHA-256. A name is written in lower
case, with the letters a to z. As numbers, a letter is 1 to 26, and 27 is the edge of a name: what
stands before its first letter and after its last. 0 is padding.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rnn_utils.data.errors import DataError

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
PADDING, EDGE = 0, len(ALPHABET) + 1  # the edge is both the begin symbol and the end symbol
N_SYMBOLS = EDGE + 1  # letters, edge and padding
LONGEST = 13  # letters of the longest name in the list
SOURCE = "88,799 surnames of the US census of 1990"
SHA256 = "b0e2b3743ccbad641ca48b344c24cdebcd1d9a1f76dc6dbf05986f2919f0b4e1"
_SEED = 1990  # decides which names are for training, for validation and for testing
_NUMBERS = {letter: number for number, letter in enumerate(ALPHABET, start=1)}


@dataclass(frozen=True, eq=False)
class Names:
    """Surnames in lower case, each of them once; 80 % to learn from, 10 % and 10 % to measure on.

    Attributes
    ----------
    train, validation, test : tuple of str
        71,039, 8,880 and 8,880 names that no other set has, in an order without meaning.
    source : str
        What they are.
    sha256 : str
        Of the file that they were read from.
    """

    train: tuple[str, ...] = field(repr=False)
    validation: tuple[str, ...] = field(repr=False)
    test: tuple[str, ...] = field(repr=False)
    source: str = SOURCE
    sha256: str = SHA256


def load_names() -> Names:
    """Return the surnames of the census of 1990, parted in the same way on every machine.

    The census gives the share of people with each name too, but rounds most of them to 0.000 %, so
    the shares are left out.

    Raises
    ------
    DataError
        If the package `names` is missing, or carries another list.
    """
    names = [line.split()[0].lower() for line in _read().decode("ascii").splitlines()]
    order = np.random.default_rng(_SEED).permutation(len(names))
    tenth = -(-len(names) // 10)
    held_back = order[: 2 * tenth]
    parts = order[2 * tenth :], held_back[:tenth], held_back[tenth:]
    return Names(*(tuple(names[i] for i in part) for part in parts))


def _read() -> bytes:
    remedy = "Install it anew: pip install --force-reinstall names==0.3.0"
    expected = f"the {SOURCE} that package names carries"
    try:
        content = (importlib.resources.files("names") / "dist.all.last").read_bytes()
    except (ImportError, OSError) as error:
        raise DataError("names", expected, f"{type(error).__name__}: {error}", remedy) from error
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != SHA256:
        raise DataError("names", expected, f"others, SHA-256 {sha256}", remedy)
    return content


def encode(names: Sequence[str], n_steps: int = LONGEST + 1) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of names' letters, and which of them count.

    A name of L letters takes L + 1 steps: its letters and the end symbol.

    Parameters
    ----------
    names : sequence of str
        Letters of either case; a name may be empty.
    n_steps : int
        Room for each name, the end symbol included.

    Returns
    -------
    letters : int32 array (n, n_steps)
        The letters, 1 to 26, then the end symbol, 27, then 0.
    mask : bool array (n, n_steps)
        True for letters and end symbol, False for the padding.

    Raises
    ------
    TypeError
        If the names are a single text.
    ValueError
        If there are none, or one has a character that is no letter from a to z, or no room.
    """
    if isinstance(names, str):
        raise TypeError(f"names must be several texts, got one: write [{names!r}]")
    if not len(names):
        raise ValueError("there are no names to encode")
    letters = np.full((len(names), n_steps), PADDING, np.int32)
    for row, name in zip(letters, names, strict=True):
        if len(name) >= n_steps:
            raise ValueError(
                f"{name!r} has {len(name)} letters and needs {len(name) + 1} steps with its end, "
                f"but n_steps is {n_steps}"
            )
        row[: len(name) + 1] = [*numbers_of(name), EDGE]
    return letters, letters != PADDING


def numbers_of(name: str) -> list[int]:
    """Return the numbers of a name's letters, 1 to 26, or raise ValueError."""
    wrong = [letter for letter in name if letter.lower() not in _NUMBERS]
    if wrong:
        raise ValueError(
            f"{wrong[0]!r} in {name!r} is not in the alphabet: names are spelled with the 26 "
            "letters a to z, without accents, spaces or hyphens"
        )
    return [_NUMBERS[letter.lower()] for letter in name]


def decode(letters: np.ndarray) -> list[str]:
    """Return the names that numbers (n, n_steps) spell, each up to its first end or padding."""
    symbols = f"\0{ALPHABET}\0"
    return ["".join(symbols[number] for number in row).split("\0")[0] for row in letters]
