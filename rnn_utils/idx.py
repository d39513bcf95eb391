"""The IDX format of the MNIST files, read with every doubt spelled out.

An IDX file is a big-endian header (a magic number, 2048 plus the number of dimensions, and one
32-bit integer per dimension) and then the bytes, often gzip-compressed. Format: Y. LeCun,
C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Sequence

import numpy as np

GZIP_MAGIC = b"\x1f\x8b"
UINT8_MAGIC = 0x0800  # plus the number of dimensions
CONTENT = {1: "labels", 3: "images"}  # by number of dimensions


class DataError(ValueError):
    """Data that cannot be used.

    Parameters
    ----------
    what : object
        The file or directory in question.
    expected, found : str
        What should have been there, and what was.
    remedy : str, optional
        What to do about it, a full sentence.
    """

    def __init__(self, what: object, expected: str, found: str, remedy: str = ""):
        super().__init__(what, expected, found, remedy)
        self.what, self.expected, self.found, self.remedy = what, expected, found, remedy

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.found}. {self.remedy}".rstrip()


def decode_idx(raw: bytes, what: object, shape: tuple[int, ...]) -> np.ndarray:
    """Read the digits or the labels out of the bytes of an IDX file.

    Parameters
    ----------
    raw : bytes
        The file, gzip-compressed or not: its first bytes tell.
    what : object
        The name of the file, for messages.
    shape : tuple of int
        The dimensions to insist on: (n, rows, columns) for images, (n,) for labels.

    Returns
    -------
    numpy.ndarray
        uint8 of the given shape, read-only.

    Raises
    ------
    DataError
        If the gzip stream is damaged, the magic number or a dimension differs, bytes are missing
        or left over, or a label is above 9.
    """
    content = _gunzip(raw, what) if raw.startswith(GZIP_MAGIC) else raw
    header = _header(shape)
    _check_header(content, what, shape)
    expected_bytes = len(header) + math.prod(shape)
    if len(content) != expected_bytes:
        fault = "a truncated file of" if len(content) < expected_bytes else "an over-long file of"
        raise DataError(what, f"{expected_bytes:,} bytes", f"{fault} {len(content):,} bytes")
    values = np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)
    if len(shape) == 1 and values.max(initial=0) > 9:
        raise DataError(what, "labels from 0 to 9", f"the label {values.max()}")
    return values


def idx_sha256(values: np.ndarray) -> str:
    """Return the SHA-256 that an array has as an uncompressed IDX file, in hex.

    Parameters
    ----------
    values : numpy.ndarray
        uint8, of any shape.
    """
    digest = hashlib.sha256(_header(values.shape))
    digest.update(np.ascontiguousarray(values))
    return digest.hexdigest()


def _header(shape: Sequence[int]) -> bytes:
    return struct.pack(f">{1 + len(shape)}I", UINT8_MAGIC + len(shape), *shape)


def _gunzip(raw: bytes, what: object) -> bytes:
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(what, "a gzip file", f"a damaged one ({error})") from error


def _check_header(content: bytes, what: object, shape: tuple[int, ...]) -> None:
    size = len(_header(shape))
    if len(content) < size:
        raise DataError(what, f"an IDX header of {size} bytes", f"{len(content)} bytes in all")
    magic, *dimensions = struct.unpack(f">{size // 4}I", content[:size])
    if magic != UINT8_MAGIC + len(shape):
        raise DataError(
            what,
            f"magic number {UINT8_MAGIC + len(shape)} ({CONTENT[len(shape)]})",
            f"{magic}{_swapped(magic)}",
        )
    if tuple(dimensions) != tuple(shape):
        raise DataError(what, f"{_times(shape)} {CONTENT[len(shape)]}", _times(dimensions))


def _swapped(magic: int) -> str:
    kind = CONTENT.get(magic - UINT8_MAGIC)
    return f" ({kind}: are images and labels swapped?)" if kind else ""


def _times(dimensions: Sequence[int]) -> str:
    return " x ".join(f"{dimension:,}" for dimension in dimensions)
