"""Divide pictures into those to learn from, those to choose by, and those to test on."""

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import TrainingError
from landmark_emotion.training.datasets.samples import CHOOSE, LEARN, TEST
from landmark_emotion.training.pictures import FacePictures


@dataclass(frozen=True)
class Parts:
    """Pictures in three parts.

    Attributes
    ----------
    learn, choose, test : FacePictures
        To learn from; to choose the epoch and the temperature; to test on once at the end.
    emotions : tuple of str
        The classes, sorted.
    left_out : Counter
        Number of pictures in none of the parts, by reason.
    notes : tuple of str
        How the parts came about.
    """

    learn: FacePictures
    choose: FacePictures
    test: FacePictures
    emotions: tuple[str, ...]
    left_out: Counter[str]
    notes: tuple[str, ...]


def divide(pictures: FacePictures, *, share: float = 0.1, seed: int = 0) -> Parts:
    """Divide pictures as their authors did; parts that they lack are split off the first one.

    These have other people than the rest where people are known, and the same share of each class
    otherwise. Pictures to learn from that are in another part, too, are left out.

    Parameters
    ----------
    pictures : FacePictures
        All pictures.
    share : float
        Size of each part that is split off.
    seed : int
        Of the choice.

    Raises
    ------
    TrainingError
        If a part would be empty or the pictures show a single class.
    """
    # Of objects, since an array of the names that are there might cut off longer ones.
    part = np.where(pictures.part == "", LEARN, pictures.part.astype(object))
    random = np.random.default_rng(seed)
    known = bool(np.all(pictures.subject != ""))
    missing = [name for name in (TEST, CHOOSE) if not np.any(part == name)]
    left = int((part == LEARN).sum())
    for name in missing:
        part[_split_off(part == LEARN, pictures, known, share * left, random)] = name
    notes = []
    if missing:
        who = "other people" if known else "shuffled, as people are unknown"
        names = " and ".join(f"{name} ({(part == name).sum():,})" for name in reversed(missing))
        notes.append(f"split off: {names}; {who}")
    digests = np.array([hashlib.sha256(i.tobytes()).hexdigest() for i in pictures.images])
    copies = (part == LEARN) & np.isin(digests, digests[part != LEARN])
    emotions = tuple(sorted(set(pictures.emotion[(part == LEARN) & ~copies].tolist())))
    unknown = ~np.isin(pictures.emotion, emotions)
    left_out = Counter(
        {
            "image to learn from that is in another part, too": int(copies.sum()),
            "image of a class that is not in training": int((unknown & ~copies).sum()),
        }
    )
    usable = ~copies & ~unknown
    learn, choose, test = (pictures.take(usable & (part == name)) for name in (LEARN, CHOOSE, TEST))
    if len(emotions) < 2:
        raise TrainingError("data set: shows a single class; add images of others")
    if not len(choose) or not len(test):
        raise TrainingError("data set: has too few images to split off a test; add images")
    return Parts(learn, choose, test, emotions, +left_out, tuple(notes))


def _split_off(
    free: NDArray[np.bool_],
    pictures: FacePictures,
    known: bool,
    wanted: float,
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Choose about as many of the free pictures as wanted, and leave some of every class."""
    chosen = np.zeros(len(free), dtype=bool)
    if known:
        people = random.permutation(np.unique(pictures.subject[free]))
        for person in people[:-1]:
            if chosen.sum() >= wanted:
                break
            chosen |= free & (pictures.subject == person)
        return chosen
    for emotion in np.unique(pictures.emotion[free]):
        here = random.permutation(np.flatnonzero(free & (pictures.emotion == emotion)))
        n = max(1, round(wanted * len(here) / free.sum()))
        chosen[here[: min(n, len(here) // 3)]] = True
    return chosen
