"""Is one network ahead of another? Compared seed by seed: a seed moves both alike."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


class Lead(NamedTuple):
    """By how much one network is ahead of another, in points: hundredths of the accuracy.

    Attributes
    ----------
    points : float
        The mean over the seeds.
    error : float
        One standard error of that mean.
    """

    points: float
    error: float

    def __str__(self) -> str:
        """Return the points with their standard error."""
        return f"{self.points:+.2f} ± {self.error:.2f}"


def lead(ours: ArrayLike, theirs: ArrayLike) -> Lead:
    """Compare the accuracies of two networks that were trained with the same seeds.

    Parameters
    ----------
    ours, theirs : array_like (seeds,)
        Accuracies between 0 and 1, in the same order of the seeds.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, or not as many on both sides.
    """
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    if ours.ndim != 1 or ours.shape != theirs.shape or len(ours) < 2:
        raise ValueError(
            "a lead needs as many accuracies on both sides, two at least, got shapes "
            f"{ours.shape} and {theirs.shape}"
        )
    gains = 100 * (ours - theirs)
    return Lead(gains.mean(), gains.std(ddof=1) / math.sqrt(len(gains)))


def errors_needed(seeds: int) -> float:
    """Return how many standard errors a lead over so many seeds must have to be believed.

    Student's t: of networks that are equally good, one in twenty shows more.
    """
    if seeds < 2:
        raise ValueError(f"one needs two seeds at least to tell a lead from chance, got {seeds}")
    return stats.t.ppf(0.975, seeds - 1)
