"""Turns the landmarks of faces into predictions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.live.blinks import Blinks
from landmark_emotion.live.calibration import (
    DOUBTFUL,
    Calibration,
    CalibrationOutcome,
    mode_of,
)
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.smoothing import SMOOTHING, Smoother
from landmark_emotion.model.classifier import EmotionModel, softmax
from landmark_emotion.model.face import Face
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.measures import measure
from landmark_emotion.model.neutral import NeutralReference
from landmark_emotion.model.pose import head_pose
from landmark_emotion.model.quality import MIN_QUALITY, rate


class Inference:
    """Turns the landmarks of faces into predictions, frame by frame or for single images.

    Parameters
    ----------
    model : EmotionModel
        The model.
    neutral, automatic, min_probability, min_quality, smoothing
        As for `recognizer.Recognizer`.

    Attributes
    ----------
    calibration : Calibration
        The neutral faces of the people in sight.
    outcome : CalibrationOutcome or None
        That of the last calibration.
    """

    def __init__(
        self,
        model: EmotionModel,
        neutral: NeutralReference | None = None,
        *,
        automatic: bool = False,
        min_probability: float = 0.0,
        min_quality: float = MIN_QUALITY,
        smoothing: float = SMOOTHING,
    ) -> None:
        self.model = model
        self.calibration = Calibration(neutral, automatic)
        self.outcome: CalibrationOutcome | None = None
        self.min_probability = min_probability
        self.min_quality = min_quality
        self._smoother = Smoother(smoothing)
        self._blinks = Blinks()

    def reset(self) -> None:
        """Forget all faces, and all references but the one that was given."""
        old = self.calibration
        self.calibration = Calibration(old.profile, old.automatic)
        self.outcome = None
        self._smoother.keep_only(set())
        self._blinks.keep_only(set())

    def image(self, faces: list[Face], shape: tuple[int, ...] | None = None) -> list[Prediction]:
        """Judge the faces of a single image, which are numbered in the given order.

        ``shape`` is that of the picture, if it is known.
        """
        if not faces:
            return []
        features = landmark_features(np.stack([face.landmarks for face in faces]))
        reference = self.calibration.profile
        predictions = []
        for number, (face, row, raw) in enumerate(
            zip(faces, features, self._static(features), strict=True), start=1
        ):
            raw, values = self._compare(row, raw, reference)
            pose = head_pose(face.landmarks)
            quality, concern = rate(pose, face, shape)
            predictions.append(
                Prediction(
                    frame=0,
                    time=0.0,
                    number=number,
                    face=face,
                    emotions=self.model.emotions,
                    probabilities=raw,
                    raw_probabilities=raw,
                    likeliest=self.model.emotions[int(raw.argmax())],
                    pose=pose,
                    quality=quality,
                    concern=concern,
                    mode=mode_of(reference),
                    min_probability=self.min_probability,
                    min_quality=self.min_quality,
                    **values,
                )
            )
        return predictions

    def frame(
        self,
        index: int,
        time: float,
        faces: list[tuple[int, Face]],
        remembered: set[int],
        shape: tuple[int, ...] | None = None,
    ) -> list[Prediction]:
        """Judge the faces of the next frame of a video, given with their numbers.

        ``remembered`` are the numbers of faces in sight and of those that may come back, ``shape``
        that of the frame, if it is known.
        """
        numbers = {number for number, _ in faces}
        taken = self.calibration.advance(time, numbers, remembered)
        if taken is not None:
            self.outcome = self._judge(taken)
        self._smoother.keep_only(numbers)
        self._blinks.keep_only(numbers)
        if not faces:
            return []
        features = landmark_features(np.stack([face.landmarks for _, face in faces]))
        predictions = []
        for (number, face), row, raw in zip(faces, features, self._static(features), strict=True):
            pose = head_pose(face.landmarks)
            quality, concern = rate(pose, face, shape)
            reference, mode = self.calibration.reference(
                number, row, self.neutral(raw), time, usable=quality >= self.min_quality
            )
            raw, values = self._compare(row, raw, reference)
            smoothed, likeliest = self._smoother.update(number, raw, time)
            predictions.append(
                Prediction(
                    frame=index,
                    time=time,
                    number=number,
                    face=face,
                    emotions=self.model.emotions,
                    probabilities=smoothed,
                    raw_probabilities=raw,
                    likeliest=self.model.emotions[likeliest],
                    pose=pose,
                    quality=quality,
                    concern=concern,
                    blink=self._blinks.update(number, measure(row).eye_openness, time),
                    mode=mode,
                    min_probability=self.min_probability,
                    min_quality=self.min_quality,
                    **values,
                )
            )
        return predictions

    def _static(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute probabilities (n, k) without references, of features (n, 136)."""
        return softmax(self.model.votes(features))

    def _compare(
        self,
        features: NDArray[np.float64],
        static: NDArray[np.float64],
        reference: NeutralReference | None,
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Compare a face with a person's neutral face, if there is one.

        Returns the probabilities, and the measures and the reference of the prediction.
        """
        measures = measure(features)
        if reference is None:
            return static, {"measures": measures, "reference": None}
        blended = self.model.blend(reference.features, reference.n)
        votes = self.model.votes(features, blended, automatic=reference.automatic)
        measures = measures.relative_to(measure(reference.features))
        return softmax(votes), {"measures": measures, "reference": blended}

    def _judge(self, taken: dict[int, NeutralReference]) -> CalibrationOutcome:
        """Say how neutral the faces of a calibration look, compared with the average neutral face.

        A face that is neutral but unlike the average may be misjudged, so it is used all the same.
        """
        if not taken:
            warning = "no face was seen during calibration; calibrate again"
            return CalibrationOutcome(0, None, None, warning)
        features = np.stack([reference.features for reference in taken.values()])
        probabilities = softmax(self.model.votes(features))
        neutral = [self.neutral(row) for row in probabilities]
        worst = int(np.argmin(neutral))
        likeliest = self.model.emotions[int(probabilities[worst].argmax())]
        warning = ""
        if neutral[worst] < DOUBTFUL and likeliest != "neutral":
            who = "that" if len(taken) == 1 else f"face {list(taken)[worst]}"
            warning = f"{who} looks like {likeliest}; look neutral and calibrate again"
        return CalibrationOutcome(len(taken), likeliest, neutral[worst], warning)

    def neutral(self, probabilities: NDArray[np.float64]) -> float:
        """Return the probability of neutral; 1 if the model does not know it."""
        emotions = self.model.emotions
        return float(probabilities[emotions.index("neutral")]) if "neutral" in emotions else 1.0
