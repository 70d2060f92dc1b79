"""CSV files that users write."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from landmark_emotion.errors import DatasetError, unreadable
from landmark_emotion.files.reading import read_whole

MAX_BYTES = 256 * 2**20


def read_csv(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Read a CSV file in UTF-8, separated by commas, semicolons or tabs.

    Parameters
    ----------
    path : Path
        The file.
    needed : sequence of str
        Columns that it must have, in lower case.

    Returns
    -------
    list of dict
        The rows by the names of the columns in lower case, without surrounding space.

    Raises
    ------
    DatasetError
        If the file cannot be read, is not CSV or lacks a column.
    """
    try:
        data = read_whole(path, MAX_BYTES)
        if len(data) > MAX_BYTES:
            raise DatasetError(f"{path}: larger than 256 MB; split it")
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
        for column in needed:
            if column not in columns:
                raise DatasetError(
                    f"{path}: has no column '{column}'; name {' and '.join(needed)} in the first "
                    "line"
                )
        return [
            {name: (row[column] or "").strip() for name, column in columns.items()}
            for row in reader
        ]
    except csv.Error as error:
        raise DatasetError(f"{path}: not a CSV file ({error}); export it again") from error


def named_file(folder: Path, name: str) -> Path:
    """Return the path of a file named in a table, perhaps with the backslashes of Windows.

    Parameters
    ----------
    folder : Path
        What the name is relative to.
    name : str
        As in the table.
    """
    path = folder / name
    if "\\" not in name:
        return path
    try:
        exists = path.is_file()
    except OSError:  # such as a name that is too long
        exists = False
    return path if exists else folder / PureWindowsPath(name).as_posix()
