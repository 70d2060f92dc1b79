"""Samples of one or more landmark tables as features, references and weights."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import MAX_CLASSES
from landmark_emotion.errors import TrainingError
from landmark_emotion.model.features import landmark_features, mirror_features
from landmark_emotion.model.neutral import own_neutrals
from landmark_emotion.training.landmark_table import LandmarkTable

MAX_COPIES = 100_000  # of all samples together; large data sets need fewer of each

Features = NDArray[np.float64]
"""Features of faces or their differences from a neutral face: shape (n, 136)."""


@dataclass(frozen=True)
class TrainingSet:
    """Samples in the form that models are fitted to.

    Attributes
    ----------
    features : ndarray of shape (n, 136)
        Features of the faces.
    neutral : ndarray of shape (n, 136)
        Mean of the same person's other neutral faces; NaN if there is none.
    n_neutral : ndarray of shape (n,)
        Number of sequences that the mean comes from.
    emotion, subject : ndarray of shape (n,), str
        Labels; an empty subject is unknown.
    sequence : ndarray of shape (n,), str
        The same for frames of one recording that show the same emotion, otherwise unique.
    origin : ndarray of shape (n,), int
        Index of the table that each sample comes from.
    weight : ndarray of shape (n,)
        Frames of one sequence and table share a weight of 1.
    copies : ndarray of shape (n, m, 136)
        Features of the faces as measured m times, which share the weight of their sample.
    """

    features: Features
    neutral: Features
    n_neutral: NDArray[np.int64]
    emotion: NDArray[np.str_]
    subject: NDArray[np.str_]
    sequence: NDArray[np.str_]
    origin: NDArray[np.int64]
    weight: NDArray[np.float64]
    copies: Features

    @classmethod
    def of(cls, *tables: LandmarkTable) -> "TrainingSet":
        """Compute it from a table and, optionally, further ones to learn from."""
        features = landmark_features(np.concatenate([table.landmarks for table in tables]))
        emotion = np.concatenate([table.emotion for table in tables])
        subject = np.concatenate([table.subject for table in tables])
        recordings = np.concatenate([table.sequence for table in tables]).tolist()
        origin = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        sequence = np.array(
            [
                f"{recording} {shown}" if recording else f"sample {index}"
                for index, (recording, shown) in enumerate(
                    zip(recordings, emotion.tolist(), strict=True)
                )
            ]
        )
        weight = np.empty(len(sequence))
        for table in range(len(tables)):
            here = origin == table
            _, which, count = np.unique(sequence[here], return_inverse=True, return_counts=True)
            weight[here] = 1 / count[which]
        neutral, n_neutral = own_neutrals(features, emotion, subject, sequence)
        copies = _copies(tables)
        return cls(features, neutral, n_neutral, emotion, subject, sequence, origin, weight, copies)

    @property
    def emotions(self) -> tuple[str, ...]:
        """The k emotions that occur, sorted."""
        return tuple(sorted(set(self.emotion.tolist())))

    @property
    def has_neutral(self) -> NDArray[np.bool_]:
        """Whether each sample can be compared with a neutral face of the person, shape (n,)."""
        return np.asarray(self.n_neutral > 0)

    def select(self, which: NDArray[Any]) -> "TrainingSet":
        """Return the samples at the given indices or where a mask of shape (n,) is true."""
        return TrainingSet(**{f.name: getattr(self, f.name)[which] for f in fields(self)})

    def offsets(self) -> Features:
        """Return the systematic differences of the other tables, (n, 136), to add to features.

        Tables may have been measured under other conditions (size, compression). The mean
        difference is taken over the sequences shared with the first table.
        """
        offsets = np.zeros_like(self.features)
        first = {name: index for index, name in enumerate(self.sequence) if not self.origin[index]}
        for table in np.unique(self.origin[self.origin > 0]):
            shared = [
                (index, first[name])
                for index, name in enumerate(self.sequence)
                if self.origin[index] == table and name in first
            ]
            if shared:
                here, there = np.array(shared).T
                offset = (self.features[there] - self.features[here]).mean(axis=0)
                # Conditions have no left and right.
                offsets[self.origin == table] = (offset + mirror_features(offset)) / 2
        return offsets


def _copies(tables: Sequence[LandmarkTable]) -> Features:
    """Compute features of all measurements, (n, m, 136); fewer than m are repeated."""
    measured = [
        table.landmarks[:, np.newaxis] if table.measured is None else table.measured
        for table in tables
    ]
    n = sum(map(len, measured))
    m = max(1, min(max(each.shape[1] for each in measured), MAX_COPIES // n))
    return np.concatenate(
        [landmark_features(each)[:, np.arange(m) % each.shape[1]] for each in measured]
    )


def usable(
    table: LandmarkTable, emotions: Sequence[str] | None = None
) -> tuple[LandmarkTable, Counter[str]]:
    """Keep the samples of the wanted emotions, by default of all, that occur at least twice.

    Returns them and the number of other samples by reason.

    Raises
    ------
    TrainingError
        If fewer than two emotions remain, or more than a model can have.
    """
    counts = Counter(table.emotion.tolist())
    left_out: Counter[str] = Counter()
    for emotion, count in counts.items():
        if emotions is not None and emotion not in emotions:
            left_out[f"{emotion}, not asked for"] += count
        elif count < 2:
            left_out[f"{emotion}, the only sample of this emotion"] += count
    kept = [emotion for emotion in emotions or counts if counts[emotion] >= 2]
    if len(kept) > MAX_CLASSES:
        raise TrainingError(
            f"data set: has {len(kept)} classes; name at most {MAX_CLASSES} with --emotions"
        )
    if len(kept) < 2:
        have = ", ".join(f"{count} {emotion}" for emotion, count in sorted(counts.items()))
        raise TrainingError(
            "data set: training needs two or more faces of each of two or more emotions, found "
            f"{have or 'none'}; add images"
        )
    return table.take(np.isin(table.emotion, kept)), left_out
