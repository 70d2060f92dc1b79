"""Predictions as JSON values."""

from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any

import numpy as np

from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.shares import shares_of
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.explanation import denormalize_landmarks, explain
from landmark_emotion.model.face import Box
from landmark_emotion.networks.occlusion import Occlusion


def image_answer(
    size: tuple[int, int],
    predictions: Sequence[Prediction],
    model: EmotionModel | None,
    occlusions: Sequence[Occlusion | None] | None = None,
) -> dict[str, Any]:
    """Return the fields of `schemas.RecognizedImage` for predictions.

    ``size`` is the width and height of the image.

    The model that made the predictions is needed to explain them; None adds no explanations.
    ``occlusions`` are parts of these, one per prediction.
    """
    width, height = size
    occlusions = [None] * len(predictions) if occlusions is None else occlusions
    faces = [_face_answer(*each, model) for each in zip(predictions, occlusions, strict=True)]
    return {"width": width, "height": height, "faces": faces}


def _face_answer(
    prediction: Prediction, occlusion: Occlusion | None, model: EmotionModel | None
) -> dict[str, Any]:
    row = prediction.to_dict(landmarks=True)
    del row["frame"], row["time"]  # of the answer
    if model is not None:
        landmarks = prediction.face.landmarks
        explanation = explain(
            model,
            landmarks,
            prediction.reference,
            prediction.likeliest,
            automatic=prediction.mode == "automatic",
        )
        reference = denormalize_landmarks(explanation.reference, landmarks)
        row["explanation"] = explanation.as_json() | {"reference": reference.round(2).tolist()}
        shares = shares_of(prediction, occlusion=occlusion)
        if shares is not None:
            row["explanation"]["network"] = shares.as_json()
    return row


def enlarged(prediction: Prediction, scale: float) -> Prediction:
    """Move a prediction from an image that was reduced to the original, which is larger."""
    face = prediction.face
    box = Box(*(round(scale * side) for side in astuple(face.box)))
    landmarks = np.asarray((face.landmarks + 0.5) * scale - 0.5, dtype=np.float64)
    return replace(prediction, face=replace(face, box=box, landmarks=landmarks))
