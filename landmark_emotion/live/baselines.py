"""Neutral faces of people of whom there are several photos or videos."""

import contextlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ImageError, ProfileError, SourceError
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.live.inference import compare
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.neutral import (
    AUTO_INTERVAL,
    AUTO_LEAST,
    NeutralReference,
    PersonEstimate,
)
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.people import NeutralSource, People
from landmark_emotion.sources.video import frames


@dataclass
class Baselines:
    """The neutral faces of the people of a job, given or estimated from all their pictures.

    Attributes
    ----------
    people : People
        Whose the sources are.
    automatic : bool
        Whether to estimate those that are not given.
    given : dict of str to NeutralReference
        The neutral faces that are known, by the name of the person.
    """

    people: People
    automatic: bool
    given: dict[str, NeutralReference] = field(default_factory=dict)
    _estimates: dict[str, PersonEstimate] = field(default_factory=dict)

    def estimates(self, source: str) -> bool:
        """Whether the pictures of a source are needed for an estimate."""
        person = self.people.person_of.get(source)
        return self.automatic and person is not None and person not in self.given

    def add(self, source: str, features: NDArray[np.float64], neutral: float) -> None:
        """Add a picture of the person: features of shape (136,), and the probability of neutral."""
        person = self.people.person_of[source]
        self._estimates.setdefault(person, PersonEstimate()).add(features, neutral)

    def reference(self, source: str) -> NeutralReference | None:
        """Return the neutral face of the person whose source it is, if there is one."""
        person = self.people.person_of.get(source, "")
        estimate = self._estimates.get(person)
        return self.given.get(person) or (None if estimate is None else estimate.reference)

    @property
    def problems(self) -> Iterable[str]:
        """A line about each person without the baseline that was asked for."""
        wanted = dict.fromkeys(self.people.person_of.values()) if self.automatic else ()
        for person in wanted:
            estimate = self._estimates.get(person, PersonEstimate())
            problem = "" if person in self.given else estimate.problem
            if problem:
                remedy = "add some, or name a neutral photo with --people"
                if estimate.n >= AUTO_LEAST:
                    remedy = "give each person a folder, or name them with --people"
                yield f"note: {person}: {problem}, so there is no baseline; {remedy}"

    # Of several faces in a photo the largest is the person's.

    def add_photo(self, source: str, predictions: list[Prediction]) -> None:
        """Add the largest face of a photo, as predicted without a reference, unless it is bad."""
        if predictions and self.estimates(source):
            own = max(predictions, key=lambda prediction: prediction.face.box.area)
            if not own.issue:
                features = landmark_features(own.face.landmarks)
                self.add(source, features, own.scores.get("neutral", 1.0))

    def compare(
        self, model: EmotionModel, source: str, predictions: list[Prediction]
    ) -> list[Prediction]:
        """Compare the largest face of a photo with the person's neutral face, if there is one."""
        reference = self.reference(source)
        if reference is None or not predictions:
            return predictions
        own = max(predictions, key=lambda prediction: prediction.face.box.area)
        return [
            compare(model, prediction, reference) if prediction is own else prediction
            for prediction in predictions
        ]


def neutral_face(source: NeutralSource, detector: FaceDetector) -> NeutralReference:
    """Take the neutral face of a person from a photo or an interval of a video.

    Of several faces the largest is used, of the frames of an interval the median.

    Raises
    ------
    ProfileError
        If it cannot be read, shows no face, or the video has no such interval.
    """
    where = f"{source.where}: {source.path}"
    found = []
    try:
        if source.interval is None:
            found = detector.faces(read_image(source.path), thorough=True)[:1]
        else:
            for image in _every(source.path, AUTO_INTERVAL, *source.interval):
                found += detector.faces(image, thorough=True)[:1]
    except (ImageError, SourceError) as error:
        reason = str(error).removeprefix(f"{source.path}: ")
        raise ProfileError(f"{where}: {reason}") from error
    if not found:
        when = "" if source.interval is None else " in this interval"
        raise ProfileError(f"{where}: no face found{when}; choose one that shows it from the front")
    features = landmark_features(np.stack([face.landmarks for face in found]))
    return NeutralReference(np.median(features, axis=0), len(found))


def watch_for_estimate(
    baselines: Baselines,
    source: str,
    path: Path,
    recognizer: Recognizer,
    start: float = 0.0,
    end: float = math.inf,
) -> None:
    """Add one picture a second of a person's video, in which the largest face is theirs.

    What cannot be read is left out; it is reported when the video is recognized.
    """
    with contextlib.suppress(SourceError):
        for image in _every(path, 1.0, start, end):
            baselines.add_photo(source, recognizer.recognize_still(image))


def _every(
    path: Path, seconds: float, start: float = 0.0, end: float = math.inf
) -> Iterator[NDArray[np.uint8]]:
    """Read a picture of a video every so many seconds."""
    due = -math.inf
    with contextlib.closing(frames(path, start=start, end=end)) as opened:
        for frame in opened:
            if frame.time >= due - 1e-3:
                yield frame.image
                due = frame.time + seconds
