"""One source after the other goes through the recognizer: what `webcam` and `video` share."""

import argparse
import contextlib
from collections.abc import Iterator

from landmark_emotion.cli.calibrating import Calibrator
from landmark_emotion.cli.output import Writer
from landmark_emotion.cli.recognition import profile_path
from landmark_emotion.cli.status import Status
from landmark_emotion.cli.view import View
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.show.video_file import Recorder
from landmark_emotion.show.window import Window
from landmark_emotion.sources.frame import Frame

Results = Iterator[tuple[Frame, list[Prediction]]]


class Session:
    """What belongs to one run of a command: window, recorded video, calibration, status.

    Use it in a ``with`` statement.

    Parameters
    ----------
    args : Namespace
        With ``show``, ``record``, ``profile``, ``calibrate``, ``changes_only``, ``max_frames``.
    recognizer : Recognizer
        Makes the predictions.
    writer : Writer
        Takes the rows.
    window : Window or None
        Where to show them.
    status : Status
        Counts the frames.
    fps : float
        Of the recorded video.
    paced : bool
        Whether the source is a file, which the window shows at its own speed.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        recognizer: Recognizer,
        writer: Writer,
        window: Window | None,
        status: Status,
        fps: float,
        *,
        paced: bool,
    ) -> None:
        self._status = status
        self._writer = writer
        self._changes_only = args.changes_only
        self._max_frames = args.max_frames
        self._stack = contextlib.ExitStack()
        recorder = None
        if args.record is not None:
            recorder = self._stack.enter_context(Recorder(args.record, fps))
        profile = None if args.profile is None else profile_path(args.profile)
        self.calibrator = Calibrator(recognizer, profile, writer.talk)
        if isinstance(args.calibrate, float):
            self.calibrator.start(args.calibrate)
        self._view = View(
            recognizer.model, window, recorder, self.calibrator, writer.talk, paced=paced
        )

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def run(self, source: str, results: Results) -> bool:
        """Write and show the results of a source; False where the user has ended it."""
        before = None
        for n_frames, (frame, predictions) in enumerate(results, start=1):
            self._status.count(frame)
            self._writer.set_status(self._status.line(len(predictions)))
            shown = [(prediction.number, prediction.emotion) for prediction in predictions]
            if not self._changes_only or shown != before:
                self._writer.write(source, frame.index, frame.time, predictions)
            before = shown
            self.calibrator.after_frame()
            if not self._view.show(frame, predictions, self._status.rate):
                return False
            if n_frames == self._max_frames:
                break
        return True
