"""Which parts of its picture a network's answer hangs on.

A gray patch covers one place after the other, and the network's answer is compared with the one for
the whole picture (Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.formatting import percent
from landmark_emotion.model.explanation import EXPLAINED_REGIONS
from landmark_emotion.model.face import REGIONS, Face, Landmarks
from landmark_emotion.networks.network import Network

# Of the picture's side: 10 and 4 of 48 pixels.
PATCH, STRIDE = 5 / 24, 1 / 12

REST = "rest"
"""What is in none of `EXPLAINED_REGIONS`: cheeks, forehead, hair, background."""

_OUTLINE = 1 / 16  # thickness of regions that are hardly more than a line, of the picture's side
_LEAST_NAMED = 0.05  # change of the odds, as a share of them
_MOST_NAMED = 3
_SHIFT = 4  # fractional bits of OpenCV's coordinates


@dataclass(frozen=True)
class Occlusion:
    """What covering each place of a picture does to a network's answer.

    Attributes
    ----------
    emotion : str
        The explained emotion.
    picture : ndarray of shape (size, size) or (size, size, 3), uint8
        What the network saw.
    falls : ndarray of shape (size, size)
        By how much the logarithm of the odds of the emotion falls if a pixel is covered, averaged
        over the patches that cover it. Negative where it rises.
    landmarks : ndarray of shape (68, 2)
        Pixels of the picture.
    """

    emotion: str
    picture: NDArray[np.uint8]
    falls: NDArray[np.float64]
    landmarks: Landmarks

    @property
    def regions(self) -> dict[str, float]:
        """The mean fall in each of `EXPLAINED_REGIONS` and in the `REST`."""
        labels = _labels(self.landmarks, len(self.falls))
        names = [*EXPLAINED_REGIONS, REST]
        found = [self.falls[labels == number] for number in range(len(names))]
        return {
            name: float(falls.mean()) if len(falls) else 0.0
            for name, falls in zip(names, found, strict=True)
        }

    @property
    def sentence(self) -> str:
        """What the network looks at most."""
        changes = {name: float(np.expm1(-fall)) for name, fall in self.regions.items()}
        named = sorted(changes.items(), key=lambda item: -abs(self.regions[item[0]]))
        named = [(name, change) for name, change in named if abs(change) >= _LEAST_NAMED]
        odds = f"its odds of {self.emotion}"
        if not named:
            least = percent(_LEAST_NAMED, 0)
            return f"The network looks at no part in particular: none changes {odds} by {least}."
        parts = (f"{name} {100 * change:+.1f} %" for name, change in named[:_MOST_NAMED])
        return f"The network looks at: {', '.join(parts)} (change of {odds} when covered)."

    def as_json(self) -> dict[str, Any]:
        """Return the mean falls as JSON values.

        Returns
        -------
        dict
            Keys: emotion, sentence and regions, the falls of the log odds by name.
        """
        return {"emotion": self.emotion, "sentence": self.sentence, "regions": self.regions}


def occlude(
    network: Network,
    picture: NDArray[np.uint8],
    face: Face,
    emotion: str,
    among: Sequence[str] | None = None,
) -> Occlusion:
    """Cover one place of a face after the other.

    Parameters
    ----------
    network : Network
        It is evaluated 122 times for pictures of 48 pixels.
    picture : ndarray of shape (height, width, 3), uint8
        BGR.
    face : Face
        Of the picture.
    emotion : str
        The emotion to explain, which the network knows.
    among : sequence of str, optional
        The emotions among which it is probable; otherwise all of the network's.
    """
    crop, transform = network.crop(picture, face), network.transform(face)
    size, names = network.spec.size, network.spec.emotions
    side, stride = max(1, round(PATCH * size)), max(1, round(STRIDE * size))
    starts = sorted({*range(0, size - side, stride), size - side})
    patches = [np.s_[y : y + side, x : x + side] for y in starts for x in starts]
    pictures = np.repeat(crop[np.newaxis], 1 + len(patches), axis=0)
    gray = np.rint(crop.mean(axis=(0, 1))).astype(np.uint8)
    for covered, patch in zip(pictures[1:], patches, strict=True):
        covered[patch] = gray
    _, scores = network.evaluate(pictures)
    odds = _log_odds(scores, names.index(emotion), [names.index(one) for one in among or names])
    total, count = np.zeros((size, size)), np.zeros((size, size))
    for fall, patch in zip(odds[0] - odds[1:], patches, strict=True):
        total[patch] += fall
        count[patch] += 1
    landmarks = (face.landmarks - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T
    return Occlusion(emotion, crop, total / count, np.asarray(landmarks, np.float64))


def _log_odds(
    scores: NDArray[np.float32], column: int, columns: Sequence[int]
) -> NDArray[np.float64]:
    """Return the logarithm of the odds of a column against the others, shape (n,)."""
    others = scores[:, [other for other in columns if other != column]].astype(np.float64)
    return np.asarray(scores[:, column] - np.logaddexp.reduce(others, axis=1))


def _labels(landmarks: Landmarks, size: int) -> NDArray[np.int32]:
    """Return the number of each pixel's region, shape (size, size); a small one hides a large."""
    names = list(EXPLAINED_REGIONS)
    labels = np.full((size, size), len(names), np.int32)
    thickness = max(1, round(_OUTLINE * size))
    for region in ("jaw", "brows", "nose", "eyes", "mouth"):
        number = names.index(region)
        for part in EXPLAINED_REGIONS[region]:
            points = np.clip(landmarks[REGIONS[part]], -4 * size, 5 * size)
            fixed = np.rint(points * 2**_SHIFT).astype(np.int32)
            if region != "jaw":  # whose hull is half of the face
                fixed = cv2.convexHull(fixed).reshape(-1, 2)
                cv2.fillConvexPoly(labels, fixed, number, cv2.LINE_8, _SHIFT)
            cv2.polylines(labels, [fixed], region != "jaw", number, thickness, cv2.LINE_8, _SHIFT)
    return labels
