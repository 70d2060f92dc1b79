"""A person's neutral face as the reference for their expressions.

Neutral faces differ more between people than a faint expression differs from the neutral face of
the same person. Subtracting the person's own neutral face leaves the expression.
"""

import json
import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landmark_emotion.errors import ProfileError, unreadable
from landmark_emotion.files.reading import read_whole
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.model.features import N_FEATURES, landmark_features
from landmark_emotion.model.same_person import SAME, face_shape

FORMAT = "landmark-emotion profile"
MAX_PROFILE_BYTES = 2**20
MAX_FACES = 10**9

# The automatic reference. ``python -m benchmarks.baselines`` measures what it gains.
AUTO_FLOOR = 0.2  # is added to the probability of neutral, by which a face is weighted
AUTO_LOWERED = 0.25  # of the vote for neutral
AUTO_LEAST = 3  # pictures
AUTO_INTERVAL = 0.2  # seconds between the faces of a video that it uses
AUTO_READY = 1.0  # seconds of faces before it is used
AUTO_MEMORY = 60.0  # seconds of faces it remembers


@dataclass(frozen=True)
class NeutralReference:
    """The features of a person's neutral face.

    Attributes
    ----------
    features : ndarray of shape (136,)
        Mean of `features.landmark_features` over the neutral faces.
    n : float
        The number of faces; in an estimate the sum of their weights.
    automatic : bool
        Whether it was estimated from faces that are not known to be neutral.
    """

    features: NDArray[np.float64]
    n: float
    automatic: bool = False

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the reference to a JSON file; it holds numbers, no image.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        content = {"format": FORMAT, "version": 1, "n": self.n, "features": self.features.tolist()}
        replace_atomically(Path(path), (json.dumps(content) + "\n").encode())


def reference_from(landmarks: ArrayLike) -> NeutralReference:
    """Average the features of one person's neutral faces.

    Parameters
    ----------
    landmarks : array_like of shape (n, 68, 2)
        Pixels, n at least 1.

    Returns
    -------
    NeutralReference
        The mean.

    Raises
    ------
    ValueError
        If there is no face, or as in `face.check_landmarks`.
    """
    features = landmark_features(landmarks)
    if features.ndim != 2 or not len(features):
        raise ValueError(f"landmarks must have shape (n, 68, 2), got {np.shape(landmarks)}")
    return NeutralReference(features.mean(axis=0), len(features))


def reference_from_numbers(features: ArrayLike, n: int) -> NeutralReference:
    """Make a reference of numbers that come from outside.

    Parameters
    ----------
    features : array_like of shape (136,)
        As of `NeutralReference`.
    n : int
        The number of faces.

    Raises
    ------
    ValueError, TypeError
        If they cannot be those of a neutral face.
    """
    checked = np.array(features, dtype=np.float64)
    if checked.shape != (N_FEATURES,) or not (np.abs(checked) < 100).all():
        raise ValueError(f"features must be {N_FEATURES} numbers below 100")
    if type(n) is not int or not 1 <= n <= MAX_FACES:
        raise ValueError(f"n must be a whole number from 1 to {MAX_FACES}")
    return NeutralReference(checked, n)


def load_profile(path: str | os.PathLike[str]) -> NeutralReference:
    """Read a reference that `NeutralReference.save` wrote.

    Raises
    ------
    ProfileError
        If there is no such file, or it is not a profile.
    """
    path = Path(path)
    try:
        data = read_whole(path, MAX_PROFILE_BYTES)
        if len(data) > MAX_PROFILE_BYTES:
            raise ValueError("too large")
        content = json.loads(data)
        if content["format"] != FORMAT or content["version"] != 1:
            raise ValueError("not of this version")
        return reference_from_numbers(content["features"], content["n"])
    except FileNotFoundError as error:
        raise ProfileError(
            f"{path}: no such profile; make one with 'webcam --calibrate 3 --profile NAME'"
        ) from error
    except OSError as error:
        raise ProfileError(unreadable(path, error)) from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ProfileError(
            f"{path}: not a profile or damaged; make a new one with --calibrate"
        ) from error


def blend(
    average: NDArray[np.float64], own: NDArray[np.float64], n: ArrayLike, prior: float
) -> NDArray[np.float64]:
    """Move means `own` (..., 136) of n neutral faces each toward the average face (136,).

    The average counts for `prior` faces.
    """
    n = np.asarray(n, dtype=np.float64)[..., np.newaxis]
    return np.asarray(average + (own - average) * n / (n + prior))


def own_neutrals(
    features: NDArray[np.float64], emotion: ArrayLike, subject: ArrayLike, sequence: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the neutral reference of every sample of a data set.

    Parameters
    ----------
    features : ndarray of shape (n, 136)
        Of n faces.
    emotion, subject, sequence : array_like of shape (n,)
        Labels of the faces. An empty subject is unknown; frames of one sequence count as one
        neutral face.

    Returns
    -------
    references : ndarray of shape (n, 136)
        The mean of the same person's neutral faces, the sample itself left out; NaN where there
        is none.
    counts : ndarray of shape (n,)
        Number of sequences these come from.
    """
    subject, sequence = np.asarray(subject), np.asarray(sequence)
    neutral = np.asarray(emotion) == "neutral"
    references = np.full_like(features, np.nan)
    counts = np.zeros(len(features), dtype=np.int64)
    for person in np.unique(subject[neutral & (subject != "")]):
        theirs = np.flatnonzero((subject == person) & neutral)
        for index in np.flatnonzero(subject == person):
            others = theirs[theirs != index]
            if len(others):
                references[index] = features[others].mean(axis=0)
                counts[index] = len(np.unique(sequence[others]))
    return references, counts


def automatic_reference(
    features: NDArray[np.float64], neutral: NDArray[np.float64], pictures: float | None = None
) -> NeutralReference:
    """Estimate a person's neutral face from faces whose expression is not known.

    It is the mean, in which a face counts more the more neutral it looks to the static model. The
    fewer look neutral, the more it is shrunk toward the average neutral face.

    Parameters
    ----------
    features : ndarray of shape (m, 136)
        Of m faces of one person.
    neutral : ndarray of shape (m,)
        Their static probabilities of neutral.
    pictures : float, optional
        How many pictures they are worth, by default m.

    Returns
    -------
    NeutralReference
        The estimate, marked as automatic.
    """
    weights = neutral + AUTO_FLOOR
    mean = np.average(features, axis=0, weights=weights)
    n = float(weights.mean()) * (len(features) if pictures is None else pictures)
    return NeutralReference(mean, n, automatic=True)


class PersonEstimate:
    """Estimates the neutral face of a person from pictures, without keeping them.

    It is the `automatic_reference` of all faces that were added.
    """

    def __init__(self) -> None:
        self.n = 0
        self._weight = 0.0
        self._sum = np.zeros(N_FEATURES)
        self._mean_shape = face_shape(self._sum)
        self._scatter = 0.0  # sum of squared distances to the mean shape

    def add(self, features: NDArray[np.float64], neutral: float) -> None:
        """Add a face: features of shape (136,), and its static probability of neutral."""
        self.n += 1
        weight = AUTO_FLOOR + neutral
        self._weight += weight
        self._sum += weight * features
        shape = face_shape(features)
        before = shape - self._mean_shape
        self._mean_shape = self._mean_shape + before / self.n
        self._scatter += float(before @ (shape - self._mean_shape))

    @property
    def problem(self) -> str:
        """Why there is no reference; empty if there is one.

        The spread of the shapes is above `same_person.SAME` for 94 % of three pictures of three
        people, for nearly all larger sets of different people and for 1 % of pictures of one
        person. Of two people with many pictures each it misses half.
        """
        if self.n < AUTO_LEAST:
            return f"has {self.n} of the {AUTO_LEAST} pictures with a face that a baseline needs"
        if np.sqrt(self._scatter / (self.n - 1)) > SAME:
            return "shows different people"
        return ""

    @property
    def reference(self) -> NeutralReference | None:
        """The estimate, marked as automatic; None if there is a `problem`."""
        if self.problem:
            return None
        return NeutralReference(self._sum / self._weight, self._weight, automatic=True)


class AutomaticNeutral:
    """A running estimate of a person's neutral face that needs no instruction.

    It is the `automatic_reference` of the last minute, in which a second counts as one picture.
    """

    def __init__(self) -> None:
        self._faces: deque[NDArray[np.float64]] = deque(maxlen=round(AUTO_MEMORY / AUTO_INTERVAL))
        self._neutral: deque[float] = deque(maxlen=self._faces.maxlen)
        self._last = -np.inf
        self._reference: NeutralReference | None = None

    def update(
        self, features: NDArray[np.float64], neutral: float, time: float, usable: bool = True
    ) -> NeutralReference | None:
        """Add a face and return the reference.

        Parameters
        ----------
        features : ndarray of shape (136,)
            Of the face.
        neutral : float
            Its static probability of neutral.
        time : float
            Seconds; faces sooner than `AUTO_INTERVAL` after the last one are ignored.
        usable : bool
            Otherwise the face is ignored, too.

        Returns
        -------
        NeutralReference or None
            The reference; None during the first `AUTO_READY` seconds.
        """
        if usable and time - self._last > AUTO_INTERVAL - 1e-6:
            self._last = time
            self._faces.append(features)
            self._neutral.append(neutral)
            seconds = len(self._faces) * AUTO_INTERVAL
            if seconds > AUTO_READY - 1e-6:
                rows, weights = np.array(self._faces), np.array(self._neutral)
                self._reference = automatic_reference(rows, weights, seconds)
        return self._reference
