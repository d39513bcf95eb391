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

from rnn_utils.data.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
MAGIC = b"\0\0\x08"  # of bytes; the number of dimensions follows


def header(shape: tuple[int, ...]) -> bytes:
    """Return the header of a file of bytes of this shape."""
    return MAGIC + struct.pack(f">B{len(shape)}I", len(shape), *shape)


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


def array(content: bytes) -> np.ndarray:
    """Return what an unpacked file holds, uint8 and read-only. Its header tells the shape.

    Raises
    ------
    DataError
        If it has no header of this format, or not as many bytes behind it as the header tells.
    """
    rank = content[3] if content[:3] == MAGIC and len(content) > 3 else 0
    length = 4 + 4 * rank
    if not rank or len(content) < length:
        begin = content[:8].hex(" ") or "nothing"
        raise DataError("IDX file", "08 and the number of dimensions after two zeros", begin)
    shape = struct.unpack_from(f">{rank}I", content, 4)
    try:
        return np.frombuffer(content, np.uint8, offset=length).reshape(shape)
    except ValueError as error:  # NumPy's limits on a shape are among the reasons
        expected, there = f"{math.prod(shape):,} bytes for {shape}", f"{len(content) - length:,}"
        raise DataError("IDX file", expected, f"{there} ({error})") from error


def sha256(values: np.ndarray) -> str:
    """Return the SHA-256 that a uint8 array of any shape has as an unpacked file, in hex."""
    digest = hashlib.sha256(header(values.shape))
    digest.update(np.ascontiguousarray(values))
    return digest.hexdigest()
