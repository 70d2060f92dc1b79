"""Turn a unit into rows; this runs in worker processes, here or on other machines."""

import contextlib
import functools
import gzip
import io
import json
import math
import platform
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from landmark_emotion.batch.settings import OPTIONS, Settings, network_digest, versions
from landmark_emotion.batch.units import File, Unit
from landmark_emotion.errors import (
    ImageError,
    NetworkError,
    PredictorError,
    SourceError,
    is_system_fault,
    read_remedy,
    reason,
)
from landmark_emotion.faces.predictor import find_predictor, predictor_digest
from landmark_emotion.files.reading import open_regular
from landmark_emotion.live.opinion import network_file
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.show.rows import json_row
from landmark_emotion.sources.images import read_image


@dataclass(frozen=True)
class Part:
    """The rows of a unit.

    Attributes
    ----------
    unit : Unit
        The files, each of which has at least one row.
    rows : bytes
        Rows from `show.rows.json_row` as compressed JSON Lines.
    final : bool
        False if a file failed for a reason that may pass, so that the next run tries it again.
    """

    unit: Unit
    rows: bytes
    final: bool = True


def recognize_unit(unit: Unit, folder: str, settings: Settings) -> list[Part]:
    """Recognize the faces in the files of a unit, whose names are relative to the folder.

    Returns
    -------
    list of Part
        One for the unit, or one per file if some are not final. A file that cannot be read, or
        not to its end, has a last row with the reason.

    Raises
    ------
    PredictorError
        If this machine lacks the shape predictor of the settings.
    SourceError
        If this machine does not see the folder or has other versions of the libraries.
    """
    here = platform.node()
    if settings["versions"] != versions():
        raise SourceError(
            f"{here}: has {versions()} instead of {settings['versions']}; install the same versions"
        )
    try:
        if not any(Path(folder).iterdir()):
            raise FileNotFoundError(0, "empty")  # as a mount point without its disk is
    except OSError as error:
        raise SourceError(
            f"{folder}: cannot be read on {here} ({reason(error)}); make it available under this "
            "path"
        ) from error
    recognizer, lock = _load_recognizer(settings)
    with lock:
        parts = [_recognize_file(file, folder, recognizer, settings) for file in unit.files]
    if all(part.final for part in parts):
        return [Part(unit, b"".join(part.rows for part in parts))]
    return parts


def failed_part(file: File, error: str, *, landmarks: bool) -> Part:
    """Make the part of a file that could not be recognized for a reason that may pass."""
    row = json_row(file.name, 0, 0.0, None, error, landmarks=landmarks)
    return Part(Unit((file,)), gzip.compress(json.dumps(row).encode() + b"\n", 3), final=False)


def _recognize_file(file: File, folder: str, recognizer: Recognizer, settings: Settings) -> Part:
    path = Path(folder, file.name)
    row = functools.partial(json_row, file.name, landmarks=settings["landmarks"])
    index, time, final = -1, 0.0, True
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=3, mtime=0) as lines:
        try:
            for index, time, predictions in _recognized(file, path, recognizer, settings):
                for prediction in predictions or (None,):
                    lines.write(json.dumps(row(index, time, prediction)).encode() + b"\n")
        # Whatever is wrong with one file, the others must still be recognized.
        except Exception as error:
            final = isinstance(error, ImageError | SourceError) and not is_system_fault(error)
            error_row = row(index + 1, time, None, _explain(error, path))
            lines.write(json.dumps(error_row).encode() + b"\n")
    return Part(Unit((file,)), buffer.getvalue(), final)


def _recognized(
    file: File, path: Path, recognizer: Recognizer, settings: Settings
) -> Iterator[tuple[int, float, list[Prediction]]]:
    with open_regular(path) as opened:
        opened.read(1)  # OpenCV gives no reason why it cannot read a video
    if not file.video:
        yield 0, 0.0, recognizer.recognize_still(read_image(path))
        return
    recognizer.reset()
    if settings["calibrate"] is not None:
        recognizer.calibrate(settings["calibrate"])
    stream = recognizer.stream(
        path,
        every=settings["every"],
        start=settings["from"] or 0.0,
        end=math.inf if settings["to"] is None else settings["to"],
    )
    with contextlib.closing(stream):
        for frame, predictions in stream:
            yield frame.index, frame.time, predictions


def _explain(error: Exception, path: Path) -> str:
    if isinstance(error, ImageError | SourceError):
        return str(error).removeprefix(f"{path}: ")
    if isinstance(error, OSError):
        return f"cannot be read ({reason(error)}); {read_remedy(error)}"
    if isinstance(error, MemoryError):
        return "not enough memory; free some and run the same command again"
    return f"unexpected {type(error).__name__} ({reason(error)}); leave the file out or report this"


# One per process, since its predictor takes 100 MB. The lock is for Dask workers with several
# threads: a recognizer follows one video at a time.
@functools.lru_cache(maxsize=1)
def _load_recognizer(settings: Settings) -> tuple[Recognizer, threading.Lock]:
    path = Path(settings.predictor)
    found = find_predictor(path if path.is_file() else None).resolve()
    if predictor_digest(found) != settings["predictor"]:
        raise PredictorError(
            f"{found}: not the shape predictor that the job began with; copy that one to "
            f"{platform.node()}"
        )
    options = {name: settings[name] for name in OPTIONS}
    recognizer = Recognizer(
        settings.model, found, neutral=settings.neutral, network=_find_network(settings), **options
    )
    return recognizer, threading.Lock()


def _find_network(settings: Settings) -> Path | None:
    if settings.network is None:
        return None
    path = Path(settings.network)
    found = path if path.is_file() else network_file("default", settings.model)
    if found is None or network_digest(found) != settings["network"]:
        raise NetworkError(
            f"{path}: not the network that the job began with; copy that one to {platform.node()}"
        )
    return found
