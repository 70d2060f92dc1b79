"""Bounded reading of regular files."""

import errno
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Folders, pipes and devices are refused: opening a pipe may block for ever and a device may
    never end.

    Raises
    ------
    OSError
        If there is no such file, it cannot be opened or it is not a regular file.
    ValueError
        If the path contains a null character.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file")
    return path.open("rb")


def read_whole(path: Path, most: int) -> bytes:
    """Read a regular file; exactly ``most + 1`` bytes if it is larger than `most` bytes.

    Raises
    ------
    OSError, ValueError
        As in `open_regular`.
    """
    with open_regular(path) as file:
        return file.read(most + 1)
