"""The folder of results: the saved rows of units, and the table made of them."""

import contextlib
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from landmark_emotion.batch.recognition import Part
from landmark_emotion.batch.settings import Settings
from landmark_emotion.batch.units import File, Unit
from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.errors import OutputError
from landmark_emotion.files.csv_table import csv_table
from landmark_emotion.files.writing import replace_atomically, writing, written_gradually
from landmark_emotion.show.rows import columns, flat_row
from landmark_emotion.show.tables import ParquetRows

Format = Literal["csv", "json", "parquet"]

TABLES: Mapping[Format, str] = {
    "csv": "results.csv",
    "json": "results.jsonl",
    "parquet": "results.parquet",
}
"""File name of the table in the results folder."""

Row = dict[str, Any]
"""As `show.rows.json_row` returns it."""

_OTHER = "choose another folder or start over with --restart"


class Results:
    """A folder with the rows of each unit, in a file named by all that they depend on.

    Parameters
    ----------
    path : Path
        The folder; created with the first file in it.
    settings : Settings
        How the rows are made.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._record, self._parts = path / "batch.json", path / "parts"
        self.settings = settings

    def claim(self, folder: Path, units: Iterable[Unit], *, restart: bool) -> None:
        """Make sure that the results are of this job; delete those of earlier runs on `restart`.

        Raises
        ------
        OutputError
            If they are of another job or program, or cannot be written.
        """
        before = self._read_record(restart)
        now: Row = {"folder": str(folder), "settings": dict(self.settings.known)}
        if restart:
            self.tidy(())
        elif before and any(self._parts.glob("*.gz")):
            changes = [
                f"another {name}" if _is_digest(name) else f"{name} {was}, now {value}"
                for name, value in now["settings"].items()
                if (was := before["settings"].get(name)) != value
            ]
            if changes:
                raise OutputError(
                    f"{self.path}: begun with other settings ({'; '.join(changes)}); use the "
                    f"same, {_OTHER}"
                )
            # A folder that was moved still has files with saved rows; a wrong one has none.
            if before["folder"] != str(folder) and not any(unit in self for unit in units):
                raise OutputError(f"{self.path}: holds results of {before['folder']}; {_OTHER}")
        if before != now:
            replace_atomically(self._record, json.dumps(now, indent=2).encode())

    def _read_record(self, restart: bool) -> Row | None:
        try:
            record = json.loads(self._record.read_bytes())
            return {"folder": str(record["folder"]), "settings": dict(record["settings"])}
        except FileNotFoundError:
            for name in (*TABLES.values(), self._parts.name):
                if (self.path / name).exists():
                    raise OutputError(
                        f"{self.path}: holds '{name}', but not from a batch; choose another folder"
                    ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            if not restart:
                raise OutputError(
                    f"{self._record}: damaged, or not from a batch; {_OTHER}"
                ) from error
        return None

    def __contains__(self, unit: Unit) -> bool:
        """Whether the unit has final rows."""
        return self._file(unit).is_file()

    def save(self, part: Part) -> None:
        """Write the rows of a unit; from then on they survive a power cut."""
        replace_atomically(self._file(part.unit, part.final), part.rows)

    def tidy(self, units: Iterable[Unit]) -> None:
        """Remove saved rows of other units than these."""
        needed = {self._saved(unit) for unit in units}
        for path in self._parts.glob("*.gz"):
            if path not in needed:
                with writing(path):
                    path.unlink(missing_ok=True)

    def rows_by_file(
        self, files: Iterable[File], units: Iterable[Unit]
    ) -> Iterator[tuple[File, Iterable[Row]]]:
        """Read the saved rows of files, which are all in one of the units.

        Yields
        ------
        file : File
            One of `files`, in their order.
        rows : iterable of Row
            Its rows, at least one.

        Raises
        ------
        OutputError
            If saved rows are damaged; they are removed, so that the next run makes them again.
        """
        unit_of = {file: unit for unit in units for file in unit.files}
        last: Unit | None = None
        known: dict[str, list[Row]] = {}
        for file in files:
            unit = unit_of[file]
            if file.video:  # may have more rows than fit into memory
                yield file, self._rows(unit)
                continue
            if unit != last:  # neighbors share a unit
                grouped = groupby(self._rows(unit), key=lambda row: str(row["source"]))
                last, known = unit, {name: list(rows) for name, rows in grouped}
            yield file, known[file.name]

    def _rows(self, unit: Unit) -> Iterator[Row]:
        path = self._saved(unit)
        missing = {file.name for file in unit.files}
        try:
            with gzip.open(path, "rt", encoding="ascii") as lines:
                for line in lines:
                    row = json.loads(line)
                    missing.discard(row["source"])
                    yield row
            if missing:
                raise EOFError
        except (OSError, zlib.error, EOFError, ValueError, TypeError, KeyError) as error:
            with writing(path):
                path.unlink(missing_ok=True)
            raise OutputError(
                f"{path}: was damaged and has been removed; run the same command again"
            ) from error

    def _saved(self, unit: Unit) -> Path:
        return self._file(unit, final=unit in self)

    def _file(self, unit: Unit, final: bool = True) -> Path:
        about = [[file.name, file.size, file.modified] for file in unit.files]
        digest = hashlib.sha256(json.dumps([self.settings.known, about]).encode()).hexdigest()
        return self._parts / f"{digest[:24]}{'' if final else '-retry'}.jsonl.gz"


def write_table(
    rows: Iterable[Row],
    path: Path,
    format: Format,
    *,
    landmarks: bool,
    emotions: Sequence[str] = EMOTIONS,
) -> bool:
    """Write a table, whole or not at all.

    Returns
    -------
    bool
        False if all rows are errors and an earlier table was therefore kept.

    Raises
    ------
    OutputError
        If the table cannot be written; the old one is left as it was.
    """
    keep = not path.exists()

    def noted() -> Iterator[Row]:
        nonlocal keep
        for row in rows:
            keep = keep or "error" not in row
            yield row

    with written_gradually(path) as draft:
        if format == "parquet":
            table = ParquetRows(draft.path, landmarks=landmarks, emotions=emotions)
            with contextlib.closing(table):
                for row in noted():
                    table.append(row)
        else:
            with draft.path.open(
                "w", encoding="utf-8", errors="surrogateescape", newline=""
            ) as stream:
                if format == "json":
                    stream.writelines(json.dumps(row) + "\n" for row in noted())
                else:
                    names = columns(landmarks, emotions)
                    write = csv_table(stream, names)
                    for row in noted():
                        write(flat_row(row, names))
        if keep:
            with draft.path.open("rb+") as file:  # Windows syncs only what is open for writing
                os.fsync(file.fileno())
            draft.keep()
    return keep


def _is_digest(name: str) -> bool:
    return name in ("model", "predictor", "neutral")
