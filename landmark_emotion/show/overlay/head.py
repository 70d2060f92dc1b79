"""How a head is held and what eyes and mouth do: axes on the face and a table of the measures."""

import math

import numpy as np

from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.canvas import Color, Picture, polyline

_LEFT: Color = (80, 80, 235)
_UP: Color = (90, 200, 90)
_AHEAD: Color = (235, 150, 60)
_SHADOW: Color = (24, 20, 18)
_NOSE_TIP = 30


def draw_axes(image: Picture, prediction: Prediction) -> None:
    """Draw where the head's left, top and front are, from the tip of the nose."""
    pose, face = prediction.pose, prediction.face
    yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
    lean = math.sin(yaw) * math.sin(pitch)
    axes = (
        (
            math.cos(yaw) * math.cos(roll) + lean * math.sin(roll),
            math.cos(pitch) * math.sin(roll),
            _LEFT,
        ),
        (
            math.cos(yaw) * math.sin(roll) - lean * math.cos(roll),
            -math.cos(pitch) * math.cos(roll),
            _UP,
        ),
        (math.sin(yaw) * math.cos(pitch), -math.sin(pitch), _AHEAD),
    )
    start = face.landmarks[_NOSE_TIP]
    thickness = max(2, face.box.height / 80)
    for right, down, color in axes:
        line = np.array([start, start + 0.5 * face.box.height * np.array([right, down])])
        polyline(image, line, _SHADOW, thickness + 2)
        polyline(image, line, color, thickness)


def pose_rows(prediction: Prediction, several: bool) -> list[tuple[str, str]]:
    """Return names and values of the pose and the measures, as they are shown."""
    pose, measures = prediction.pose, prediction.measures
    eyes = f"{measures.right_eye_openness:.2f} {measures.left_eye_openness:.2f}"
    return [
        *([("face", str(prediction.number))] if several else []),
        *((name, f"{angle:+.0f} deg") for name, angle in vars(pose).items()),
        ("eyes", "blink" if prediction.blink else eyes),
        ("mouth", f"{measures.mouth_openness:.2f}"),
        ("brows", f"{measures.brow_raise:.2f}"),
        ("smile", f"{measures.smile_width:.2f}"),
        ("quality", f"{prediction.quality:.2f}"),
    ]
