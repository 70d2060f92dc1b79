"""A unit becomes rows; this is what workers do, here or on other machines."""

import contextlib
import functools
import gzip
import io
import json
import platform
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from landmark_emotion.batch.settings import Settings, versions
from landmark_emotion.batch.units import File, Unit
from landmark_emotion.errors import ImageError, PredictorError, SourceError
from landmark_emotion.faces.predictor import find_predictor, predictor_digest
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.show.rows import json_row
from landmark_emotion.sources.images import read_image


def recognize_unit(unit: Unit, folder: str, settings: Settings) -> tuple[Unit, bytes]:
    """Make the rows of a unit.

    Parameters
    ----------
    unit : Unit
        What to do.
    folder : str
        Where its files are.
    settings : Settings
        How to do it.

    Returns
    -------
    unit : Unit
        The same.
    part : bytes
        A row of `records.json_row` a face and frame, as compressed JSON Lines. Every file has at
        least one; one that cannot be read, or not to its end, has a row with the reason.

    Raises
    ------
    PredictorError
        If this machine has not the same shape predictor.
    SourceError
        If this machine does not see the folder, or has other versions of the libraries.
    """
    here = platform.node()
    if settings["versions"] != versions():
        raise SourceError(
            f"{here}: has {versions()} instead of {settings['versions']}; install the same"
        )
    # An empty one is a place where nothing has been mounted.
    if not Path(folder).is_dir() or next(Path(folder).iterdir(), None) is None:
        raise SourceError(f"{folder}: cannot be seen by {here}; it must be there under this path")
    recognizer, alone = _recognizer(settings)
    part = io.BytesIO()
    with alone, gzip.GzipFile(fileobj=part, mode="wb", compresslevel=3, mtime=0) as packed:
        for file in unit.files:
            for row in _rows(file, Path(folder, file.name), recognizer, settings):
                packed.write(json.dumps(row).encode() + b"\n")
    return unit, part.getvalue()


def _rows(
    file: File, path: Path, recognizer: Recognizer, settings: Settings
) -> Iterator[dict[str, Any]]:
    row = functools.partial(json_row, file.name, landmarks=settings["landmarks"])
    index, time = -1, 0.0
    try:
        if not file.video:
            for prediction in recognizer.recognize_still(read_image(path)) or (None,):
                yield row(0, 0.0, prediction)
            return
        recognizer.reset()
        with contextlib.closing(recognizer.stream(path, every=settings["every"])) as stream:
            for frame, predictions in stream:
                index, time = frame.index, frame.time
                for prediction in predictions or (None,):
                    yield row(index, time, prediction)
    except (ImageError, SourceError) as error:
        yield row(index + 1, time, None, str(error).removeprefix(f"{path}: "))
    # One file among thousands must not end the work of a night, whatever is wrong with it.
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        yield row(index + 1, time, None, f"{reason}; take it out")


# One a process, as its predictor takes 100 MB and half a second to load. With it goes a lock, since
# a cluster may run several threads in a process and a recognizer follows one video at a time.
@functools.lru_cache(maxsize=1)
def _recognizer(settings: Settings) -> tuple[Recognizer, threading.Lock]:
    path = Path(settings.predictor)
    found = find_predictor(path if path.is_file() else None).resolve()
    if predictor_digest(found) != settings["predictor"]:
        raise PredictorError(
            f"{found}: another shape predictor than at home; put the same one on {platform.node()}"
        )
    names = ("min_probability", "smoothing", "detect_every", "min_face", "max_faces", "tracking")
    options = {name: settings[name] for name in names}
    recognizer = Recognizer(settings.model, found, neutral=settings.neutral, **options)
    return recognizer, threading.Lock()
