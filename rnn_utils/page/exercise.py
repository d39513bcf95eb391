"""Say whether what a reader wrote for an exercise is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def check_answer(
    attempt: Callable[..., object],
    solution: Callable[..., object],
    *cases: Sequence[object],
    tolerance: float = 1e-5,
) -> None:
    """Print whether a reader's function returns what the solution returns.

    Parameters
    ----------
    attempt, solution : callable
        Of the same arguments; they return numbers, arrays, or a tuple of these. An attempt that
        returns None or raises NotImplementedError is one that nobody has written yet.
    *cases : sequences
        The arguments of each call.
    tolerance : float
        How far a number may be from the solution's, in absolute and in relative terms.
    """
    for number, case in enumerate(cases, start=1):
        try:
            answer = attempt(*case)
        except NotImplementedError:
            answer = None
        except Exception as error:  # whatever a reader wrote: it is told, not thrown
            print(f"Not yet: case {number} stops with {type(error).__name__}: {error}")
            return
        if answer is None or answer is Ellipsis:
            print(f"{attempt.__name__} is not written yet.")
            return
        if wrong := _difference(answer, solution(*case), tolerance):
            print(f"Not yet: in case {number}, {wrong}.")
            return
    print("Right.")


def _difference(answer: object, expected: object, tolerance: float) -> str:
    """Say in what an answer is not the one expected; nothing if it is."""
    if isinstance(expected, tuple):
        if not isinstance(answer, (tuple, list)) or len(answer) != len(expected):
            got = f"{len(answer)}" if isinstance(answer, (tuple, list)) else "one"
            return f"{len(expected)} results are wanted, and there is {got}"
        pairs = zip(answer, expected, strict=True)
        found = [_difference(ours, theirs, tolerance) for ours, theirs in pairs]
        wrong = [f"result {n}: {what}" for n, what in enumerate(found, start=1) if what]
        return wrong[0] if wrong else ""
    try:
        answer = np.asarray(answer, float)
    except (TypeError, ValueError):
        return f"numbers are wanted, and there is {type(answer).__name__}"
    expected = np.asarray(expected, float)
    if answer.shape != expected.shape:
        return f"the shape is {answer.shape}, not {expected.shape}"
    if not np.allclose(answer, expected, rtol=tolerance, atol=tolerance):
        apart = np.abs(answer - expected)
        where = np.unravel_index(np.argmax(apart), apart.shape)
        place = f" at {tuple(map(int, where))}" if apart.ndim else ""
        return f"the number{place} is {answer[where]:.4g}, not {expected[where]:.4g}"
    return ""
