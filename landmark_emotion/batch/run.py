"""Run a batch: recognize what is missing, then write the table."""

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landmark_emotion.batch.people import OpenBaselines, compared, estimate
from landmark_emotion.batch.results import TABLES, Format, Results, Row, write_table
from landmark_emotion.batch.settings import Settings
from landmark_emotion.batch.units import File, Unit, list_files, make_units
from landmark_emotion.batch.workers import Workers, dask_workers, local_workers, recognize_units
from landmark_emotion.errors import Notify, OutputError
from landmark_emotion.formatting import plural
from landmark_emotion.live.baselines import Baselines
from landmark_emotion.show.tables import check_parquet

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iterable of known length in a progress bar."""

_KINDS = 8  # suffixes to name at most


@dataclass
class Summary:
    """The outcome of a batch.

    Attributes
    ----------
    table : Path
        The file with all rows.
    files, rows : int
        How many there are.
    unreadable : int
        Files that have only a row with an error.
    incomplete : int
        Videos that have other rows before the one with an error.
    first_error : str
        The first error with its file; empty if there is none.
    written : bool
        False if no file could be read and the table of an earlier run was therefore kept.
    """

    table: Path
    files: int
    rows: int = 0
    unreadable: int = 0
    incomplete: int = 0
    first_error: str = ""
    written: bool = True


def run_batch(
    folder: Path,
    results: Path,
    settings: Settings,
    *,
    format: Format = "csv",
    jobs: int = -1,
    cluster: str | None = None,
    restart: bool = False,
    people: OpenBaselines | None = None,
    notify: Notify = lambda message: None,
    progress: Progress = lambda items, total: items,
) -> Summary:
    """Recognize all images and videos in a folder, or what earlier runs left undone.

    The folder is searched recursively. Every file has at least one row, in natural order.

    Parameters
    ----------
    results : Path
        Folder for the table and the rows it is made of; created if missing.
    settings : Settings
        From `make_settings`; must stay the same until `restart`, which discards earlier results.
    jobs : int
        Number of worker processes; -1 for one per core.
    cluster : str, optional
        Address of a Dask scheduler whose workers do the work instead; they must see the folder
        under the same path.
    people : callable, optional
        Makes the `live.baselines.Baselines` of the files, which are given by name. The settings
        must have been made for people. They may be others than those of earlier runs.
    progress : callable, optional
        Called with an iterable over files and their number.

    Raises
    ------
    DatasetError
        If the folder cannot be listed or contains neither images nor videos.
    OutputError
        If something cannot be written, or the results are of another folder or other settings.
    PredictorError, SourceError
        If workers cannot be used, or lack the folder, the shape predictor or these libraries.
    MissingPackageError
        If the cluster or the format needs a package that is not installed.
    """
    if format == "parquet":
        check_parquet()
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - a cluster may know it by a link
    unlisted: list[str] = []
    files, left_out = list_files(folder, results, unlisted.append)
    saved = Results(results, settings)
    units = _units(files, saved)
    saved.claim(folder, units, restart=restart)
    done = [unit for unit in units if unit in saved]
    for line in unlisted:
        notify(line)
    notify(_inventory(files, left_out, sum(len(unit.files) for unit in done)))
    baselines = None
    if people is not None:  # what is wrong with them is said before the work begins
        baselines = people({file.name: folder / file.name for file in files})
    missing = set(units).difference(done)
    if cluster is None:
        opened = local_workers(str(folder), settings, jobs)
    else:
        opened = dask_workers(str(folder), settings, cluster)
    done += _recognize(missing, opened, saved, progress)
    if baselines is not None:
        wanted = [file for file in files if baselines.estimates(file.name)]
        estimate(baselines, saved.rows_by_file(wanted, done))
        for problem in baselines.problems:
            notify(problem)
    return _write_table(files, done, saved, format, baselines, tidy=not unlisted)


def _recognize(
    units: Iterable[Unit],
    opened: AbstractContextManager[Workers],
    saved: Results,
    progress: Progress,
) -> list[Unit]:
    """Recognize and save units; return the units that were saved, which may be parts of them."""
    # The largest first, so that no worker ends up alone with a long video.
    pending = sorted(units, key=lambda unit: unit.size, reverse=True)
    done: list[Unit] = []

    def recognized() -> Iterator[File]:
        landmarks = saved.settings["landmarks"]
        with (
            opened as workers,
            contextlib.closing(recognize_units(pending, workers, landmarks=landmarks)) as parts,
        ):
            for part in parts:
                saved.save(part)
                done.append(part.unit)
                yield from part.unit.files

    for _ in progress(recognized(), sum(len(unit.files) for unit in pending)) if pending else ():
        pass
    return done


def _write_table(
    files: list[File],
    units: list[Unit],
    saved: Results,
    format: Format,
    baselines: Baselines | None,
    *,
    tidy: bool,
) -> Summary:
    summary = Summary(saved.path / TABLES[format], len(files))
    rows_by_file = saved.rows_by_file(files, units)
    if baselines is not None:
        rows_by_file = compared(baselines, rows_by_file, saved.settings)
    rows = _counted(rows_by_file, summary)
    landmarks = saved.settings.landmarks
    if saved.settings["landmarks"] and not landmarks:
        rows = ({name: row[name] for name in row if name != "landmarks"} for row in rows)
    summary.written = write_table(
        rows,
        summary.table,
        format,
        landmarks=landmarks,
        emotions=saved.settings.model.emotions,
    )
    if tidy:  # otherwise files that are missing may be back the next time
        with contextlib.suppress(OutputError):
            saved.tidy(units)
    return summary


def _units(files: list[File], saved: Results) -> list[Unit]:
    """Make units; one that an earlier run had to divide into its files stays divided."""
    units: list[Unit] = []
    for unit in make_units(files):
        single = [Unit((file,)) for file in unit.files]
        units += single if unit not in saved and any(s in saved for s in single) else [unit]
    return units


def _inventory(files: list[File], left_out: Counter[str], n_done: int) -> str:
    n_videos = sum(file.video for file in files)
    text = f"{plural(len(files) - n_videos, 'image')} and {plural(n_videos, 'video')}"
    if n_done:
        text += f", {n_done:,} of them done before"
    if left_out:
        kinds = [f"{n:,} {suffix or 'without suffix'}" for suffix, n in left_out.most_common()]
        kinds[_KINDS:] = ["..."] if len(kinds) > _KINDS else []
        text += f"; left out {plural(left_out.total(), 'file')} of other kinds: {', '.join(kinds)}"
    return text


def _counted(rows_by_file: Iterable[tuple[File, Iterable[Row]]], summary: Summary) -> Iterator[Row]:
    for file, rows in rows_by_file:
        has_result, error = False, ""
        for row in rows:
            summary.rows += 1
            error = row.get("error", "")
            has_result = has_result or not error
            yield row
        if error:
            summary.incomplete += has_result
            summary.unreadable += not has_result
            summary.first_error = summary.first_error or f"{file.name}: {error}"
