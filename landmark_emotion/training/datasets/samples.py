"""Samples of a data set, and what the readers of all layouts share."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from landmark_emotion.files.reading import open_regular
from landmark_emotion.sources.images import UNSUPPORTED_SUFFIXES

NO_FACE = "no face found"
"""The reason for skipping an image without a face."""

UNSUPPORTED = "image, unsupported format"
"""Ends the reason for leaving out such an image."""

# The README beside drawn faces, and its first line.
DRAWN_README = "README.txt"
DRAWN_MARK = "These faces are drawn."


LEARN, CHOOSE, TEST = "training", "validation", "test"
"""The parts of a data set whose authors divided it."""


class CsvRow(NamedTuple):
    """A row of a CSV file: the number of its line, where that begins in bytes, which row it is."""

    line: int
    offset: int
    number: int


@dataclass(frozen=True)
class Sample:
    """An image labeled with one emotion.

    Attributes
    ----------
    path : Path
        The image file, or a CSV file of pixels. It may be missing or unreadable.
    emotion : str
        One of `emotions.EMOTIONS` or another class.
    subject : str
        The person; empty if unknown.
    sequence : str
        The recording that the image is a frame of; empty if unknown.
    row : CsvRow or None
        Where the picture is in a CSV file of pixels; None for an image file.
    part : str
        The part of the data set that its authors put it in: `LEARN`, `CHOOSE` or `TEST`; empty if
        they did not say.
    """

    path: Path
    emotion: str
    subject: str = ""
    sequence: str = ""
    row: CsvRow | None = None
    part: str = ""

    @property
    def source(self) -> str:
        """The image for the user: a path, or a path and a line, as in ``fer2013.csv:1234``."""
        return str(self.path) if self.row is None else f"{self.path}:{self.row.line}"


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
    notes : tuple of str
        What the user should know about how it was read, one line each.
    together : str
        The same, if the parts that its authors divided it into are not kept apart.
    n_images : int
        Image files found in a folder; 0 if the samples are listed in a file.
    n_unused : int
        Of these, frames of sequences that are neither neutral nor peak frames.
    """

    layout: str
    samples: list[Sample]
    left_out: Counter[str] = field(default_factory=Counter)
    drawn: bool = False
    notes: tuple[str, ...] = ()
    together: str = ""
    n_images: int = 0
    n_unused: int = 0


def unsupported(files: Iterable[Path]) -> Counter[str]:
    """Count images in formats that are not supported, by reason."""
    suffixes = (path.suffix.lower() for path in files)
    return Counter(
        f"{suffix} {UNSUPPORTED}" for suffix in suffixes if suffix in UNSUPPORTED_SUFFIXES
    )


def is_drawn(path: Path) -> bool:
    """Return whether a folder was made by `drawn.dataset.draw_dataset`, as its README says."""
    try:
        with open_regular(path / DRAWN_README) as readme:
            return readme.readline(100).strip() == DRAWN_MARK.encode()
    except (OSError, ValueError):
        return False
