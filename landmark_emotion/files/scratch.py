"""Temporary folders beside what is being written; those that killed programs left are removed."""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

# On Windows an open file cannot be removed, which serves as well.
if sys.platform != "win32":
    import fcntl

PREFIX = ".landmark_emotion-"

_SIGN = ".in-use"
_YOUNG = 60.0  # seconds; a folder without its sign may just have been made


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a folder that goes away in the end, or with the next one if the program is killed.

    Parameters
    ----------
    parent : Path
        Where to make it.

    Yields
    ------
    Path
        The folder.

    Raises
    ------
    OSError
        If nothing can be made there.
    """
    with contextlib.ExitStack() as stack:
        with _locked(parent):
            _remove_abandoned(parent)
            folder = Path(tempfile.mkdtemp(dir=parent, prefix=PREFIX))
            stack.callback(_remove, folder)
            sign = stack.enter_context((folder / _SIGN).open("wb"))
            _lock(sign.fileno())
        yield folder


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except (KeyboardInterrupt, SystemExit):  # the latter by SIGTERM
        shutil.rmtree(folder, ignore_errors=True)
        raise


# Once for each place is enough, and a folder of results can be long.
@lru_cache(maxsize=256)
def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    sign = folder / _SIGN
    if not sign.is_file():
        return time.time() - folder.stat().st_mtime > _YOUNG
    if sys.platform == "win32":
        sign.unlink()
        return True
    with sign.open("rb") as file:
        return _lock(file.fileno(), wait=False)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep others from looking whether a folder is in use before it has its sign."""
    if sys.platform == "win32":
        yield
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        _lock(number)
        yield
    finally:
        os.close(number)


def _lock(number: int, *, wait: bool = True) -> bool:
    """Lock an open file; False where another process has locked it or it cannot be done."""
    if sys.platform != "win32":
        try:
            fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:  # among others on network drives without locks
            return False
    return True
