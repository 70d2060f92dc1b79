"""Tells the user how calibration goes, and keeps the result."""

from collections.abc import Callable
from pathlib import Path

from landmark_emotion.live.recognizer import Recognizer


class Calibrator:
    """Begins calibration when asked to and says when it is over.

    Parameters
    ----------
    recognizer : Recognizer
        Whose calibration it is.
    profile : Path or None
        Where to keep the neutral face.
    tell : callable
        Takes a line for the user.
    """

    def __init__(
        self, recognizer: Recognizer, profile: Path | None, tell: Callable[[str], None]
    ) -> None:
        self._recognizer = recognizer
        self._profile = profile
        self._tell = tell
        self.running = False

    def start(self, seconds: float) -> None:
        """Take the faces of the next seconds as neutral."""
        self._recognizer.calibrate(seconds)
        self.running = True
        self._tell(f"look neutral for {seconds:g} seconds ...")

    def at_end(self) -> bool:
        """Tell whether all that was begun has been done."""
        if self.running:
            self._tell("note: the source ended before calibration did; no neutral face was taken")
        return not (self.running and self._profile is not None)

    def after_frame(self) -> None:
        """See whether calibration has come to its end."""
        if not self.running or self._recognizer.calibration.calibrating:
            return
        self.running = False
        references = self._recognizer.calibration.references
        if not references:
            self._tell("note: no face was seen while calibrating; look at the camera and try again")
            return
        self._tell(f"calibrated on {len(references)} face{'s' if len(references) > 1 else ''}")
        if self._profile is not None:
            number = min(references)
            path = self._profile
            references[number].save(path)
            self._recognizer.calibration.profile = references[number]
            self._tell(f"profile: {path} (face {number})")
