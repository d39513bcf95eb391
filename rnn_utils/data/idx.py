"""The IDX format of the MNIST files.

An IDX file is a big-endian header (a magic number, 2048 plus the number of dimensions, and one
32-bit integer per dimension) and then the bytes. Format: Y. LeCun, C. Cortes, C. J. C. Burges,
"The MNIST database of handwritten digits".
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import struct

import numpy as np

GZIP_MAGIC = b"\x1f\x8b"
UINT8_MAGIC = 0x0800  # plus the number of dimensions


def header(shape: tuple[int, ...]) -> bytes:
    """Return the header of a file of bytes of this shape."""
    return struct.pack(f">{1 + len(shape)}I", UINT8_MAGIC + len(shape), *shape)


def size(shape: tuple[int, ...]) -> int:
    """Return how many bytes an unpacked file of this shape has."""
    return len(header(shape)) + math.prod(shape)


def unpacked(raw: bytes, most: int) -> bytes:
    """Return the content of a file that may be gzip-compressed: its first bytes tell.

    Parameters
    ----------
    raw : bytes
        The file.
    most : int
        Bytes that are expected. Of more, only one is unpacked.

    Raises
    ------
    OSError, EOFError, zlib.error
        If the gzip stream is damaged or cut short.
    """
    if not raw.startswith(GZIP_MAGIC):
        return raw
    with gzip.open(io.BytesIO(raw)) as stream:
        return stream.read(most + 1)


def array(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """Return what an unpacked file of this shape holds, uint8 and read-only."""
    return np.frombuffer(content, np.uint8, offset=len(header(shape))).reshape(shape)


def sha256(values: np.ndarray) -> str:
    """Return the SHA-256 that a uint8 array of any shape has as an unpacked file, in hex."""
    digest = hashlib.sha256(header(values.shape))
    digest.update(np.ascontiguousarray(values))
    return digest.hexdigest()
