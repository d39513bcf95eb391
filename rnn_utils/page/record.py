"""Note the numbers of a page, so that they can be read back and compared.

A number is noted invisibly, in the form that MyST-NB's glue and papermill's readers know. Beside
it stands how far another processor's run may be from it, and why.
"""

from __future__ import annotations

import json
import math
import re

import numpy as np
from IPython.display import display
from numpy.typing import ArrayLike

RECORD_PREFIX = "application/papermill.record/"
ERRORS_ALLOWED = 4  # standard errors of a mean, standard deviations of a single run
EARLY_UPDATES = (1, 2, 5)  # after which losses are noted
EARLY_TOLERANCE = 1e-4  # of the loss
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def record(
    name: str,
    value: float | int | str | bool | ArrayLike,
    tolerance: float | None = None,
    reason: str = "",
) -> None:
    """Note a number (or a short text) under a name in the notebook, without showing it.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores, unique on its page.
    value : float, int, str, bool, or floats (n,)
        NumPy scalars are fine. The exact value is kept.
    tolerance : float, optional
        How far a run on another processor may be from it. Without one, texts and whole numbers
        must be equal, and others equal but for rounding. `math.inf` is for a number that belongs
        to the machine and the moment, such as seconds: it may become any other.
    reason : str
        Where the tolerance comes from, such as "4 standard errors over 5 seeds".

    Raises
    ------
    TypeError, ValueError
        If the name has another form, the value cannot be kept exactly, or a tolerance is negative
        or has no reason.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"a recorded name is like 'test_accuracy', got {name!r}")
    if tolerance is not None and not (0 <= tolerance <= math.inf and reason):
        raise ValueError(
            f"{name} has the tolerance {tolerance!r} for the reason {reason!r}: a tolerance is a "
            "number, 0 or more, and has a reason"
        )
    within = {}
    if tolerance is not None:
        # JSON has no infinity. As a text, "inf", it can be read back by float().
        kept = float(tolerance) if tolerance < math.inf else str(math.inf)
        within = {"tolerance": kept, "reason": reason}
    display(
        {RECORD_PREFIX + "text/plain": json.dumps(_plain(name, value))},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": RECORD_PREFIX}, "rnn_utils": within},
    )


def record_mean(name: str, values: ArrayLike) -> None:
    """Note the mean of several seeds' values (seeds,); another's is within 4 standard errors."""
    values = np.asarray(values, float)
    error = _deviation(values) / math.sqrt(len(values))
    reason = f"{ERRORS_ALLOWED} standard errors over {len(values)} seeds"
    record(name, values.mean(), ERRORS_ALLOWED * error, reason)


def record_run(name: str, value: float, seeds: ArrayLike) -> None:
    """Note the value of a single run; `seeds` (seeds,) are the same network's, of several runs.

    Another run's is within 4 of their standard deviations.
    """
    seeds = np.asarray(seeds, float)
    reason = f"{ERRORS_ALLOWED} standard deviations of {len(seeds)} seeds"
    record(name, value, ERRORS_ALLOWED * _deviation(seeds), reason)


def record_losses(name: str, losses: np.ndarray, share: float = EARLY_TOLERANCE) -> None:
    """Note the losses after 1, 2 and 5 updates, which a wrong rate or batch moves at once.

    Parameters
    ----------
    name : str
        Of the network; ``name_loss_after_2`` is one of the recorded names.
    losses : float array (iterations,) or (seeds, iterations)
        As `train` returns them: the first is that before any update.
    share : float
        How far another processor may be from them, as a share of the smallest: more than rounding
        only for a network that makes much of it.
    """
    losses = np.asarray(losses, float)
    for updates in EARLY_UPDATES:
        if updates < losses.shape[-1]:
            after = losses[..., updates]
            tolerance = share * float(np.min(np.abs(after)))
            reason = f"rounding: {share:g} of the smallest"
            record(f"{name}_loss_after_{updates}", after, tolerance, reason)


def _deviation(values: np.ndarray) -> float:
    """Return the standard deviation, 0 of a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _plain(name: str, value: object) -> object:
    """Return a value as JSON keeps it."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.item() if value.size == 1 else value.tolist()
    elif hasattr(value, "numpy"):  # a tensor
        return _plain(name, value.numpy())
    each = value if isinstance(value, list) else [value]
    if not each or not all(isinstance(one, (float, int, str, bool)) for one in each):
        raise TypeError(
            f"{name} must be a number, a text or several numbers, got {type(value).__name__}"
        )
    for one in each:
        if isinstance(one, float) and not math.isfinite(one):
            raise ValueError(f"{name} is {one}: only finite numbers can be compared later")
    return value
