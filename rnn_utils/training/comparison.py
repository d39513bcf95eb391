"""Is one network ahead of another? One standard for the whole book.

Networks are compared seed by seed, since a seed moves both alike, and digit by digit, since both
are tested on the same digits. A lead counts if it is larger than what chance shows at most about
once in twenty: with few seeds, and with a test set that is a sample. Fewer than five seeds give no
verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from rnn_utils.backend import keras
from rnn_utils.page.text import table
from rnn_utils.recipe import Recipe
from rnn_utils.training.checked_data import Examples
from rnn_utils.training.evaluate import logits_of, scored
from rnn_utils.training.history import Run
from rnn_utils.training.loop import train_seeds

FEWEST_SEEDS = 5  # for a verdict
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Scores:
    """What several runs of one network reached, of which each had another seed.

    Attributes
    ----------
    losses : float array (seeds, iterations)
        Training loss on each batch, before its update; as many as every run has.
    updates : int array (seeds,)
        How many each run made: fewer than the recipe has where patience ended it.
    correct : bool array (seeds, n)
        Which test sequences each run read correctly.
    test_losses : float array (seeds,)
        Mean cross-entropy on the test sequences, in nats.
    parameters : int
        Trainable numbers of one network.
    seconds : float array (seeds,)
        Of each training; the first has the compilation.
    models : list of keras.Model
    """

    losses: np.ndarray
    updates: np.ndarray
    correct: np.ndarray
    test_losses: np.ndarray
    parameters: int
    seconds: np.ndarray
    models: list[keras.Model]

    @classmethod
    def of(cls, runs: Sequence[Run], test: tuple[np.ndarray, ...]) -> Scores:
        """Test the models of `train_seeds` on sequences, labels (n,) and a mask if there is one."""
        sequences, labels, *mask = test
        examples = Examples.checked(sequences, labels, *mask, prefix="test ")
        if examples.has_labels_per_step:
            raise ValueError(
                f"test labels have shape {examples.labels.shape}: sequences are compared one by "
                "one, so give one label for each, shape (n,)"
            )
        examples = examples.read_by(runs[0].model, "test ")
        logits = [logits_of(run.model, examples.sequences, examples.lengths, False) for run in runs]
        examples.check_classes(logits[0].shape[-1], "test ")
        updates = np.array([len(run.history.loss) for run in runs])
        return cls(
            losses=np.stack([run.history.loss[: updates.min()] for run in runs]),
            updates=updates,
            correct=np.stack([each.argmax(axis=-1) == examples.labels for each in logits]),
            test_losses=np.array([scored(each, examples).loss for each in logits]),
            parameters=runs[0].model.count_params(),
            seconds=np.array([run.history.seconds for run in runs]),
            models=[run.model for run in runs],
        )

    @property
    def accuracies(self) -> np.ndarray:
        """The test accuracy of each seed (seeds,)."""
        return self.correct.mean(axis=1)

    @property
    def accuracy(self) -> float:
        """The mean test accuracy."""
        return float(self.correct.mean())

    @property
    def spread(self) -> float:
        """The standard deviation of the accuracy over the seeds; not a number with one seed."""
        return float(self.accuracies.std(ddof=1)) if len(self.correct) > 1 else math.nan

    @property
    def test_error(self) -> float:
        """One standard error of the mean accuracy, because the test set is a sample."""
        return _error_of_mean(self.correct.mean(axis=0))


@dataclass(frozen=True)
class Lead:
    """By how much one network is ahead of another, in points: hundredths of the accuracy.

    What is measured in another `unit`, such as bits, is compared in the same way.

    Attributes
    ----------
    points : float
        The mean over the seeds.
    error : float
        One standard error of that mean, from how much the seeds differ.
    seeds : int
        How many there were.
    test_error : float
        One standard error because the test set is a sample; 0 where only accuracies are known.
    unit : str
        What `points` are; "points" if it is accuracies that are compared.
    decimals : int
        With how many the sentences show them.
    """

    points: float
    error: float
    seeds: int
    test_error: float = 0.0
    unit: str = "points"
    decimals: int = 2

    @classmethod
    def of_gains(cls, gains: ArrayLike, unit: str = "points", decimals: int = 2) -> Lead:
        """Compare what two networks reached on each item of a test set with each seed.

        Parameters
        ----------
        gains : array_like (seeds, n)
            By how much ours was better, with a seed and on an item: negative where it was worse.
        unit, decimals
            Of the gains.

        Raises
        ------
        ValueError
            If there are fewer than two seeds or items, or a gain is not finite.
        """
        gains = np.asarray(gains, float)
        if gains.ndim != 2 or min(gains.shape) < 2:
            raise ValueError(
                "a lead needs a gain for each seed and item, two of both at least, got shape "
                f"{gains.shape}"
            )
        if not np.isfinite(gains).all():
            raise ValueError("a lead needs finite gains, and some are infinite or not a number")
        by_seed = gains.mean(axis=1)
        error, test_error = _error_of_mean(by_seed), _error_of_mean(gains.mean(axis=0))
        return cls(float(by_seed.mean()), error, len(gains), test_error, unit, decimals)

    @property
    def threshold(self) -> float:
        """The points that a lead must exceed: of equally good networks at most one in twenty does.

        Student's t for the seeds, the normal distribution for the test set, added as squares. That
        is careful: what seeds and digits do together is counted on both sides.
        """
        of_seeds = errors_needed(self.seeds) * self.error
        return math.hypot(of_seeds, stats.norm.ppf((1 + CONFIDENCE) / 2) * self.test_error)

    @property
    def verdict(self) -> str:
        """Who leads: "ahead", "behind", or "undecided" within the threshold or with few seeds."""
        return self.choose("ahead", "behind", "undecided")

    def choose(self, ahead: str, behind: str, undecided: str) -> str:
        """Return the text that is true."""
        if self.seeds < FEWEST_SEEDS or abs(self.points) <= self.threshold:
            return undecided
        return ahead if self.points > 0 else behind

    def sentence(self, ours: str, theirs: str) -> str:
        """Say in a sentence who leads by how much, and whether that is more than chance."""
        side = "ahead of" if self.points > 0 else "behind"
        by = f"{self._form(abs(self.points))} ± {self._form(self.error)} {self.unit}"
        start = f"{ours} is {by} {side} {theirs}"
        if not round(self.points, self.decimals):
            start = f"{ours} is level with {theirs}, to {self._form(self.error)} {self.unit}"
        start = start[0].upper() + start[1:]
        if self.seeds < FEWEST_SEEDS:
            few = f"{self.seeds} seeds are too few for a verdict"
            return f"{start}, but {few}, which takes {FEWEST_SEEDS}."
        limit = self._form(self.threshold)
        return start + self.choose(
            more := f", more than chance explains (up to {limit}).",
            more,
            f", which chance may explain (up to {limit}).",
        )

    def __str__(self) -> str:
        """Return the points with their standard error."""
        if not round(self.points, self.decimals):
            return f"0 ± {self._form(self.error)}"
        sign = "+" if self.points > 0 else "−"
        return f"{sign}{self._form(abs(self.points))} ± {self._form(self.error)}"

    def _form(self, number: float) -> str:
        return f"{number:.{self.decimals}f}"


def score_seeds(
    build: Callable[[Recipe], keras.Model],
    training: tuple[np.ndarray, ...],
    test: tuple[np.ndarray, ...],
    recipe: Recipe,
    seeds: Iterable[int],
    *,
    validation: tuple[np.ndarray, ...] | None = None,
    patience: int | None = None,
) -> Scores:
    """Train a fresh network with each seed, and test each.

    Parameters
    ----------
    build : callable
        Makes a model from a recipe with the seed in it, such as `basic_rnn`.
    training, test : (sequences, labels) or (sequences, labels, mask)
        As `train` and `evaluate` take them, with one label for each sequence, (n,).
    recipe : Recipe
        How to train; its seed is not used.
    seeds : iterable of int
        For instance ``range(5)``.
    validation, patience
        As `train` takes them: to train each network out.

    Raises
    ------
    TypeError, ValueError, TrainingDiverged
        As `train_seeds` and `evaluate` do.
    """
    sequences, labels, *mask = training
    options = {"validation": validation, "patience": patience, "progress": False}
    options["mask"] = mask[0] if mask else None
    runs = train_seeds(build, sequences, labels, recipe, seeds, **options)
    if runs and runs[-1].history.interrupted:
        raise KeyboardInterrupt  # a network that is half trained has no place in a comparison
    return Scores.of(runs, test)


def lead(ours: Scores | ArrayLike, theirs: Scores | ArrayLike) -> Lead:
    """Compare two networks that were trained with the same seeds and tested on the same digits.

    Parameters
    ----------
    ours, theirs : Scores, or array_like (seeds,)
        Accuracies between 0 and 1 leave the test set's error out.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, or not as many on both sides.
    """
    if isinstance(ours, Scores) and isinstance(theirs, Scores):
        if ours.correct.shape[1] != theirs.correct.shape[1]:
            raise ValueError(
                f"a lead needs the same test digits on both sides, got {ours.correct.shape[1]} "
                f"and {theirs.correct.shape[1]}"
            )
        if len(ours.correct) == len(theirs.correct) > 1:
            return Lead.of_gains(100.0 * ours.correct - 100.0 * theirs.correct)
        ours, theirs = ours.accuracies, theirs.accuracies
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    if ours.ndim != 1 or ours.shape != theirs.shape or len(ours) < 2:
        raise ValueError(
            "a lead needs as many accuracies on both sides, two at least, got shapes "
            f"{ours.shape} and {theirs.shape}"
        )
    gains = 100 * (ours - theirs)
    return Lead(float(gains.mean()), _error_of_mean(gains), len(gains))


def errors_needed(seeds: int) -> float:
    """Return how many standard errors a lead over so many seeds must have to be believed.

    Student's t: of networks that are equally good, one in twenty shows more.
    """
    if seeds < 2:
        raise ValueError(f"one needs two seeds at least to tell a lead from chance, got {seeds}")
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1))


def table_of_scores(scores: Mapping[str, Scores], against: str) -> str:
    """Return a Markdown table of networks, each with its lead over one of them, and how to read it.

    Parameters
    ----------
    scores : mapping of Scores
        By the name of the network; the same seeds and test digits for each.
    against : str
        The network that the others are compared with.
    """
    reference = scores[against]
    rows = []
    for name, each in scores.items():
        by = lead(each, reference) if each is not reference else None
        rows.append(
            {
                "network": name,
                "parameters": each.parameters,
                "mean test accuracy": f"{each.accuracy:.4f}",
                "spread over seeds": f"{each.spread:.4f}",
                f"lead over {against}, points": str(by or ""),
                "threshold": f"{by.threshold:.2f}" if by else "",
                "verdict": by.verdict if by else "",
            }
        )
    return f"{table(rows)}\n{how_to_read(reference)}"


def how_to_read(scores: Scores) -> str:
    """Say what the ± of leads and their threshold mean."""
    seeds, digits = scores.correct.shape
    verdict = (
        f"{seeds} seeds are too few for a verdict."
        if seeds < FEWEST_SEEDS
        else "A lead beyond its threshold counts; one below may be chance (at 95 %)."
    )
    return (
        f"Means over {seeds} seeds, on {digits:,} test digits. "
        "± is one standard error of the lead, from the differences between seeds. "
        "The threshold takes into account that the seeds are few (Student's t) and that the test "
        f"digits are a sample. {verdict}"
    )


def _error_of_mean(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values)))
