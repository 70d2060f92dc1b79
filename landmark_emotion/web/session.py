"""The session of one page."""

import time as clock
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from landmark_emotion.errors import MessageError
from landmark_emotion.live.calibration import CalibrationOutcome
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.neutral import reference_from_numbers
from landmark_emotion.web import limits
from landmark_emotion.web.answers import image_answer
from landmark_emotion.web.schemas import (
    Calibrate,
    Control,
    Reference,
    Switch,
    Undo,
    complaint,
)

_CONTROL: TypeAdapter[Control] = TypeAdapter(Control)


class Session:
    """One page, with a recognizer of its own. Not safe for use by two threads at once."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._explain = False
        self._frames = 0
        self._start: float | None = None
        self._outcome: CalibrationOutcome | None = None  # that the page knows

    def frame(self, data: bytes) -> list[dict[str, Any]]:
        """Recognize the next frame, a JPEG, PNG or WebP file.

        Besides those of `image_answer`, the answer has the keys type (``"frame"``), frame (a number
        from 0), time (in seconds), ms (milliseconds spent on recognition), calibrating and
        remaining (seconds of calibration, or None). At the end of a calibration a message of type
        ``"calibration"`` follows, and one of type ``"reference"`` for each neutral face known.
        Raises what `limits.decode` raises.
        """
        image = limits.decode(data, "frame", limits.MAX_FRAME_PIXELS)
        start = clock.perf_counter()
        self._start = start if self._start is None else self._start
        predictions = self._recognizer.recognize(image, start - self._start)
        size = image.shape[1], image.shape[0]
        answer = image_answer(size, predictions, self._recognizer.model if self._explain else None)
        self._frames += 1
        calibration = self._recognizer.calibration
        remaining = calibration.remaining
        result = {
            "type": "frame",
            "frame": self._frames - 1,
            "time": round(start - self._start, 3),
            "ms": round(1000 * (clock.perf_counter() - start), 1),
            "calibrating": calibration.calibrating,
            "remaining": None if remaining is None else round(remaining, 3),
            **answer,
        }
        last, self._outcome = self._outcome, self._recognizer.calibration_outcome
        if self._outcome is None or self._outcome is last:
            return [result]
        return [result, {"type": "calibration", **asdict(self._outcome)}, *self._references()]

    def control(self, text: str) -> list[dict[str, Any]]:
        """Carry out a control message, JSON of one of `schemas.Control`; return the new `state`.

        After an undo, the state has the key undone, and the references that hold now follow.
        Turning the automatic baseline on forgets the calibration. A message that is not valid
        raises a `MessageError`.
        """
        try:
            message = _CONTROL.validate_json(text)
        except ValidationError as error:
            raise MessageError(f"{complaint(error.errors())}; correct the message") from error
        if isinstance(message, Calibrate):
            self._recognizer.calibrate(message.seconds)
        elif isinstance(message, Switch) and message.type == "explain":
            self._explain = message.on
        elif isinstance(message, Reference):
            self._restore(message)
        elif isinstance(message, Undo):
            undone = self._recognizer.undo_calibration()
            return [self.state() | {"undone": undone}, *self._references()]
        elif isinstance(message, Switch):
            if message.on:
                self._reset()
            self._recognizer.calibration.automatic = message.on
        else:
            self._reset()
        return [self.state()]

    def state(self) -> dict[str, Any]:
        """Return the keys type (``"state"``), automatic, explain and calibrating."""
        calibration = self._recognizer.calibration
        return {
            "type": "state",
            "automatic": calibration.automatic,
            "explain": self._explain,
            "calibrating": calibration.calibrating,
        }

    def _references(self) -> list[dict[str, Any]]:
        calibration = self._recognizer.calibration
        own = calibration.references
        others = [
            (None, reference)
            for reference in calibration.restored
            if not any(reference is taken for taken in own.values())
        ]
        return [
            {"type": "reference", "face": face, "n": one.n, "features": one.features.tolist()}
            for face, one in (*own.items(), *others)
        ]

    def _restore(self, message: Reference) -> None:
        try:
            reference = reference_from_numbers(message.features, message.n)
        except ValueError as error:
            raise MessageError(f"reference: {error}; calibrate again") from error
        self._recognizer.restore(reference)

    def _reset(self) -> None:
        self._recognizer.reset()
        self._frames, self._start = 0, None
