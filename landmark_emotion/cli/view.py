"""What is seen of a video: the window, its keys, and the recorded video."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.cli.calibrating import Calibrator
from landmark_emotion.errors import LandmarkEmotionError
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
_NEWS = 3.0  # seconds for which a message stays


class View:
    """Draws every frame's predictions for a window, a recorded video, or both.

    Parameters
    ----------
    model : EmotionModel
        Explains the predictions when asked why.
    window : Window or None
        Where to show them.
    recorder : Recorder or None
        Where to write them; what only the window's keys ask for is recorded too.
    calibrator : Calibrator
        Is started by a key.
    tell : callable
        Takes a line for the user.
    paced : bool
        Whether the window shows a file at the speed at which it was filmed.
    """

    def __init__(
        self,
        model: EmotionModel,
        window: Window | None,
        recorder: Recorder | None,
        calibrator: Calibrator,
        tell: Callable[[str], None],
        *,
        paced: bool,
    ) -> None:
        self._paced = paced
        self._begun = 0.0
        self._model = model
        self._window = window
        self._recorder = recorder
        self._calibrator = calibrator
        self._tell = tell
        self._overlay = Overlay()
        self._why = False
        self._news = ""
        self._news_until = 0.0

    def show(self, frame: Frame, predictions: list[Prediction], fps: float | None) -> bool:
        """Show a frame; False once the user has closed the window."""
        if self._window is None and self._recorder is None:
            return True
        drawn = self._draw(frame, predictions, fps)
        if self._recorder is not None:
            self._recorder.write(drawn, frame.time)
        if self._window is None:
            return True
        if not self._window.show(drawn) or not self._keep_pace(self._window, frame):
            return False
        return self._handle(self._window.key, frame, predictions, fps)

    def _keep_pace(self, window: Window, frame: Frame) -> bool:
        now = time.monotonic()
        early = self._begun + frame.time - now
        if self._paced and not window.key and 0 < early < _LONGEST_WAIT:
            return window.wait(round(early * 1000))
        if not 0 < early < _LONGEST_WAIT:
            self._begun = now - frame.time  # the first frame, or one after a rest
        return True

    def _draw(
        self,
        frame: Frame,
        predictions: list[Prediction],
        fps: float | None,
        message: str = "",
    ) -> NDArray[np.uint8]:
        if not message and self._calibrator.running:
            message = "look neutral ..."
        if not message and frame.captured < self._news_until:
            message = self._news
        image = frame.image
        if self._why:
            for prediction in predictions:
                explanation = explain(
                    self._model,
                    prediction.face.landmarks,
                    prediction.reference,
                    prediction.likeliest,
                )
                image = draw_explanation(image, prediction, explanation)
        return self._overlay.draw(image, predictions, fps=fps, message=message)

    def _handle(
        self, key: str, frame: Frame, predictions: list[Prediction], fps: float | None
    ) -> bool:
        """Do what a key asks for; False once the window is closed."""
        window = self._window
        if window is None:
            return True
        if key == "c":
            self._calibrator.start(CALIBRATION)
        elif key == "s":
            self._save(self._draw(frame, predictions, fps), frame)
        elif key == "l":
            self._overlay.landmarks = not self._overlay.landmarks
        elif key == "p":
            self._overlay.bars = not self._overlay.bars
        elif key == "h":
            self._overlay.help = not self._overlay.help
        elif key == "w":
            self._why = not self._why
        elif key == " ":
            if not window.show(self._draw(frame, predictions, fps, "paused: space goes on")):
                return False
            while window.wait(50):
                if window.key == " ":
                    return True
                if window.key and window.key != "c":
                    if not self._handle(window.key, frame, predictions, fps):
                        return False
                    window.show(self._draw(frame, predictions, fps, "paused: space goes on"))
            return False
        return True

    def _save(self, drawn: NDArray[np.uint8], frame: Frame) -> None:
        name = f"emotion-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{frame.index}.png"
        try:
            replace_atomically(Path(name), encode_picture(drawn, Path(name)))
            self._news = f"saved {name}"
        except LandmarkEmotionError as error:
            self._news = str(error)
        self._news_until = frame.captured + _NEWS
        self._tell(self._news)
