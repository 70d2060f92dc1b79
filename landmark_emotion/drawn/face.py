"""The parts of a drawn person, each painted from looks and actions."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from landmark_emotion.drawn.brush import Brush, Points, both, mix, shape
from landmark_emotion.drawn.people import Subject

_SHADOW = (20.0, 20.0, 60.0)
_WHITE = (240.0, 240.0, 240.0)


def paint_person(brush: Brush, subject: Subject, act: Mapping[str, float]) -> None:
    """Paint a person with the strength of each action."""
    _paint_body(brush, subject)
    _paint_head(brush, subject, act)
    for brush.side in (-1, 1):
        _paint_folds(brush, subject, act)
        _paint_nose(brush, subject, act)
        _paint_eye(brush, subject, act)
        _paint_brow(brush, subject, act)
    _paint_mouth(brush, subject, act)
    _paint_hair(brush, subject)


def _paint_body(brush: Brush, s: Subject) -> None:
    """Paint what is behind the face: long hair, shoulders, neck."""
    if s.hair_length:
        wide, end = 1.1 + 0.2 * s.hair_length, 0.2 + 0.6 * s.hair_length
        hair = shape((0.6, 1.06, wide, wide), (-0.46, -0.3, 0.1, end), s.face_width)
        brush.fill(both(hair), mix(s.hair, (0, 0, 0), 0.25), -0.35)
    shoulders = shape((0.17, 0.24, 0.5, 0.76, 0.85, 0.9), (0.6, 0.66, 0.75, 0.9, 1.3, 3.0))
    brush.fill(both(shoulders), s.cloth, -0.35)
    neck = shape((0.19, 0.175, 0.185, 0.06), (0.2, 0.5, 0.6, 0.72))
    brush.fill(both(neck), mix(s.skin, _SHADOW, 0.28), -0.35)


def _paint_head(brush: Brush, s: Subject, act: Mapping[str, float]) -> None:
    """Paint ears and face, without its features."""
    w, jaw, drop = s.face_width, s.face_width * s.jaw_width, 0.055 * act["jaw_drop"]
    if not s.hair_length:
        for brush.side in (-1, 1):
            ear = shape((0.95, 1.12, 1.13, 0.97), (-0.03, -0.05, 0.05, 0.14), w)
            brush.fill(ear, mix(s.skin, _SHADOW, 0.07), -0.3)
            rim = shape((1.02, 1.08, 1.05), (-0.01, -0.01, 0.07), w)
            brush.line(rim, mix(s.skin, _SHADOW, 0.28), 0.008, -0.3)
    x = (0.35 * w, 0.75 * w, 0.96 * w, w, 0.97 * w, 0.88 * w, 0.88 * jaw, 0.5 * jaw, 0.2 * jaw)
    y = np.array((-0.485, -0.4, -0.22, -0.02, 0.14, 0.26, 0.36, 0.455, 0.495))
    y += drop * np.array((0, 0, 0, 0, 0, 0.5, 0.8, 1, 1))
    brush.fill(both(shape(x, y)), s.skin)
    # Temples and jaw turn away from the light, forehead and chin toward it.
    for brush.side in (-1, 1):
        edge = (0.8, 1.1, 1.1, 0.8, 0.4, 0.8, 0.9), (-0.3, -0.1, 0.2, 0.45, 0.52, 0.25, 0.0)
        brush.shade(shape(*edge, w), -0.2)
    brush.shade(both(shape((0.1, 0.18, 0.1), (-0.31, -0.25, -0.17))), 0.08)
    brush.shade(both(shape((0.04, 0.03), (0.43 + drop, 0.47 + drop))), 0.07)
    for above in (0.22, 0.26, 0.3):
        furrow = shape((0.05, 0.14, 0.05), (-above - 0.012, -above, -above))
        brush.shade(both(furrow), -0.16 * act["inner_brow_raise"], fine=True)


def _paint_folds(brush: Brush, s: Subject, act: Mapping[str, float]) -> None:
    """Shade one cheek, and the folds that actions make."""
    cheek = shape((0.1, 0.2, 0.27, 0.2), (0.09, 0.06, 0.1, 0.17))
    brush.shade(cheek, 0.09 + 0.05 * act["cheek_raise"])
    frown = shape((0.018, 0.026, 0.022, 0.014), (-0.11, -0.11, -0.05, -0.04))
    brush.shade(frown, -0.4 * act["brow_lower"], fine=True)
    wrinkle = shape((0.0, 0.03, 0.035, 0.025), (-0.01, 0.01, 0.04, 0.02))
    brush.shade(wrinkle, -0.35 * act["nose_wrinkle"], fine=True)
    (x, y), top = _mouth_corner(s, act, brush.side), s.nose_length - 0.035
    depth = 0.12 + 0.25 * max(act["corner_pull"], act["lip_raise"], act["nose_wrinkle"])
    fold = shape(
        (0.075, 0.105, x + 0.035, x + 0.025, 0.09),
        (top, top + 0.04, y - 0.02, y - 0.015, top + 0.045),
    )
    brush.shade(fold, -depth, fine=True)


def _paint_nose(brush: Brush, s: Subject, act: Mapping[str, float]) -> None:
    """Paint one half of the nose."""
    y = s.nose_length - 0.012 * act["nose_wrinkle"]
    w = s.nose_width + 0.01 * act["nose_wrinkle"]
    shadow = mix(s.skin, _SHADOW, 0.28)
    flank = shape(
        (0.022, 0.03, w, 0.75 * w, 0.5 * w, 0.018), (0.0, y / 2, y - 0.03, y, y - 0.04, y / 2)
    )
    brush.shade(flank, -0.13, fine=True)
    ridge = shape(
        (0.0, 0.012, 0.014, 0.03, 0.01, 0.0), (-0.02, -0.02, y / 2, y - 0.045, y - 0.02, y - 0.02)
    )
    brush.shade(ridge, 0.12, fine=True)
    brush.shade(shape((0.0, 0.6 * w, 0.02, 0.0), (y, y, y + 0.045, y + 0.045)), -0.12, fine=True)
    wing = shape((0.85, 1.0, 0.95, 0.7), (y - 0.055, y - 0.03, y - 0.005, y - 0.002), w)
    brush.line(wing, shadow, 0.008, 0.03)
    nostril = shape((0.25, 0.45, 0.68, 0.45), (y - 0.006, y - 0.016, y - 0.008, y), w)
    brush.fill(nostril, mix(s.skin, _SHADOW, 0.75), 0.03)
    brush.line(shape((0.0, 0.3), (y + 0.008, y + 0.003), w), shadow, 0.006, 0.03)


def _paint_eye(brush: Brush, s: Subject, act: Mapping[str, float]) -> None:
    """Paint one eye in its socket."""
    squint = 0.35 * act["lid_tighten"] + 0.2 * act["cheek_raise"] + 0.2 * act["nose_wrinkle"]
    upper = 0.03 + 0.02 * act["lid_raise"] - 0.018 * squint - 0.02 * act["lid_droop"]
    lower = 0.018 + 0.003 * act["lid_raise"] - 0.018 * squint

    def at(x: ArrayLike, y: ArrayLike) -> Points:
        return shape(x, y) * s.eye_size + (s.eye_distance, 0.0)

    shadow = mix(s.skin, _SHADOW, 0.28)
    lid = at(
        (-0.068, -0.035, 0.008, 0.042, 0.068), (0.006, -0.8 * upper, -upper, -0.7 * upper, -0.002)
    )
    below = at((0.045, 0.005, -0.04), (0.75 * lower, lower, 0.75 * lower))
    opening = np.concatenate([lid, below])
    socket = at((-0.09, -0.05, 0.03, 0.09, 0.06, -0.03), (0.0, -0.055, -0.06, -0.02, 0.035, 0.045))
    brush.shade(socket, -0.16)
    with brush.inside(opening):
        brush.fill(opening, _WHITE)
        brush.disc(s.eye_distance, -0.003, 0.032 * s.eye_size, s.iris)
        brush.disc(s.eye_distance, -0.003, 0.015 * s.eye_size, (15, 12, 12))
        brush.line(lid, (170, 170, 180), 0.02)  # the lid's shadow
        brush.disc(s.eye_distance + 0.01 * brush.side, -0.012, 0.006, (255, 255, 255))
    brush.line(np.concatenate([lid[-1:], below, lid[:1]]), shadow, 0.007)
    brush.line(lid, (25, 22, 30), 0.012)
    crease = at((-0.06, -0.03, 0.01, 0.045, 0.072), (-0.016, -0.035, -0.037, -0.032, -0.016))
    brush.line(crease, shadow, 0.006)


def _paint_brow(brush: Brush, s: Subject, act: Mapping[str, float]) -> None:
    """Paint one eyebrow, thick at the inner end."""
    inner, outer = act["inner_brow_raise"], act["outer_brow_raise"]
    lower = act["brow_lower"] + 0.4 * act["nose_wrinkle"]
    x = np.array((-0.078, -0.03, 0.035, 0.092)) - lower * np.array((0.018, 0.008, 0, 0))
    y = np.array((0.008, -0.01, -0.02, 0.008)) + s.brow_tilt * np.array((1, 0.5, 0, -1))
    y += lower * np.array((0.038, 0.03, 0.018, 0.004))
    y -= inner * np.array((0.036, 0.02, 0, 0)) + outer * np.array((0, 0.014, 0.03, 0.026))
    middle = shape(x + s.eye_distance, y - s.brow_height)
    half = shape((0, 0, 0, 0), s.brow_thickness * np.array((0.42, 0.55, 0.42, 0.1)))
    brow = np.concatenate([middle - half, (middle + half)[::-1]])
    brush.fill(brow, mix(s.hair, (0, 0, 0), 0.25))


def _mouth_corner(s: Subject, act: Mapping[str, float], side: int) -> tuple[float, float]:
    """Return the corner of the mouth on one side, -1 or 1; x is positive on both."""
    smirk = act["smirk"] if (side == 1) == s.smirks_left else 0.0
    pull, stretch, drop = act["corner_pull"], act["lip_stretch"], act["jaw_drop"]
    x = 0.032 * pull + 0.026 * smirk + 0.034 * stretch - 0.012 * act["lip_press"] - 0.03 * drop
    y = 0.032 * (act["corner_depress"] - pull) - 0.036 * smirk + 0.008 * stretch + 0.035 * drop
    return s.mouth_width + x, s.nose_length + s.mouth_height - 0.004 + y


def _paint_mouth(brush: Brush, s: Subject, act: Mapping[str, float]) -> None:
    """Paint the lips and what is between them."""
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
        """Return a line between the corners, at ``y``, with a dip of ``bow`` in the middle."""
        share = np.array((-1.0, -0.6, -0.22, 0.0, 0.22, 0.6, 1.0))
        x = share * np.where(share > 0, left[0], right[0])
        corner_y = np.where(share > 0, left[1], right[1])
        dip = bow * np.array((0.0, 0.2, 0.0, 1.0, 0.0, 0.2, 0.0))
        return shape(x, y + dip + np.abs(share) ** (2.2 + 0.5 * act["jaw_drop"]) * (corner_y - y))

    def between(above: Points, below: Points) -> Points:
        return np.concatenate([above, below[-2:0:-1]])

    opening = between(contour(top), contour(bottom))
    with brush.inside(opening):
        brush.fill(opening, (40, 30, 70))
        brush.fill(between(contour(top - 0.02), contour(top + 0.024)), _WHITE)
        tongue = bottom - 0.04 * act["jaw_drop"]
        brush.fill(shape((-0.06, 0.0, 0.06), (bottom, tongue, bottom)), (95, 85, 170))
    lip = mix(mix(s.skin, (0, 0, 0), 0.15), (90, 70, 175), 0.5)
    brush.fill(between(contour(top - upper, 0.25 * upper), contour(top)), lip)
    brush.fill(between(contour(bottom), contour(bottom + lower)), mix(lip, _WHITE, 0.08))
    brush.line(contour(top), mix(s.skin, _SHADOW, 0.75), 0.007)
    edge = bottom + lower
    brush.shade(
        both(shape((0.04, 0.03), (edge - 0.6 * lower, edge - 0.3 * lower))), 0.15, fine=True
    )
    brush.shade(both(shape((0.05, 0.04), (edge + 0.005, edge + 0.02))), -0.15, fine=True)


def _paint_hair(brush: Brush, s: Subject) -> None:
    """Paint the hair above the forehead, and beside the face if it is long."""
    w, top = s.face_width, -0.5 - s.hair_volume
    x = (-1.05, -1.1, -0.78, 0, 0.78, 1.1, 1.05, 0.95, 0.84, 0.35 * s.hair_parting, -0.84, -0.95)
    y = (0, -0.22, top + 0.1, top, top + 0.1, -0.22, 0, -0.09, -0.23, -0.35, -0.23, -0.09)
    brush.fill(shape(x, y, w), s.hair, 0.02)
    if s.hair_length:
        end = 0.12 + 0.5 * s.hair_length
        for brush.side in (-1, 1):
            lock = (0.85, 1.12, 1.2, 1.2, 1.02, 1.0, 0.97), (-0.3, -0.2, 0.1, end, end, 0.1, -0.1)
            if brush.side * brush.yaw < 0.1:  # otherwise the head hides it
                brush.fill(shape(*lock, w), s.hair, -0.2)
    brush.shade(both(shape((0.3, 0.5, 0.3), (top + 0.08, top + 0.13, top + 0.11), w)), 0.25)
