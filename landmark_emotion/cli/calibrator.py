"""Calibration as the user sees it."""

from pathlib import Path

from landmark_emotion.errors import Notify
from landmark_emotion.live.recognizer import Recognizer


class Calibrator:
    """Starts calibration, reports its outcome and stores the profile.

    Attributes
    ----------
    running : bool
        Whether faces are being taken as neutral.
    unsaved : bool
        Whether a profile should have been stored but was not.
    """

    def __init__(self, recognizer: Recognizer, profile: Path | None, notify: Notify) -> None:
        self._recognizer = recognizer
        self._profile = profile
        self._notify = notify
        self.running = False
        self.unsaved = False

    def start(self, seconds: float) -> None:
        """Take the faces of the next seconds as neutral."""
        self._recognizer.calibrate(seconds)
        self.running = True
        self.unsaved = self._profile is not None
        self._notify(f"look neutral for {seconds:g} second{'s' * (seconds != 1)} ...")

    def after_frame(self) -> None:
        """Finish calibration once its time is over."""
        calibration = self._recognizer.calibration
        if not self.running or calibration.calibrating:
            return
        self.running = False
        references = calibration.references
        if not references:
            self._notify("note: no face was seen during calibration; calibrate again")
            return
        self._notify(f"calibrated {len(references)} face{'s' * (len(references) > 1)}")
        if self._profile is not None:
            number = min(references)
            references[number].save(self._profile)
            calibration.profile = references[number]
            self.unsaved = False
            self._notify(f"profile: {self._profile} (face {number})")

    def finish(self) -> None:
        """Report a calibration that the end of the source cut short."""
        if self.running:
            self._notify("note: the source ended during calibration; no neutral face was taken")
