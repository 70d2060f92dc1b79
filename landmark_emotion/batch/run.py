"""The whole of the work: what is missing is done, then all of it becomes a table."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landmark_emotion.batch.cluster import dask_workers
from landmark_emotion.batch.local import processes
from landmark_emotion.batch.parts import Parts
from landmark_emotion.batch.recovery import do_all
from landmark_emotion.batch.settings import Settings
from landmark_emotion.batch.table import TABLES, Format, Row, rows_by_file, write_table
from landmark_emotion.batch.units import File, Unit, list_files, make_units
from landmark_emotion.show.tables import check_parquet

Tell = Callable[[str], None]
Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iterable of known length in a progress bar."""


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
    PredictorError
        If a worker has not the same shape predictor.
    SourceError
        If the folder goes away, or the cluster cannot be used.
    MissingPackageError
        If a cluster or Parquet is asked for without the packages it needs.
    """
    if format == "parquet":
        check_parquet()
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - links may be what a cluster knows
    files, n_others = list_files(folder, besides=results)
    units = make_units(files)
    parts = Parts(results, settings)
    parts.claim(folder, units, TABLES.values(), restart=restart)
    done = [unit for unit in units if unit in parts]
    # The largest first, so that at the end no worker is left alone with a long video.
    missing = sorted(set(units).difference(done), key=lambda unit: unit.size, reverse=True)
    n_missing = sum(len(unit.files) for unit in missing)
    tell(_inventory(files, n_others, len(files) - n_missing))

    def one_after_the_other() -> Iterator[File]:
        workers = (
            processes(str(folder), settings, jobs)
            if cluster is None
            else dask_workers(str(folder), settings, cluster)
        )
        with workers as work, contextlib.closing(do_all(missing, work)) as outcomes:
            for unit, part in outcomes:
                if part is not None:
                    parts.keep(unit, part)
                done.append(unit)
                yield from unit.files

    with warnings.catch_warnings():
        # By joblib, of results that it has no time to give when the work is broken off.
        warnings.filterwarnings("ignore", module="joblib", category=UserWarning)
        for _ in progress(one_after_the_other(), n_missing) if missing else ():
            pass
    summary = _join(files, done, parts, results / TABLES[format], format, settings["landmarks"])
    parts.tidy(done)
    return summary


def _inventory(files: list[File], n_others: int, n_done: int) -> str:
    n_videos = sum(file.video for file in files)
    found = f"{_count(len(files) - n_videos, 'image')} and {_count(n_videos, 'video')}"
    others = f"; {_count(n_others, 'file')} of other kinds left out" if n_others else ""
    return f"{found}{f', {n_done:,} of them done before' if n_done else ''}{others}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _join(
    files: list[File], units: list[Unit], parts: Parts, table: Path, format: Format, landmarks: bool
) -> Summary:
    n_rows = n_unreadable = n_readable = 0

    def rows() -> Iterator[Row]:
        nonlocal n_rows, n_unreadable, n_readable
        for of_file in rows_by_file(files, units, parts):
            good = bad = False
            for row in of_file:
                n_rows += 1
                good, bad = good or "error" not in row, bad or "error" in row
                yield row
            n_readable, n_unreadable = n_readable + good, n_unreadable + bad

    write_table(rows(), table, format, landmarks=landmarks)
    return Summary(table, len(files), n_rows, n_unreadable, n_readable)
