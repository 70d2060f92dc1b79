"""Files: written whole or not at all, listed in the order people expect."""

import contextlib
import errno
import io
import os
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Literal

from landmark_emotion.errors import OutputError
from landmark_emotion.files.scratch import scratch_folder

_ARCHIVE_END = 22  # bytes of a zip archive's last record
_MOST_LISTED = 2**16  # bytes of its list of members
_PATIENCE = (0.02, 0.05, 0.1, 0.3, 0.5)  # seconds between tries


def read_whole(path: Path, most: int) -> bytes:
    """Read a file of limited size.

    Parameters
    ----------
    path : Path
        A regular file; another, such as a pipe or a device, might never end.
    most : int
        Bytes.

    Returns
    -------
    bytes
        All of it, or one byte more than `most` of a file that is larger.

    Raises
    ------
    OSError
        If there is no such file or it cannot be read.
    ValueError
        If there can be no file of that name.
    """
    with open_regular(path) as file:
        return file.read(most + 1)


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading that is neither a folder nor a pipe nor a device.

    Raises
    ------
    OSError
        If there is no such file or it cannot be opened.
    ValueError
        If there can be no file of that name.
    """
    # Opening a pipe would wait for someone to write into it.
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "is no regular file")
    return path.open("rb")


def open_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip archive that is to hold a handful of members.

    Parameters
    ----------
    file : binary file
        Open for reading.

    Returns
    -------
    ZipFile
        Nothing is unpacked yet.

    Raises
    ------
    ValueError
        If it lists countless members, each of which would cost time and memory.
    BadZipFile
        If it is no archive.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _ARCHIVE_END - 2**16))
    tail = file.read()
    # Where zipfile looks for it too: at the very end, or before a comment.
    place = len(tail) - _ARCHIVE_END
    if place < 0 or tail[place : place + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        place = tail.rfind(b"PK\5\6")
    listed = int.from_bytes(tail[place + 12 : place + 16], "little")
    large = tail[max(0, place - 20) : max(0, place)].startswith(b"PK\6\7")
    if place >= 0 and (large or listed > _MOST_LISTED):
        raise ValueError("it lists too many members")
    return zipfile.ZipFile(file)


def replace_atomically(path: Path, data: bytes) -> None:
    """Write a file so that at every moment either the old or the new one is there, whole.

    Parameters
    ----------
    path : Path
        Where to; folders on the way are made, links are followed.
    data : bytes
        The whole content.

    Raises
    ------
    OutputError
        If a folder or the file cannot be written; the old file is untouched then.
    """
    _write(path, io.BytesIO(data))


def copy_atomically(source: Path, path: Path) -> None:
    """Copy a file so that at every moment either the old or the new one is there, whole.

    Parameters
    ----------
    source : Path
        What to copy; may lie on another disk.
    path : Path
        Where to; folders on the way are made, links are followed.

    Raises
    ------
    OutputError
        If a folder or the file cannot be written; the old file is untouched then.
    """
    with source.open("rb") as file:
        _write(path, file)


def _write(path: Path, source: BinaryIO) -> None:
    with writing(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            with path.open("wb") as device:  # such as /dev/null, which must not be replaced
                shutil.copyfileobj(source, device)
            return
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target.parent) as scratch:
            temporary = scratch / "file"
            with temporary.open("wb") as file:
                shutil.copyfileobj(source, file)
                file.flush()
                os.fsync(file.fileno())
            put_in_place(temporary, target)


@contextlib.contextmanager
def written_gradually(path: Path) -> Iterator[Path]:
    """Give a temporary file to write into, which takes the place of another at the end.

    What there is goes to its place even where the work is broken off, so that an hour of results
    is not lost to Ctrl-C or a camera that was pulled out; an empty file does so only after all
    went well.

    Parameters
    ----------
    path : Path
        Where to; folders on the way are made, links are followed. A device is given as it is.

    Yields
    ------
    Path
        An empty file of the same suffix in the same folder.

    Raises
    ------
    OutputError
        If a folder or the file cannot be written; the old file is untouched then.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path
        return
    with contextlib.ExitStack() as stack:
        with writing(path):
            if path.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            target = Path(os.path.realpath(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(scratch_folder(target.parent))
            temporary = scratch / f"file{target.suffix}"
            temporary.touch()
        whole = False
        try:
            with writing(path):
                yield temporary
            whole = True
        finally:
            with writing(path):
                if whole or temporary.stat().st_size:
                    put_in_place(temporary, target)


def replace_together(folder: Path, files: Mapping[str, bytes], stale: Iterable[str] = ()) -> None:
    """Write several files into a folder; none changes before all are on the disk.

    Parameters
    ----------
    folder : Path
        Made where it is missing; other files in it stay.
    files : mapping of str to bytes
        Names and whole contents.
    stale : iterable of str
        Names of files to remove where they are not among `files`.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # Inside, since the folder may be on another disk than its parent.
        with scratch_folder(folder) as scratch:
            for file, data in files.items():
                (scratch / file).write_bytes(data)
            for file in files:
                put_in_place(scratch / file, folder / file)
        for file in set(stale) - set(files):
            (folder / file).unlink(missing_ok=True)


def put_in_place(source: Path, target: Path) -> None:
    """Put a file in the place of another.

    On Windows that fails while anybody has one of them open, be it for a moment, as virus scanners
    and other programs that write the same file do.

    Raises
    ------
    OSError
        If it cannot be done, there after some tries.
    """
    for seconds in _PATIENCE:
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(seconds)
        else:
            return
    source.replace(target)


def check_writable(path: Path) -> None:
    """Find out before long work that its result can be written there afterwards.

    Parameters
    ----------
    path : Path
        A file that, like folders on the way, may not be there yet; nothing is made.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with writing(path):
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        if path.exists() and not path.is_file():
            return  # a device
        folder = Path(os.path.realpath(path)).parent
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says into one line about the file or folder.

    Raises
    ------
    OutputError
        In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        remedy = "choose another place"
        # Elsewhere an open file can be replaced, so that it must be a matter of rights.
        if sys.platform == "win32" and isinstance(error, PermissionError):
            remedy = f"close it where it is open, or {remedy}"
        raise OutputError(f"{path}: cannot be written ({reason}); {remedy}") from error


def user_folder(kind: Literal["cache", "settings"]) -> Path | None:
    """Find the folder of this program among the user's caches or settings.

    Returns
    -------
    Path or None
        It need not exist; None for a user without a home.
    """
    windows = sys.platform == "win32"
    variables = {
        "cache": ("LOCALAPPDATA", "AppData/Local") if windows else ("XDG_CACHE_HOME", ".cache"),
        "settings": ("APPDATA", "AppData/Roaming") if windows else ("XDG_CONFIG_HOME", ".config"),
    }
    variable, place = variables[kind]
    named = os.environ.get(variable)
    try:
        base = Path(named) if named else Path.home() / place
    except RuntimeError:
        return None
    return base / "landmark_emotion"


def natural_order(name: str) -> list[tuple[int, str]]:
    """Sort key by which frame 10 comes after frame 9."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part.lower())
        for part in re.split(r"(\d+)", name)
    ] + [(-1, name)]
