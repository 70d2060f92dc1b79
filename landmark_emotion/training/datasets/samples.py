"""Samples of a data set, and what the readers of all layouts share."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from landmark_emotion.files.reading import open_regular
from landmark_emotion.sources.images import UNSUPPORTED_SUFFIXES

NO_FACE = "no face found"
"""The reason for skipping an image without a face."""

UNSUPPORTED = "image, unsupported format"
"""Ends the reason for leaving out such an image."""

# The name of every frame of CK and CK+: subject, sequence and frame number.
FRAME_NAME = re.compile(r"^(S\d{2,4})_(\d{2,4})_(\d+)(?!\d)", re.IGNORECASE)

# The README beside drawn faces, and its first line.
DRAWN_README = "README.txt"
DRAWN_MARK = "These faces are drawn."


@dataclass(frozen=True)
class Sample:
    """An image labeled with one emotion.

    Attributes
    ----------
    path : Path
        The image file. It may be missing or unreadable.
    emotion : str
        One of `emotions.EMOTIONS` or another class.
    subject : str
        The person; empty if unknown.
    sequence : str
        The recording that the image is a frame of; empty if unknown.
    """

    path: Path
    emotion: str
    subject: str = ""
    sequence: str = ""


@dataclass(frozen=True)
class Dataset:
    """The samples of a data set.

    Attributes
    ----------
    layout : str
        The layout it was recognized as, for the user.
    samples : list of Sample
        In a stable order.
    left_out : Counter
        Number of sequences or images left out, by reason.
    drawn : bool
        Whether any of the faces are drawn.
    """

    layout: str
    samples: list[Sample]
    left_out: Counter[str] = field(default_factory=Counter)
    drawn: bool = False


def unsupported(files: Iterable[Path]) -> Counter[str]:
    """Count images in formats that are not supported, by reason."""
    suffixes = (path.suffix.lower() for path in files)
    return Counter(
        f"{suffix} {UNSUPPORTED}" for suffix in suffixes if suffix in UNSUPPORTED_SUFFIXES
    )


def identity_from_name(path: Path) -> tuple[str, str]:
    """Read subject and sequence from a file name such as ``S010_004_00000017.png``.

    Returns ``("S010", "S010_004")`` for it, and two empty strings for names of another form.
    """
    match = FRAME_NAME.match(path.name)
    if match is None:
        return "", ""
    subject = match[1].upper()
    return subject, f"{subject}_{match[2]}"


def is_drawn(path: Path) -> bool:
    """Return whether a folder was made by `drawn.dataset.draw_dataset`, as its README says."""
    try:
        with open_regular(path / DRAWN_README) as readme:
            return readme.readline(100).strip() == DRAWN_MARK.encode()
    except (OSError, ValueError):
        return False
