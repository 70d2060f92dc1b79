"""A bounded cache of results in a folder; if the folder cannot be used, only time is lost."""

import contextlib
import datetime
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import joblib

from landmark_emotion.errors import reason

MAX_BYTES = 256 * 2**20  # about 100,000 images
MAX_AGE = datetime.timedelta(days=365)  # since a result was used last

_FREE_BYTES = 2**20  # less free space than this, and nothing is cached
_CHECKED = "checked"  # a file whose modification time says when the size was checked
_CHECK_EVERY = 24 * 3600.0  # seconds; looking at 100,000 results takes some


def open_cache(folder: Path | None) -> tuple[joblib.Memory, str]:
    """Open a folder for cached results, which must be the user's own: joblib trusts its content.

    Once a day, the results that were not used for the longest time are removed until the cache is
    within `MAX_BYTES` and `MAX_AGE`.

    Returns
    -------
    memory : Memory
        Caches nothing if the folder is None or cannot be used. Errors are never cached, so a
        function must raise what may have passed by the next time.
    problem : str
        Why the folder cannot be used; empty if it can.
    """
    if folder is None:
        return joblib.Memory(None, verbose=0), ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_FREE_BYTES))
    except OSError as error:
        return joblib.Memory(None, verbose=0), f"{folder}: {reason(error)}"
    # Compressed data have a checksum, which reveals damage.
    memory = joblib.Memory(folder, verbose=0, compress=True)
    # Another run may be removing results as well.
    with contextlib.suppress(OSError):
        checked = folder / _CHECKED
        if not checked.exists() or time.time() - checked.stat().st_mtime > _CHECK_EVERY:
            checked.touch()
            memory.reduce_size(bytes_limit=MAX_BYTES, age_limit=MAX_AGE)
    return memory, ""


def recall(cached: Any, *call: Any) -> Any:
    """Look up the result of a function from ``Memory.cache`` without calling it.

    Returns None if the result is not in the cache or damaged there.
    """
    if not cached.check_call_in_cache(*call):
        return None
    kept = cached.call_and_shelve(*call)
    try:
        return kept.get()
    # What damaged data make pickle and zlib raise has no common root.
    except Exception:
        kept.clear()
        return None


def remember(cached: Any, *call: Any) -> Any:
    """Call a function from ``Memory.cache`` and keep its result if there is space."""
    with warnings.catch_warnings():
        # joblib warns about full disks and about other programs that write the same result.
        warnings.filterwarnings("ignore", module="joblib")
        try:
            return cached(*call)
        except OSError as error:
            frames = traceback.walk_tb(error.__traceback__)
            if any(frame.f_code is cached.func.__code__ for frame, _ in frames):
                raise  # by the function, not by the cache
            return cached.func(*call)
