"""Calibration as the user sees it."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from landmark_emotion.errors import Notify
from landmark_emotion.files.writing import replace_atomically, writing
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.neutral import NeutralReference


@dataclass
class Calibrator:
    """Starts and undoes calibration, reports its outcome and stores the profile."""

    recognizer: Recognizer
    profile: Path | None
    notify: Notify
    running: bool = False  # faces are being taken as neutral
    unsaved: bool = False  # a profile should have been stored but was not
    _before: tuple[NeutralReference | None, bytes | None] | None = None  # profile, and its file

    def start(self, seconds: float) -> None:
        """Take the faces of the next seconds as neutral."""
        self.recognizer.calibrate(seconds)
        self.running = True
        self.unsaved = self.profile is not None
        self.notify(f"look neutral for {seconds:g} second{'s' * (seconds != 1)} ...")

    def after_frame(self) -> str:
        """Finish calibration once its time is over; return what was wrong with it, if anything."""
        outcome = self.recognizer.calibration_outcome
        if not self.running or outcome is None:
            return ""
        self.running = False
        if outcome.people:
            self.notify(f"calibrated {outcome.people} face{'s' * (outcome.people > 1)}")
            if self.profile is not None:
                self._store(self.profile)
        if outcome.warning:
            self.notify(f"note: {outcome.warning}")
        return outcome.warning

    def _store(self, profile: Path) -> None:
        calibration = self.recognizer.calibration
        number = min(calibration.references)
        earlier = None
        with contextlib.suppress(OSError):
            earlier = profile.read_bytes()
        self._before = calibration.profile, earlier
        calibration.profile = calibration.references[number]
        calibration.profile.save(profile)
        self.unsaved = False
        self.notify(f"profile: {profile} (face {number})")

    def undo(self) -> str:
        """Stop the calibration, or restore neutral faces and profile; return what was done."""
        stopped, self.running, self.unsaved = self.running, False, False
        undone = self.recognizer.undo_calibration()
        if undone and not stopped and self._before is not None and self.profile is not None:
            self.recognizer.calibration.profile, earlier = self._before
            self._before = None
            if earlier is None:
                with writing(self.profile):
                    self.profile.unlink(missing_ok=True)
            else:
                replace_atomically(self.profile, earlier)
        message = "calibration undone" if undone else "no calibration to undo"
        self.notify(message)
        return message

    def finish(self) -> None:
        """Report a calibration that the end of the source cut short."""
        if self.running:
            self.notify("note: the source ended during calibration; no neutral face was taken")
