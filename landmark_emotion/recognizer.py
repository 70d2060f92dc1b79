"""A frame in, the emotions of its faces out."""

import contextlib
import os
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.detection import FaceDetector
from landmark_emotion.face import Face
from landmark_emotion.model import EmotionModel, default_model, load_model
from landmark_emotion.video import Frame, Source, Warn, frames


@dataclass(frozen=True)
class Prediction:
    """What a face in a frame looks like.

    Attributes
    ----------
    frame : int
        The frame it belongs to, counted from 0.
    time : float
        Seconds; see `video.Frame`.
    number : int
        The face's number in the frame, counted from 1, from left to right.
    face : Face
        Where it is.
    emotions : tuple of str
        The k emotions that the model tells apart.
    probabilities : ndarray of shape (k,)
        In the order of `emotions`, summing to 1.
    """

    frame: int
    time: float
    number: int
    face: Face
    emotions: tuple[str, ...]
    probabilities: NDArray[np.float64]

    @property
    def emotion(self) -> str:
        """The likeliest emotion."""
        return self.emotions[int(self.probabilities.argmax())]

    @property
    def probability(self) -> float:
        """The probability of the likeliest emotion."""
        return float(self.probabilities.max())


class Recognizer:
    """Recognizes the emotions of the faces in frames.

    Parameters
    ----------
    model : EmotionModel or path-like, optional
        Otherwise the model that `model.default_model` finds.
    predictor : path-like, optional
        The shape predictor's file; otherwise the one that `detection.find_predictor` finds.

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
        predictor: str | os.PathLike[str] | None = None,
    ) -> None:
        if not isinstance(model, EmotionModel):
            model = load_model(default_model() if model is None else model)
        self.model = model
        self._detector = FaceDetector(predictor)
        self._frames = 0

    def recognize(self, image: NDArray[np.uint8], *, thorough: bool = False) -> list[Prediction]:
        """Recognize the emotions in one frame after the other.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Blue, green, red.
        thorough : bool
            Look for small faces too where no other is found; for single images.

        Returns
        -------
        list of Prediction
            One a face, from left to right; empty where there is none. Frames are counted from
            call to call, and the time is 0.

        Raises
        ------
        ValueError
            If the image is not a picture.
        """
        frame = Frame(image, self._frames, 0.0)
        self._frames += 1
        return self._recognize(frame, thorough=thorough)

    def stream(
        self, source: Source, warn: Warn = lambda message: None
    ) -> Generator[tuple[Frame, list[Prediction]], None, None]:
        """Recognize the emotions in every frame of a camera, video or stream.

        Parameters
        ----------
        source : int, str or path-like
            As for `video.frames`.
        warn : callable, optional
            Called with a line for each frame that had to be left out.

        Yields
        ------
        frame : Frame
            The picture, its number and time.
        predictions : list of Prediction
            One a face, from left to right; empty where there is none.

        Raises
        ------
        SourceError
            If the source cannot be opened or breaks off.
        """
        with contextlib.closing(frames(source, warn)) as opened:
            for frame in opened:
                yield frame, self._recognize(frame)

    def _recognize(self, frame: Frame, *, thorough: bool = False) -> list[Prediction]:
        faces = self._detector.faces(frame.image, thorough=thorough)
        faces.sort(key=lambda face: face.box.left)
        if not faces:
            return []
        probabilities = self.model.probabilities(np.stack([face.landmarks for face in faces]))
        return [
            Prediction(frame.index, frame.time, number, face, self.model.emotions, row)
            for number, (face, row) in enumerate(zip(faces, probabilities, strict=True), start=1)
        ]
