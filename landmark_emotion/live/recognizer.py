"""Recognizes the emotions of the faces in frames and images."""

import contextlib
import math
import os
import threading
import time as clock
from collections.abc import Generator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import Notify, ProfileError
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.tracker import DETECT_EVERY, FaceTracker
from landmark_emotion.live.calibration import Calibration, CalibrationOutcome
from landmark_emotion.live.inference import Inference
from landmark_emotion.live.opinion import opinion_of
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.smoothing import SMOOTHING
from landmark_emotion.model.classifier import EmotionModel, default_model, load_model
from landmark_emotion.model.neutral import NeutralReference, reference_from
from landmark_emotion.model.quality import MIN_QUALITY
from landmark_emotion.networks.network import Network
from landmark_emotion.networks.occlusion import Occlusion
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.images import ImageFile, read_image
from landmark_emotion.sources.preparation import to_bgr
from landmark_emotion.sources.video import RECONNECT, Source, frames


class Recognizer:
    """Recognizes the emotions of the faces in frames and images.

    A recognizer follows the faces of one video at a time. It may be used by several threads:
    frames are recognized one after the other, and as if they were frames of one video, except by
    `recognize_still`. For several videos at once, use several recognizers.

    Parameters
    ----------
    model : EmotionModel or path-like, optional
        By default the model that `classifier.default_model` finds.
    predictor : FaceDetector or path-like, optional
        A detector, which several recognizers may share, or the file of the shape predictor; by
        default the file that `detector.find_predictor` finds.
    neutral : NeutralReference, optional
        A person's neutral face to compare all faces with (see `reference_from_image`).
    automatic : bool
        Whether to estimate the neutral face of everyone who has no other reference.
    min_probability : float
        Below this probability the emotion is ``"uncertain"``.
    min_quality : float
        Below this quality (see `quality.rate`) the emotion is ``"uncertain"``, and nothing is
        learned from the face; 0 judges every face.
    smoothing : float
        Seconds of smoothing for a face at rest (see `smoothing.Smoother`); 0 turns smoothing off.
    detect_every, min_face, max_faces, tracking
        As for `tracker.FaceTracker`.
    network : Network, path-like, "default" or None
        Takes part in recognizing faces whose neutral face is not known; see `opinion.network_file`.

    Raises
    ------
    ModelError
        If there is no usable model.
    NetworkError
        If a network that was named cannot be used.
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
        min_quality: float = MIN_QUALITY,
        smoothing: float = SMOOTHING,
        detect_every: int = DETECT_EVERY,
        min_face: int | None = None,
        max_faces: int | None = None,
        tracking: bool = True,
        network: Network | str | os.PathLike[str] | None = "default",
    ) -> None:
        if not isinstance(model, EmotionModel):
            model = load_model(default_model() if model is None else model)
        self.model = model
        self._inference = Inference(
            model,
            neutral,
            automatic=automatic,
            min_probability=min_probability,
            min_quality=min_quality,
            smoothing=smoothing,
            opinion=opinion_of(network, model),
        )
        self._min_face, self._max_faces = min_face, max_faces
        if not isinstance(predictor, FaceDetector):
            predictor = FaceDetector(predictor)
        self.detector = predictor
        self._tracker = FaceTracker(
            self.detector,
            detect_every=detect_every,
            min_face=min_face,
            max_faces=max_faces,
            tracking=tracking,
        )
        self._frames = 0
        self._start: float | None = None
        self._streams = 0  # that have begun
        self._lock = threading.RLock()

    @property
    def calibration(self) -> Calibration:
        """The neutral faces of the people in sight."""
        return self._inference.calibration

    def recognize(self, image: NDArray[np.uint8], time: float | None = None) -> list[Prediction]:
        """Recognize the emotions in the next frame of a video.

        Parameters
        ----------
        image : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8, or PIL image
            Gray, BGR or BGRA.
        time : float, optional
            Seconds, increasing from call to call; by default the time since the first call.

        Returns
        -------
        list of Prediction
            One per face, by number; empty if there is no face. Frames are counted, faces followed
            and probabilities smoothed from call to call, until `reset`.

        Raises
        ------
        TypeError, ValueError
            If it is not a picture, as in `preparation.to_bgr`.
        """
        with self._lock:
            now = clock.monotonic()
            self._start = now if self._start is None else self._start
            frame = Frame(to_bgr(image), self._frames, now - self._start if time is None else time)
            self._frames += 1
            return self._recognize(frame)

    def recognize_still(self, image: NDArray[np.uint8]) -> list[Prediction]:
        """Recognize the emotions in a single image.

        If no face is found, the image is searched again for smaller ones.

        Parameters
        ----------
        image : ndarray or PIL image
            As for `recognize`.

        Returns
        -------
        list of Prediction
            One per face, from left to right; empty if there is no face.
        """
        image = to_bgr(image)
        faces = self.detector.faces(
            image, thorough=True, min_face=self._min_face, max_faces=self._max_faces
        )
        faces.sort(key=lambda face: face.box.left)
        return self._inference.image(faces, image)

    def occlusion(
        self, image: NDArray[np.uint8], prediction: Prediction, emotion: str | None = None
    ) -> Occlusion | None:
        """Say which parts of a face the network's answer hangs on.

        Parameters
        ----------
        image, prediction : ndarray or PIL image, Prediction
            A picture as for `recognize`, and a face that was found in it.
        emotion : str, optional
            The emotion to explain; otherwise the likeliest.

        Returns
        -------
        Occlusion or None
            None if the network took no part, or does not know the emotion.
        """
        opinion = self._inference.opinion
        if opinion is None or prediction.network_probabilities is None:
            return None
        return opinion.occlusion(to_bgr(image), prediction.face, emotion or prediction.likeliest)

    def stream(
        self,
        source: Source,
        notify: Notify = lambda message: None,
        reconnect: float = RECONNECT,
        every: float = 0.0,
        *,
        start: float = 0.0,
        end: float = math.inf,
    ) -> Generator[tuple[Frame, list[Prediction]], None, None]:
        """Recognize the emotions in every frame of a camera, video or stream.

        It starts with a `reset`, except that a call of `calibrate` made before takes effect.

        Parameters
        ----------
        source : int, str or path-like
            As for `video.frames`.
        notify : callable, optional
            Receives a message for each image that was skipped, and when a camera disappears and
            when it is back.
        reconnect : float
            Seconds for which to try to open a camera that has disappeared.
        every : float
            Seconds between recognized frames; 0 recognizes every frame.
        start, end : float
            The part of a video to recognize, in seconds, as for `video.frames`.

        Yields
        ------
        frame : Frame
            The picture, its index and time.
        predictions : list of Prediction
            One per face, by number; empty if there is no face.

        Raises
        ------
        SourceError
            If the source cannot be opened, or breaks off; the frames before are yielded.
        RuntimeError
            If another stream of this recognizer has begun in the meantime.
        """
        with self._lock:
            pending = self.calibration.pending
            self.reset()
            self.calibration.pending = pending
            self._streams += 1
            this_stream = self._streams
        with contextlib.closing(frames(source, notify, reconnect, start=start, end=end)) as opened:
            due = -math.inf
            for frame in opened:
                # Time stamps are rounded, so a frame may be due a little early.
                if frame.time + 1e-3 < due:
                    continue
                with self._lock:
                    if self._streams != this_stream:
                        raise RuntimeError(
                            f"{source}: this recognizer has begun another stream; use one "
                            "recognizer per stream"
                        )
                    predictions = self._recognize(frame)
                yield frame, predictions
                due = every * (math.floor((frame.time + 1e-3) / every) + 1) if every else due

    def calibrate(self, seconds: float) -> None:
        """Take every face as the person's neutral face for some seconds, from the next frame on.

        A person who is not in sight meanwhile keeps their reference.
        """
        with self._lock:
            self._inference.outcome = None
            self.calibration.start(seconds)

    @property
    def calibration_outcome(self) -> CalibrationOutcome | None:
        """What the last calibration took; None until it has ended, and once it was undone."""
        return self._inference.outcome

    def undo_calibration(self) -> bool:
        """Restore the neutral faces before the last calibration, or stop one that is under way.

        Returns
        -------
        bool
            False if there is no calibration to undo: only the last one can be undone.
        """
        with self._lock:
            self._inference.outcome = None
            return self.calibration.undo()

    def restore(self, reference: NeutralReference) -> None:
        """Give a reference that this or another recognizer took back to the person it is of.

        A face gets it that appears from now on and has the same shape.
        """
        with self._lock:
            self.calibration.restore(reference)

    def reset(self) -> None:
        """Forget all faces, their numbers and neutral faces, and count frames from 0 again.

        A neutral face given to the constructor stays.
        """
        with self._lock:
            self._inference.reset()
            self._tracker.reset()
            self._frames, self._start = 0, None

    def _recognize(self, frame: Frame) -> list[Prediction]:
        faces = self._tracker.update(frame.image, frame.time)
        remembered = self._tracker.remembered
        return self._inference.frame(frame.index, frame.time, faces, remembered, frame.image)


def reference_from_image(
    image: NDArray[np.uint8],
    where: str,
    predictor: FaceDetector | str | os.PathLike[str] | None = None,
) -> NeutralReference:
    """Make a neutral reference from a photo of a person with a neutral face.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        BGR. Of several faces the largest is used.
    where : str
        Name of the photo for error messages.
    predictor : FaceDetector or path-like, optional
        As for `Recognizer`.

    Returns
    -------
    NeutralReference
        Made of one face.

    Raises
    ------
    ProfileError
        If no face is found.
    """
    if not isinstance(predictor, FaceDetector):
        predictor = FaceDetector(predictor)
    faces = predictor.faces(image, thorough=True)
    if not faces:
        raise ProfileError(f"{where}: no face found; take a photo from the front")
    return reference_from(faces[0].landmarks[np.newaxis])


def recognize(
    image: ImageFile | NDArray[np.uint8], *, recognizer: Recognizer | None = None
) -> list[Prediction]:
    """Recognize the emotion of every face in an image.

    Safe to call from several threads.

    Parameters
    ----------
    image : path-like, bytes, binary file object, ndarray or PIL image
        An image file as for `images.read_image`, or a picture as for `Recognizer.recognize_still`:
        blue-green-red if it is an array.
    recognizer : Recognizer, optional
        By default one with the model that `classifier.default_model` finds. It is created on the
        first call.

    Returns
    -------
    list of Prediction
        One per face, from left to right; empty if there is no face.

    Raises
    ------
    ImageError
        If the file cannot be read.
    TypeError, ValueError
        If it is neither, as in `preparation.to_bgr`.

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
    in_memory = bytes | bytearray | memoryview
    if isinstance(image, str | os.PathLike | in_memory) or hasattr(image, "read"):
        image = read_image(image)  # type: ignore[arg-type]
    return (recognizer or _shared_recognizer()).recognize_still(image)


_CREATING = threading.Lock()


def _shared_recognizer() -> Recognizer:
    with _CREATING:
        return _create_recognizer()


# The shape predictor takes 100 MB and half a second to load.
@lru_cache(maxsize=1)
def _create_recognizer() -> Recognizer:
    return Recognizer()
