"""The files of a folder, divided into units of work."""

import json
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from landmark_emotion.errors import DatasetError, Notify
from landmark_emotion.files.folders import walk_files
from landmark_emotion.sources.images import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES, VIDEO_SUFFIXES

IMAGES_PER_UNIT = 32  # on average
MOST_IMAGES_PER_UNIT = 96


@dataclass(frozen=True)
class File:
    """An image or video in the folder of a job.

    Attributes
    ----------
    name : str
        Path relative to the folder, with slashes.
    size : int
        Bytes; -1 if unknown.
    modified : int
        Time of the last change in nanoseconds; -1 if unknown.
    """

    name: str
    size: int
    modified: int

    @property
    def video(self) -> bool:
        """Whether it is a video."""
        return Path(self.name).suffix.lower() in VIDEO_SUFFIXES


@dataclass(frozen=True)
class Unit:
    """Files that one worker recognizes together: a video, or neighboring images."""

    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)


def list_files(folder: Path, besides: Path, notify: Notify) -> tuple[list[File], Counter[str]]:
    """List the images and videos in a folder and the folders below it, but for one.

    `notify` is called with a line for each subfolder that cannot be listed.

    Returns
    -------
    files : list of File
        In natural order, without hidden files and system folders. Images that cannot be read,
        such as HEIC, are among them, so that each gets a row that says so.
    left_out : Counter
        Number of other files by suffix in lower case, ``""`` for files without one.

    Raises
    ------
    DatasetError
        If the folder cannot be listed or contains neither images nor videos.
    """
    besides = besides.resolve()
    files = []
    left_out: Counter[str] = Counter()
    for path in walk_files(folder, notify):
        if besides in path.resolve().parents:
            continue
        suffix = path.suffix.lower()
        if suffix not in IMAGE_SUFFIXES | UNSUPPORTED_SUFFIXES | VIDEO_SUFFIXES:
            left_out[suffix] += 1
            continue
        try:
            status = path.stat()
            size, modified = status.st_size, status.st_mtime_ns
        except OSError:
            size, modified = -1, -1  # the error is reported when the file is read
        files.append(File(path.relative_to(folder).as_posix(), size, modified))
    if not files:
        raise DatasetError(f"{folder}: contains neither images nor videos; check the path")
    return files, left_out


def make_units(files: Iterable[File]) -> list[Unit]:
    """Divide files into units.

    Images are divided by a hash of their names, so that an added image changes its own unit only.
    """
    units = []
    images: list[File] = []
    for file in files:
        if file.video:
            units.append(Unit((file,)))
            continue
        images.append(file)
        is_last = zlib.crc32(json.dumps(file.name).encode()) % IMAGES_PER_UNIT == 0
        if is_last or len(images) == MOST_IMAGES_PER_UNIT:
            units.append(Unit(tuple(images)))
            images = []
    return [*units, Unit(tuple(images))] if images else units
