"""Recorded numbers as a table of the site shows them."""

import re

STANDARD_ERRORS = re.compile(r"(\d+) standard errors")
NO_BREAK = "\N{NO-BREAK SPACE}"
DIGITS = 3  # significant ones, of a number without an error


def recorded_text(value: float | int | str, tolerance: float = 0.0, reason: str = "") -> str:
    """Return a number as text.

    Parameters
    ----------
    value : float, int or str
        A whole number gets separators of thousands, and a mean its standard error.
    tolerance : float
        How far another run may be from it.
    reason : str
        Where the tolerance comes from. "4 standard errors over 5 seeds" makes `value` a mean.

    Raises
    ------
    ValueError
        If there are several values.
    """
    if isinstance(value, list):
        raise ValueError(f"{len(value)} numbers under one name: a table shows one in a place")
    if isinstance(value, (str, bool)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if errors := STANDARD_ERRORS.match(reason):
        return f"{value:.3f}{NO_BREAK}±{NO_BREAK}{tolerance / int(errors[1]):.3f}"
    return f"{value:.{DIGITS}g}" if abs(value) < 10**DIGITS else f"{value:,.0f}"
