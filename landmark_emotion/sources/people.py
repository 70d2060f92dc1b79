"""Whose images and videos there are: people named in a CSV file, or by folders."""

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from landmark_emotion.errors import Notify
from landmark_emotion.files.csv_files import named_file, read_csv

_TIME = r"(?:\d+:)?(?:\d+:)?\d+(?:\.\d+)?"
_INTERVAL = re.compile(rf"({_TIME})\s*-\s*({_TIME})")


@dataclass(frozen=True)
class NeutralSource:
    """Where a person's neutral face is.

    Attributes
    ----------
    path : Path
        A photo or a video.
    interval : tuple of (float, float) or None
        Start and end in a video, in seconds; None for a photo.
    where : str
        Where this is written, for messages.
    """

    path: Path
    interval: tuple[float, float] | None
    where: str


@dataclass(frozen=True)
class People:
    """Whose sources there are.

    Attributes
    ----------
    person_of : mapping of str to str
        The person of each source that has one, by the name of the source.
    neutral : mapping of str to NeutralSource
        Where the neutral face of a person is, for those of whom it is known.
    """

    person_of: Mapping[str, str] = field(default_factory=dict)
    neutral: Mapping[str, NeutralSource] = field(default_factory=dict)


def people_by_folder(sources: Mapping[str, Path]) -> People:
    """Take each folder for a person; ``sources`` are the files by their names."""
    folders = {name: os.path.abspath(path.parent) for name, path in sources.items()}  # noqa: PTH100
    root = ""
    with contextlib.suppress(ValueError):  # there is none, or they are on several drives
        root = os.path.commonpath(folders.values())
    return People({name: _person(folder, root) for name, folder in folders.items()})


def _person(folder: str, root: str) -> str:
    if not root:
        return folder
    return Path(os.path.relpath(folder, root)).as_posix() if folder != root else Path(root).name


def read_people(path: Path, sources: Mapping[str, Path], base: Path, notify: Notify) -> People:
    """Read a CSV file with the columns source and person, and optionally neutral.

    A source is relative to the folder of the CSV file, or else to ``base``. Its neutral face is a
    photo, also relative, or an interval of a video: ``1.5-3`` in seconds, or ``1:02-1:04``.

    Parameters
    ----------
    path : Path
        The file, as `csv_files.read_csv` reads it.
    sources : mapping of str to Path
        The files of the job by their names.
    base : Path
        Second folder to which sources may be relative.
    notify : callable
        Receives a line about each row that cannot be used, and one about files that are not listed.

    Raises
    ------
    DatasetError
        If the file cannot be read, is not CSV or lacks a column.
    """
    return _Reader(path, sources, base, notify).read()


class _Reader:
    def __init__(self, path: Path, sources: Mapping[str, Path], base: Path, notify: Notify) -> None:
        self._path, self._base, self._notify = path, base, notify
        self._names = {os.path.realpath(source): name for name, source in sources.items()}
        self._person_of: dict[str, str] = {}
        self._neutral: dict[str, NeutralSource] = {}

    def read(self) -> People:
        for line, row in enumerate(read_csv(self._path, ("source", "person")), start=2):
            where = f"{self._path}: line {line}"
            problem = self._add(row, where)
            if problem:
                self._notify(f"error: {where}: {problem}")
        missing = len(self._names.keys()) - len(self._person_of)
        if missing:
            self._notify(
                f"note: {self._path}: does not list {missing} of {len(self._names)} files, which "
                "have no person"
            )
        return People(self._person_of, self._neutral)

    def _add(self, row: dict[str, str], where: str) -> str:
        """Use a row; return what is wrong with it."""
        source, person, neutral = row["source"], row["person"], row.get("neutral", "")
        if not source or "\0" in source + neutral:
            return "has no source; name a file"
        if not person:
            return f"{source}: has no person; name one or remove the line"
        file = self._find(source)
        if file is None:
            return f"{source}: no such file; correct the path"
        name = self._names.get(os.path.realpath(file))
        if name is None:
            return f"{source}: is not among the files to read; add it or remove the line"
        if name in self._person_of:
            if self._person_of[name] == person:
                return f"{source}: is listed twice; remove one of the lines"
            return f"{source}: is of {self._person_of[name]} by a line above; keep one of them"
        self._person_of[name] = person
        return self._add_neutral(person, neutral, file, where) if neutral else ""

    def _add_neutral(self, person: str, neutral: str, file: Path, where: str) -> str:
        interval = _INTERVAL.fullmatch(neutral)
        if interval is None:
            photo = self._find(neutral)
            if photo is None:
                return f"{neutral}: no such file; name a photo, or an interval such as 1.5-3"
            found = NeutralSource(photo, None, where)
        else:
            start, end = map(_seconds, interval.groups())
            if start >= end:
                return f"{neutral}: ends before it starts; write start-end in seconds"
            found = NeutralSource(file, (start, end), where)
        known = self._neutral.setdefault(person, found)
        if (known.path, known.interval) != (found.path, found.interval):
            return f"{neutral}: {person} has another neutral face by a line above; keep one of them"
        return ""

    def _find(self, name: str) -> Path | None:
        for folder in (self._path.parent, self._base):
            file = named_file(folder, name)
            try:
                if file.exists():
                    return file
            except OSError:  # such as a name that is too long
                continue
        return None


def _seconds(text: str) -> float:
    total = 0.0
    for part in text.split(":"):
        total = 60 * total + float(part)
    return total
