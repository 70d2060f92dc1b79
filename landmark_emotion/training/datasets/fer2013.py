"""CSV files whose rows are pictures: FER-2013, its copies, and the votes of FER+.

::

    emotion,pixels,Usage
    0,70 80 82 72 58 ...,Training       48x48 gray values, row by row

Files are read line by line, because they may be larger than the memory.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import DatasetError, ImageError, Notify, unreadable
from landmark_emotion.files.reading import open_regular
from landmark_emotion.training.datasets.damage import Damage
from landmark_emotion.training.datasets.labels import CODES, Labels
from landmark_emotion.training.datasets.samples import (
    CHOOSE,
    LEARN,
    TEST,
    CsvRow,
    Dataset,
    Sample,
)

EMOTIONS = tuple(CODES["fer2013"].values())
"""What the codes from 0 mean in FER-2013 and in ``ckextended.csv``; only the latter has a 7."""

VOTES = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "NF"),
)
"""The columns of `ferplus_votes`. NF stands for "not a face"."""

USAGES = ("Training", "PublicTest", "PrivateTest")
_PARTS = dict(zip(USAGES, (LEARN, CHOOSE, TEST), strict=True))

_LONGEST = 2**20  # bytes of a line; a picture of 48x48 pixels takes 9,000


@dataclass(frozen=True)
class PixelRow:
    """A picture from a row of a CSV file.

    Attributes
    ----------
    row : int
        Index of the row from 0. The header and blank lines do not count. Damaged rows do, so FER+
        has its votes at the same index.
    code : int
        The label, 0 or more; `EMOTIONS` says what the codes of FER-2013 mean.
    usage : str
        One of `USAGES`; empty if the file does not say.
    image : ndarray of shape (side, side), uint8
        Gray; all pictures of a file have the same side.
    line : int
        Number of the line in the file, from 1.
    offset : int
        Where the line begins, in bytes from the beginning of the file.
    """

    row: int
    code: int
    usage: str
    image: NDArray[np.uint8]
    line: int
    offset: int


def rows(path: Path, notify: Notify = lambda line: None) -> Iterator[PixelRow]:
    """Yield the pictures of a CSV file; only one is in memory at a time.

    Columns may be in any order, separated by commas, semicolons or tabs, with names in any case and
    spaces around them. Usage may be missing.

    Parameters
    ----------
    path : Path
        ``fer2013.csv``, ``icml_face_data.csv``, ``ckextended.csv`` or another of this form.
    notify : callable
        Called at the end if rows were damaged, with their number and the first line numbers.

    Raises
    ------
    DatasetError
        If the file cannot be read or has no columns emotion and pixels.
    """
    damage = Damage()
    side = 0
    for line in _lines(path, ("pixels", "emotion")):
        try:
            image = _square(line.cells["pixels"])
            side = side or len(image)
            if len(image) != side:
                raise ValueError(f"{image.size} pixels instead of {side * side}")
            code = _whole(line.cells["emotion"])
        except ValueError as error:
            damage.add(line.number, error)
        else:
            usage = _USAGES.get(line.cells.get("usage", "").lower(), "")
            yield PixelRow(line.row, code, usage, image, line.number, line.offset)
    damage.report(path, notify)


def read_pixels(path: Path, labels: Labels) -> Dataset:
    """Make samples of the pictures of a CSV file, which stay in the file.

    Codes mean what `labels` says, or otherwise the same as in FER-2013; its usage counts, too.

    Raises
    ------
    DatasetError
        As in `rows`.
    """
    meanings = labels.meanings or CODES["fer2013"]
    notes: list[str] = []
    samples = []
    left_out: Counter[str] = Counter()
    usages: Counter[str] = Counter()
    for row in rows(path, notes.append):
        emotion = meanings.get(str(row.code))
        if labels.usage not in ("", row.usage):
            left_out[f"row of {row.usage or 'no usage'}"] += 1
        elif emotion is None:
            left_out[f"row with the unknown code {row.code}"] += 1
        else:
            usages[row.usage] += 1
            place = CsvRow(row.line, row.offset, row.row)
            samples.append(Sample(path, emotion, row=place, part=_PARTS.get(row.usage, "")))
    together = ""
    if len(usages) > 1:
        parts = ", ".join(f"{n:,} {usage or 'without usage'}" for usage, n in usages.items())
        together = f"note: {path}: read together: {parts}; take one of them with --usage"
    return Dataset(
        "pixels in a CSV file, as FER-2013",
        samples,
        left_out,
        notes=tuple(notes),
        together=together,
    )


def has_pixels(path: Path) -> bool:
    """Return whether a file is a CSV with columns emotion and pixels."""
    try:
        next(_lines(path, ("pixels", "emotion")), None)
    except DatasetError:
        return False
    return True


def row_as_image(path: Path, offset: int, where: str) -> bytes:
    """Return the picture of one row as the content of an image file (PGM).

    Parameters
    ----------
    path, offset : Path, int
        The file, and where the line begins (`PixelRow.offset`).
    where : str
        What errors call the row.

    Raises
    ------
    ImageError
        If the file cannot be read or has no picture there.
    """
    try:
        with open_regular(path) as file:
            file.seek(offset)
            cells = re.split(rb"[,;\t]", file.readline(_LONGEST))
            image = _square(_text(max(cells, key=len)))
    except OSError as error:
        raise ImageError(unreadable(where, error)) from error
    except ValueError as error:
        raise ImageError(f"{where}: changed while it was read; try again") from error
    return b"P5 %d %d 255\n" % image.shape + image.tobytes()


def ferplus_votes(path: Path, notify: Notify = lambda line: None) -> NDArray[np.uint8]:
    """Read the votes of FER+ (Barsoum et al. 2016) from ``fer2013new.csv``.

    Parameters
    ----------
    path : Path
        Has one row for each row of ``fer2013.csv``.
    notify : callable
        As for `rows`.

    Returns
    -------
    ndarray of shape (n, 10), uint8
        The number of votes for each of `VOTES`. A damaged row has none.

    Raises
    ------
    DatasetError
        If the file cannot be read or lacks a column.
    """
    names = [name.lower() for name in VOTES]
    damage = Damage()
    votes = bytearray()
    for line in _lines(path, names):
        try:
            votes += bytes(_whole(line.cells[name]) for name in names)
        except ValueError as error:
            damage.add(line.number, error)
            votes += bytes(len(names))
    damage.report(path, notify)
    return np.frombuffer(votes, dtype=np.uint8).reshape(-1, len(names))


_USAGES = {usage.lower(): usage for usage in USAGES}


@dataclass(frozen=True)
class _Line:
    row: int
    number: int
    offset: int
    cells: dict[str, str]  # by column; empty if missing


def _lines(path: Path, needed: Collection[str]) -> Iterator[_Line]:
    """Yield the rows of a table; raise a DatasetError if it lacks a column or cannot be read."""
    try:
        with open_regular(path) as file:
            lines = _numbered(file)
            _, _, first = next(lines, (0, 0, b""))
            header = first.removeprefix(b"\xef\xbb\xbf")
            separator = max((b",", b";", b"\t"), key=header.count)
            columns = [name.lower() for name in _split(header, separator)]
            missing = [name for name in needed if name not in columns]
            if missing:
                raise DatasetError(
                    f"{path}: has no column {missing[0]!r}; download it again, or name the columns "
                    "in its first line"
                )
            for row, (number, offset, line) in enumerate(lines):
                cells = _split(line, separator) + [""] * len(columns)
                yield _Line(row, number, offset, dict(zip(columns, cells, strict=False)))
    except (OSError, ValueError) as error:
        raise DatasetError(unreadable(path, error)) from error


def _numbered(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, offset and content of the lines that are not blank, cut at `_LONGEST`."""
    number, offset = 1, 0
    while line := file.readline(_LONGEST):
        if line.strip():
            yield number, offset, line
        offset += len(line)
        while len(line) == _LONGEST and not line.endswith(b"\n"):
            line = file.readline(_LONGEST)
            offset += len(line)
        number += 1


def _split(line: bytes, separator: bytes) -> list[str]:
    """Split a line into cells, which contain neither separators nor line breaks in this format."""
    return list(map(_text, line.split(separator)))


def _text(cell: bytes) -> str:
    return cell.strip(b' "\r\n').decode("utf-8", "replace")


def _square(pixels: str) -> NDArray[np.uint8]:
    """Parse gray values separated by spaces into a square, or raise a ValueError."""
    if not pixels.isascii() or not pixels.replace(" ", "").isdecimal():
        raise ValueError("pixels are not numbers")
    values = np.fromstring(pixels, dtype=np.int64, sep=" ")
    side = math.isqrt(values.size)
    if side * side != values.size:
        raise ValueError(f"{values.size} pixels are no square")
    if values.max() > 255:
        raise ValueError("pixels exceed 255")
    return values.astype(np.uint8).reshape(side, side)


def _whole(text: str) -> int:
    """Parse a number from 0 to 255, or raise a ValueError."""
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and int(text) < 256):
        raise ValueError(f"{text[:20]!r} is not a whole number")
    return int(text)
