"""All rows in one file, in the natural order of the images and videos."""

import contextlib
import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from landmark_emotion.batch.parts import Parts
from landmark_emotion.batch.units import File, Unit
from landmark_emotion.files.writing import put_in_place, scratch_folder, writing
from landmark_emotion.show.rows import columns, flat_row, json_row
from landmark_emotion.show.tables import ParquetRows

Format = Literal["csv", "json", "parquet"]

TABLES: Mapping[Format, str] = {
    "csv": "results.csv",
    "json": "results.jsonl",
    "parquet": "results.parquet",
}
"""What the table is called in the folder of the results."""

DIED = "the process that read it died; take it out or free some memory"

Row = dict[str, Any]
"""As from `rows.json_row`."""


def rows_by_file(
    files: Iterable[File], units: Iterable[Unit], parts: Parts
) -> Iterator[Iterable[Row]]:
    """Give the rows of each file.

    Parameters
    ----------
    files : iterable of File
        In the order that is wanted.
    units : iterable of Unit
        Every file is in one of them.
    parts : Parts
        The rows of the units; without these are files that no worker survives.

    Yields
    ------
    iterable of dict
        Rows of `rows.json_row`, at least one.

    Raises
    ------
    OutputError
        If a part is damaged, at the latest while its rows are gone through.
    """
    unit_of = {file: unit for unit in units for file in unit.files}
    last: Unit | None = None
    known: dict[str, list[Row]] = {}
    for file in files:
        unit = unit_of[file]
        if unit not in parts:
            yield [json_row(file.name, 0, 0.0, None, DIED)]
        elif file.video:  # may have more rows than fit into memory
            yield parts.rows(unit)
        else:
            if unit != last:  # neighbors share one
                grouped = groupby(parts.rows(unit), key=lambda row: str(row["source"]))
                last, known = unit, {name: list(rows) for name, rows in grouped}
            yield known[file.name]


def write_table(rows: Iterable[Row], path: Path, format: Format, *, landmarks: bool) -> None:
    """Write a table whole or not at all.

    Parameters
    ----------
    rows : iterable of dict
        From `rows_by_file`.
    path : Path
        Where to; its folder exists.
    format : {"csv", "json", "parquet"}
        The columns of CSV and Parquet are those of `rows.flat_row`.
    landmarks : bool
        Whether rows have landmarks.

    Raises
    ------
    OutputError
        If it cannot be written; the old table is untouched then.
    """
    with writing(path), scratch_folder(path.parent) as scratch:
        temporary = scratch / path.name
        if format == "parquet":
            _write_parquet(rows, temporary, landmarks)
        else:
            _write_text(rows, temporary, format, landmarks)
        with temporary.open("rb+") as file:  # on Windows fsync wants it open for writing
            os.fsync(file.fileno())
        put_in_place(temporary, path)


def _write_parquet(rows: Iterable[Row], path: Path, landmarks: bool) -> None:
    with contextlib.closing(ParquetRows(path, landmarks=landmarks)) as table:
        for row in rows:
            table.append(flat_row(row, landmarks=landmarks))


def _write_text(rows: Iterable[Row], path: Path, format: Format, landmarks: bool) -> None:
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        if format == "json":
            stream.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(stream, columns(landmarks), lineterminator="\n")
            writer.writeheader()
            writer.writerows(flat_row(row, landmarks=landmarks) for row in rows)
