"""The IDX format: headers and content to the byte, and that nothing damaged or endless passes."""

import functools
import gzip
import hashlib
import math
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_utils.data import idx
from rnn_utils.data.errors import DataError
from tests.fuzz.idx_by_definition import compare

DAMAGED = (OSError, EOFError, zlib.error)
CORPUS = Path(__file__).parents[2] / "fuzz" / "idx_corpus"
FILES = {
    (2, 1, 3): bytes.fromhex("00000803 00000002 00000001 00000003 000102 7f80ff"),
    (4,): bytes.fromhex("00000801 00000004 07020109"),
}


@functools.cache
def packed_zeros():
    return gzip.compress(bytes(1 << 26), 1)


@pytest.fixture(params=FILES, ids=["images", "labels"])
def shape(request):
    return request.param


@pytest.fixture
def content(shape):
    return FILES[shape]


def test_header_and_size_follow_the_format(shape, content):
    assert idx.header(shape) == content[: 4 + 4 * len(shape)]
    assert idx.size(shape) == len(content)


def test_size_of_the_largest_file_of_mnist():
    assert idx.size((60_000, 28, 28)) == 47_040_016


def test_array_holds_the_bytes_and_cannot_be_written(shape, content):
    values = idx.array(content)
    assert (values.shape, values.dtype) == (shape, np.uint8)
    assert values.tobytes() == content[-values.size :]
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 0


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "found nothing"),
        ("00000803", "dimensions .*, found 00 00 08 03"),
        ("00000800 07", "dimensions .*, found 00 00 08 00 07"),
        ("00000d01 00000001 00000000", "dimensions .*, found 00 00 0d 01"),
        ("00000801 00000003 0102", r"3 bytes for \(3,\), found 2"),
        ("00000801 00000001 0102", r"1 bytes for \(1,\), found 2"),
        ("00000803 00000000 ffffffff ffffffff", r"for \(0, 4294967295, .* found 0 \(array is too"),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_named(content, found):
    with pytest.raises(DataError, match=f"IDX file: expected .*{found}"):
        idx.array(bytes.fromhex(content))


@pytest.mark.parametrize("file", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_what_the_fuzzer_starts_from_is_read_by_the_definition_of_the_formats(file):
    compare(file.read_bytes())


@st.composite
def files(draw):
    """Make files whose headers fit or almost fit, some compressed, some harmed after that."""
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    length = max(0, math.prod(shape) + draw(st.sampled_from([0, 0, 0, -1, 1])))
    content = idx.header(tuple(shape)) + draw(st.binary(min_size=length, max_size=length))
    if draw(st.booleans()):
        content = gzip.compress(content) + draw(st.sampled_from([b"", bytes(3), b"\x1f\x8b"]))
    for at in draw(st.lists(st.integers(0, len(content) - 1), max_size=2)):
        content = content[:at] + draw(st.binary(max_size=2)) + content[at + 1 :]
    return content


@given(st.one_of(files(), st.binary(max_size=300)))
def test_any_bytes_are_read_by_the_definition_of_the_formats_or_refused(content):
    compare(content)


def test_sha256_of_an_array_is_that_of_its_file(shape, content):
    values = idx.array(content)
    apart = np.repeat(values, 2, axis=-1)[..., ::2]
    assert not apart.flags.c_contiguous
    for same in (values, apart):
        assert idx.sha256(same) == hashlib.sha256(content).hexdigest()


def test_sha256_tells_shapes_apart():
    values = np.zeros((2, 6), np.uint8)
    assert idx.sha256(values) != idx.sha256(values.reshape(3, 4)) != idx.sha256(values.ravel())


@pytest.mark.parametrize("spare", [0, 1, 1000])
@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:]),
        lambda content: gzip.compress(content) + bytes(512),
    ],
    ids=["plain", "packed", "packed in two", "packed and padded"],
)
def test_content_is_unpacked_whole(content, pack, spare):
    assert idx.unpacked(pack(content), len(content) + spare) == content


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:2],
        lambda packed: packed[:12],
        lambda packed: packed[:-1],
        lambda packed: packed[:-9],
        lambda packed: packed + b"more",
        lambda packed: packed[:11] + bytes([packed[11] ^ 0xFF]) + packed[12:],
        lambda packed: packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:],
        lambda packed: packed[:-1] + bytes([packed[-1] ^ 1]),
    ],
    ids=[
        *("two bytes", "header only", "last byte lost", "cut short", "more behind"),
        *("bit flipped", "other checksum", "other length"),
    ],
)
def test_damaged_gzip_is_refused(content, damage):
    with pytest.raises(DAMAGED):
        idx.unpacked(damage(gzip.compress(content)), len(content))


def test_a_bomb_is_not_unpacked_whole(content):
    raw = gzip.compress(content) + packed_zeros()
    tracemalloc.start()
    try:
        unpacked = idx.unpacked(raw, len(content))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert unpacked == content + b"\0"
    assert peak < 1 << 20
