"""A folder's files, cut into units that are done together."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from landmark_emotion.errors import DatasetError
from landmark_emotion.files.folders import walk_files
from landmark_emotion.sources.images import IMAGE_SUFFIXES
from landmark_emotion.sources.video import VIDEO_SUFFIXES

IMAGES_PER_UNIT = 32  # about; small enough to share among workers and to do again after a break
MOST_IMAGES_PER_UNIT = 96


@dataclass(frozen=True)
class File:
    """An image or a video below the folder.

    Attributes
    ----------
    name : str
        Its path from the folder, with slashes.
    size : int
        Bytes; -1 where that cannot be found out.
    modified : int
        When it was changed, in nanoseconds; -1 where that cannot be found out.
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
    """Files that are done together: one video, or images that are neighbors."""

    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)


def list_files(folder: Path, besides: Path) -> tuple[list[File], int]:
    """List the images and videos below a folder.

    Parameters
    ----------
    folder : Path
        Hidden files and system folders in it are passed over.
    besides : Path
        A folder that is left out.

    Returns
    -------
    files : list of File
        In natural order.
    n_others : int
        How many files are neither image nor video.

    Raises
    ------
    DatasetError
        If the folder cannot be listed or holds neither image nor video.
    """
    besides = besides.resolve()
    files = []
    n_others = 0
    for path in walk_files(folder):
        if besides in path.resolve().parents:
            continue
        if path.suffix.lower() not in IMAGE_SUFFIXES | VIDEO_SUFFIXES:
            n_others += 1
            continue
        try:
            status = path.stat()
            size, modified = status.st_size, status.st_mtime_ns
        except OSError:
            size, modified = -1, -1  # reading it will say why
        files.append(File(path.relative_to(folder).as_posix(), size, modified))
    if not files:
        raise DatasetError(f"{folder}: holds neither images nor videos; check the path")
    return files, n_others


def make_units(files: Iterable[File]) -> list[Unit]:
    """Cut files into units: each video is one, images go together with their neighbors.

    Where images are cut hangs on their names, so that a new one changes only its own unit.
    """
    units = []
    images: list[File] = []
    for file in files:
        if file.video:
            units.append(Unit((file,)))
            continue
        images.append(file)
        cut = zlib.crc32(json.dumps(file.name).encode()) % IMAGES_PER_UNIT == 0
        if cut or len(images) == MOST_IMAGES_PER_UNIT:
            units.append(Unit(tuple(images)))
            images = []
    return [*units, Unit(tuple(images))] if images else units
