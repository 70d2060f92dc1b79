"""Writing files so that an old or a new one is always there, whole."""

import contextlib
import errno
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from landmark_emotion.errors import OutputError, reason

PREFIX = ".landmark_emotion-"

_STALE = 24 * 3600.0  # seconds after which a scratch folder is taken for that of a killed run
_RETRY_AFTER = (0.02, 0.05, 0.1, 0.3, 0.5)  # seconds


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Create a temporary folder, readable by its owner only, and remove it at the end.

    Those that killed runs left in the same place a day ago or earlier are removed too.
    """
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time.time() - newest > _STALE:
                shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(
        dir=parent, prefix=PREFIX, ignore_cleanup_errors=True
    ) as created:
        yield Path(created)


def replace_atomically(path: Path, data: bytes) -> None:
    """Write a whole file as `written_gradually` does; on an error the old one stays as it was."""
    with writing(path), written_gradually(path) as draft:
        with draft.path.open("wb") as file:
            file.write(data)
            file.flush()
            if draft.path != path:  # else it is a device
                os.fsync(file.fileno())
        draft.keep()


@dataclass
class Draft:
    """A file that is being written at `path`, beside the one it replaces in the end if `kept`."""

    path: Path
    kept: bool = False

    def keep(self) -> None:
        """Let the draft replace the target once writing ends; call it with the first result."""
        self.kept = True


@contextlib.contextmanager
def written_gradually(path: Path) -> Iterator[Draft]:
    """Open a draft that replaces a file at the end, if it was kept by then.

    What was kept replaces the target even if an exception ends the block, so that Ctrl-C or an
    unplugged camera does not cost an hour of results. Without a call of `Draft.keep` the target
    is left as it was, whether or not it existed.

    Parameters
    ----------
    path : Path
        The target; missing folders are created, links are followed. An existing file's
        permissions are kept. A device such as ``/dev/null`` is written to directly.

    Yields
    ------
    Draft
        An empty file with the suffix of the target, in the same folder.

    Raises
    ------
    OutputError
        If the file cannot be written; the old one is left as it was.
    """
    if _is_device(path):
        yield Draft(path)
        return
    with contextlib.ExitStack() as stack:
        with writing(path):
            if path.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            target = Path(os.path.realpath(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(scratch_folder(target.parent))
            draft = Draft(scratch / f"file{target.suffix}")
            draft.path.touch()
        try:
            with writing(path):
                yield draft
        finally:
            if draft.kept:
                with writing(path):
                    put_in_place(draft.path, target)


def replace_together(folder: Path, files: Mapping[str, bytes], stale: Iterable[str] = ()) -> None:
    """Write files, given by name, into a folder; none is replaced before all are on the disk.

    A missing folder is created. Other files in it stay, except for those named by ``stale``. If
    something cannot be written, an `OutputError` is raised.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # Inside it, since its parent may be on another disk.
        with scratch_folder(folder) as scratch:
            for file, data in files.items():
                (scratch / file).write_bytes(data)
            for file in files:
                put_in_place(scratch / file, folder / file)
        for file in set(stale) - set(files):
            (folder / file).unlink(missing_ok=True)


def put_in_place(source: Path, target: Path) -> None:
    """Replace a file by another on the same disk, keeping the permissions of the old one.

    On Windows this fails while any program has one of them open, as virus scanners do for a
    moment, so it is tried for about a second before the `OSError` is raised.
    """
    if source.is_file() and target.is_file():
        with contextlib.suppress(OSError):
            shutil.copymode(target, source)
    for seconds in _RETRY_AFTER:
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(seconds)
        else:
            return
    source.replace(target)


def check_writable(path: Path) -> None:
    """Check before long work that a file can be written; neither it nor its folder is created.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with writing(path):
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        if _is_device(path):
            return
        folder = Path(os.path.realpath(path)).parent
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translate an `OSError` of the block into an `OutputError` about a file or folder."""
    try:
        yield
    except OSError as error:
        remedy = "choose another place"
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            remedy = f"make room, or {remedy}"
        # Elsewhere an open file can be replaced, so permissions are the reason.
        elif sys.platform == "win32" and isinstance(error, PermissionError):
            remedy = f"close it where it is open, or {remedy}"
        raise OutputError(f"{path}: cannot be written ({reason(error)}); {remedy}") from error


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()
