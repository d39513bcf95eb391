"""The reader of IDX files held to another decoding, written out from the two formats' definitions.

Whatever the bytes are, the reader returns an array or raises the errors that it documents, and the
array is the one that this decoding gives.
"""

import gzip
import hashlib
import math
import zlib
from types import SimpleNamespace

from rnn_utils.data import idx
from rnn_utils.data.errors import DataError
from rnn_utils.data.mnist import MnistFile

MOST = 256  # bytes of a file, unpacked
KNOWN = bytes.fromhex("00000803 00000002 00000001 00000003 000102 7f80ff")
FILE = MnistFile("known", (2, 1, 3), hashlib.sha256(KNOWN).hexdigest(), 0)


def compare(given: bytes) -> None:
    """Read the bytes as they are and compressed, and fail unless both decodings agree."""
    for raw in (given, gzip.compress(given, 1)):
        plain = inflated(raw) if raw[:2] == b"\x1f\x8b" else raw
        check(any_array, raw, (OSError, EOFError, zlib.error, DataError), decoded(plain))
        check(known_array, raw, DataError, decoded(plain) if plain == KNOWN else None)


def any_array(raw):
    """Read a file that may hold any array of at most `MOST` bytes."""
    content = idx.unpacked(raw, MOST)
    if len(content) > MOST:
        raise DataError("file", f"{MOST} bytes at most", "more")
    return idx.array(content)


def known_array(raw):
    """Read a file whose content is known, as those of MNIST are."""
    return FILE.read(SimpleNamespace(read_bytes=lambda: raw))


def check(read, raw, documented, expected):
    """Compare what is read with the expected shape and bytes, None if it is to be refused."""
    try:
        values = read(raw)
    except documented:
        assert expected is None or not fits_numpy(expected[0]), f"refused, but it is {expected}"
        return
    assert values.dtype == "uint8"
    assert not values.flags.writeable
    assert (values.shape, values.tobytes()) == expected, f"accepted, but it is {expected}"


def decoded(content: bytes | None) -> tuple[tuple[int, ...], bytes] | None:
    """Return shape and bytes of an unpacked IDX file of bytes, None if it is none."""
    if content is None or not MOST >= len(content) >= 4 or int.from_bytes(content[:3], "big") != 8:
        return None
    end = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, end, 4))
    whole = len(content) >= end and len(content) - end == math.prod(shape)
    return (shape, content[end:]) if shape and whole else None


def fits_numpy(shape: tuple[int, ...]) -> bool:
    """Tell whether every NumPy from 1.26 on can hold an array of this shape."""
    return len(shape) <= 32 and math.prod(n or 1 for n in shape) < 1 << 63


def inflated(packed: bytes) -> bytes | None:
    """Return the content of gzip members and the zeros behind them, None if they are damaged.

    RFC 1952. What is longer than `MOST` is not unpacked to its end.
    """
    content = b""
    while packed:
        body = body_of(packed)
        if body is None:
            return None
        stream = zlib.decompressobj(wbits=-15)
        try:
            part = stream.decompress(body, MOST + 1)
        except zlib.error:
            return None
        content += part
        if len(content) > MOST:
            return content
        checks = zlib.crc32(part).to_bytes(4, "little") + len(part).to_bytes(4, "little")
        if not stream.eof or stream.unused_data[:8] != checks:
            return None
        packed = stream.unused_data[8:].lstrip(b"\0")
    return content


def body_of(packed: bytes) -> bytes | None:
    """Return what follows the header of a gzip member, None if there is no whole header."""
    if packed[:3] != b"\x1f\x8b\x08" or len(packed) < 10:
        return None
    flags, rest = packed[3], packed[10:]
    if flags & 4:  # an extra field, behind its length
        end = 2 + int.from_bytes(rest[:2], "little")
        if len(rest) < end:
            return None
        rest = rest[end:]
    for flag in (8, 16):  # a name, a comment: each ends with a zero
        if flags & flag:
            _, zero, rest = rest.partition(b"\0")
            if not zero:
                return None
    if flags & 2:  # a checksum of the header, which readers may leave alone
        if len(rest) < 2:
            return None
        rest = rest[2:]
    return rest
