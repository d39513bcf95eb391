"""Note the numbers of a page, so that they can be read back and compared.

A number is noted invisibly, in the form that MyST-NB's glue and papermill's readers know.
"""

from __future__ import annotations

import json
import math
import re

from IPython.display import display

RECORD_PREFIX = "application/papermill.record/"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def record(name: str, value: float | int | str | bool) -> None:
    """Note a number (or a short text) under a name in the notebook, without showing it.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores, unique on its page.
    value : float, int, str or bool
        NumPy scalars are fine. The exact value is kept.

    Raises
    ------
    TypeError, ValueError
        If the name has another form, or the value cannot be kept exactly.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"a recorded name is like 'test_accuracy', got {name!r}")
    value = value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value
    if not isinstance(value, (float, int, str, bool)):
        raise TypeError(f"{name} must be one number or text, got {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}: only finite numbers can be compared later")
    display(
        {RECORD_PREFIX + "text/plain": json.dumps(value)},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": RECORD_PREFIX}},
    )
