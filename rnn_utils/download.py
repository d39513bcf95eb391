"""Fetch a file from the first of several mirrors that delivers it, in bounded time.

Without a network the answer must come quickly. A socket timeout does not bound the look-up of a
name, which can hang for half a minute, so mirrors are first asked whether they have the file, all
at once, in threads that are left behind when their time is up. A mirror that falls silent
later is given up by the socket timeout.
"""

from __future__ import annotations

import io
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from tqdm import TqdmWarning, tqdm
from tqdm.utils import CallbackIOWrapper

with warnings.catch_warnings():
    # On import pooch picks a bar of its own, and on a page complains of missing widgets.
    warnings.simplefilter("ignore", TqdmWarning)
    from pooch import HTTPDownloader

Decoded = TypeVar("Decoded")

PROBE_SECONDS = 4.0  # for all mirrors together
SOCKET_SECONDS = (4.0, 10.0)  # to connect, and between two packets
CHUNK_BYTES = 1 << 16


class DownloadError(ConnectionError):
    """No mirror delivered the file; the message says what each of them did."""


def answering_mirrors(mirrors: Sequence[str], name: str) -> list[str]:
    """Ask all mirrors at once whether they have a file, and return those that do, in order.

    Parameters
    ----------
    mirrors : sequence of str
        Addresses of folders, each with its closing slash.
    name : str
        The file to ask for.

    Returns
    -------
    list of str
        The mirrors that have the file.

    Raises
    ------
    DownloadError
        If none has.
    """
    answers = dict.fromkeys(mirrors, f"no answer within {PROBE_SECONDS:g} s")

    def ask(mirror: str) -> None:
        try:
            offered = HTTPDownloader(timeout=PROBE_SECONDS)(
                mirror + name, None, None, check_only=True
            )
            answers[mirror] = "" if offered else f"{name} is not there"
        except OSError as error:  # the base of every error of the HTTP library
            answers[mirror] = type(error).__name__

    threads = [threading.Thread(target=ask, args=[mirror], daemon=True) for mirror in mirrors]
    deadline = time.monotonic() + PROBE_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    answers = dict(answers)  # a late answer no longer counts
    answering = [mirror for mirror in mirrors if not answers[mirror]]
    if not answering:
        raise DownloadError(_summary(answers))
    return answering


def download(
    mirrors: Sequence[str], name: str, decode: Callable[[bytes, str], Decoded], bar: tqdm
) -> tuple[bytes, Decoded]:
    """Fetch the first copy of a file that can be decoded, from mirrors tried in turn.

    Parameters
    ----------
    mirrors : sequence of str
        Addresses of folders, each with its closing slash.
    name : str
        The file to fetch.
    decode : callable
        Takes the bytes and the address; raises ValueError if they are not what they should be.
    bar : tqdm.tqdm
        Is moved by the number of bytes received.

    Returns
    -------
    bytes, object
        The file as the mirror holds it, and what `decode` made of it.

    Raises
    ------
    DownloadError
        If no mirror delivers a good copy.
    """
    problems = {}
    for mirror in mirrors:
        received = io.BytesIO()
        try:
            _fetch(mirror + name, CallbackIOWrapper(bar.update, received, "write"))
            return received.getvalue(), decode(received.getvalue(), mirror + name)
        except OSError as error:
            problems[mirror] = type(error).__name__
        except ValueError as error:
            problems[mirror] = str(error)
        bar.update(-received.tell())
    raise DownloadError(_summary(problems))


def _fetch(url: str, stream: CallbackIOWrapper) -> None:
    HTTPDownloader(timeout=SOCKET_SECONDS, chunk_size=CHUNK_BYTES)(url, stream, None)


def _summary(problems: Mapping[str, str]) -> str:
    return "; ".join(f"{urlsplit(mirror).netloc}: {why}" for mirror, why in problems.items())
