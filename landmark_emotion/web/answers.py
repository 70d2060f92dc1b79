"""What a client is told: predictions and explanations as JSON values, and one client's session."""

import json
import time as clock
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import MessageError
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.explanation import denormalize_landmarks, explain
from landmark_emotion.show.rows import json_row

LEAST_SECONDS, MOST_SECONDS = 0.5, 60.0  # of calibration


def face_answer(prediction: Prediction, model: EmotionModel | None = None) -> dict[str, Any]:
    """Describe a face in JSON values only.

    Parameters
    ----------
    prediction : Prediction
        The face.
    model : EmotionModel, optional
        The model that judged it, where its judgment is to be explained.

    Returns
    -------
    dict
        The keys of `records.json_row` that belong to a face, and where asked for ``explanation``:
        those of `Explanation.as_json` and ``reference``, the landmarks of the neutral face moved
        to where the face is, in pixels.
    """
    row = json_row("", prediction.frame, prediction.time, prediction, landmarks=True)
    for key in ("source", "frame", "time"):
        del row[key]
    if model is not None:
        landmarks = prediction.face.landmarks
        explanation = explain(model, landmarks, prediction.reference, prediction.likeliest)
        reference = denormalize_landmarks(explanation.reference, landmarks)
        row["explanation"] = explanation.as_json() | {"reference": reference.round(2).tolist()}
    return row


def image_answer(
    image: NDArray[np.uint8], predictions: Sequence[Prediction], model: EmotionModel | None
) -> dict[str, Any]:
    """Describe a picture and its faces in JSON values only.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        The picture.
    predictions : sequence of Prediction
        Its faces.
    model : EmotionModel, optional
        As for `face_answer`.

    Returns
    -------
    dict
        Keys width, height and faces.
    """
    return {
        "width": image.shape[1],
        "height": image.shape[0],
        "faces": [face_answer(prediction, model) for prediction in predictions],
    }


class Session:
    """One client: its own tracking, smoothing and calibration.

    Parameters
    ----------
    recognizer : Recognizer
        Of this client alone.
    """

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._explain = False
        self._frames = 0
        self._start: float | None = None

    def frame(self, image: NDArray[np.uint8]) -> dict[str, Any]:
        """Judge a frame.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Blue, green, red.

        Returns
        -------
        dict
            Keys type (``"frame"``), frame, time, ms (what judging took), calibrating, and those of
            `image_answer`.
        """
        start = clock.perf_counter()
        self._start = start if self._start is None else self._start
        predictions = self._recognizer.recognize(image, start - self._start)
        answer = image_answer(image, predictions, self._recognizer.model if self._explain else None)
        self._frames += 1
        return {
            "type": "frame",
            "frame": self._frames - 1,
            "time": round(start - self._start, 3),
            "ms": round(1000 * (clock.perf_counter() - start), 1),
            "calibrating": self._recognizer.calibration.calibrating,
            **answer,
        }

    def control(self, text: str) -> dict[str, Any]:
        """Do what a client's message asks for.

        Parameters
        ----------
        text : str
            A JSON object: ``{"type": "calibrate", "seconds": 2}``, ``{"type": "automatic", "on":
            true}`` (forgets what was calibrated), ``{"type": "explain", "on": true}`` or
            ``{"type": "reset"}``.

        Returns
        -------
        dict
            `state`, after it was done.

        Raises
        ------
        MessageError
            If it is none of these.
        """
        try:
            message = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise MessageError("message: not JSON; send an object with a type") from error
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "calibrate":
            self._recognizer.calibrate(_seconds(message))
        elif kind == "automatic":
            on = _switch(message)
            if on:
                self._reset()
            self._recognizer.calibration.automatic = on
        elif kind == "explain":
            self._explain = _switch(message)
        elif kind == "reset":
            self._reset()
        else:
            raise MessageError("message: type unknown; use calibrate, automatic, explain or reset")
        return self.state()

    def state(self) -> dict[str, Any]:
        """Tell what is switched on.

        Returns
        -------
        dict
            Keys type (``"state"``), automatic, explain and calibrating.
        """
        calibration = self._recognizer.calibration
        return {
            "type": "state",
            "automatic": calibration.automatic,
            "explain": self._explain,
            "calibrating": calibration.calibrating,
        }

    def _reset(self) -> None:
        self._recognizer.reset()
        self._frames, self._start = 0, None


def _seconds(message: dict[str, Any]) -> float:
    seconds = message.get("seconds")
    known = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if known and LEAST_SECONDS <= (number := cast(float, seconds)) <= MOST_SECONDS:
        return float(number)
    raise MessageError(f"calibrate: seconds missing; use {LEAST_SECONDS:g} to {MOST_SECONDS:g}")


def _switch(message: dict[str, Any]) -> bool:
    on = message.get("on")
    if not isinstance(on, bool):
        raise MessageError(f"{message['type']}: 'on' missing; use true or false")
    return on
