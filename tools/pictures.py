"""Draw examples of the overlay: ``python -m tools.pictures OUT``.

The faces are drawn, their landmarks are detected in a portrait of each, and the probabilities are
invented: the pictures show how predictions look, not how good they are.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion.drawn.drawing import (
    draw_background,
    draw_face,
    paint_face,
    random_subject,
)
from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.live.calibration import Mode
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import Box, Face
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.measures import measure
from landmark_emotion.model.pose import head_pose
from landmark_emotion.show.overlay import Overlay

Image = NDArray[np.uint8]

SIZES = {"qvga": (320, 240), "vga": (640, 480), "hd": (1920, 1080), "4k": (3840, 2160)}
PORTRAIT = (640, 480)
PORTRAIT_CENTER, PORTRAIT_HEIGHT = np.array([320.0, 0.52 * 480]), 0.6 * 480


class Scene:
    """A drawn picture and its predictions."""

    def __init__(self, size: tuple[int, int], wall: float = 190.0) -> None:
        self.image = draw_background(size, (wall, wall, wall))
        self.predictions: list[Prediction] = []

    def add(
        self,
        detector: FaceDetector,
        emotion: str,
        x: float,
        y: float,
        height: float,
        *,
        mode: Mode = "static",
        sure: float = 3.5,
        min_probability: float = 0.0,
    ) -> "Scene":
        """Add a person; middle and height of the face are in units of the picture's sides."""
        rng = np.random.default_rng(round(1000 * (x + y)))
        subject = random_subject(rng)
        center, pixels = np.array([x, y]) * self.image.shape[1::-1], height * self.image.shape[0]
        paint_face(self.image, subject, emotion, 1.0, center=tuple(center), height=pixels)
        (face,) = detector.faces(draw_face(subject, emotion, size=PORTRAIT))
        scale, number = pixels / PORTRAIT_HEIGHT, len(self.predictions) + 1
        scores = rng.normal(0, 0.9, len(EMOTIONS))
        scores[EMOTIONS.index(emotion)] += sure
        probabilities = np.exp(scores) / np.exp(scores).sum()
        self.predictions.append(
            Prediction(
                frame=0,
                time=0.0,
                number=number,
                face=moved(face, scale, center - scale * PORTRAIT_CENTER),
                emotions=EMOTIONS,
                probabilities=probabilities,
                raw_probabilities=probabilities,
                likeliest=EMOTIONS[int(np.argmax(probabilities))],
                pose=head_pose(face.landmarks),
                measures=measure(landmark_features(face.landmarks)),
                mode=mode,
                min_probability=min_probability,
            )
        )
        return self


def moved(face: Face, scale: float, shift: NDArray[np.float64]) -> Face:
    """Scale and shift a face."""
    box = face.box
    left, top = np.rint(np.array([box.left, box.top]) * scale + shift).astype(int).tolist()
    width, height = round(box.width * scale), round(box.height * scale)
    return Face(Box(left, top, width, height), face.landmarks * scale + shift, face.score)


def pictures() -> dict[str, Image]:
    """Draw all pictures; return them by name."""
    detector = FaceDetector()
    drawn = {}
    for emotion in EMOTIONS:
        scene = Scene(SIZES["vga"]).add(detector, emotion, 0.5, 0.52, 0.6)
        drawn[f"emotion-{emotion}"] = Overlay().draw(scene.image, scene.predictions, fps=29.6)
    for name, size in SIZES.items():
        scene = Scene(size).add(detector, "happiness", 0.42, 0.5, 0.55, mode="calibrated", sure=2.0)
        drawn[f"size-{name}"] = Overlay().draw(scene.image, scene.predictions, fps=29.6)
        scene.add(detector, "surprise", 0.8, 0.6, 0.3, mode="calibrating")
        drawn[f"two-{name}"] = Overlay().draw(scene.image, scene.predictions, message="paused")
    for wall in (12.0, 235.0):
        scene = Scene(SIZES["vga"], wall).add(detector, "sadness", 0.3, 0.5, 0.5, mode="profile")
        picture = Overlay().draw(scene.image, scene.predictions, fps=7.25, message="paused")
        drawn[f"wall-{wall:.0f}"] = picture
    for count in range(2, 7):
        for name in ("vga", "hd"):
            scene = Scene(SIZES[name])
            for n in range(count):
                x, y = (n + 0.5) / count, 0.4 + 0.15 * (n % 2)
                scene.add(detector, EMOTIONS[n], x, y, 0.62 / count**0.5 / 1.3)
            drawn[f"people-{count}-{name}"] = Overlay().draw(scene.image, scene.predictions)
    edges = {"left": (0.02, 0.5), "right": (0.98, 0.5), "above": (0.5, 0.05), "below": (0.5, 0.95)}
    for name, (x, y) in edges.items():
        scene = Scene(SIZES["vga"]).add(detector, "fear", x, y, 0.55)
        drawn[f"edge-{name}"] = Overlay().draw(scene.image, scene.predictions, fps=30)
    scene = Scene(SIZES["vga"]).add(detector, "contempt", 0.5, 0.55, 1.2)
    drawn["close"] = Overlay().draw(scene.image, scene.predictions, fps=30, message="paused")
    scene = Scene(SIZES["vga"]).add(
        detector, "disgust", 0.5, 0.52, 0.6, sure=1.0, min_probability=1
    )
    drawn["uncertain"] = Overlay().draw(scene.image, scene.predictions)
    message = "look neutral for 2 s ..."
    scene = Scene(SIZES["vga"]).add(detector, "neutral", 0.4, 0.5, 0.5, mode="calibrating")
    overlay = Overlay(help=True)
    drawn["help"] = overlay.draw(scene.image, scene.predictions, fps=30, message=message)
    drawn["label"] = Overlay(landmarks=False, bars=False).draw(scene.image, scene.predictions)
    return drawn


def main() -> None:
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="OUT")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures().items():
        replace_atomically(folder / f"{name}.png", cv2.imencode(".png", picture)[1].tobytes())
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main()
