"""A frame in, the emotions of its faces out."""

import contextlib
import math
import os
import time as clock
from collections.abc import Generator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import Notify, ProfileError
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.tracker import DETECT_EVERY, FaceTracker
from landmark_emotion.live.calibration import Calibration, Mode
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.smoothing import SMOOTHING, Smoother
from landmark_emotion.model.classifier import EmotionModel, default_model, load_model, softmax
from landmark_emotion.model.face import Face
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.neutral import NeutralReference, reference_from
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.preparation import to_bgr
from landmark_emotion.sources.video import RECONNECT, Source, frames


class Recognizer:
    """Recognizes the emotions of the faces in frames.

    Parameters
    ----------
    model : EmotionModel or path-like, optional
        Otherwise the model that `model.default_model` finds.
    predictor : FaceDetector or path-like, optional
        The shape predictor's file; otherwise the one that `detection.find_predictor` finds. Several
        recognizers may share a detector if only one thread uses it.
    neutral : NeutralReference, optional
        Somebody's neutral face to compare with (see `reference_from_image`).
    automatic : bool
        Whether to estimate the neutral face of everyone else while watching.
    min_probability : float
        Below it the emotion is ``"uncertain"``.
    smoothing : float
        Time constant in seconds over which probabilities are averaged; 0 turns it off.
    detect_every, min_face, max_faces, tracking
        As for `tracking.FaceTracker`.

    Raises
    ------
    ModelError
        If there is no usable model.
    PredictorError
        If there is no usable shape predictor.
    """

    def __init__(
        self,
        model: EmotionModel | str | os.PathLike[str] | None = None,
        predictor: FaceDetector | str | os.PathLike[str] | None = None,
        *,
        neutral: NeutralReference | None = None,
        automatic: bool = False,
        min_probability: float = 0.0,
        smoothing: float = SMOOTHING,
        detect_every: int = DETECT_EVERY,
        min_face: int | None = None,
        max_faces: int | None = None,
        tracking: bool = True,
    ) -> None:
        if not isinstance(model, EmotionModel):
            model = load_model(default_model() if model is None else model)
        self.model = model
        self.calibration = Calibration(model.mean, neutral, automatic)
        self.min_probability = min_probability
        self._min_face = min_face
        if not isinstance(predictor, FaceDetector):
            predictor = FaceDetector(predictor)
        self._detector = predictor
        self._tracker = FaceTracker(
            self._detector,
            detect_every=detect_every,
            min_face=min_face,
            max_faces=max_faces,
            tracking=tracking,
        )
        self._smoother = Smoother(smoothing)
        self._frames = 0
        self._start: float | None = None
        self._time = 0.0

    def recognize(self, image: NDArray[np.uint8], time: float | None = None) -> list[Prediction]:
        """Recognize the emotions in one frame after the other.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Blue, green, red.
        time : float, optional
            Seconds, rising from call to call; otherwise what has passed since the first call.

        Returns
        -------
        list of Prediction
            One a face, by number; empty where there is none. Frames are counted, faces followed
            and probabilities smoothed from call to call.

        Raises
        ------
        ValueError
            If the image is not a picture.
        """
        now = clock.monotonic()
        self._start = now if self._start is None else self._start
        frame = Frame(to_bgr(image), self._frames, now - self._start if time is None else time)
        self._frames += 1
        return self._recognize(frame)

    def recognize_still(self, image: NDArray[np.uint8]) -> list[Prediction]:
        """Recognize the emotions in a picture that has nothing to do with the others.

        Small faces are looked for too where there is no other.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Blue, green, red.

        Returns
        -------
        list of Prediction
            One a face, from left to right; empty where there is none.

        Raises
        ------
        ValueError
            If the image is not a picture.
        """
        image = to_bgr(image)
        faces = self._detector.faces(image, thorough=True, min_face=self._min_face)
        faces.sort(key=lambda face: face.box.left)
        profile = self.calibration.profile
        predictions = []
        for number, face in enumerate(faces, start=1):
            features = landmark_features(face.landmarks)
            mode: Mode = "static" if profile is None else "profile"
            reference = None if profile is None else self.model.blend(profile.features, profile.n)
            row = softmax(self.model.votes(features, reference))
            shown = (row, int(row.argmax()))
            predictions.append(
                self._prediction(Frame(image, 0, 0.0), number, face, row, shown, mode, reference)
            )
        return predictions

    def stream(
        self,
        source: Source,
        notify: Notify = lambda message: None,
        reconnect: float = RECONNECT,
        every: float = 0.0,
    ) -> Generator[tuple[Frame, list[Prediction]], None, None]:
        """Recognize the emotions in every frame of a camera, video or stream.

        Parameters
        ----------
        source : int, str or path-like
            As for `video.frames`.
        notify : callable, optional
            Called with a line for each image that is left out, and when a camera goes away and
            comes back.
        reconnect : float
            For how many seconds a camera that has gone away is opened again and again.
        every : float
            Recognize only one frame in so many seconds and leave out the others; 0 for all.

        Yields
        ------
        frame : Frame
            The picture, its number and time.
        predictions : list of Prediction
            One a face, by number; empty where there is none.

        Raises
        ------
        SourceError
            If the source cannot be opened or breaks off.
        """
        with contextlib.closing(frames(source, notify, reconnect)) as opened:
            due = -math.inf
            for frame in opened:
                # A little early is in time, as time stamps are rounded.
                if frame.time + 1e-3 >= due:
                    yield frame, self._recognize(frame)
                    due = every * (math.floor((frame.time + 1e-3) / every) + 1) if every else due

    def calibrate(self, seconds: float) -> None:
        """Take the faces of the next seconds as neutral, each for its own person.

        Until then, and for people who are not in sight, everything stays as it is.
        """
        self.calibration.start(self._time, seconds)

    def reset(self) -> None:
        """Forget all faces, their numbers and neutral faces, and begin to count anew."""
        calibration = self.calibration
        self.calibration = Calibration(self.model.mean, calibration.profile, calibration.automatic)
        self._tracker.reset()
        self._smoother.keep_only(set())
        self._frames, self._start, self._time = 0, None, 0.0

    def _recognize(self, frame: Frame) -> list[Prediction]:
        self._time = frame.time
        self.calibration.advance(frame.time)
        faces = self._tracker.update(frame.image, frame.time)
        self.calibration.forget_all_but(self._tracker.remembered)
        self._smoother.keep_only({number for number, _ in faces})
        if not faces:
            return []
        features = landmark_features(np.stack([face.landmarks for _, face in faces]))
        static = softmax(self.model.votes(features))
        predictions = []
        for (number, face), row, probabilities in zip(faces, features, static, strict=True):
            reference, mode = self.calibration.reference(
                number, row, self._neutral(probabilities), frame.time
            )
            if isinstance(reference, NeutralReference):
                reference = self.model.blend(reference.features, reference.n)
            if reference is not None:
                probabilities = softmax(self.model.votes(row, reference))
            shown = self._smoother.update(number, probabilities, frame.time)
            predictions.append(
                self._prediction(frame, number, face, probabilities, shown, mode, reference)
            )
        return predictions

    def _neutral(self, probabilities: NDArray[np.float64]) -> float:
        """How likely a face is neutral; 1 by a model that does not know the word."""
        emotions = self.model.emotions
        return float(probabilities[emotions.index("neutral")]) if "neutral" in emotions else 1.0

    def _prediction(
        self,
        frame: Frame,
        number: int,
        face: Face,
        raw: NDArray[np.float64],
        shown: tuple[NDArray[np.float64], int],
        mode: Mode,
        reference: NDArray[np.float64] | None,
    ) -> Prediction:
        probabilities, likeliest = shown
        return Prediction(
            frame.index,
            frame.time,
            number,
            face,
            self.model.emotions,
            probabilities,
            raw,
            self.model.emotions[likeliest],
            mode,
            reference,
            self.min_probability,
        )


def reference_from_image(
    image: NDArray[np.uint8],
    where: str,
    predictor: FaceDetector | str | os.PathLike[str] | None = None,
) -> NeutralReference:
    """Make a neutral reference from a photo of one person at rest.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        Blue, green, red; of several faces the largest counts.
    where : str
        What to call the photo in an error.
    predictor : FaceDetector or path-like, optional
        As for `Recognizer`.

    Returns
    -------
    NeutralReference
        Of one face.

    Raises
    ------
    ProfileError
        If there is no face.
    """
    if not isinstance(predictor, FaceDetector):
        predictor = FaceDetector(predictor)
    faces = predictor.faces(image, thorough=True)
    if not faces:
        raise ProfileError(f"{where}: no face found; take a photo from the front")
    return reference_from(faces[0].landmarks[np.newaxis])


def recognize(
    image: str | os.PathLike[str] | NDArray[np.uint8], *, recognizer: Recognizer | None = None
) -> list[Prediction]:
    """Recognize the emotion of every face in a picture.

    Parameters
    ----------
    image : path-like or ndarray of shape (height, width, 3), uint8
        An image file, or blue, green, red as OpenCV has it; gray and with alpha will do.
    recognizer : Recognizer, optional
        Otherwise one with the model that `model.default_model` finds, made at the first call.

    Returns
    -------
    list of Prediction
        One a face, from left to right; empty where there is none.

    Raises
    ------
    ImageError
        If the file cannot be read.
    ValueError
        If the array is not a picture.

    Examples
    --------
    >>> import landmark_emotion as le
    >>> from landmark_emotion.drawn.drawing import Subject, draw_face
    >>> picture = draw_face(Subject(), "surprise")
    >>> (prediction,) = le.recognize(picture)
    >>> prediction.face.landmarks.shape
    (68, 2)
    >>> prediction.emotion in prediction.emotions
    True
    >>> round(float(prediction.probabilities.sum()), 6)
    1.0
    """
    if isinstance(image, str | os.PathLike):
        image = read_image(image)
    return (recognizer or _recognizer()).recognize_still(image)


# The shape predictor takes 100 MB and half a second to load.
@lru_cache(maxsize=1)
def _recognizer() -> Recognizer:
    return Recognizer()
