"""Drawn people: their looks, what their faces can do, and how a picture shows them."""

from dataclasses import dataclass

import numpy as np

from landmark_emotion.show.canvas import Color

# What muscles do to a face, after the action units (AU) of Ekman and Friesen.
ACTIONS = (
    *("inner_brow_raise", "outer_brow_raise", "brow_lower"),  # AU 1, 2, 4
    *("lid_raise", "cheek_raise", "lid_tighten", "lid_droop"),  # AU 5, 6, 7, 43
    *("nose_wrinkle", "lip_raise", "corner_pull"),  # AU 9, 10, 12
    "smirk",  # AU 12 and 14 on one side
    *("corner_depress", "chin_raise", "lip_stretch"),  # AU 15, 17, 20
    *("lip_press", "lips_part", "jaw_drop"),  # AU 23 and 24, 25, 26
)

# The actions of each emotion at its peak, from 0 to 1; other actions take no part.
PROTOTYPES = {
    "anger": {"brow_lower": 1.0, "lid_raise": 0.5, "lid_tighten": 0.7, "lip_press": 1.0},
    "contempt": {"smirk": 1.0, "lid_tighten": 0.25},
    "disgust": {"nose_wrinkle": 1.0, "lip_raise": 1.0, "brow_lower": 0.5, "lid_tighten": 0.7}
    | {"corner_depress": 0.3},
    "fear": {"inner_brow_raise": 1.0, "outer_brow_raise": 0.5, "brow_lower": 0.4, "lid_raise": 1.0}
    | {"lip_stretch": 1.0, "lips_part": 0.6, "jaw_drop": 0.25},
    "happiness": {"cheek_raise": 1.0, "corner_pull": 1.0, "lips_part": 0.7},
    "neutral": {},
    "sadness": {"inner_brow_raise": 0.9, "brow_lower": 0.4, "lid_droop": 0.4}
    | {"corner_depress": 1.0, "chin_raise": 0.7},
    "surprise": {"inner_brow_raise": 1.0, "outer_brow_raise": 1.0}
    | {"lid_raise": 0.8, "jaw_drop": 1.0},
}

# From light to dark skin and from dark to fair hair.
_SKINS = ((184, 202, 232), (165, 190, 228), (134, 166, 212), (100, 134, 186), (70, 98, 150))
_HAIRS = ((34, 30, 34), (30, 40, 58), (38, 60, 96), (44, 80, 150), (110, 160, 205))
_IRISES = ((36, 56, 86), (80, 110, 80), (130, 110, 60), (110, 110, 100))


@dataclass(frozen=True)
class Subject:
    """A drawn person; lengths are in units of the height of the face."""

    face_width: float = 0.34  # half of it, at the cheeks
    jaw_width: float = 0.84  # relative to the face
    eye_distance: float = 0.15  # from the middle of the face to the center of the eye
    eye_size: float = 1.15  # 1 is small
    brow_height: float = 0.09  # above the eyes
    brow_thickness: float = 0.022
    brow_tilt: float = 0.0  # how much lower the inner end is
    nose_length: float = 0.2  # from between the eyes
    nose_width: float = 0.062  # half of it
    mouth_height: float = 0.105  # below the nose
    mouth_width: float = 0.125  # half of it
    lip_fullness: float = 1.0
    hair_length: float = 0.0  # from 0, cropped, to 1, on the shoulders
    hair_volume: float = 0.07  # above the crown
    hair_parting: float = 0.3  # from -1, at the right temple, to 1, at the left one
    skin: Color = (165, 190, 228)
    hair: Color = (30, 40, 58)
    iris: Color = (36, 56, 86)
    cloth: Color = (130, 90, 60)
    backdrop: Color = (180, 180, 175)
    smirks_left: bool = True  # the side of the mouth that contempt raises
    gains: tuple[float, ...] = (1.0,) * len(ACTIONS)  # how strongly each action shows
    habits: tuple[float, ...] = (0.0,) * len(ACTIONS)  # how much of it the resting face has


@dataclass(frozen=True)
class View:
    """What changes from picture to picture; by default frontal, centered and clean."""

    roll: float = 0.0  # degrees clockwise
    yaw: float = 0.0  # degrees toward the subject's left
    pitch: float = 0.0  # degrees upward
    shift: tuple[float, float] = (0.0, 0.0)  # right and down, in units of the height of the face
    scale: float = 1.0  # multiplies the height of the face
    light: float = 1.0  # multiplies every pixel
    side_light: float = 0.0  # from -1, light from the left of the picture, to 1, from the right
    noise: float = 0.0  # standard deviation of the pixel noise, in gray levels
    noise_seed: int = 0


def random_subject(rng: np.random.Generator) -> Subject:
    """Draw a person at random, who differs in looks and in how emotions show."""

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
    """Draw a nearly frontal view at random."""
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
