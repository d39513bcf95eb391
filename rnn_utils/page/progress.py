"""Where a progress bar writes: to the terminal, or as one line that a notebook page keeps."""

from __future__ import annotations

import io
import sys
from typing import TextIO

from IPython import get_ipython
from IPython.display import display


def progress_stream() -> TextIO:
    """Return the stream to give to tqdm as its `file`, standard output or a `PageStream`."""
    return PageStream() if is_in_notebook() else sys.stdout


def is_in_notebook() -> bool:
    """Tell whether a notebook's kernel runs this process."""
    return hasattr(get_ipython(), "kernel")


class PageStream(io.TextIOBase):
    """Shows the last line written, as one output of a notebook cell that is replaced in place.

    A bar on standard output redraws itself with carriage returns, and a saved page keeps them all.
    """

    encoding = "utf-8"  # tells tqdm that it may draw with blocks

    def __init__(self) -> None:
        self.output = None

    def write(self, text: str) -> int:
        """Show `text` instead of what was shown before; blanks, which erase a bar, are ignored."""
        if line := text.strip():
            data = {"text/plain": line}
            if self.output is None:
                self.output = display(data, raw=True, display_id=True)
            else:
                self.output.update(data, raw=True)
        return len(text)
