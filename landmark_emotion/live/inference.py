"""Turns the landmarks of faces into predictions."""

from dataclasses import replace
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
from landmark_emotion.live.opinion import Opinion
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.smoothing import SMOOTHING, Smoother
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.face import Face
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.head import softmax
from landmark_emotion.model.measures import Measures, measure
from landmark_emotion.model.neutral import NeutralReference
from landmark_emotion.model.pose import head_pose
from landmark_emotion.model.quality import MIN_QUALITY, rate

# What a prediction says of the network if it took no part.
_NONE: dict[str, Any] = {
    "landmark_probabilities": None,
    "network_probabilities": None,
    "network_share": 0.0,
}


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
        opinion: Opinion | None = None,
    ) -> None:
        self.model = model
        self.opinion = opinion
        self.calibration = Calibration(neutral, automatic)
        self.outcome: CalibrationOutcome | None = None
        self.min_probability = min_probability
        self.min_quality = min_quality
        self._smoother = Smoother(smoothing)
        self._blinks = Blinks()

    def reset(self) -> None:
        """Forget all faces, and all references but the one that was given."""
        old = self.calibration
        self.calibration = Calibration(old.profile, old.automatic, old.selective)
        self.outcome = None
        self._smoother.keep_only(set())
        self._blinks.keep_only(set())
        if self.opinion is not None:
            self.opinion.keep_only(set())

    def image(
        self, faces: list[Face], picture: NDArray[np.uint8] | None = None
    ) -> list[Prediction]:
        """Judge the faces of a single image, BGR, which are numbered in the given order.

        Without the picture the network takes no part, and it is not known which faces leave it.
        """
        if not faces:
            return []
        features = landmark_features(np.stack([face.landmarks for face in faces]))
        static, opinions = self._static(features), [_NONE] * len(faces)
        profile = self.calibration.profile
        if self.opinion is not None and picture is not None and profile is None:
            mixture = self.opinion.mix(features, self.opinion.image(picture, faces))
            static, opinions = mixture.probabilities, mixture.by_face()
        predictions = []
        for number, (face, row, raw, opinion) in enumerate(
            zip(faces, features, static, opinions, strict=True), start=1
        ):
            pose = head_pose(face.landmarks)
            quality, concern = rate(pose, face, None if picture is None else picture.shape)
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
                    measures=measure(row),
                    quality=quality,
                    concern=concern,
                    min_probability=self.min_probability,
                    min_quality=self.min_quality,
                    **opinion,
                )
            )
        if profile is None:
            return predictions
        return [compare(self.model, prediction, profile) for prediction in predictions]

    def frame(
        self,
        index: int,
        time: float,
        faces: list[tuple[int, Face]],
        remembered: set[int],
        picture: NDArray[np.uint8] | None = None,
    ) -> list[Prediction]:
        """Judge the faces of the next frame of a video, BGR, given with their numbers.

        ``remembered`` are the numbers of faces in sight and of those that may come back. Without
        the picture the network takes no part, and it is not known which faces leave it.
        """
        numbers = {number for number, _ in faces}
        taken = self.calibration.advance(time, numbers, remembered)
        if taken is not None:
            self.outcome = self._judge(taken)
        self._smoother.keep_only(numbers)
        self._blinks.keep_only(numbers)
        if self.opinion is not None:
            self.opinion.keep_only(numbers)
        if not faces:
            return []
        features = landmark_features(np.stack([face.landmarks for _, face in faces]))
        predictions = []
        for (number, face), row, raw in zip(faces, features, self._static(features), strict=True):
            pose = head_pose(face.landmarks)
            quality, concern = rate(pose, face, None if picture is None else picture.shape)
            reference, mode = self.calibration.reference(
                number, row, self.neutral(raw), time, usable=quality >= self.min_quality
            )
            measures = measure(row)
            blink = self._blinks.update(number, measures.eye_openness, time)
            blended, opinion = None, _NONE
            if reference is not None:
                raw, measures, blended = _compared(self.model, row, reference)
            elif self.opinion is not None and picture is not None:
                scores = self.opinion.frame(number, time, picture, face)
                mixture = self.opinion.mix(row[np.newaxis], scores)
                (raw,), (opinion,) = mixture.probabilities, mixture.by_face()
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
                    measures=measures,
                    quality=quality,
                    concern=concern,
                    blink=blink,
                    mode=mode,
                    reference=blended,
                    min_probability=self.min_probability,
                    min_quality=self.min_quality,
                    **opinion,
                )
            )
        return predictions

    def _static(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute probabilities (n, k) without references, of features (n, 136)."""
        return softmax(self.model.votes(features))

    def _judge(self, taken: dict[int, NeutralReference]) -> CalibrationOutcome:
        """Say how neutral the faces of a calibration look, compared with the average neutral face.

        A face that is neutral but unlike the average may be misjudged, so it is used all the same.
        """
        if not taken:
            warning = "no face was seen from the front; look into the camera and calibrate again"
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


def compare(model: EmotionModel, prediction: Prediction, reference: NeutralReference) -> Prediction:
    """Compare a face of a single image with a person's neutral face after all.

    Parameters
    ----------
    model : EmotionModel
        The model that made the prediction.
    prediction : Prediction
        From `Recognizer.recognize_still`.
    reference : NeutralReference
        The person's neutral face.

    Returns
    -------
    Prediction
        With other probabilities, measures and mode.
    """
    features = landmark_features(prediction.face.landmarks)
    raw, measures, blended = _compared(model, features, reference)
    return replace(
        prediction,
        probabilities=raw,
        raw_probabilities=raw,
        likeliest=model.emotions[int(raw.argmax())],
        measures=measures,
        mode=mode_of(reference),
        reference=blended,
        **_NONE,
    )


def _compared(
    model: EmotionModel, features: NDArray[np.float64], reference: NeutralReference
) -> tuple[NDArray[np.float64], Measures, NDArray[np.float64]]:
    """Return probabilities and measures compared with a person's neutral face, and the blend."""
    blended = model.blend(reference.features, reference.n)
    votes = model.votes(features, blended, automatic=reference.automatic)
    measures = measure(features).relative_to(measure(reference.features))
    return softmax(votes), measures, blended
