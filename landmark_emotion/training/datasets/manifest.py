"""A CSV that lists images and their emotions."""

import csv
import io
from collections import Counter
from pathlib import Path, PureWindowsPath

from landmark_emotion.emotions import parse_emotion
from landmark_emotion.errors import DatasetError
from landmark_emotion.files.reading import read_whole
from landmark_emotion.training.datasets.samples import Dataset, Sample, identity_from_name

MAX_BYTES = 256 * 2**20


def read_manifest(path: Path) -> Dataset:
    """Read a manifest: columns path and emotion, optionally subject and sequence.

    Parameters
    ----------
    path : Path
        The CSV in UTF-8, separated by commas, semicolons or tabs. The paths in it are relative to
        its own folder.

    Returns
    -------
    Dataset
        One sample a row, in the order of the rows.

    Raises
    ------
    DatasetError
        If the file cannot be read, is not CSV or lacks a column.
    """
    try:
        data = read_whole(path, MAX_BYTES)
        if len(data) > MAX_BYTES:
            raise DatasetError(f"{path}: larger than 256 MB; split the manifest")
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text; save it as CSV UTF-8") from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    first_line = text.partition("\n")[0]
    separator = max(",;\t", key=first_line.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        columns = {name.strip().lower(): name for name in reader.fieldnames or () if name}
        for needed in ("path", "emotion"):
            if needed not in columns:
                raise DatasetError(
                    f"{path}: has no column '{needed}'; its first line must name path and emotion"
                )
        rows = [
            {name: (row[column] or "").strip() for name, column in columns.items()}
            for row in reader
        ]
    except csv.Error as error:
        raise DatasetError(f"{path}: not a CSV ({error}); save it again") from error
    left_out: Counter[str] = Counter()
    samples = []
    for row in rows:
        emotion = parse_emotion(row["emotion"])
        if not row["path"]:
            left_out["row without a path"] += 1
        elif "\0" in row["path"]:
            left_out["row whose path no file can have"] += 1
        elif emotion is None:
            left_out[f"row with the unknown emotion {row['emotion'][:40]!r}"] += 1
        else:
            # Backslashes come from manifests written on Windows.
            image = path.parent / Path(row["path"])
            if "\\" in row["path"] and not _is_file(image):
                image = path.parent / PureWindowsPath(row["path"]).as_posix()
            subject, sequence = identity_from_name(image)
            samples.append(
                Sample(
                    image, emotion, row.get("subject") or subject, row.get("sequence") or sequence
                )
            )
    return Dataset("manifest", samples, left_out)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long
        return False
