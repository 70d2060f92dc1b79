"""Landmarks and predictions made up from numbers, for tests that need no pictures of faces."""

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import DEFAULT_EMOTIONS, EMOTIONS
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import Box, Face
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.measures import measure
from landmark_emotion.model.pose import head_pose
from landmark_emotion.training.landmark_table import LandmarkTable


def template() -> NDArray[np.float64]:
    """A symmetric face of shape (68, 2), about 120 pixels wide."""
    points: list[tuple[float, float]] = []
    angles = np.linspace(np.pi, 0, 17)
    points += [(60 * np.cos(a), 75 * np.sin(a)) for a in angles]
    points += [(x, -35 - 6 * np.sin((x + 50) / 40 * np.pi)) for x in np.linspace(-50, -12, 5)]
    points += [(x, -35 - 6 * np.sin((x - 12) / 38 * np.pi)) for x in np.linspace(12, 50, 5)]
    points += [(0, y) for y in np.linspace(-20, 10, 4)]
    points += [(x, 18 - 0.02 * x * x) for x in np.linspace(-12, 12, 5)]
    for center in (-28, 28):
        points += [
            (center + 11 * np.cos(a), -20 - 5 * np.sin(a))
            for a in np.deg2rad([180, 120, 60, 0, -60, -120])
        ]
    points += [(24 * np.cos(a), 42 - 9 * np.sin(a)) for a in np.deg2rad(np.arange(180, -180, -30))]
    points += [(17 * np.cos(a), 42 - 3 * np.sin(a)) for a in np.deg2rad(np.arange(180, -180, -45))]
    return np.array(points) + 200


def prediction(x: float, y: float, height: float, **changes: object) -> Prediction:
    """A happy face with its center at (x, y), in a box about as high as told."""
    landmarks = (template() - 200 - [0, 17]) * height / 120 + [x, y]
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    box = Box(*np.floor(low).astype(int).tolist(), *np.ceil(high - low).astype(int).tolist())
    probabilities = np.full(len(EMOTIONS), 0.05)
    probabilities[EMOTIONS.index("happiness")] = 0.65
    values = {
        "frame": 0,
        "time": 0.0,
        "number": 1,
        "face": Face(box, landmarks, 1.0),
        "emotions": EMOTIONS,
        "probabilities": probabilities,
        "raw_probabilities": probabilities,
        "likeliest": "happiness",
        "pose": head_pose(template()),
        "measures": measure(landmark_features(template())),
    }
    return Prediction(**(values | changes))


def table(
    n_subjects: int = 12,
    emotions: tuple[str, ...] = DEFAULT_EMOTIONS,
    frames: int = 1,
    noise: float = 0.6,
    seed: int = 0,
) -> LandmarkTable:
    """People who each show every emotion in a sequence of its own; neutral as often as all."""
    rng = np.random.default_rng(seed)
    moves = dict(zip(emotions, rng.normal(0, 1.6, (len(emotions), 68, 2)), strict=True))
    rows = []
    for person in range(n_subjects):
        own = template() + rng.normal(0, 2.5, (68, 2))
        for number, emotion in enumerate(emotions):
            for _ in range(frames):
                shift = moves[emotion] if emotion != "neutral" else 0.0
                face = own + shift + rng.normal(0, noise, (68, 2))
                rows.append((face, emotion, f"S{person:03}", f"S{person:03}_{number:03}"))
            if "neutral" in emotions and emotion != "neutral":
                face = own + rng.normal(0, noise, (68, 2))
                rows.append((face, "neutral", f"S{person:03}", f"S{person:03}_{number:03}"))
    landmarks, emotion_, subject, sequence = zip(*rows, strict=True)
    return LandmarkTable(
        np.array(landmarks),
        np.array(emotion_),
        np.array(subject),
        np.array(sequence),
        np.full(len(rows), ""),
    )
