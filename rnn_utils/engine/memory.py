"""What to say when a device has no memory left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from rnn_utils.backend import tf


@contextmanager
def enough_memory(what: str, remedy: str) -> Iterator[None]:
    """Let a MemoryError say what found no room and what to do, in place of TensorFlow's pages."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        tensor = re.search(r"shape(\[[\d,]+\])", str(error))
        asked = f" (a tensor of shape {tensor[1]})" if tensor else ""
        raise MemoryError(f"there is no memory for {what}{asked}: {remedy}") from None
