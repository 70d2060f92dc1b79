"""Safe loading of ``.npz`` files: nothing in them can run code or exhaust memory."""

import os
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import reason
from landmark_emotion.files.reading import open_regular

SMALL = 2**24  # bytes that any archive may unpack to
MAX_RATIO = 64  # of unpacked to packed size beyond that; landmarks reach 10

_END_RECORD = 22  # bytes of a zip archive's last record
_MAX_DIRECTORY = 2**16  # bytes of its list of members


def load_arrays(path: Path, names: Iterable[str], *, most: int) -> dict[str, NDArray[Any]]:
    """Load those of the named arrays that an ``.npz`` file contains; none is of dtype object.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is not a valid ``.npz`` archive, is damaged, or unpacks to more than `most` bytes. The
        text is a single line.
    """
    with open_regular(path) as file:
        # What a damaged archive makes zipfile, zlib and numpy raise has no common root.
        try:
            with _open_archive(file) as archive:
                _check_unpacked_size(archive, os.fstat(file.fileno()).st_size, most)
                members = set(archive.namelist())
                return {
                    name: _load_array(archive, name) for name in names if f"{name}.npy" in members
                }
        except Exception as error:
            raise ValueError(reason(error)) from error


def _open_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip archive unless it lists countless members, which zipfile would read at once."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_RECORD - 2**16))
    tail = file.read()
    # zipfile looks in the same places: at the very end, or before a comment.
    place = len(tail) - _END_RECORD
    if place < 0 or tail[place : place + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        place = tail.rfind(b"PK\5\6")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    is_zip64 = tail[max(0, place - 20) : max(0, place)].startswith(b"PK\6\7")
    if place >= 0 and (is_zip64 or directory > _MAX_DIRECTORY):
        raise ValueError("lists too many members")
    return zipfile.ZipFile(file)


def _check_unpacked_size(archive: zipfile.ZipFile, packed: int, most: int) -> None:
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > most:
        raise ValueError(f"unpacks to more than {most / 2**20:.0f} MB")
    if unpacked > SMALL + MAX_RATIO * packed:
        raise ValueError("unpacks to a suspicious multiple of its size")


def _load_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python and numpy warn about damaged headers
        return np.asarray(np.lib.format.read_array(member, allow_pickle=False))
