"""How well a recipe does: shuffled splits, and people who are not in training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import (
    BaseCrossValidator,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from landmark_emotion.errors import TrainingError
from landmark_emotion.table import LandmarkTable
from landmark_emotion.training import make_pipeline

# The vote for an emotion that a training fold held no sample of.
_NO_VOTE = -100.0

# Leaving out one subject at a time is the finest test; with more subjects, ten folds say the same.
_MAX_LEAVE_ONE_OUT = 200


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
    def recall(self) -> dict[str, float]:
        """Share of each emotion's samples that are right, for the emotions that occur."""
        totals = self.confusion.sum(axis=1)
        return {
            emotion: float(self.confusion[index, index] / totals[index])
            for index, emotion in enumerate(self.emotions)
            if totals[index]
        }

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall: every emotion counts the same, however rare."""
        return float(np.mean(list(self.recall.values())))

    def as_json(self) -> dict[str, Any]:
        """Return the scores as JSON values."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "recall": self.recall,
            "confusion": {
                truth: dict(zip(self.emotions, row, strict=True))
                for truth, row in zip(self.emotions, self.confusion.tolist(), strict=True)
            },
        }


@dataclass(frozen=True)
class OutOfFold:
    """What the recipe says of each sample when fitted without it.

    Attributes
    ----------
    protocol : str
        How the folds were made, for the user.
    emotions : tuple of str
        The k columns of the votes.
    votes : ndarray of shape (n, k)
        At temperature 1.
    truth : ndarray of shape (n,), str
        The true emotions.
    """

    protocol: str
    emotions: tuple[str, ...]
    votes: NDArray[np.float64]
    truth: NDArray[np.str_]

    @property
    def scores(self) -> Scores:
        """The scores of the likeliest emotions."""
        return score(self.truth, np.array(self.emotions)[self.votes.argmax(axis=1)])


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
    counts = confusion_matrix(truth, predicted, labels=list(emotions))
    return Scores(emotions, np.asarray(counts, dtype=np.int64))


def shuffled_splits(
    table: LandmarkTable, *, runs: int = 7, test_size: float = 0.2, seed: int = 0
) -> Iterator[float]:
    """Train and test over repeated stratified shuffled splits.

    Samples of one person lie on both sides of a split, so the accuracy says how well people
    already known are recognised; strangers fare worse (see `out_of_fold`).

    Parameters
    ----------
    table : LandmarkTable
        At least two samples of each emotion.
    runs : int
        Number of splits.
    test_size : float
        Share of the samples to test on, between 0 and 1.
    seed : int
        The same seed gives the same splits.

    Yields
    ------
    float
        The accuracy of each run.

    Raises
    ------
    TrainingError
        If the samples are too few to split so.
    """
    splitter = StratifiedShuffleSplit(n_splits=runs, test_size=test_size, random_state=seed)
    try:
        splits = list(splitter.split(table.landmarks, table.emotion))
    except ValueError as error:
        raise TrainingError(
            f"data set: {len(table)} samples of {len(set(table.emotion.tolist()))} emotions are "
            f"too few to hold out {test_size:g} of them; add images or change --test-size"
        ) from error
    for train, test in splits:
        pipeline = make_pipeline().fit(table.landmarks[train], table.emotion[train])
        predicted = pipeline.predict(table.landmarks[test])
        yield float(accuracy_score(table.emotion[test], predicted))


def out_of_fold(table: LandmarkTable, *, folds: int | None = None, seed: int = 0) -> OutOfFold:
    """Let every sample be judged by a classifier that has seen nobody in its fold.

    Parameters
    ----------
    table : LandmarkTable
        Where every sample names its subject, folds never share a subject.
    folds : int, optional
        Number of folds; otherwise one a subject (ten where there are more than 200, five where
        subjects are unknown).
    seed : int
        For drawing the folds.

    Returns
    -------
    OutOfFold
        In the order of the table.

    Raises
    ------
    TrainingError
        If the samples are too few for folds.
    """
    splitter, groups, protocol = _folds(table, folds, seed)
    emotions = tuple(str(emotion) for emotion in np.unique(table.emotion))
    votes = np.full((len(table), len(emotions)), _NO_VOTE)
    for train, test in splitter.split(table.landmarks, table.emotion, groups):
        if len(set(table.emotion[train].tolist())) < 2:
            raise TrainingError(
                "data set: one subject holds nearly all emotions; add images of other people"
            )
        pipeline = make_pipeline().fit(table.landmarks[train], table.emotion[train])
        columns = [emotions.index(str(label)) for label in pipeline.classes_]
        votes[np.ix_(test, columns)] = pipeline.decision_function(table.landmarks[test])
    return OutOfFold(protocol, emotions, votes, table.emotion)


def _folds(
    table: LandmarkTable, folds: int | None, seed: int
) -> tuple[BaseCrossValidator, Sequence[Any] | None, str]:
    if not table.subjects_known:
        rarest = int(np.unique(table.emotion, return_counts=True)[1].min())
        n = max(2, min(folds or 5, rarest))
        splitter = StratifiedKFold(n, shuffle=True, random_state=seed)
        return splitter, None, f"{n} folds, subjects unknown"
    subjects = table.subject.tolist()
    n_subjects = len(set(subjects))
    if n_subjects < 2:
        raise TrainingError("data set: shows one subject only; add images of other people")
    if folds is None and n_subjects <= _MAX_LEAVE_ONE_OUT:
        return LeaveOneGroupOut(), subjects, f"leave-one-subject-out over {n_subjects} subjects"
    n = min(folds or 10, n_subjects)
    splitter = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
    return splitter, subjects, f"{n} folds of {n_subjects} subjects"
