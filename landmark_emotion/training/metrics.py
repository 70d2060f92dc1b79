"""Scores of predictions, their confidence intervals, and the quality of probabilities.

scikit-learn is imported by the functions that need it, so that stored evaluations can be shown
without it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
COVERAGE = 0.8
RESAMPLES = 2000

_BLOCK = 2**21  # numbers drawn at a time, 16 MB


@dataclass(frozen=True)
class Evaluation:
    """Predictions for samples by models that were not fitted on them, and their scores.

    Attributes
    ----------
    protocol : str
        How training and test samples were separated, for the user.
    emotions : tuple of str
        The k columns of the probabilities.
    truth, subject : ndarray of shape (n,), str
        The true emotions and the subjects; an empty subject is unknown.
    probabilities : ndarray of shape (n, k)
        Each row sums to 1.
    calibrated : ndarray of shape (n,), bool
        Samples that were compared with the person's own neutral face.
    scores : dict
        JSON values: those of `score`, ``interval_95`` (see `intervals`), ``calibration_error``,
        ``log_loss``, ``accuracy_at_80_percent_coverage``, and ``subjects``, the number of faces
        and of correct predictions for each subject, None where one is unknown.
    """

    protocol: str
    emotions: tuple[str, ...]
    truth: NDArray[np.str_]
    subject: NDArray[np.str_]
    probabilities: NDArray[np.float64]
    calibrated: NDArray[np.bool_]
    scores: dict[str, Any]

    @property
    def predicted(self) -> NDArray[np.str_]:
        """The most probable emotions, shape (n,)."""
        return np.asarray(np.array(self.emotions)[self.probabilities.argmax(axis=1)])

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probabilities of the predicted emotions, shape (n,)."""
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each prediction is correct, shape (n,)."""
        return np.asarray(self.predicted == self.truth)


def evaluate(
    protocol: str,
    emotions: tuple[str, ...],
    truth: NDArray[np.str_],
    subject: NDArray[np.str_],
    probabilities: NDArray[np.float64],
    *,
    calibrated: NDArray[np.bool_] | None = None,
) -> Evaluation:
    """Score predictions; the parameters are the attributes of `Evaluation`.

    Emotions that no model knows may occur in `truth`; they have a probability of 0.
    """
    if calibrated is None:
        calibrated = np.zeros(len(truth), dtype=bool)
    result = Evaluation(protocol, emotions, truth, subject, probabilities, calibrated, {})
    predicted, confidence, right = result.predicted, result.confidence, result.right
    of_truth = np.where(truth[:, np.newaxis] == np.array(emotions), probabilities, 0).sum(axis=1)
    subjects = None
    if not np.any(subject == ""):
        names, person = np.unique(subject, return_inverse=True)
        counts = zip(np.bincount(person).tolist(), np.bincount(person, right).tolist(), strict=True)
        subjects = {
            name: {"n": n, "right": int(correct)}
            for name, (n, correct) in zip(names.tolist(), counts, strict=True)
        }
    result.scores.update(
        protocol=protocol,
        n_with_own_neutral=int(calibrated.sum()),
        **score(truth, predicted),
        interval_95=intervals(truth, predicted, subject),
        calibration_error=calibration_error(confidence, right),
        log_loss=log_loss(of_truth),
        accuracy_at_80_percent_coverage=accuracy_at_coverage(confidence, right),
        subjects=subjects,
    )
    return result


def score(truth: NDArray[np.str_], predicted: NDArray[np.str_]) -> dict[str, Any]:
    """Compare predicted with true emotions.

    Both have shape (n,) with n at least 1.

    Returns
    -------
    dict
        JSON values: ``n``, ``accuracy``, ``balanced_accuracy``, ``macro_f1``,
        ``majority_baseline`` (the accuracy of always predicting the most frequent emotion),
        ``recall`` of every emotion that occurs, ``precision`` of every one predicted, and
        ``confusion``, counts by true and predicted emotion. Means are over emotions that occur.
    """
    from sklearn.metrics import precision_recall_fscore_support

    emotions = np.union1d(truth, predicted).tolist()
    # confusion_matrix of scikit-learn warns if a single emotion occurs.
    confusion = np.zeros((len(emotions), len(emotions)), dtype=np.int64)
    np.add.at(confusion, tuple(np.searchsorted(emotions, [truth, predicted])), 1)
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=emotions, zero_division=np.nan
    )
    return {
        "n": len(truth),
        "accuracy": float((truth == predicted).mean()),
        "balanced_accuracy": float(np.nanmean(recall)),
        "macro_f1": float(f1[support > 0].mean()),
        "majority_baseline": float(support.max() / len(truth)),
        "recall": _defined(emotions, recall),
        "precision": _defined(emotions, precision),
        "confusion": {
            emotion: dict(zip(emotions, row, strict=True))
            for emotion, row in zip(emotions, confusion.tolist(), strict=True)
        },
    }


def _defined(emotions: list[str], values: NDArray[np.float64]) -> dict[str, float]:
    named = zip(emotions, values.tolist(), strict=True)
    return {emotion: value for emotion, value in named if not np.isnan(value)}


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Compare confidence with accuracy in equal bins from 0 to 1.

    Parameters
    ----------
    confidence, right : ndarray of shape (n,)
        The probability of each predicted emotion, and whether it is correct.
    bins : int
        Number of bins.

    Returns
    -------
    confidence, accuracy, count : ndarray of shape (bins,)
        Means within each bin, NaN for empty bins, and the number of samples.
    """
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(which, confidence, bins) / count
        accuracy = np.bincount(which, right.astype(float), bins) / count
    return mean, accuracy, count


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Compute the expected calibration error over `BINS` equal bins (Naeini et al. 2015).

    It is the mean difference of confidence and accuracy, weighted by the samples in each bin.
    """
    mean, accuracy, count = reliability(confidence, right)
    return float(np.nansum(np.abs(mean - accuracy) * count) / count.sum())


def log_loss(
    probability_of_truth: NDArray[np.float64], weight: NDArray[np.float64] | None = None
) -> float:
    """Compute the mean negative logarithm of the probabilities of the true emotions, shape (n,).

    Probabilities are at least 1e-12. `sklearn.metrics.log_loss` refuses emotions that the model
    does not know.
    """
    return float(np.average(-np.log(np.maximum(probability_of_truth, 1e-12)), weights=weight))


def coverage_curve(
    confidence: NDArray[np.float64], right: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the accuracy on the most confident predictions, for every share of them.

    Returns
    -------
    coverage, accuracy : ndarray of shape (n,)
        Shares of the samples, rising to 1, and the accuracy on them.
    """
    order = np.argsort(-confidence, kind="stable")
    kept = np.arange(1, len(order) + 1)
    return kept / len(order), np.cumsum(right[order]) / kept


def accuracy_at_coverage(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], coverage: float = COVERAGE
) -> float:
    """Compute the accuracy on the most confident share of the samples (see `coverage_curve`)."""
    _, accuracy = coverage_curve(confidence, right)
    return float(accuracy[max(0, int(np.ceil(coverage * len(right))) - 1)])


def intervals(
    truth: NDArray[np.str_], predicted: NDArray[np.str_], subject: NDArray[np.str_]
) -> dict[str, Any]:
    """Compute 95 % bootstrap intervals of the scores.

    Subjects are drawn with replacement, with all their samples, since the samples of one person
    are not independent (Efron and Tibshirani 1993, "An introduction to the bootstrap").

    All have shape (n,). Each sample with an empty subject counts as a person of its own.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy``: [low, high]; ``recall``: that for each emotion. Where
        all or no predictions are correct the bootstrap has no width; there it is the interval of
        Wilson (1927, "Probable inference") over the subjects.
    """
    emotions, column = np.unique(truth, return_inverse=True)
    own = np.char.add("\1", np.arange(len(subject)).astype(str))  # no subject has such a name
    subjects, row = np.unique(np.where(subject == "", own, subject), return_inverse=True)
    total, right = np.zeros((2, len(subjects), len(emotions)))
    np.add.at(total, (row, column), 1)
    np.add.at(right, (row, column), truth == predicted)
    drawn = [(count @ total, count @ right) for count in resampled(len(subjects), RESAMPLES)]
    totals, rights = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    with np.errstate(invalid="ignore"):
        recall = rights / totals
    people = (total > 0).sum(axis=0)  # who show each emotion
    everyone = _interval(rights.sum(axis=1) / totals.sum(axis=1), len(subjects))
    return {
        "accuracy": everyone,
        "balanced_accuracy": _interval(np.nanmean(recall, axis=1), len(subjects)),
        "recall": {
            emotion: _interval(recall[:, index], int(people[index]))
            for index, emotion in enumerate(emotions.tolist())
        },
    }


def resampled(n: int, resamples: int, seed: int = 0) -> Iterator[NDArray[np.float64]]:
    """Draw bootstrap samples of n items; yield blocks of counts per item, shape (m, n)."""
    random = np.random.default_rng(seed)
    for size in block_sizes(resamples, n):
        yield random.multinomial(n, np.full(n, 1 / n), size).astype(np.float64)


def block_sizes(rows: int, columns: int) -> Iterator[int]:
    """Divide rows of random numbers into blocks of at most 16 MB; yield the rows of each."""
    step = max(1, _BLOCK // columns)
    for start in range(0, rows, step):
        yield min(step, rows - start)


def _interval(values: NDArray[np.float64], n: int) -> list[float]:
    """Return the 95 % interval of bootstrapped shares of `n` subjects."""
    low, high = (float(end) for end in np.nanpercentile(values, [2.5, 97.5]))
    return wilson(low, n) if low == high in (0.0, 1.0) else [low, high]


def wilson(share: float, n: int) -> list[float]:
    """Return the 95 % interval of Wilson (1927) for a share of `n` independent trials."""
    z = 1.959964
    middle, half = share + z**2 / (2 * n), z * math.sqrt(share * (1 - share) / n + z**2 / n**2 / 4)
    low, high = ((middle + side * half) / (1 + z**2 / n) for side in (-1, 1))
    return [max(0.0, low), min(1.0, high)]
