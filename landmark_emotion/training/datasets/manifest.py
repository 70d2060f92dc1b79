"""A CSV file that lists images and their emotions."""

import csv
import io
from collections import Counter
from pathlib import Path, PureWindowsPath

from landmark_emotion.emotions import parse_emotion
from landmark_emotion.errors import DatasetError, unreadable
from landmark_emotion.files.reading import read_whole
from landmark_emotion.training.datasets.samples import Dataset, Sample, identity_from_name

MAX_BYTES = 256 * 2**20


def read_manifest(path: Path) -> Dataset:
    """Read a manifest with the columns path and emotion, and optionally subject and sequence.

    It is a CSV file in UTF-8, separated by commas, semicolons or tabs. Its paths are relative to
    its folder. There is one sample per usable row, in the same order.

    Raises
    ------
    DatasetError
        If the file cannot be read, is not CSV or lacks a column.
    """
    left_out: Counter[str] = Counter()
    samples = []
    for row in _rows(path):
        emotion = parse_emotion(row["emotion"])
        if not row["path"]:
            left_out["row without a path"] += 1
        elif "\0" in row["path"]:
            left_out["row with an impossible path"] += 1
        elif emotion is None:
            left_out[f"row with the unknown emotion {row['emotion'][:40]!r}"] += 1
        else:
            image = _image(path.parent, row["path"])
            subject, sequence = identity_from_name(image)
            identity = row.get("subject") or subject, row.get("sequence") or sequence
            samples.append(Sample(image, emotion, *identity))
    return Dataset("manifest", samples, left_out)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        data = read_whole(path, MAX_BYTES)
        if len(data) > MAX_BYTES:
            raise DatasetError(f"{path}: larger than 256 MB; split the manifest")
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text; save it as CSV UTF-8") from error
    except OSError as error:
        raise DatasetError(unreadable(path, error)) from error
    first_line = text.partition("\n")[0]
    separator = max(",;\t", key=first_line.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        columns = {name.strip().lower(): name for name in reader.fieldnames or () if name}
        for needed in ("path", "emotion"):
            if needed not in columns:
                raise DatasetError(
                    f"{path}: has no column '{needed}'; name path and emotion in the first line"
                )
        return [
            {name: (row[column] or "").strip() for name, column in columns.items()}
            for row in reader
        ]
    except csv.Error as error:
        raise DatasetError(f"{path}: not a CSV file ({error}); export it again") from error


def _image(folder: Path, name: str) -> Path:
    """Return the path of an image, of which Windows may have written the backslashes."""
    image = folder / name
    if "\\" not in name:
        return image
    try:
        exists = image.is_file()
    except OSError:  # such as a name that is too long
        exists = False
    return image if exists else folder / PureWindowsPath(name).as_posix()
