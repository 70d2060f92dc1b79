"""Folders: walking them in natural order, and the user's own for the cache and the settings."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import platformdirs

from landmark_emotion.errors import DatasetError, Notify, read_remedy, reason

_APP = "landmark_emotion"
_SYSTEM_FOLDERS = frozenset({"__macosx", "$recycle.bin", "system volume information"})


def natural_order(name: str) -> list[tuple[int, str]]:
    """Return a sort key that places frame 10 after frame 9."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part.lower())
        for part in re.split(r"(\d+)", name)
    ] + [(-1, name)]


def walk_files(root: Path, notify: Notify = lambda message: None) -> Iterator[Path]:
    """Yield the files below a folder in natural order, without hidden and system files.

    Links to folders are followed; a folder that is reached twice is read once, so loops end.
    Each subfolder that cannot be listed is reported to `notify` and passed over.

    Raises
    ------
    DatasetError
        If `root` itself cannot be listed.
    """
    seen: set[tuple[int, int]] = set()

    def report(error: OSError) -> None:
        folder = Path(error.filename or root)
        message = f"{folder}: cannot be listed ({reason(error)}); {read_remedy(error)}"
        if folder == root:
            raise DatasetError(message) from error
        notify(message)

    for folder, folders, files in os.walk(root, onerror=report, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(filter(_is_for_users, folders), key=natural_order)
        for name in sorted(files, key=natural_order):
            if not name.startswith("."):
                yield Path(folder, name)


def _is_for_users(folder: str) -> bool:
    return not folder.startswith(".") and folder.lower() not in _SYSTEM_FOLDERS


def user_folder(kind: Literal["cache", "settings"]) -> Path | None:
    """Return this program's folder for a purpose, which need not exist; None without a home."""
    try:
        if kind == "cache":
            folder = platformdirs.user_cache_path(_APP, appauthor=False, opinion=False)
        else:
            folder = platformdirs.user_config_path(_APP, appauthor=False, roaming=True)
    except RuntimeError:
        return None
    # Older versions of platformdirs leave "~" in the path instead of raising an error.
    return folder if folder.is_absolute() else None
