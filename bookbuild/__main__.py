"""The command line: ``python -m bookbuild VERB``, a module of `commands` for each verb."""

import argparse
import codecs
import errno
import locale
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bookbuild.book import Book, BookError
from bookbuild.commands import VERBS
from bookbuild.commands.options import shield_values

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
FOLDERS = ("RNN_UTILS_DATA", "RNN_UTILS_CACHE")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments after the program's name; those of this process by default.

    Returns
    -------
    int
        0 when all is well, 1 when the book is not, 2 for a request that makes no sense,
        130 after Ctrl-C.
    """
    if argv is None:
        _insist_on_utf8()
    arguments = _parser().parse_args(shield_values(sys.argv[1:] if argv is None else argv))
    signal.signal(signal.SIGTERM, _stop)
    for name in FOLDERS:  # a kernel runs in its page's folder
        if os.environ.get(name):
            os.environ[name] = os.path.abspath(os.path.expanduser(os.environ[name]))
    try:
        return arguments.run(Book.load(arguments.book), arguments)
    except BookError as error:
        print(f"bookbuild: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        remedy = "; copy the book to a folder of your own" if error.errno in READ_ONLY else ""
        print(f"bookbuild: a file cannot be used: {error}{remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbookbuild: interrupted; pages that were finished are kept", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bookbuild", description="Run the book's pages, check them, build the site."
    )
    parser.add_argument(
        "--book",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the folder of _toc.yml (default: this one)",
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        verb.add_parser(verbs)
    return parser


def _insist_on_utf8() -> None:
    """Begin anew, once, in Python's UTF-8 mode where the locale is of another encoding."""
    if os.environ.get("PYTHONUTF8") == "1":  # options such as -I and -X utf8=0 outdo it
        return
    encodings = {sys.getfilesystemencoding(), locale.getpreferredencoding(False)}
    if {codecs.lookup(encoding).name for encoding in encodings} != {"utf-8"}:
        os.environ["PYTHONUTF8"] = "1"  # of the processes that this one starts, too
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _stop(signum, frame):
    """End as Ctrl-C does, so that a kernel never outlives a cancelled run."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
