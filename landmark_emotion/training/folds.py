"""Folds that never separate the samples of one person."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from landmark_emotion.errors import TrainingError
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.training_set import TrainingSet

INNER_FOLDS = 5

# Leaving out one subject at a time is the finest test; with more subjects, ten folds suffice.
_MAX_LEAVE_ONE_OUT = 200
_BLOCKS = 10

Indices = NDArray[np.intp]


def outer_folds(
    table: LandmarkTable, folds: int | None, seed: int
) -> tuple[list[list[Indices]], str]:
    """Divide a table into test folds, grouped into blocks that share their choices.

    There is one fold per subject by default, 10 folds for more than 200 subjects, and 5 if
    subjects are unknown.

    Returns
    -------
    blocks : list of list of ndarray
        Indices of the samples of each fold.
    protocol : str
        Description for the user.

    Raises
    ------
    TrainingError
        If the samples are too few.
    """
    if not table.subjects_known:
        tests = _stratified(table.emotion, folds or INNER_FOLDS, seed)
        return [[test] for test in tests], f"{len(tests)} folds, subjects unknown"
    subjects = sorted(set(table.subject.tolist()))
    if len(subjects) < 2:
        raise TrainingError("data set: has only one subject; add images of other people")
    if folds is None and len(subjects) <= _MAX_LEAVE_ONE_OUT:
        order = np.random.default_rng(seed).permutation(subjects)
        blocks = [
            [np.flatnonzero(table.subject == person) for person in people]
            for people in np.array_split(order, min(_BLOCKS, len(subjects)))
        ]
        return blocks, f"leave-one-subject-out over {len(subjects)} subjects"
    n = min(folds or _BLOCKS, len(subjects))
    if n < 2:
        raise TrainingError("data set: needs two or more folds; raise --folds")
    tests = _stratified(table.emotion, n, seed, table.subject)
    return [[test] for test in tests], f"{n} folds of {len(subjects)} subjects"


def inner_folds(samples: TrainingSet, seed: int) -> list[Indices]:
    """Divide the samples of the first table into folds; none if they show only one subject."""
    ours = np.flatnonzero(samples.origin == 0)
    emotion, subject = samples.emotion[ours], samples.subject[ours]
    if np.any(subject == ""):
        return [ours[test] for test in _stratified(emotion, INNER_FOLDS, seed)]
    n = min(INNER_FOLDS, len(set(subject.tolist())))
    return [ours[test] for test in _stratified(emotion, n, seed, subject)] if n > 1 else []


def others(samples: TrainingSet, fold: Indices) -> Indices:
    """Return the indices of the samples outside a fold that show none of its people."""
    outside = np.ones(len(samples.subject), dtype=bool)
    outside[fold] = False
    people = set(samples.subject[fold].tolist()) - {""}
    return np.flatnonzero(outside & ~np.isin(samples.subject, list(people)))


def _stratified(
    emotion: NDArray[np.str_], n: int, seed: int, subject: NDArray[np.str_] | None = None
) -> list[Indices]:
    """Divide samples into n folds, fewer if an emotion is rare and subjects are unknown."""
    with warnings.catch_warnings():
        # A rare emotion cannot be in every fold.
        warnings.filterwarnings("ignore", "The least populated class")
        if subject is not None:
            grouped = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
            return [test for _, test in grouped.split(emotion, emotion, subject)]
        rarest = int(np.unique(emotion, return_counts=True)[1].min())
        plain = StratifiedKFold(max(2, min(n, rarest)), shuffle=True, random_state=seed)
        return [test for _, test in plain.split(emotion, emotion)]
