"""File names of known data sets, which tell the person and often the emotion."""

import re
from pathlib import Path
from typing import NamedTuple

from landmark_emotion.emotions import parse_emotion

# The name of every frame of CK and CK+: subject, sequence and frame number.
FRAME_NAME = re.compile(r"^(S\d{2,4})_(\d{2,4})_(\d+)(?!\d)", re.IGNORECASE)

_CODES = "AF|AN|DI|FE|HA|NE|SA|SU"
_END = r"(?![A-Z0-9])"  # copies are called AF01ANS_cropped or "AF01ANS (1)"
_SCHEMES = {
    # AF01ANS: session A or B, female or male, person, emotion, view from the front (S) or sides.
    "KDEF": re.compile(
        rf"[AB](?P<subject>[FM]\d{{2}})(?P<shown>{_CODES})(?P<view>S|HL|HR|FL|FR){_END}", re.I
    ),
    # KA.AN1.39: person, emotion and its number, number of the picture.
    "JAFFE": re.compile(rf"(?P<subject>[A-Z]{{2}})\.(?P<shown>{_CODES})\d?\.\d+{_END}", re.I),
    # Rafd090_01_Caucasian_female_angry_frontal: angle of the camera, person, emotion, gaze.
    "RaFD": re.compile(
        r"Rafd(?P<view>\d{3})_(?P<subject>\d{2})_[A-Z]+_(?:fe)?male_(?P<shown>[A-Z]+)_"
        rf"(?:frontal|left|right){_END}",
        re.I,
    ),
}
_FRONTAL = ("", "S", "090")


class NamedPicture(NamedTuple):
    """What the name of a picture tells."""

    data_set: str
    subject: str
    emotion: str
    frontal: bool


def parse_name(path: Path) -> NamedPicture | None:
    """Read a file name of KDEF, JAFFE or RaFD; None for other names."""
    for data_set, pattern in _SCHEMES.items():
        match = pattern.match(path.stem)
        if match is not None:
            parts = {name: text.upper() for name, text in match.groupdict(default="").items()}
            emotion = parse_emotion(parts["shown"])
            if emotion is not None:
                frontal = parts.get("view", "") in _FRONTAL
                return NamedPicture(data_set, parts["subject"], emotion, frontal)
    return None


def identity_from_name(path: Path) -> tuple[str, str]:
    """Read subject and sequence from a file name of a known data set.

    Returns ``("S010", "S010_004")`` for ``S010_004_00000017.png`` of CK+, ``("F01", "")`` for
    ``AF01ANS.JPG`` of KDEF, and two empty strings for names of another form.
    """
    match = FRAME_NAME.match(path.name)
    if match is not None:
        subject = match[1].upper()
        return subject, f"{subject}_{match[2]}"
    named = parse_name(path)
    return ("", "") if named is None else (named.subject, "")
