"""What every reader of a data set gives: samples, and an account of what it left out."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from landmark_emotion.files.reading import open_regular

# The name of every frame of CK and CK+: subject, sequence and frame number.
FRAME_NAME = re.compile(r"^(S\d{2,4})_(\d{2,4})_(\d+)(?!\d)", re.IGNORECASE)

# The first line of the README that lies beside drawn faces.
DRAWN_README = "README.txt"
DRAWN_MARK = "These faces are drawn."


@dataclass(frozen=True)
class Sample:
    """An image that shows one emotion.

    Attributes
    ----------
    path : Path
        The image's file, which may turn out to be missing or unreadable.
    emotion : str
        One of `emotions.EMOTIONS`.
    subject : str
        Who it shows; empty where unknown.
    sequence : str
        Which recording it was taken from; empty where unknown.
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
        What it was recognized as, for the user.
    samples : list of Sample
        In a stable order.
    left_out : Counter
        How many sequences or images were left out, by reason.
    drawn : bool
        Whether some of the faces are drawn ones.
    """

    layout: str
    samples: list[Sample]
    left_out: Counter[str] = field(default_factory=Counter)
    drawn: bool = False


def identity_from_name(path: Path) -> tuple[str, str]:
    """Read subject and sequence from a file name such as ``S010_004_00000017.png``.

    Parameters
    ----------
    path : Path
        The image's file.

    Returns
    -------
    tuple of str
        ``("S010", "S010_004")``, or two empty texts where the name says neither.
    """
    match = FRAME_NAME.match(path.name)
    if match is None:
        return "", ""
    subject = match[1].upper()
    return subject, f"{subject}_{match[2]}"


def is_drawn(path: Path) -> bool:
    """Tell whether a folder was made by `drawn.dataset.draw_dataset`.

    Parameters
    ----------
    path : Path
        A folder, or anything else.

    Returns
    -------
    bool
        True if the data set's README is in the folder and says so.
    """
    try:
        with open_regular(path / DRAWN_README) as readme:
            return readme.readline(100).strip() == DRAWN_MARK.encode()
    except (OSError, ValueError):
        return False
