"""CSV files that users write: in UTF-8, separated by commas, semicolons or tabs."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from landmark_emotion.errors import DatasetError, unreadable
from landmark_emotion.files.reading import open_regular

MAX_ROWS = 10**6  # that `read_csv` keeps in memory

_LONGEST = 2**20  # characters of a line


def open_csv(
    path: Path, damaged: Callable[[int, str], None]
) -> tuple[list[str], Iterator[list[str]]]:
    """Read the header of a CSV file, and its rows when they are asked for.

    Parameters
    ----------
    path : Path
        The file.
    damaged : callable
        Called with the line number of each row that cannot be read, and with the reason.

    Returns
    -------
    header : list of str
        The names of the columns in lower case, without surrounding space.
    rows : iterator of list of str
        The cells of each row that is not blank, without surrounding space.

    Raises
    ------
    DatasetError
        If the file cannot be read or is not CSV; the iterator raises it, too.
    """
    lines = _lines(path)
    first = next(lines, "")
    separator = max(",;\t", key=first.count)
    try:
        header = next(csv.reader([first], delimiter=separator), [])
    except csv.Error as error:
        raise DatasetError(f"{path}: not a CSV file ({error}); export it again") from error
    rows = _rows(csv.reader(lines, delimiter=separator), damaged)
    return [name.strip().lower() for name in header], rows


def read_csv(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Read a CSV file.

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
        If the file cannot be read, is not CSV, lacks a column or has more than `MAX_ROWS`.
    """

    def refuse(line: int, what: str) -> None:
        raise DatasetError(f"{path}:{line}: not a CSV file ({what}); export it again")

    header, cells = open_csv(path, refuse)
    for column in needed:
        if column not in header:
            raise DatasetError(
                f"{path}: has no column '{column}'; name {' and '.join(needed)} in the first line"
            )
    rows = []
    for row in cells:
        row += [""] * (len(header) - len(row))
        rows.append({name: cell for name, cell in zip(header, row, strict=False) if name})
        if len(rows) > MAX_ROWS:
            raise DatasetError(f"{path}: more than {MAX_ROWS:,} rows; split it")
    return rows


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


def _lines(path: Path) -> Iterator[str]:
    try:
        with (
            open_regular(path) as file,
            io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text,
        ):
            while line := text.readline(_LONGEST):
                yield line
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text; save it as CSV UTF-8") from error
    except (OSError, ValueError) as error:
        raise DatasetError(unreadable(path, error)) from error


def _rows(reader: Any, damaged: Callable[[int, str], None]) -> Iterator[list[str]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            damaged(reader.line_num + 1, str(error))
            continue
        if cells:
            yield [cell.strip() for cell in cells]
