"""Fetch files from the first of several mirrors that delivers them, in bounded time, into a cache.

Without a network the answer must come quickly. A socket timeout does not bound the look-up of a
name, which can hang for half a minute, so mirrors are first asked whether they have the file, all
at once, in threads that are left behind when their time is up. A mirror that falls silent later is
given up by the socket timeout, and one that trickles, which no such timeout notices, for its pace.
The cache itself is pooch's: a file is in it whole, with the right SHA-256, or not at all.
"""

from __future__ import annotations

import io
import logging
import os
import ssl
import threading
import time
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import TqdmWarning, tqdm
from tqdm.utils import CallbackIOWrapper

with warnings.catch_warnings():
    # On import pooch picks a bar of its own, and on a page complains of missing widgets.
    warnings.simplefilter("ignore", TqdmWarning)
    import pooch

from rnn_utils.data.idx import unpacked

PROBE_SECONDS = 4.0  # for all mirrors together
SOCKET_SECONDS = (4.0, 10.0)  # to connect, and between two packets
CHUNK_BYTES = 1 << 14
PACKING_BYTES = 1 << 16  # more than gzip adds to a file that it cannot shorten
PATIENCE_SECONDS = 20.0  # until a mirror is judged by its pace
SLOWEST = 5_000  # bytes a second, on the average since the start


class DownloadError(Exception):
    """A file cannot be had; the message says why, and what each mirror did."""


class MirrorError(ValueError):
    """What came from a mirror, if anything, is of no use."""


def answering_mirrors(mirrors: Sequence[str], name: str) -> list[str]:
    """Ask all mirrors at once whether they have a file, and return those that do, in order.

    Parameters
    ----------
    mirrors : sequence of str
        Addresses of folders, each with its closing slash.
    name : str
        The file to ask for.

    Raises
    ------
    DownloadError
        If none has it.
    """
    answers = dict.fromkeys(mirrors, f"no answer within {PROBE_SECONDS:g} s")

    def ask(mirror: str) -> None:
        try:
            downloader = pooch.HTTPDownloader(timeout=PROBE_SECONDS)
            offered = downloader(mirror + name, None, None, check_only=True)
            answers[mirror] = "" if offered else f"{name} is not there"
        except (OSError, ValueError) as error:  # ValueError: a redirect to a malformed address
            answers[mirror] = _reason(error)

    threads = [threading.Thread(target=ask, args=[mirror], daemon=True) for mirror in mirrors]
    deadline = time.monotonic() + PROBE_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    answers = dict(answers)  # a late answer no longer counts
    answering = [mirror for mirror in mirrors if not answers[mirror]]
    if not answering:
        raise _undelivered(answers)
    return answering


def is_cached(path: Path, sha256: str) -> bool:
    """Tell whether a file with this content is there and can be read."""
    try:
        return pooch.file_hash(path) == sha256
    except OSError:
        return False


def download(
    mirrors: Sequence[str], name: str, path: Path, sha256: str, size: int, bar: tqdm
) -> None:
    """Fetch a file, unpack it, and put it into the cache, unless it is there.

    Parameters
    ----------
    mirrors : sequence of str
        Addresses of folders, each with its closing slash, which are tried in turn.
    name : str
        The file on the mirrors, gzip-compressed or not.
    path : Path
        Where its unpacked content is to be.
    sha256, size : str, int
        Of that content, in hex and in bytes.
    bar : tqdm.tqdm
        Is moved by the number of bytes received.

    Raises
    ------
    DownloadError
        If no mirror delivers that content.
    OSError
        If the cache cannot be read or written.
    """
    problems = {}
    for mirror in mirrors:
        before = bar.n

        def fetch(url: str, into: str, _: object) -> None:
            Path(into).write_bytes(_receive(url, size, bar))

        try:
            with _quiet_pooch():
                known = f"sha256:{sha256}"
                pooch.retrieve(mirror + name, known, path.name, path.parent, downloader=fetch)
            return
        except MirrorError as error:
            problems[mirror] = str(error)
        except ValueError:  # pooch's, about the hash
            problems[mirror] = f"{name} has other content than SHA-256 {sha256}"
        bar.update(before - bar.n)  # take back what this mirror sent
    raise _undelivered(problems)


def _receive(url: str, size: int, bar: tqdm) -> bytes:
    received, received_before = io.BytesIO(), bar.n
    given_up = threading.Event()
    end = Future()

    def check(_: int) -> None:
        if given_up.is_set() or received.tell() > size + PACKING_BYTES:
            raise MirrorError("sends more than the file has")

    def fetch() -> None:
        stream = CallbackIOWrapper(check, received, "write")
        downloader = pooch.HTTPDownloader(timeout=SOCKET_SECONDS, chunk_size=CHUNK_BYTES)
        try:
            end.set_result(downloader(url, stream, None))
        except Exception as error:
            end.set_exception(error)

    started = time.monotonic()
    threading.Thread(target=fetch, daemon=True).start()
    try:
        while not wait([end], timeout=0.1).done:
            bar.update(received_before + received.tell() - bar.n)
            seconds = time.monotonic() - started
            if seconds > PATIENCE_SECONDS and received.tell() < seconds * SLOWEST:
                raise MirrorError(f"sends less than {SLOWEST:,} bytes a second")
        end.result()
        bar.update(received_before + received.tell() - bar.n)
        return unpacked(received.getvalue(), size)
    except MirrorError:
        raise
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise MirrorError(_reason(error)) from error
    finally:
        given_up.set()


def _reason(error: Exception) -> str:
    """Name what went wrong; with a certificate, what, and the setting that says which are used."""
    reason = name = type(error).__name__
    cause: BaseException | None = error
    while cause and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__context__
    if cause:
        reason = f"{name} ({cause.verify_message.rstrip('.')})"
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if (path := os.environ.get(variable)) and name in ("OSError", "SSLError"):
            return f"{reason}, with the certificates that {variable} names: {path}"
    return reason


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from telling on standard error what this thread fetches: the bar does."""
    thread = threading.get_ident()

    def matters(record: logging.LogRecord) -> bool:
        return record.thread != thread or record.levelno >= logging.WARNING

    pooch.get_logger().addFilter(matters)
    try:
        yield
    finally:
        pooch.get_logger().removeFilter(matters)


def _undelivered(problems: Mapping[str, str]) -> DownloadError:
    told = "; ".join(f"{urlsplit(mirror).netloc}: {why}" for mirror, why in problems.items())
    return DownloadError(f"no mirror delivers it ({told})")
