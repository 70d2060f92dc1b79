"""One face as pixels: a drawn person who shows one of the eight emotions.

A face has its own coordinates here: the origin lies between the eyes, the unit is the height of
the face, so the crown is at y = -0.5 and the chin at y = 0.5, and x grows to the right of the
picture, which is the subject's left. A shape is a handful of points with a smooth curve through
them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Canvas = NDArray[np.uint8]
"""A picture of shape (height, width, 3), in BGR."""

Color = tuple[float, float, float]
"""Blue, green and red, 0 to 255."""

Points = NDArray[np.float64]
"""Points of a shape, (n, 2), as (x, y), in face coordinates."""

# What muscles do to a face, in the spirit of the action units of Ekman and Friesen.
ACTIONS = (
    "inner_brow_raise",  # AU 1
    "outer_brow_raise",  # AU 2
    "brow_lower",  # AU 4
    "lid_raise",  # AU 5
    "cheek_raise",  # AU 6
    "lid_tighten",  # AU 7
    "lid_droop",  # AU 43
    "nose_wrinkle",  # AU 9
    "lip_raise",  # AU 10
    "corner_pull",  # AU 12
    "smirk",  # AU 12 and 14 on one side
    "corner_depress",  # AU 15
    "chin_raise",  # AU 17
    "lip_stretch",  # AU 20
    "lip_press",  # AU 23 and 24
    "lips_part",  # AU 25
    "jaw_drop",  # AU 26
)

# The actions of each emotion at its peak; an action left out does not take part.
PROTOTYPES = {
    "anger": {"brow_lower": 1.0, "lid_raise": 0.5, "lid_tighten": 0.7, "lip_press": 1.0},
    "contempt": {"smirk": 1.0, "lid_tighten": 0.25},
    "disgust": {
        "nose_wrinkle": 1.0,
        "lip_raise": 1.0,
        "brow_lower": 0.5,
        "lid_tighten": 0.7,
        "corner_depress": 0.3,
    },
    "fear": {
        "inner_brow_raise": 1.0,
        "outer_brow_raise": 0.5,
        "brow_lower": 0.4,
        "lid_raise": 1.0,
        "lip_stretch": 1.0,
        "lips_part": 0.6,
        "jaw_drop": 0.25,
    },
    "happiness": {"cheek_raise": 1.0, "corner_pull": 1.0, "lips_part": 0.7},
    "neutral": {},
    "sadness": {
        "inner_brow_raise": 0.9,
        "brow_lower": 0.4,
        "lid_droop": 0.4,
        "corner_depress": 1.0,
        "chin_raise": 0.7,
    },
    "surprise": {
        "inner_brow_raise": 1.0,
        "outer_brow_raise": 1.0,
        "lid_raise": 0.8,
        "jaw_drop": 1.0,
    },
}

# Colors in BGR, from light to dark skin and from dark to fair hair.
_SKINS = ((184, 202, 232), (165, 190, 228), (134, 166, 212), (100, 134, 186), (70, 98, 150))
_HAIRS = ((34, 30, 34), (30, 40, 58), (38, 60, 96), (44, 80, 150), (110, 160, 205))
_SHADOW = (20.0, 20.0, 60.0)
_WHITE = (240.0, 240.0, 240.0)
_IRISES = ((36, 56, 86), (80, 110, 80), (130, 110, 60), (110, 110, 100))


@dataclass(frozen=True)
class Subject:
    """What stays with one drawn person; lengths are in units of the face's height."""

    face_width: float = 0.34  # half of it, at the cheeks
    jaw_width: float = 0.84  # of the face's width
    eye_distance: float = 0.15  # from the middle of the face to that of the eye
    eye_size: float = 1.15  # 1 is small
    brow_height: float = 0.09  # over the eyes
    brow_thickness: float = 0.022
    brow_tilt: float = 0.0  # how much lower the inner end is
    nose_length: float = 0.2  # from between the eyes
    nose_width: float = 0.062  # half of it
    mouth_height: float = 0.105  # below the nose
    mouth_width: float = 0.125  # half of it
    lip_fullness: float = 1.0  # 1 is usual
    hair_length: float = 0.0  # from 0, cropped, to 1, on the shoulders
    hair_volume: float = 0.07  # above the crown
    hair_parting: float = 0.3  # from -1, at the right temple, to 1, at the left one
    skin: Color = (165, 190, 228)
    hair: Color = (30, 40, 58)
    iris: Color = (36, 56, 86)
    cloth: Color = (130, 90, 60)
    backdrop: Color = (180, 180, 175)
    smirks_left: bool = True  # which corner of the mouth contempt raises
    gains: tuple[float, ...] = (1.0,) * len(ACTIONS)  # how strongly each action shows
    habits: tuple[float, ...] = (0.0,) * len(ACTIONS)  # how much of it the resting face has


@dataclass(frozen=True)
class View:
    """What changes from picture to picture; by default frontal, centered and clean.

    Attributes
    ----------
    roll, yaw : float
        Turn in the picture, clockwise, and to the subject's left, both in degrees.
    shift : tuple of float
        To the right and down, in units of the face's height.
    scale : float
        Multiplies the face's height.
    light : float
        Multiplies every pixel.
    side_light : float
        From -1, light from the left of the picture, to 1, from the right.
    noise : float
        Standard deviation of the pixel noise, in gray levels.
    noise_seed : int
        The same seed gives the same noise.
    """

    roll: float = 0.0
    yaw: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    light: float = 1.0
    side_light: float = 0.0
    noise: float = 0.0
    noise_seed: int = 0


def random_subject(rng: np.random.Generator) -> Subject:
    """Make up a person, who differs from the next in looks and in how emotions show."""

    def about(center: float, spread: float) -> float:
        return float(center + spread * rng.uniform(-1.0, 1.0))

    blue, green, red = rng.uniform(50, 200, 3)
    tone = rng.uniform(160, 200)
    skin = rng.integers(len(_SKINS))
    hair = rng.integers(len(_HAIRS) - skin)  # fair hair goes with light skin
    return Subject(
        face_width=about(0.34, 0.02),
        jaw_width=about(0.84, 0.07),
        eye_distance=about(0.15, 0.008),
        eye_size=about(1.15, 0.1),
        brow_height=about(0.09, 0.012),
        brow_thickness=about(0.022, 0.006),
        brow_tilt=about(0.0, 0.006),
        nose_length=about(0.2, 0.015),
        nose_width=about(0.062, 0.01),
        mouth_height=about(0.105, 0.008),
        mouth_width=about(0.125, 0.014),
        lip_fullness=about(1.0, 0.3),
        hair_length=float(rng.choice([0.0, rng.uniform(0.4, 1.0)])),
        hair_volume=about(0.07, 0.025),
        hair_parting=about(0.0, 0.7),
        skin=_SKINS[skin],
        hair=_HAIRS[hair],
        iris=_IRISES[rng.integers(len(_IRISES))],
        cloth=(float(blue), float(green), float(red)),
        backdrop=(about(tone, 12), about(tone, 8), about(tone, 12)),
        smirks_left=bool(rng.random() < 0.5),
        gains=tuple(rng.uniform(0.6, 1.2, len(ACTIONS)).tolist()),
        habits=tuple(rng.exponential(0.04, len(ACTIONS)).tolist()),
    )


def random_view(rng: np.random.Generator) -> View:
    """Make up a nearly frontal view with a little of everything."""
    roll, yaw, right, down, scale, light, side_light = rng.uniform(-1.0, 1.0, 7).tolist()
    return View(
        roll=6.0 * roll,
        yaw=6.0 * yaw,
        shift=(0.15 * right, 0.05 * down),
        scale=1.0 + 0.06 * scale,
        light=1.0 + 0.12 * light,
        side_light=side_light,
        noise=float(rng.uniform(0.0, 3.0)),
        noise_seed=int(rng.integers(2**31)),
    )


def draw_face(
    subject: Subject,
    emotion: str = "neutral",
    intensity: float = 1.0,
    view: View = View(),
    size: tuple[int, int] = (640, 480),
) -> Canvas:
    """Draw a portrait.

    Parameters
    ----------
    subject : Subject
        Who.
    emotion : str
        One of the eight.
    intensity : float
        From 0, the resting face, to 1, the peak.
    view : View
        How the person sits, the light and the camera.
    size : tuple of int
        Width and height, in pixels.

    Returns
    -------
    ndarray of shape (height, width, 3)
        BGR; the face is about 0.6 of the picture's height.

    Raises
    ------
    ValueError
        If the emotion is unknown or the intensity is not from 0 to 1.
    """
    width, height = size
    canvas = draw_background(size, subject.backdrop)
    face_height = 0.6 * min(height, 0.75 * width)
    paint_face(canvas, subject, emotion, intensity, view, (0.5 * width, 0.52 * height), face_height)
    return expose(canvas, view)


def draw_background(size: tuple[int, int], color: Color = (205.0, 205.0, 200.0)) -> Canvas:
    """Draw an empty wall.

    Parameters
    ----------
    size : tuple of int
        Width and height, in pixels.
    color : tuple of float
        Of its middle, in BGR.

    Returns
    -------
    ndarray of shape (height, width, 3)
        BGR, a little lighter above than below.
    """
    width, height = size
    light = np.linspace(1.1, 0.85, height)[:, np.newaxis]
    column = np.clip(light * color, 0, 255).astype(np.uint8)
    return np.repeat(column[:, np.newaxis], width, axis=1)


def expose(canvas: Canvas, view: View) -> Canvas:
    """Give a finished picture the light and the noise of a camera.

    Parameters
    ----------
    canvas : ndarray of shape (height, width, 3)
        BGR.
    view : View
        Only its light, from where it comes, and noise count.

    Returns
    -------
    ndarray of shape (height, width, 3)
        BGR, a new picture.
    """
    side = 0.15 * view.side_light
    light = view.light * np.linspace(1 - side, 1 + side, canvas.shape[1])
    exposed = canvas * light.astype(np.float32)[:, np.newaxis]
    if view.noise:
        rng = np.random.default_rng(view.noise_seed)
        grain = rng.standard_normal((*canvas.shape[:2], 1), np.float32)
        exposed += np.float32(view.noise) * grain
    return np.clip(exposed, 0, 255, out=exposed).astype(np.uint8)


def paint_face(
    canvas: Canvas,
    subject: Subject,
    emotion: str,
    intensity: float,
    view: View,
    center: tuple[float, float],
    height: float,
) -> None:
    """Paint one person onto a picture, with shoulders down to its lower edge.

    Parameters
    ----------
    canvas : ndarray of shape (height, width, 3)
        BGR, painted over in place; the person may reach over its edges.
    subject, emotion, intensity
        As in `draw_face`.
    view : View
        Its light and noise are left to `expose`, which sees the whole picture.
    center : tuple of float
        The middle of the face, as (x, y), in pixels.
    height : float
        Of the face, from crown to chin, in pixels.

    Raises
    ------
    ValueError
        If the emotion is unknown, the intensity is not from 0 to 1, or the height not above 0.
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
    part = canvas[top:, left:right]  # all that the person can cover
    if not part.size:
        return
    peak = PROTOTYPES[emotion]
    act = {
        action: habit + intensity * gain * peak.get(action, 0.0)
        for action, gain, habit in zip(ACTIONS, subject.gains, subject.habits, strict=True)
    }
    pen = _Pen(part, middle - (left, top), unit, view)
    _paint_body(pen, subject)
    _paint_head(pen, subject, act)
    for side in (-1, 1):
        pen.side = side
        _paint_folds(pen, subject, act)
        _paint_nose(pen, subject, act)
        _paint_eye(pen, subject, act)
        _paint_brow(pen, subject, act)
    pen.side = 1
    _paint_mouth(pen, subject, act)
    _paint_hair(pen, subject)
    part[:] = pen.finish()


def _mix(color: Color, other: Color, share: float) -> Color:
    """Add a share of another color."""
    blue, green, red = ((1 - share) * a + share * b for a, b in zip(color, other, strict=True))
    return blue, green, red


def _shape(x: ArrayLike, y: ArrayLike, width: float = 1.0) -> Points:
    """Return the points (width * x, y)."""
    return np.column_stack([width * np.asarray(x, float), np.asarray(y, float)])


def _both(half: Points) -> Points:
    """Close an outline given for x > 0, from above to below, with its mirror image."""
    return np.concatenate([half, half[::-1] * (-1, 1)])


# Catmull-Rom: weights of four neighboring points at eight places between the middle two.
_T = np.linspace(0.0, 1.0, 8, endpoint=False)[:, np.newaxis]
_WEIGHTS = 0.5 * np.hstack(
    [-_T + 2 * _T**2 - _T**3, 2 - 5 * _T**2 + 3 * _T**3, _T + 4 * _T**2 - 3 * _T**3, _T**3 - _T**2]
)


def _curve(points: Points, closed: bool) -> Points:
    """Lay a smooth curve through points."""
    before, after = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    padded = np.concatenate([before, points, after])
    windows = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)])
    curve: Points = np.einsum("tk,knd->ntd", _WEIGHTS, windows).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, points[-1:]])


class _Pen:
    """Draws shapes given in face coordinates, twice as large as they end up.

    Flat shapes go onto `canvas`; soft light and shade is gathered apart and multiplied in at the
    end, when everything has shrunk to its size. With `side` at -1, x counts to the left.
    """

    def __init__(self, part: Canvas, middle: Points, unit: float, view: View) -> None:
        height, width = part.shape[:2]
        self.size = (width, height)
        self.middle = middle
        self.unit = unit
        self.side = 1
        self.yaw = np.radians(view.yaw)
        cos, sin = np.cos(np.radians(view.roll)), np.sin(np.radians(view.roll))
        self.turn = np.array([(cos, sin), (-sin, cos)])
        self.canvas = part.repeat(2, axis=0).repeat(2, axis=1)
        self.broad = np.zeros((height // 2 + 1, width // 2 + 1), np.float32)
        self.fine = np.zeros_like(self.broad)

    def place(self, points: Points, bulge: float, zoom: float) -> NDArray[np.int32]:
        """Return pixels times ``zoom``, as OpenCV's fixed point with four binary places.

        The head is an ellipsoid; ``bulge`` is how far before it, or behind, the points lie.
        """
        x, y = points[:, 0] * self.side, points[:, 1]
        depth = 0.35 * np.sqrt(np.maximum(1 - (x / 0.42) ** 2 - (y / 0.75) ** 2, 0)) + bulge
        turned = np.column_stack([x * np.cos(self.yaw) + depth * np.sin(self.yaw), y]) @ self.turn
        pixels = (self.middle + self.unit * turned) * zoom
        return np.asarray(np.rint(pixels * 16), np.int32)

    def fill(self, points: Points, color: Color, bulge: float = 0.0) -> None:
        """Fill a closed curve."""
        polygon = self.place(_curve(points, True), bulge, 2)
        cv2.fillPoly(self.canvas, [polygon], color, cv2.LINE_AA, shift=4)

    def line(self, points: Points, color: Color, thickness: float, bulge: float = 0.0) -> None:
        """Draw an open curve."""
        curve = self.place(_curve(points, False), bulge, 2)
        pixels = max(1, round(2 * self.unit * thickness))
        cv2.polylines(self.canvas, [curve], False, color, pixels, cv2.LINE_AA, shift=4)

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """Fill a circle."""
        center = self.place(np.array([(x, y)]), 0.0, 2)[0].tolist()
        pixels = round(2 * self.unit * radius * 16)
        cv2.circle(self.canvas, center, pixels, color, -1, cv2.LINE_AA, shift=4)

    def shade(self, points: Points, amount: float, fine: bool = False) -> None:
        """Lighten, or darken where negative, the inside of a closed curve, with soft edges."""
        layer = self.fine if fine else self.broad
        area = np.zeros_like(layer)
        cv2.fillPoly(area, [self.place(_curve(points, True), 0.0, 0.5)], amount, shift=4)
        layer += area

    @contextmanager
    def inside(self, points: Points) -> Iterator[None]:
        """Keep only what is drawn inside a closed curve."""
        outside = np.ones(self.canvas.shape[:2], np.uint8)
        cv2.fillPoly(outside, [self.place(_curve(points, True), 0.0, 2)], 0, shift=4)
        before = self.canvas.copy()
        yield
        cv2.copyTo(before, outside, self.canvas)

    def finish(self) -> Canvas:
        """Return the picture at its size."""
        shrunk = cv2.resize(self.canvas, self.size, interpolation=cv2.INTER_AREA)
        broad = cv2.GaussianBlur(self.broad, (0, 0), max(0.5, 0.02 * self.unit))
        fine = cv2.GaussianBlur(self.fine, (0, 0), max(0.5, 0.005 * self.unit))
        light = cv2.resize(1 + broad + fine, self.size, interpolation=cv2.INTER_LINEAR)
        painted = shrunk * np.asarray(light, np.float32)[..., np.newaxis]
        return np.clip(painted, 0, 255, out=painted).astype(np.uint8)


def _paint_body(pen: _Pen, s: Subject) -> None:
    """Paint what lies behind the face."""
    if s.hair_length:
        wide, end = 1.1 + 0.2 * s.hair_length, 0.2 + 0.6 * s.hair_length
        hair = _shape((0.6, 1.06, wide, wide), (-0.46, -0.3, 0.1, end), s.face_width)
        pen.fill(_both(hair), _mix(s.hair, (0, 0, 0), 0.25), -0.35)
    shoulders = _shape((0.17, 0.24, 0.5, 0.76, 0.85, 0.9), (0.6, 0.66, 0.75, 0.9, 1.3, 3.0))
    pen.fill(_both(shoulders), s.cloth, -0.35)
    neck = _shape((0.19, 0.175, 0.185, 0.06), (0.2, 0.5, 0.6, 0.72))
    pen.fill(_both(neck), _mix(s.skin, _SHADOW, 0.28), -0.35)


def _paint_head(pen: _Pen, s: Subject, act: Mapping[str, float]) -> None:
    """Paint the face without its features, and the ears."""
    w, jaw, drop = s.face_width, s.face_width * s.jaw_width, 0.055 * act["jaw_drop"]
    if not s.hair_length:
        for pen.side in (-1, 1):
            ear = _shape((0.95, 1.12, 1.13, 0.97), (-0.03, -0.05, 0.05, 0.14), w)
            pen.fill(ear, _mix(s.skin, _SHADOW, 0.07), -0.3)
            rim = _shape((1.02, 1.08, 1.05), (-0.01, -0.01, 0.07), w)
            pen.line(rim, _mix(s.skin, _SHADOW, 0.28), 0.008, -0.3)
    x = (0.35 * w, 0.75 * w, 0.96 * w, w, 0.97 * w, 0.88 * w, 0.88 * jaw, 0.5 * jaw, 0.2 * jaw)
    y = np.array((-0.485, -0.4, -0.22, -0.02, 0.14, 0.26, 0.36, 0.455, 0.495))
    y += drop * np.array((0, 0, 0, 0, 0, 0.5, 0.8, 1, 1))
    pen.fill(_both(_shape(x, y)), s.skin)
    # Temples and jaw turn away from the light, the forehead and the chin toward it.
    for pen.side in (-1, 1):
        edge = (0.8, 1.1, 1.1, 0.8, 0.4, 0.8, 0.9), (-0.3, -0.1, 0.2, 0.45, 0.52, 0.25, 0.0)
        pen.shade(_shape(*edge, w), -0.2)
    pen.shade(_both(_shape((0.1, 0.18, 0.1), (-0.31, -0.25, -0.17))), 0.08)
    pen.shade(_both(_shape((0.04, 0.03), (0.43 + drop, 0.47 + drop))), 0.07)
    for above in (0.22, 0.26, 0.3):
        furrow = _shape((0.05, 0.14, 0.05), (-above - 0.012, -above, -above))
        pen.shade(_both(furrow), -0.16 * act["inner_brow_raise"], fine=True)


def _paint_folds(pen: _Pen, s: Subject, act: Mapping[str, float]) -> None:
    """Shade one cheek, and the folds that some actions leave in the skin."""
    cheek = _shape((0.1, 0.2, 0.27, 0.2), (0.09, 0.06, 0.1, 0.17))
    pen.shade(cheek, 0.09 + 0.05 * act["cheek_raise"])
    frown = _shape((0.018, 0.026, 0.022, 0.014), (-0.11, -0.11, -0.05, -0.04))
    pen.shade(frown, -0.4 * act["brow_lower"], fine=True)
    wrinkle = _shape((0.0, 0.03, 0.035, 0.025), (-0.01, 0.01, 0.04, 0.02))
    pen.shade(wrinkle, -0.35 * act["nose_wrinkle"], fine=True)
    (x, y), top = _mouth_corner(s, act, pen.side), s.nose_length - 0.035
    depth = 0.12 + 0.25 * max(act["corner_pull"], act["lip_raise"], act["nose_wrinkle"])
    fold = _shape(
        (0.075, 0.105, x + 0.035, x + 0.025, 0.09),
        (top, top + 0.04, y - 0.02, y - 0.015, top + 0.045),
    )
    pen.shade(fold, -depth, fine=True)


def _paint_nose(pen: _Pen, s: Subject, act: Mapping[str, float]) -> None:
    """Paint one half of the nose: its flank, wing and nostril."""
    y = s.nose_length - 0.012 * act["nose_wrinkle"]
    w = s.nose_width + 0.01 * act["nose_wrinkle"]
    shadow = _mix(s.skin, _SHADOW, 0.28)
    flank = _shape(
        (0.022, 0.03, w, 0.75 * w, 0.5 * w, 0.018), (0.0, y / 2, y - 0.03, y, y - 0.04, y / 2)
    )
    pen.shade(flank, -0.13, fine=True)
    ridge = _shape(
        (0.0, 0.012, 0.014, 0.03, 0.01, 0.0), (-0.02, -0.02, y / 2, y - 0.045, y - 0.02, y - 0.02)
    )
    pen.shade(ridge, 0.12, fine=True)
    pen.shade(_shape((0.0, 0.6 * w, 0.02, 0.0), (y, y, y + 0.045, y + 0.045)), -0.12, fine=True)
    wing = _shape((0.85, 1.0, 0.95, 0.7), (y - 0.055, y - 0.03, y - 0.005, y - 0.002), w)
    pen.line(wing, shadow, 0.008, 0.03)
    nostril = _shape((0.25, 0.45, 0.68, 0.45), (y - 0.006, y - 0.016, y - 0.008, y), w)
    pen.fill(nostril, _mix(s.skin, _SHADOW, 0.75), 0.03)
    pen.line(_shape((0.0, 0.3), (y + 0.008, y + 0.003), w), shadow, 0.006, 0.03)


def _paint_eye(pen: _Pen, s: Subject, act: Mapping[str, float]) -> None:
    """Paint one eye in its socket, with lids, iris and a spark of light."""
    squint = 0.35 * act["lid_tighten"] + 0.2 * act["cheek_raise"] + 0.2 * act["nose_wrinkle"]
    upper = 0.03 + 0.02 * act["lid_raise"] - 0.018 * squint - 0.02 * act["lid_droop"]
    lower = 0.018 + 0.003 * act["lid_raise"] - 0.018 * squint

    def at(x: ArrayLike, y: ArrayLike) -> Points:
        return _shape(x, y) * s.eye_size + (s.eye_distance, 0.0)

    shadow = _mix(s.skin, _SHADOW, 0.28)
    lid = at(
        (-0.068, -0.035, 0.008, 0.042, 0.068), (0.006, -0.8 * upper, -upper, -0.7 * upper, -0.002)
    )
    below = at((0.045, 0.005, -0.04), (0.75 * lower, lower, 0.75 * lower))
    opening = np.concatenate([lid, below])
    socket = at((-0.09, -0.05, 0.03, 0.09, 0.06, -0.03), (0.0, -0.055, -0.06, -0.02, 0.035, 0.045))
    pen.shade(socket, -0.16)
    with pen.inside(opening):
        pen.fill(opening, _WHITE)
        pen.disc(s.eye_distance, -0.003, 0.032 * s.eye_size, s.iris)
        pen.disc(s.eye_distance, -0.003, 0.015 * s.eye_size, (15, 12, 12))
        pen.line(lid, (170, 170, 180), 0.02)  # the lid's shadow
        pen.disc(s.eye_distance + 0.01 * pen.side, -0.012, 0.006, (255, 255, 255))
    pen.line(np.concatenate([lid[-1:], below, lid[:1]]), shadow, 0.007)
    pen.line(lid, (25, 22, 30), 0.012)
    crease = at((-0.06, -0.03, 0.01, 0.045, 0.072), (-0.016, -0.035, -0.037, -0.032, -0.016))
    pen.line(crease, shadow, 0.006)


def _paint_brow(pen: _Pen, s: Subject, act: Mapping[str, float]) -> None:
    """Paint one eyebrow, thick at the inner end."""
    inner, outer = act["inner_brow_raise"], act["outer_brow_raise"]
    lower = act["brow_lower"] + 0.4 * act["nose_wrinkle"]
    x = np.array((-0.078, -0.03, 0.035, 0.092)) - lower * np.array((0.018, 0.008, 0, 0))
    y = np.array((0.008, -0.01, -0.02, 0.008)) + s.brow_tilt * np.array((1, 0.5, 0, -1))
    y += lower * np.array((0.038, 0.03, 0.018, 0.004))
    y -= inner * np.array((0.036, 0.02, 0, 0)) + outer * np.array((0, 0.014, 0.03, 0.026))
    middle = _shape(x + s.eye_distance, y - s.brow_height)
    half = _shape((0, 0, 0, 0), s.brow_thickness * np.array((0.42, 0.55, 0.42, 0.1)))
    brow = np.concatenate([middle - half, (middle + half)[::-1]])
    pen.fill(brow, _mix(s.hair, (0, 0, 0), 0.25))


def _mouth_corner(s: Subject, act: Mapping[str, float], side: int) -> tuple[float, float]:
    """Return where the mouth ends on one side, -1 or 1; x is positive on both."""
    smirk = act["smirk"] if (side == 1) == s.smirks_left else 0.0
    pull, stretch, drop = act["corner_pull"], act["lip_stretch"], act["jaw_drop"]
    x = 0.032 * pull + 0.026 * smirk + 0.034 * stretch - 0.012 * act["lip_press"] - 0.03 * drop
    y = 0.032 * (act["corner_depress"] - pull) - 0.036 * smirk + 0.008 * stretch + 0.035 * drop
    return s.mouth_width + x, s.nose_length + s.mouth_height - 0.004 + y


def _paint_mouth(pen: _Pen, s: Subject, act: Mapping[str, float]) -> None:
    """Paint the lips and what shows between them."""
    left, right = _mouth_corner(s, act, 1), _mouth_corner(s, act, -1)
    thickness = (
        1 - 0.5 * min(act["lip_press"], 1) - 0.3 * max(act["corner_pull"], act["lip_stretch"])
    )
    upper, lower = s.lip_fullness * thickness * np.array((0.028, 0.036))
    lift = 0.03 * act["lip_raise"] + 0.012 * act["corner_pull"] + 0.006 * act["chin_raise"]
    gap = 0.036 * act["lips_part"] + 0.039 * act["lip_raise"] + 0.11 * act["jaw_drop"]
    top = s.nose_length + s.mouth_height - lift - 0.006 * act["lips_part"]
    gap += 0.008 * act["corner_pull"] - 0.01 * act["chin_raise"] - 0.02 * act["lip_press"]
    bottom = top + max(0.0, gap - 0.005)  # lips stay closed in a resting face

    def contour(y: float, bow: float = 0.0) -> Points:
        """Run from corner to corner through ``y``, with a dip of ``bow`` in the middle."""
        share = np.array((-1.0, -0.6, -0.22, 0.0, 0.22, 0.6, 1.0))
        x = share * np.where(share > 0, left[0], right[0])
        corner_y = np.where(share > 0, left[1], right[1])
        dip = bow * np.array((0.0, 0.2, 0.0, 1.0, 0.0, 0.2, 0.0))
        return _shape(x, y + dip + np.abs(share) ** (2.2 + 0.5 * act["jaw_drop"]) * (corner_y - y))

    def between(above: Points, below: Points) -> Points:
        return np.concatenate([above, below[-2:0:-1]])

    opening = between(contour(top), contour(bottom))
    with pen.inside(opening):
        pen.fill(opening, (40, 30, 70))
        pen.fill(between(contour(top - 0.02), contour(top + 0.024)), _WHITE)
        tongue = bottom - 0.04 * act["jaw_drop"]
        pen.fill(_shape((-0.06, 0.0, 0.06), (bottom, tongue, bottom)), (95, 85, 170))
    lip = _mix(_mix(s.skin, (0, 0, 0), 0.15), (90, 70, 175), 0.5)
    pen.fill(between(contour(top - upper, 0.25 * upper), contour(top)), lip)
    pen.fill(between(contour(bottom), contour(bottom + lower)), _mix(lip, _WHITE, 0.08))
    pen.line(contour(top), _mix(s.skin, _SHADOW, 0.75), 0.007)
    edge = bottom + lower
    pen.shade(
        _both(_shape((0.04, 0.03), (edge - 0.6 * lower, edge - 0.3 * lower))), 0.15, fine=True
    )
    pen.shade(_both(_shape((0.05, 0.04), (edge + 0.005, edge + 0.02))), -0.15, fine=True)


def _paint_hair(pen: _Pen, s: Subject) -> None:
    """Paint the hair over the forehead, and beside the face where it is long."""
    w, top = s.face_width, -0.5 - s.hair_volume
    x = (-1.05, -1.1, -0.78, 0, 0.78, 1.1, 1.05, 0.95, 0.84, 0.35 * s.hair_parting, -0.84, -0.95)
    y = (0, -0.22, top + 0.1, top, top + 0.1, -0.22, 0, -0.09, -0.23, -0.35, -0.23, -0.09)
    pen.fill(_shape(x, y, w), s.hair, -0.05)
    if s.hair_length:
        end = 0.12 + 0.5 * s.hair_length
        for pen.side in (-1, 1):
            lock = (0.85, 1.12, 1.2, 1.2, 1.02, 1.0, 0.97), (-0.3, -0.2, 0.1, end, end, 0.1, -0.1)
            pen.fill(_shape(*lock, w), s.hair, -0.2)
    pen.shade(_both(_shape((0.3, 0.5, 0.3), (top + 0.08, top + 0.13, top + 0.11), w)), 0.25)
