"""The annotated video: its window, the keys of the window, and the recording."""

import time
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
from landmark_emotion.show.explanation_picture import draw_explanation, encode_picture
from landmark_emotion.show.overlay import Overlay
from landmark_emotion.show.video_file import Recorder
from landmark_emotion.show.window import Window
from landmark_emotion.sources.frame import Frame

CALIBRATION = 2.0  # seconds after the key c
_LONGEST_WAIT = 2.0  # seconds
_MESSAGE_TIME = 3.0  # seconds for which a message is shown
_TOGGLES = {"l": "landmarks", "p": "bars", "m": "pose", "h": "help"}


@dataclass
class View:
    """Annotates frames for a window, a recording, or both.

    The key w explains predictions with the model, c starts the calibrator, u undoes what it did. If
    ``paced``, frames are shown at the speed at which they were recorded, also if there is neither
    window nor recording. If ``pose``, axes and measures are shown from the start.
    """

    model: EmotionModel
    calibrator: Calibrator
    _: KW_ONLY
    window: Window | None
    recorder: Recorder | None
    notify: Notify
    paced: bool
    pose: bool = False
    _start: float = 0.0
    _overlay: Overlay = field(default_factory=Overlay)  # of the window
    _kept: Overlay = field(default_factory=Overlay)  # of the recording and of pictures
    _explained: bool = False
    _message: str = ""
    _message_until: float = 0.0
    _shown: tuple[Frame, list[Prediction], float | None] = field(init=False)

    def __post_init__(self) -> None:
        self._overlay.pose = self.pose

    def show(self, frame: Frame, predictions: list[Prediction], fps: float | None) -> bool:
        """Show and record a frame; return False if the user has closed the window."""
        if self.window is None and self.recorder is None:
            return self._keep_pace(frame)
        self._shown = frame, predictions, fps
        if self.recorder is not None:
            self.recorder.write(self._draw_for_file(), frame.time)
        if self.window is None:
            return self._keep_pace(frame)
        if not self.window.show(self._draw()) or not self._keep_pace(frame):
            return False
        return self._handle(self.window)

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
        if not message and self.calibrator.running:
            message = "look neutral ..."
        if not message and frame.captured < self._message_until:
            message = self._message
        return self._overlay.draw(self._image(), predictions, fps=fps, message=message)

    def _draw_for_file(self) -> NDArray[np.uint8]:
        """Draw the frame for a recording or a picture, which the state of the program is not in."""
        _, predictions, _ = self._shown
        for name in ("landmarks", "bars", "pose"):
            setattr(self._kept, name, getattr(self._overlay, name))
        return self._kept.draw(self._image(), predictions)

    def _image(self) -> NDArray[np.uint8]:
        """Return the frame's picture, with explanations if they are switched on."""
        frame, predictions, _ = self._shown
        image = frame.image
        for prediction in predictions if self._explained else ():
            landmarks, reference = prediction.face.landmarks, prediction.reference
            explanation = explain(
                self.model,
                landmarks,
                reference,
                prediction.likeliest,
                automatic=prediction.mode == "automatic",
            )
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
            self._explained = not self._explained
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
        frame, drawn = self._shown[0], self._draw_for_file()
        name = f"emotion-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{frame.index}.png"
        try:
            replace_atomically(Path(name), encode_picture(drawn, Path(name)))
            message = f"saved {name}"
        except LandmarkEmotionError as error:
            message = str(error)
        self.tell(message, frame)
        self.notify(message)
