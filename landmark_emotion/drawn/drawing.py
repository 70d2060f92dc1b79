"""Pictures of drawn people who show one of the eight emotions."""

import numpy as np

from landmark_emotion.drawn.brush import Brush
from landmark_emotion.drawn.face import paint_person
from landmark_emotion.drawn.people import (
    ACTIONS,
    PROTOTYPES,
    Subject,
    View,
    random_subject,
    random_view,
)
from landmark_emotion.show.canvas import Color, Picture

__all__ = [
    "Subject",
    "View",
    "draw_background",
    "draw_face",
    "expose",
    "paint_face",
    "random_subject",
    "random_view",
]

_FRONTAL = View()


def draw_face(
    subject: Subject,
    emotion: str = "neutral",
    intensity: float = 1.0,
    view: View = _FRONTAL,
    size: tuple[int, int] = (640, 480),
) -> Picture:
    """Draw a portrait.

    Parameters
    ----------
    subject : Subject
        The person.
    emotion : str
        One of the eight.
    intensity : float
        From 0, the resting face, to 1, the peak.
    view : View
        Pose, light and camera.
    size : tuple of int
        Width and height, in pixels.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Blue, green, red; the face is about 0.6 of the picture's height.

    Raises
    ------
    ValueError
        If the emotion is unknown or the intensity is not between 0 and 1.
    """
    width, height = size
    picture = draw_background(size, subject.backdrop)
    center, face_height = (0.5 * width, 0.52 * height), 0.6 * min(height, 0.75 * width)
    paint_face(picture, subject, emotion, intensity, view=view, center=center, height=face_height)
    return expose(picture, view)


def draw_background(size: tuple[int, int], color: Color = (205.0, 205.0, 200.0)) -> Picture:
    """Draw a wall, a little lighter at the top, in a picture of ``size`` (width, height)."""
    width, height = size
    light = np.linspace(1.1, 0.85, height)[:, np.newaxis]
    column = np.clip(light * color, 0, 255).astype(np.uint8)
    return np.repeat(column[:, np.newaxis], width, axis=1)


def expose(picture: Picture, view: View) -> Picture:
    """Return a picture of shape (height, width, 3) with the light and noise of a view."""
    side = 0.15 * view.side_light
    light = view.light * np.linspace(1 - side, 1 + side, picture.shape[1])
    exposed = picture * light.astype(np.float32)[:, np.newaxis]
    if view.noise:
        rng = np.random.default_rng(view.noise_seed)
        grain = rng.standard_normal((*picture.shape[:2], 1), np.float32)
        exposed += np.float32(view.noise) * grain
    return np.clip(exposed, 0, 255, out=exposed).astype(np.uint8)


def paint_face(
    picture: Picture,
    subject: Subject,
    emotion: str,
    intensity: float,
    *,
    center: tuple[float, float],
    height: float,
    view: View = _FRONTAL,
) -> None:
    """Paint a person on a picture of shape (height, width, 3), in place.

    The person may extend beyond the edges. ``center`` is the middle of the face and ``height`` its
    height from crown to chin, in pixels. `expose` adds light and noise of the view afterwards.

    Raises
    ------
    ValueError
        If the emotion is unknown, the intensity not between 0 and 1, or the height not above 0.
    """
    if emotion not in PROTOTYPES:
        raise ValueError(f"emotion must be one of {', '.join(PROTOTYPES)}, got {emotion!r}")
    if not 0.0 <= intensity <= 1.0:
        raise ValueError(f"intensity must be from 0 to 1, got {intensity}")
    if not height > 0.0:
        raise ValueError(f"height must be above 0, got {height}")
    unit = height * view.scale
    middle = np.array(center) + unit * np.array(view.shift)
    left, top = np.maximum(np.floor(middle - unit), 0).astype(int)
    right = max(left, int(np.ceil(middle[0] + unit)))
    part = picture[top:, left:right]  # all that the person can cover
    if part.size:
        brush = Brush(part, middle - (left, top), unit, view)
        peak = PROTOTYPES[emotion]
        act = {
            action: habit + intensity * gain * peak.get(action, 0.0)
            for action, gain, habit in zip(ACTIONS, subject.gains, subject.habits, strict=True)
        }
        paint_person(brush, subject, act)
        part[:] = brush.finish()
