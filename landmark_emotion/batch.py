"""Thousands of images and videos become one table of rows; it can be broken off at any moment.

The files of a folder are cut into units: a video, or some images that are neighbours. A unit's
rows are written into a part, whole or not at all, as soon as they are there; at the end all parts
become one table. What has a part is not done again, so that a job which was broken off, or whose
folder has changed a little, only does what is missing. Workers get a unit and give back its rows:
they read the images and videos and need no access to the results.
"""

import contextlib
import csv
import functools
import gzip
import hashlib
import io
import json
import os
import platform
import tempfile
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, process
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np

from landmark_emotion import __version__
from landmark_emotion.dataframe import ParquetRows, check_parquet
from landmark_emotion.datasets.samples import walk_files
from landmark_emotion.detection import (
    MEASUREMENT_VERSION,
    detector_version,
    find_predictor,
    predictor_digest,
)
from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.errors import (
    DatasetError,
    ImageError,
    MissingPackageError,
    OutputError,
    PredictorError,
    SourceError,
)
from landmark_emotion.files import replace_atomically
from landmark_emotion.images import IMAGE_SUFFIXES, read_image
from landmark_emotion.model import EmotionModel
from landmark_emotion.neutral import NeutralReference
from landmark_emotion.recognizer import Recognizer
from landmark_emotion.records import COLUMNS, LANDMARK_COLUMNS, csv_row
from landmark_emotion.smoothing import SMOOTHING
from landmark_emotion.tracking import DETECT_EVERY

VIDEO_SUFFIXES = frozenset(
    {
        *(".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mjpeg", ".mkv", ".mov"),
        *(".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
    }
)

Format = Literal["csv", "json", "parquet"]
TABLES: Mapping[Format, str] = {
    "csv": "results.csv",
    "json": "results.jsonl",
    "parquet": "results.parquet",
}
PARTS = "parts"
RECORD = "batch.json"

IMAGES_PER_UNIT = 32  # about; workers are handed the next ones after so many
MOST_IMAGES_PER_UNIT = 96

CONNECT_SECONDS = 15.0  # to wait for a cluster

# What another program that writes here at this moment has begun is younger than this.
ABANDONED_SECONDS = 3600.0

Row = dict[str, Any]
"""As `records.csv_row` makes it, without the empty values."""

Tell = Callable[[str], None]
Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iterable of known length in a progress bar."""

# A process recognizes one frame at a time, whatever threads its cluster gives it: recognizers are
# no better at two things at once, and dlib lets one thread work at a time anyway.
_alone = threading.Lock()


@dataclass(frozen=True)
class Settings:
    """What rows depend on besides the files; see `make_settings`.

    Attributes
    ----------
    known : tuple of (str, object)
        Names and values, in place of large things their digests. Settings are equal by these.
    model : EmotionModel
        Without its history.
    predictor : str
        The shape predictor's file; on another machine it may lie elsewhere.
    neutral : NeutralReference or None
        Somebody's neutral face to compare with.
    """

    known: tuple[tuple[str, Any], ...]
    model: EmotionModel = field(compare=False, repr=False)
    predictor: str = field(compare=False)
    neutral: NeutralReference | None = field(default=None, compare=False, repr=False)

    def __getitem__(self, name: str) -> Any:
        return dict(self.known)[name]


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
        When it was changed, in nanoseconds.
    video : bool
        Whether it is one.
    """

    name: str
    size: int
    modified: int
    video: bool


@dataclass(frozen=True)
class Unit:
    """Files that are done together: one video, or images."""

    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)

    def part(self, settings: Settings) -> str:
        """Name the file of its rows; another one if a file or the settings have changed."""
        about = [[file.name, file.size, file.modified] for file in self.files]
        text = json.dumps([settings.known, about])
        return hashlib.sha256(text.encode()).hexdigest()[:24] + ".jsonl.gz"


@dataclass(frozen=True)
class Summary:
    """What came of a batch.

    Attributes
    ----------
    table : Path
        The file with all rows.
    files, rows : int
        How many.
    unreadable : int
        Files with an error, among them videos that break off.
    readable : int
        Files with a row that is no error.
    """

    table: Path
    files: int
    rows: int
    unreadable: int
    readable: int


def make_settings(
    model: EmotionModel,
    predictor: str | os.PathLike[str] | None = None,
    neutral: NeutralReference | None = None,
    *,
    every: float = 0.0,
    landmarks: bool = False,
    **options: Any,
) -> Settings:
    """Gather what the rows depend on besides the files.

    Parameters
    ----------
    model : EmotionModel
        Recognizes.
    predictor : path-like, optional
        As for `recognizer.Recognizer`.
    neutral : NeutralReference, optional
        As for `recognizer.Recognizer`.
    every : float
        Seconds of a video between the frames that are recognized; 0 for all.
    landmarks : bool
        Whether rows have the landmarks.
    **options
        Those of `recognizer.Recognizer` that are numbers: min_probability, smoothing,
        detect_every, min_face, max_faces, tracking.

    Returns
    -------
    Settings
        Can be sent to other processes.

    Raises
    ------
    PredictorError
        If there is no such shape predictor.
    """
    path = find_predictor(predictor).resolve()
    heads = [head for head in (model.static, model.calibrated) if head is not None]
    known = {
        "model": _digest(
            [*model.emotions, model.prior, *(head.temperature for head in heads)],
            [model.mean, *(array for head in heads for array in (head.weights, head.biases))],
        ),
        "predictor": predictor_digest(path),
        "neutral": None if neutral is None else _digest([neutral.n], [neutral.features]),
        "every": every,
        "landmarks": landmarks,
        "min_probability": 0.0,
        "smoothing": SMOOTHING,
        "detect_every": DETECT_EVERY,
        "min_face": None,
        "max_faces": None,
        "tracking": True,
        **options,
        "versions": _versions(),
    }
    # Its history is of no use to workers, and no plain pickle takes it.
    return Settings(tuple(known.items()), replace(model, info={}), str(path), neutral)


def run_batch(
    folder: Path,
    results: Path,
    settings: Settings,
    *,
    format: Format = "csv",
    jobs: int = -1,
    cluster: str | None = None,
    restart: bool = False,
    tell: Tell = lambda message: None,
    progress: Progress = lambda items, total: items,
) -> Summary:
    """Recognize everything in a folder, going on where an earlier run was broken off.

    Parameters
    ----------
    folder : Path
        Images and videos, also in folders below it.
    results : Path
        A folder for the table and its parts; made where it is missing.
    settings : Settings
        From `make_settings`; as long as there are parts, always the same.
    format : {"csv", "json", "parquet"}
        Of the table.
    jobs : int
        Worker processes; -1 for one a core.
    cluster : str, optional
        The address of a Dask scheduler whose workers are to do the work; they must see the folder
        under the same path.
    restart : bool
        Forget what was done before.
    tell : callable, optional
        Called with lines for the user.
    progress : callable, optional
        Called with an iterable over files and their number; shows how far it is.

    Returns
    -------
    Summary
        The table holds every file in natural order, each with at least one row.

    Raises
    ------
    DatasetError
        If the folder cannot be listed or holds neither image nor video.
    OutputError
        If something cannot be written, or the results are of another folder or other settings.
    SourceError
        If the folder goes away, or the cluster cannot be used.
    MissingPackageError
        If a cluster or Parquet is asked for without the packages it needs.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - links may be what a cluster knows
    if format == "parquet":
        check_parquet()
    files = list(_list_files(folder, results, tell))
    units = make_units(files)
    parts = {unit: results / PARTS / unit.part(settings) for unit in units}
    _claim(folder, results, settings, parts.values(), restart)
    missing = [unit for unit in units if not parts[unit].is_file()]
    n_missing = sum(len(unit.files) for unit in missing)
    done_before = (
        f", {len(files) - n_missing} of them done before" if n_missing < len(files) else ""
    )
    n_videos = sum(file.video for file in files)
    tell(f"{_count(len(files) - n_videos, 'image')} and {_count(n_videos, 'video')}{done_before}")
    lost: dict[Unit, str] = {}

    def one_after_the_other() -> Iterator[None]:
        waiting = missing
        while waiting:
            # The largest first, so that at the end no worker is left alone with a long video.
            waiting.sort(key=lambda unit: unit.size, reverse=True)
            broken: list[Unit] = []
            outcomes = _outcomes(waiting, str(folder), settings, jobs, cluster)
            with contextlib.closing(outcomes):
                for unit, outcome in outcomes:
                    if isinstance(outcome, bytes):
                        replace_atomically(parts[unit], outcome)
                    elif len(unit.files) > 1:
                        broken.append(unit)
                        continue
                    else:
                        lost[unit] = outcome
                    yield from [None] * len(unit.files)
            # The others must not suffer for one image that nothing survives.
            for unit in broken:
                del parts[unit]
            alone = [Unit((file,)) for unit in broken for file in unit.files]
            parts.update({unit: results / PARTS / unit.part(settings) for unit in alone})
            waiting = [unit for unit in alone if not parts[unit].is_file()]

    with warnings.catch_warnings():
        # By joblib, of results that it has no time to give when the work is broken off.
        warnings.filterwarnings("ignore", module="joblib", category=UserWarning)
        for _ in progress(one_after_the_other(), n_missing) if missing else ():
            pass
    summary = _join(files, parts, lost, results / TABLES[format], format, settings["landmarks"])
    _tidy(results, {path.name for path in parts.values()})
    return summary


def make_units(files: Iterable[File]) -> list[Unit]:
    """Cut files into units: each video is one, images go together with their neighbours.

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


def recognize_unit(unit: Unit, folder: str, settings: Settings) -> tuple[Unit, bytes]:
    """Make the rows of a unit; worker processes call this.

    Parameters
    ----------
    unit : Unit
        What to do.
    folder : str
        Where the files are.
    settings : Settings
        How to do it.

    Returns
    -------
    unit : Unit
        The same.
    part : bytes
        Its rows as compressed JSON Lines.

    Raises
    ------
    PredictorError
        If the machine has not the same shape predictor.
    SourceError
        If the machine does not see the folder, or has other versions of the libraries.
    """
    here = platform.node()
    if settings["versions"] != _versions():
        raise SourceError(
            f"{here}: has {_versions()} instead of {settings['versions']}; install the same"
        )
    # An empty one is a place where nothing has been mounted.
    if not Path(folder).is_dir() or next(Path(folder).iterdir(), None) is None:
        raise SourceError(f"{folder}: cannot be seen by {here}; it must be there under this path")
    part = io.BytesIO()
    with _alone:
        recognizer = _recognizer(settings)
        with gzip.GzipFile(fileobj=part, mode="wb", compresslevel=3, mtime=0) as packed:
            for file in unit.files:
                for row in _rows_of(file, Path(folder, file.name), recognizer, settings):
                    filled = {name: value for name, value in row.items() if value != ""}
                    packed.write(json.dumps(filled).encode() + b"\n")
    return unit, part.getvalue()


def _rows_of(
    file: File, path: Path, recognizer: Recognizer, settings: Settings
) -> Iterator[dict[str, Any]]:
    row = functools.partial(csv_row, file.name, landmarks=settings["landmarks"])
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
        reason = str(error).removeprefix(f"{path}: ")
        yield row(index + 1, time, None, reason)
    # One file among thousands must not end the work of a night, whatever is wrong with it.
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        yield row(index + 1, time, None, f"{reason}; take it out")


# One a process: its predictor takes 100 MB and half a second to load.
@functools.lru_cache(maxsize=1)
def _recognizer(settings: Settings) -> Recognizer:
    path = Path(settings.predictor)
    found = find_predictor(path if path.is_file() else None).resolve()
    if predictor_digest(found) != settings["predictor"]:
        raise PredictorError(
            f"{found}: another shape predictor than at home; put the same one on {platform.node()}"
        )
    names = ("min_probability", "smoothing", "detect_every", "min_face", "max_faces", "tracking")
    options = {name: settings[name] for name in names}
    return Recognizer(settings.model, found, neutral=settings.neutral, **options)


def _list_files(folder: Path, results: Path, tell: Tell) -> Iterator[File]:
    inside = results.resolve()
    found = others = 0
    for path in walk_files(folder):
        if inside in path.resolve().parents:
            continue
        suffix = path.suffix.lower()
        if suffix not in IMAGE_SUFFIXES | VIDEO_SUFFIXES:
            others += 1
            continue
        found += 1
        try:
            status = path.stat()
            size, modified = status.st_size, status.st_mtime_ns
        except OSError:
            size, modified = -1, -1  # reading it will say why
        name = path.relative_to(folder).as_posix()
        yield File(name, size, modified, suffix in VIDEO_SUFFIXES)
    if not found:
        raise DatasetError(f"{folder}: holds neither images nor videos; check the path")
    if others:
        tell(f"note: {_count(others, 'file')} of other kinds left out")


def _claim(
    folder: Path, results: Path, settings: Settings, parts: Iterable[Path], restart: bool
) -> None:
    """Make sure that the results belong to this job, or make them so."""
    path = results / RECORD
    now = {"folder": str(folder), "settings": json.loads(json.dumps(dict(settings.known)))}
    begun = _below(results / PARTS, "*.jsonl.gz")
    try:
        before = json.loads(path.read_bytes())
        settings_before, folder_before = dict(before["settings"]), str(before["folder"])
    except FileNotFoundError:
        before = None
        for name in (*TABLES.values(), PARTS):
            if (results / name).exists():
                raise OutputError(
                    f"{results}: holds '{name}', which is of something else; choose another folder"
                ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not restart:
            raise OutputError(
                f"{path}: damaged or of something else; choose another folder or begin anew with "
                "--restart"
            ) from error
        before = None
    if restart:
        with _told(results):
            for part in begun:
                part.unlink(missing_ok=True)
    elif begun and before is not None:
        changes = [
            _change(name, settings_before.get(name), value)
            for name, value in now["settings"].items()
            if settings_before.get(name) != value
        ]
        if changes:
            raise OutputError(
                f"{results}: was begun with other settings ({'; '.join(changes)}); give the same, "
                "choose another folder or begin anew with --restart"
            )
        # Who has moved the folder goes on; who names the wrong one finds nothing known.
        if folder_before != str(folder) and not any(part.is_file() for part in parts):
            raise OutputError(
                f"{results}: holds results of {folder_before}; choose another folder or begin anew "
                "with --restart"
            )
    if before != now:
        replace_atomically(path, json.dumps(now, indent=2).encode())


def _change(name: str, before: Any, now: Any) -> str:
    if name in ("model", "predictor", "neutral"):
        return f"another {name}"
    return f"{name} {before}, now {now}"


def _outcomes(
    units: list[Unit], folder: str, settings: Settings, jobs: int, cluster: str | None
) -> Generator[tuple[Unit, bytes | str], None, None]:
    """Do units in any order; what comes of each is a part or why there is none."""
    if not units:
        return
    if cluster is not None:
        with _dask_backends(cluster) as backend:
            suspects = []
            with contextlib.closing(_parallel(units, folder, settings, -1, backend())) as outcomes:
                for unit, outcome in outcomes:
                    if len(unit.files) > 1 or isinstance(outcome, bytes):
                        yield unit, outcome
                    else:
                        suspects.append(unit)
            # A worker that dies takes along what it did at the same time; alone, it is the unit.
            for unit in suspects:
                yield from _parallel([unit], folder, settings, -1, backend())
        return
    jobs = joblib.effective_n_jobs(jobs)
    if jobs > 1:
        # Not in this process, even if there is little to do: a file may be more than it survives.
        jobs = max(2, min(jobs, len(units)))
    waiting = [units]
    while waiting:
        group = waiting.pop()
        done = set()
        try:
            with joblib.parallel_config("loky", inner_max_num_threads=1):
                outcomes = _parallel(group, folder, settings, jobs, parent=os.getpid())
            with contextlib.closing(outcomes):
                for unit, outcome in outcomes:
                    done.add(unit)
                    yield unit, outcome
        except process.BrokenProcessPool:
            # A process was killed, perhaps for want of memory, perhaps by a file that no library
            # survives. It worked on one of the first units that are left: these go one by one.
            left = [unit for unit in group if unit not in done]
            if len(group) == 1:
                yield group[0], "the process that read it died; take it out or free some memory"
            else:
                waiting += [left[2 * jobs :]] if left[2 * jobs :] else []
                waiting += [[unit] for unit in left[: 2 * jobs]]


def _parallel(
    units: list[Unit],
    folder: str,
    settings: Settings,
    jobs: int,
    backend: Any = None,
    parent: int | None = None,
) -> Generator[tuple[Unit, bytes | str], None, None]:
    run = joblib.Parallel(
        n_jobs=jobs, backend=backend, batch_size=1, return_as="generator_unordered"
    )
    outcomes: Generator[tuple[Unit, bytes | str], None, None] = run(
        joblib.delayed(_work)(unit, folder, settings, parent) for unit in units
    )
    return outcomes


def _work(unit: Unit, folder: str, settings: Settings, parent: int | None) -> tuple[Unit, bytes]:
    if parent is not None and os.getppid() == parent:
        _end_with(parent)
    return recognize_unit(unit, folder, settings)


@functools.lru_cache(maxsize=1)
def _end_with(parent: int) -> None:
    """End this process soon after its parent was killed; joblib's would work on or wait."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _dask_backends(address: str) -> Iterator[Callable[[], Any]]:
    """Connect to a cluster, and give what makes a backend of joblib."""
    try:
        import distributed
        from joblib._dask import DaskDistributedBackend
    except ImportError as error:
        raise MissingPackageError(
            "distributed: not installed; run 'pip install distributed' or leave out --dask"
        ) from error

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        """Tells of a task that failed outside of its function; joblib's waits for it for ever."""

        def effective_n_jobs(self, n_jobs: int = 1) -> int:
            # For one worker joblib would do the work itself, for more later on too little.
            n_workers: int = super().effective_n_jobs(n_jobs)
            return max(2, n_workers)

        def submit(self, func: Any, callback: Any = None) -> Any:
            future = super().submit(func, callback)
            ((_, (unit, *_), _),) = func.items

            def on_end(done: Any) -> None:
                error = done.exception()
                if type(error).__name__ == "KilledWorker":
                    callback([(unit, "every worker that read it died; take it out")])
                elif error is not None:
                    callback(error)

            future.add_done_callback(on_end)
            return future

        def retrieve_result_callback(self, out: Any) -> Any:
            if isinstance(out, CancelledError):
                raise out
            if isinstance(out, BaseException):
                raise SourceError(
                    f"{address}: its workers fail ({_first_line(out)}); install the same there"
                ) from out
            return super().retrieve_result_callback(out)

    try:
        connect: Any = distributed.Client  # untyped where it is installed
        client = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{address}: no Dask scheduler answers ({_first_line(error)}); check the address"
        ) from error
    with client:
        try:
            # A task that cannot be unpacked would end the worker itself.
            client.run(exec, "import landmark_emotion.batch")
        except Exception as error:
            raise SourceError(
                f"{address}: a worker cannot run this program ({_first_line(error)}); install the "
                "same there"
            ) from error
        try:
            yield functools.partial(
                Backend, client=client, wait_for_workers_timeout=CONNECT_SECONDS
            )
        except TimeoutError as error:
            raise SourceError(
                f"{address}: has no worker; start some with 'dask worker {address} --nthreads 1'"
            ) from error
        except CancelledError as error:
            raise SourceError(
                f"{address}: the scheduler is gone; start it and the same command again"
            ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _join(
    files: list[File],
    parts: Mapping[Unit, Path],
    lost: Mapping[Unit, str],
    table: Path,
    format: Format,
    landmarks: bool,
) -> Summary:
    """Write all rows into one table, file by file in natural order."""
    n_rows = n_unreadable = n_readable = 0

    def rows() -> Iterator[Row]:
        nonlocal n_rows, n_unreadable, n_readable
        for of_file in _rows_by_file(files, parts, lost):
            good = bad = False
            for row in of_file:
                n_rows += 1
                good, bad = good or "error" not in row, bad or "error" in row
                yield row
            n_readable, n_unreadable = n_readable + good, n_unreadable + bad

    with _told(table), tempfile.TemporaryDirectory(dir=table.parent, prefix=".writing-") as name:
        temporary = Path(name, table.name)
        _write(rows(), temporary, format, landmarks)
        temporary.replace(table)
    return Summary(table, len(files), n_rows, n_unreadable, n_readable)


def _rows_by_file(
    files: list[File], parts: Mapping[Unit, Path], lost: Mapping[Unit, str]
) -> Iterator[Iterable[Row]]:
    unit_of = {file: unit for unit in parts for file in unit.files}
    images: tuple[Unit | None, dict[str, list[Row]]] = (None, {})
    for file in files:
        unit = unit_of[file]
        if unit in lost:
            empty = csv_row(file.name, 0, 0.0, None, lost[unit])
            yield [{name: value for name, value in empty.items() if value != ""}]
        elif file.video:
            yield _read_part(parts[unit])
        else:
            if images[0] != unit:
                grouped = groupby(_read_part(parts[unit]), key=lambda row: str(row["source"]))
                images = (unit, {name: list(rows) for name, rows in grouped})
            yield images[1][file.name]


def _read_part(path: Path) -> Iterator[Row]:
    try:
        with gzip.open(path, "rt", encoding="ascii") as lines:
            for line in lines:
                yield json.loads(line)
    # Half of a file after a power failure, or what a disk has made of it.
    except (gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        path.unlink(missing_ok=True)
        raise OutputError(
            f"{path}: was damaged and has been removed; run the same command once more"
        ) from error


def _write(rows: Iterable[Row], path: Path, format: Format, landmarks: bool) -> None:
    columns = COLUMNS + LANDMARK_COLUMNS if landmarks else COLUMNS
    if format == "parquet":
        with contextlib.closing(ParquetRows(path, landmarks=landmarks)) as table:
            for row in rows:
                table.append(dict.fromkeys(columns, "") | row)
        return
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        if format == "csv":
            writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            for row in rows:
                print(json.dumps(as_json(row, landmarks=landmarks)), file=stream)
        stream.flush()
        os.fsync(stream.fileno())


def as_json(row: Row, *, landmarks: bool = False) -> dict[str, Any]:
    """Turn a row for CSV without its empty values into what `records.json_row` makes."""
    face = "face" in row
    made: dict[str, Any] = {name: row[name] for name in ("source", "frame", "time")}
    made["face"] = row.get("face")
    made["box"] = [row[name] for name in ("left", "top", "width", "height")] if face else None
    made |= {name: row.get(name) for name in ("emotion", "probability")}
    for name, prefix in (("probabilities", "p"), ("raw_probabilities", "raw")):
        named = {e: row[f"{prefix}_{e}"] for e in EMOTIONS if f"{prefix}_{e}" in row}
        made[name] = named if face else None
    made["calibration"] = row.get("calibration")
    if landmarks:
        flat = [row[name] for name in LANDMARK_COLUMNS] if face else []
        made["landmarks"] = [list(pair) for pair in zip(flat[::2], flat[1::2], strict=True)] or None
    return made | ({"error": row["error"]} if "error" in row else {})


def _tidy(results: Path, known: set[str]) -> None:
    """Remove parts of files that are gone or have changed, and what killed programs left."""
    stale = [part for part in _below(results / PARTS, "*.jsonl.gz") if part.name not in known]
    now = time.time()
    for folder in (results, results / PARTS):
        for path in _below(folder, ".writing-*"):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > ABANDONED_SECONDS:
                    stale += [*path.iterdir(), path] if path.is_dir() else [path]
    for path in stale:
        with contextlib.suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def _below(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the system says into one line about a file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path}: cannot be written ({reason}); choose another place") from error


def _versions() -> str:
    return f"landmark_emotion {__version__}.{MEASUREMENT_VERSION}, {detector_version()}"


def _digest(values: Iterable[Any], arrays: Iterable[Any]) -> str:
    digest = hashlib.sha256(json.dumps(list(values)).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
