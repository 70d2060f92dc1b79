"""Calibration as the user sees it."""

from dataclasses import dataclass
from pathlib import Path

from landmark_emotion.errors import Notify
from landmark_emotion.live.recognizer import Recognizer


@dataclass
class Calibrator:
    """Starts calibration, reports its outcome and stores the profile."""

    recognizer: Recognizer
    profile: Path | None
    notify: Notify
    running: bool = False  # faces are being taken as neutral
    unsaved: bool = False  # a profile should have been stored but was not

    def start(self, seconds: float) -> None:
        """Take the faces of the next seconds as neutral."""
        self.recognizer.calibrate(seconds)
        self.running = True
        self.unsaved = self.profile is not None
        self.notify(f"look neutral for {seconds:g} second{'s' * (seconds != 1)} ...")

    def after_frame(self) -> None:
        """Finish calibration once its time is over."""
        calibration = self.recognizer.calibration
        if not self.running or calibration.calibrating:
            return
        self.running = False
        references = calibration.references
        if not references:
            self.notify("note: no face was seen during calibration; calibrate again")
            return
        self.notify(f"calibrated {len(references)} face{'s' * (len(references) > 1)}")
        if self.profile is not None:
            number = min(references)
            references[number].save(self.profile)
            calibration.profile = references[number]
            self.unsaved = False
            self.notify(f"profile: {self.profile} (face {number})")

    def finish(self) -> None:
        """Report a calibration that the end of the source cut short."""
        if self.running:
            self.notify("note: the source ended during calibration; no neutral face was taken")
