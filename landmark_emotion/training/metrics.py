"""How predictions and truth agree, and how sure one may be of that."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
COVERAGE = 0.8
RESAMPLES = 2000


@dataclass(frozen=True)
class Scores:
    """How predicted and true emotions agree.

    Attributes
    ----------
    emotions : tuple of str
        The k emotions that occur, true or predicted.
    confusion : ndarray of shape (k, k)
        Counts; rows are the truth, columns the predictions.
    """

    emotions: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of samples that are right."""
        return float(np.trace(self.confusion) / self.n)

    @property
    def majority(self) -> float:
        """The accuracy of always naming the emotion that occurs most."""
        return float(self.confusion.sum(axis=1).max() / self.n)

    @property
    def recall(self) -> dict[str, float]:
        """Share of each emotion's samples that are right, for the emotions that occur."""
        return self._shares(self.confusion.sum(axis=1))

    @property
    def precision(self) -> dict[str, float]:
        """Share of the samples recognized as an emotion that are right, where there are any."""
        return self._shares(self.confusion.sum(axis=0))

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall: every emotion counts the same, however rare."""
        return float(np.mean(list(self.recall.values())))

    @property
    def macro_f1(self) -> float:
        """Mean over the emotions that occur of the harmonic mean of precision and recall."""
        hits = np.diag(self.confusion)
        truth, named = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        occurs = truth > 0
        return float(np.mean(2 * hits[occurs] / (truth + named)[occurs]))

    def as_json(self) -> dict[str, Any]:
        """Return the scores as JSON values."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "macro_f1": self.macro_f1,
            "majority_baseline": self.majority,
            "recall": self.recall,
            "precision": self.precision,
            "confusion": {
                truth: dict(zip(self.emotions, row, strict=True))
                for truth, row in zip(self.emotions, self.confusion.tolist(), strict=True)
            },
        }

    def _shares(self, totals: NDArray[np.int64]) -> dict[str, float]:
        return {
            emotion: float(self.confusion[index, index] / totals[index])
            for index, emotion in enumerate(self.emotions)
            if totals[index]
        }


def score(truth: NDArray[np.str_], predicted: NDArray[np.str_]) -> Scores:
    """Compare predicted with true emotions.

    Parameters
    ----------
    truth, predicted : ndarray of shape (n,), str
        Emotions, n at least 1.

    Returns
    -------
    Scores
        Over the emotions that occur in either.

    Raises
    ------
    ValueError
        If the shapes differ or there is no sample.
    """
    if truth.shape != predicted.shape or not truth.size:
        raise ValueError(f"truth {truth.shape} and predicted {predicted.shape} must match")
    emotions = tuple(str(emotion) for emotion in np.union1d(truth, predicted))
    rows, columns = np.searchsorted(emotions, truth), np.searchsorted(emotions, predicted)
    counts = np.zeros((len(emotions), len(emotions)), dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    return Scores(emotions, counts)


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Compare how sure predictions are with how often they are right.

    Parameters
    ----------
    confidence : ndarray of shape (n,)
        The probability of each predicted emotion.
    right : ndarray of shape (n,), bool
        Whether it is true.
    bins : int
        Number of equal parts of 0 to 1.

    Returns
    -------
    confidence, accuracy : ndarray of shape (bins,)
        Means within each bin; NaN where it is empty.
    count : ndarray of shape (bins,)
        Samples in each bin.
    """
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(which, confidence, bins) / count
        accuracy = np.bincount(which, right.astype(float), bins) / count
    return mean, accuracy, count


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Compute the expected calibration error over `BINS` equal bins (Naeini et al. 2015).

    Parameters
    ----------
    confidence : ndarray of shape (n,)
        The probability of each predicted emotion.
    right : ndarray of shape (n,), bool
        Whether it is true.

    Returns
    -------
    float
        Mean distance of confidence and accuracy, weighted by the samples in each bin.
    """
    mean, accuracy, count = reliability(confidence, right)
    return float(np.nansum(np.abs(mean - accuracy) * count) / count.sum())


def log_loss(probability_of_truth: NDArray[np.float64]) -> float:
    """Compute the mean negative log of the probabilities given to the truth, shape (n,)."""
    return float(-np.log(np.maximum(probability_of_truth, 1e-12)).mean())


def coverage_curve(
    confidence: NDArray[np.float64], right: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the accuracy on the surest samples, for every share of them.

    Parameters
    ----------
    confidence : ndarray of shape (n,)
        The probability of each predicted emotion.
    right : ndarray of shape (n,), bool
        Whether it is true.

    Returns
    -------
    coverage, accuracy : ndarray of shape (n,)
        Share of samples kept, rising to 1, and the share of these that are right.
    """
    order = np.argsort(-confidence, kind="stable")
    kept = np.arange(1, len(order) + 1)
    return kept / len(order), np.cumsum(right[order]) / kept


def accuracy_at_coverage(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], coverage: float = COVERAGE
) -> float:
    """Compute the accuracy on the surest share of the samples (see `coverage_curve`)."""
    _, accuracy = coverage_curve(confidence, right)
    return float(accuracy[max(0, int(np.ceil(coverage * len(right))) - 1)])


def intervals(
    truth: NDArray[np.str_],
    predicted: NDArray[np.str_],
    subject: NDArray[np.str_],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Estimate how far the scores would move with other people: 95 % bootstrap intervals.

    Subjects are drawn with replacement, with all their samples, since the samples of one person
    are not independent (Efron and Tibshirani 1993, "An introduction to the bootstrap").

    Parameters
    ----------
    truth, predicted, subject : ndarray of shape (n,), str
        Emotions and who showed them; an empty subject is somebody of their own.
    seed : int
        For drawing.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy``: [low, high]; ``recall``: that for each emotion.
    """
    emotions = np.unique(truth)
    column = np.searchsorted(emotions, truth)
    who = np.where(subject == "", np.arange(len(subject)).astype(str), subject)
    subjects, row = np.unique(who, return_inverse=True)
    shape = (len(subjects), len(emotions))
    total, right = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (row, column), 1)
    np.add.at(right, (row, column), truth == predicted)
    draws = np.random.default_rng(seed).multinomial(
        len(subjects), np.full(len(subjects), 1 / len(subjects)), RESAMPLES
    )
    totals, rights = draws @ total, draws @ right
    with np.errstate(invalid="ignore"):
        recall = rights / totals
    return {
        "accuracy": _interval(rights.sum(axis=1) / totals.sum(axis=1)),
        "balanced_accuracy": _interval(np.nanmean(recall, axis=1)),
        "recall": {
            str(emotion): _interval(recall[:, index]) for index, emotion in enumerate(emotions)
        },
    }


def _interval(values: NDArray[np.float64]) -> list[float]:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return [float(low), float(high)]
