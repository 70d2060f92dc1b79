"""The annotated video: its window, the keys of the window, and the recording."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.cli.calibrator import Calibrator
from landmark_emotion.errors import LandmarkEmotionError, Notify
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.explanation import explain
from landmark_emotion.show.covering import Cover, DelayedCover, black
from landmark_emotion.show.explanation_picture import draw_explanation, encode_picture
from landmark_emotion.show.overlay import Overlay
from landmark_emotion.show.video_file import Recorder
from landmark_emotion.show.window import Window
from landmark_emotion.sources.frame import Frame

CALIBRATION = 2.0  # seconds after the key c
_LONGEST_WAIT = 2.0  # seconds
_MESSAGE_TIME = 3.0  # seconds for which a message is shown
_HINT = "h for help"
_HINT_TIME = 5.0  # seconds from the first frame on
_TOGGLES = {"l": "landmarks", "p": "bars", "m": "pose", "h": "help"}


@dataclass
class View:
    """Annotates frames for a window, a recording, or both.

    The key w explains predictions with the model, c starts the calibrator, u undoes what it did. If
    ``paced``, frames are shown at the speed at which they were recorded, also if there is neither
    window nor recording. If ``pose``, axes and measures are shown from the start. With ``blur``
    faces are covered, with ``landmarks_only`` the picture is black; nothing else of a frame is kept
    then.
    """

    model: EmotionModel
    calibrator: Calibrator
    _: KW_ONLY
    window: Window | None
    recorder: Recorder | None
    notify: Notify
    paced: bool
    pose: bool = False
    blur: bool = False
    landmarks_only: bool = False
    _start: float = 0.0
    _overlay: Overlay = field(default_factory=Overlay)  # of the window
    _kept: Overlay = field(default_factory=Overlay)  # of the recording and of pictures
    _cover: Cover = field(default_factory=Cover)
    _delayed: DelayedCover = field(default_factory=DelayedCover)
    _explained: bool = False
    _message: str = ""
    _message_until: float = 0.0
    _hint_until: float | None = None
    _shown: tuple[Frame, list[Prediction], float | None] = field(init=False)

    def __post_init__(self) -> None:
        self._overlay.pose = self.pose
        # Landmarks tell people apart; the key l switches them on.
        self._overlay.landmarks = not self.blur

    def show(self, frame: Frame, predictions: list[Prediction], fps: float | None) -> bool:
        """Show and record a frame; return False if the user has closed the window."""
        if self.window is None and self.recorder is None:
            return self._keep_pace(frame)
        if self.blur:
            if self.recorder is not None:
                self._record(self.recorder, self._delayed.add(frame, predictions))
            frame = self._cover.draw(frame, predictions)
        elif self.landmarks_only:
            frame = black(frame)
        self._shown = frame, predictions, fps
        if self.recorder is not None and not self.blur:
            self._record(self.recorder, [(frame, predictions)])
        if self.window is None:
            return self._keep_pace(frame)
        if not self.window.show(self._draw()) or not self._keep_pace(frame):
            return False
        return self._handle(self.window)

    def close(self) -> None:
        """Record what is still waiting for later frames."""
        if self.recorder is not None:
            self._record(self.recorder, self._delayed.rest())

    def _record(
        self, recorder: Recorder, results: Iterable[tuple[Frame, Sequence[Prediction]]]
    ) -> None:
        for frame, predictions in results:
            recorder.write(self._draw_for_file(frame, predictions), frame.time)

    def tell(self, message: str, frame: Frame) -> None:
        """Show a message for some seconds, unless it is empty."""
        if message:
            self._message, self._message_until = message, frame.captured + _MESSAGE_TIME

    def _keep_pace(self, frame: Frame) -> bool:
        """Wait until a frame is due; return False if the user has closed the window."""
        now, window = time.monotonic(), self.window
        early = self._start + frame.time - now
        if self.paced and 0 < early < _LONGEST_WAIT:
            if window is None:
                time.sleep(early)
                return True
            if not window.key:
                return window.wait(round(early * 1000))
        if not 0 < early < _LONGEST_WAIT:
            self._start = now - frame.time  # the first frame, or one after a pause
        return True

    def _draw(self, message: str = "") -> NDArray[np.uint8]:
        """Draw the frame for the window, with a message and the frame rate."""
        frame, predictions, fps = self._shown
        image = self._image(frame, predictions)
        if not message and self.calibrator.running:
            message = "look neutral ..."
        if not message and frame.captured < self._message_until:
            message = self._message
        if self._hint_until is None:
            self._hint_until = frame.captured + _HINT_TIME
        if not message and frame.captured < self._hint_until and not self._overlay.help:
            message = _HINT
        return self._overlay.draw(image, predictions, fps=fps, message=message)

    def _draw_for_file(self, frame: Frame, predictions: Sequence[Prediction]) -> NDArray[np.uint8]:
        """Draw a frame for a recording or a picture, without the state of the program."""
        for name in ("landmarks", "bars", "pose", "shares"):
            setattr(self._kept, name, getattr(self._overlay, name))
        return self._kept.draw(self._image(frame, predictions), predictions)

    def _image(self, frame: Frame, predictions: Sequence[Prediction]) -> NDArray[np.uint8]:
        """Return the picture of a frame, with explanations if they are switched on."""
        image = frame.image
        for prediction in predictions if self._explained else ():
            landmarks, reference = prediction.face.landmarks, prediction.reference
            explanation = explain(self.model, landmarks, reference, prediction.likeliest)
            image = draw_explanation(image, prediction, explanation)
        return image

    def _handle(self, window: Window) -> bool:
        """Do what a key asks for; return False if the user has closed the window."""
        key = window.key
        if key == "c":
            self.calibrator.start(CALIBRATION)
        elif key == "u":
            self.tell(self.calibrator.undo(), self._shown[0])
        elif key == "s":
            self._save()
        elif key in _TOGGLES:
            name = _TOGGLES[key]
            setattr(self._overlay, name, not getattr(self._overlay, name))
        elif key == "w":
            self._explained = self._overlay.shares = not self._explained
        elif key == " ":
            return self._pause(window)
        return True

    def _pause(self, window: Window) -> bool:
        """Hold a frame until space is pressed; other keys work, except calibration."""
        message = "paused, press space to continue"
        if not window.show(self._draw(message)):
            return False
        while window.wait(50):
            if window.key == " ":
                return True
            if window.key and window.key != "c":
                self._handle(window)
                window.show(self._draw(message))
        return False

    def _save(self) -> None:
        frame, predictions, _ = self._shown
        drawn = self._draw_for_file(frame, predictions)
        name = f"emotion-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{frame.index}.png"
        try:
            replace_atomically(Path(name), encode_picture(drawn, Path(name)))
            message = f"saved {name}"
        except LandmarkEmotionError as error:
            message = str(error)
        self.tell(message, frame)
        self.notify(message)
