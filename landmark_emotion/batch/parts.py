"""The folder of the results: what is done already, and that nothing else is mixed with it."""

import contextlib
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from landmark_emotion.batch.settings import Settings
from landmark_emotion.batch.units import Unit
from landmark_emotion.errors import OutputError
from landmark_emotion.files.writing import replace_atomically

RECORD = "batch.json"
PARTS = "parts"


class Parts:
    """The rows of units, each in a file that is named by what they depend on.

    Parameters
    ----------
    results : Path
        The folder of the results; made with the first part.
    settings : Settings
        How the rows are made.
    """

    def __init__(self, results: Path, settings: Settings) -> None:
        self.results = results
        self._folder = results / PARTS
        self._settings = settings

    def claim(
        self, folder: Path, units: Iterable[Unit], tables: Iterable[str], *, restart: bool
    ) -> None:
        """Make sure that the results belong to this job, or make them so.

        Parameters
        ----------
        folder : Path
            Where the units' files are.
        units : iterable of Unit
            All of the job.
        tables : iterable of str
            Names of files that a job leaves in the results.
        restart : bool
            Forget what is done.

        Raises
        ------
        OutputError
            If the results are of another folder, other settings or something else, or cannot be
            written.
        """
        path = self.results / RECORD
        settings = json.loads(json.dumps(dict(self._settings.known)))
        now = {"folder": str(folder), "settings": settings}
        before = None
        try:
            before = json.loads(path.read_bytes())
            settings_before, folder_before = dict(before["settings"]), str(before["folder"])
        except FileNotFoundError:
            for name in (*tables, PARTS):
                if (self.results / name).exists():
                    raise OutputError(
                        f"{self.results}: holds '{name}', which is of something else; choose "
                        "another folder"
                    ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            if not restart:
                raise OutputError(
                    f"{path}: damaged or of something else; choose another folder or begin anew "
                    "with --restart"
                ) from error
            before = None
        if restart:
            self._remove(self._all())
        elif before is not None and self._all():
            changes = [
                _change(name, settings_before.get(name), value)
                for name, value in settings.items()
                if settings_before.get(name) != value
            ]
            if changes:
                raise OutputError(
                    f"{self.results}: was begun with other settings ({'; '.join(changes)}); give "
                    "the same, choose another folder or begin anew with --restart"
                )
            # Who has moved the folder goes on; who names the wrong one finds nothing known.
            if folder_before != str(folder) and not any(unit in self for unit in units):
                raise OutputError(
                    f"{self.results}: holds results of {folder_before}; choose another folder or "
                    "begin anew with --restart"
                )
        if before != now:
            replace_atomically(path, json.dumps(now, indent=2).encode())

    def __contains__(self, unit: Unit) -> bool:
        return self._path(unit).is_file()

    def keep(self, unit: Unit, part: bytes) -> None:
        """Write the rows of a unit; it is in the parts from then on, even after a power cut."""
        replace_atomically(self._path(unit), part)

    def rows(self, unit: Unit) -> Iterator[dict[str, Any]]:
        """Read the rows of a unit.

        Parameters
        ----------
        unit : Unit
            Has been kept.

        Yields
        ------
        dict
            As from `records.json_row`.

        Raises
        ------
        OutputError
            If they are damaged; they are removed then.
        """
        path = self._path(unit)
        missing = {file.name for file in unit.files}
        try:
            with gzip.open(path, "rt", encoding="ascii") as lines:
                for line in lines:
                    row = json.loads(line)
                    missing.discard(row["source"])
                    yield row
            if missing:
                raise EOFError
        # Half of a file, or what a failing disk has made of it.
        except (OSError, zlib.error, EOFError, ValueError, TypeError, KeyError) as error:
            self._remove([path])
            raise OutputError(
                f"{path}: was damaged and has been removed; run the same command once more"
            ) from error

    def tidy(self, units: Iterable[Unit]) -> None:
        """Remove parts of other units than these."""
        known = {self._path(unit) for unit in units}
        with contextlib.suppress(OutputError):
            self._remove(path for path in self._all() if path not in known)

    def _path(self, unit: Unit) -> Path:
        about = [[file.name, file.size, file.modified] for file in unit.files]
        text = json.dumps([self._settings.known, about])
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.jsonl.gz"

    def _all(self) -> list[Path]:
        return list(self._folder.glob("*.jsonl.gz"))

    def _remove(self, paths: Iterable[Path]) -> None:
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(
                    f"{path}: cannot be removed ({error.strerror or error}); remove it by hand"
                ) from error


def _change(name: str, before: Any, now: Any) -> str:
    if name in ("model", "predictor", "neutral"):
        return f"another {name}"
    return f"{name} {before}, now {now}"
