"""What was worked out before, remembered in a folder; where it cannot be, that costs time only."""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import joblib

_ROOM = 2**20  # bytes; where there are fewer left, nothing is remembered


def open_cache(folder: Path | None) -> tuple[joblib.Memory, str]:
    """Open a folder that remembers results.

    Parameters
    ----------
    folder : Path or None
        Made where it is missing; None to remember nothing. Only one's own: what joblib reads back
        from it is trusted.

    Returns
    -------
    memory : Memory
        Remembers nothing where the folder cannot be used.
    problem : str
        Why it cannot; empty where all is well.
    """
    if folder is None:
        return joblib.Memory(None, verbose=0), ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_ROOM))
    except OSError as error:
        return joblib.Memory(None, verbose=0), f"{folder}: {error.strerror or error}"
    # Compressed data carry a checksum, by which damage is noticed.
    return joblib.Memory(folder, verbose=0, compress=True), ""


def recall(remembered: Any, *call: Any) -> Any:
    """Look up what a function that a `joblib.Memory` caches gave before; it is not called.

    Parameters
    ----------
    remembered : MemorizedFunc
        From ``Memory.cache``; must never give None.
    *call
        Its arguments.

    Returns
    -------
    object
        The result, or None where it is not known or what was kept is damaged.
    """
    if not remembered.check_call_in_cache(*call):
        return None
    kept = remembered.call_and_shelve(*call)
    try:
        return kept.get()
    # What damaged data can make pickle and zlib raise has no common root.
    except Exception:
        kept.clear()
        return None


def remember(remembered: Any, *call: Any) -> Any:
    """Call a function and keep what it gives, where there is room.

    Parameters
    ----------
    remembered : MemorizedFunc
        From ``Memory.cache``.
    *call
        Its arguments.

    Returns
    -------
    object
        The result.
    """
    with warnings.catch_warnings():
        # Of disks that are full and of other programs that keep the same.
        warnings.filterwarnings("ignore", module="joblib")
        try:
            return remembered(*call)
        except OSError:
            return remembered.func(*call)
