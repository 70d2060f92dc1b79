"""A CSV file that lists images and their emotions; AffectNet is such a file with codes."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from landmark_emotion.emotions import MAX_CLASSES
from landmark_emotion.errors import DatasetError
from landmark_emotion.files.csv_files import MAX_ROWS, named_file, open_csv
from landmark_emotion.files.folders import walk_files
from landmark_emotion.sources.images import IMAGE_SUFFIXES
from landmark_emotion.training.datasets.damage import Damage
from landmark_emotion.training.datasets.labels import CODES, Labels, questions
from landmark_emotion.training.datasets.names import identity_from_name
from landmark_emotion.training.datasets.samples import Dataset, Sample

_AFFECTNET = "subdirectory_filepath"
# Names of the columns, the best first; spaces, points and dashes count as underscores.
_NAMES = {
    "path": ("path", "file", "filename", "file_name", "filepath", "file_path", "image")
    + ("image_path", "imagepath", "image_name", "image_file", "img", "img_path", "img_name")
    + ("photo", "picture", "pth", _AFFECTNET, "name"),
    "emotion": ("emotion", "label", "class", "expression", "emotion_label", "class_name")
    + ("label_name", "emotion_name", "category", "target"),
    "subject": ("subject", "subject_id", "person", "person_id", "identity", "participant")
    + ("participant_id", "actor"),
    "sequence": ("sequence", "sequence_id", "video", "clip"),
}
_NEEDED = ("path", "emotion")
_TRIED = 20  # rows whose images are tried to find out where images are


class _Row(NamedTuple):
    path: str
    emotion: str
    subject: str
    sequence: str


def read_manifest(path: Path, labels: Labels | None = None) -> Dataset:
    """Read a manifest with columns for path and emotion, and optionally subject and sequence.

    It is a CSV file in UTF-8, separated by commas, semicolons or tabs. Paths are relative to its
    folder; if there are no such images, images of the same names in folders below are taken. There
    is one sample per usable row, in the same order.

    Raises
    ------
    DatasetError
        If the file cannot be read, lacks a column or its labels are numbers without a meaning.
    """
    labels = labels or Labels()
    notes: list[str] = []
    left_out: Counter[str] = Counter()
    damage = Damage()
    columns, found = _open(path, damage)
    rows = list(islice(found, MAX_ROWS + 1))
    if len(rows) > MAX_ROWS:
        raise DatasetError(f"{path}: more than {MAX_ROWS:,} rows; split it")
    damage.report(path, notes.append)
    affectnet = columns["path"] == _AFFECTNET and columns["emotion"] == "expression"
    if affectnet and not labels.meanings:
        labels = replace(labels, meanings=CODES["affectnet"])
    names = Counter(row.emotion for row in rows if row.emotion)
    meaning = _meanings(path, names, labels, affectnet, notes)
    where = _images(path, rows, notes)
    samples = []
    for row in rows:
        emotion = meaning.get(row.emotion)
        if not row.path:
            left_out["row without a path"] += 1
        elif "\0" in row.path:
            left_out["row with an impossible path"] += 1
        elif emotion is None:
            what = "expression" if affectnet else "unknown emotion"
            left_out[f"row with the {what} {row.emotion[:40]!r}"] += 1
        else:
            image = where.get(PureWindowsPath(row.path).name) or named_file(path.parent, row.path)
            subject, sequence = identity_from_name(image)
            identity = row.subject or subject, row.sequence or sequence
            samples.append(Sample(image, emotion, *identity))
    layout = "AffectNet" if affectnet else "manifest"
    return Dataset(layout, samples, left_out, notes=tuple(notes))


def is_manifest(path: Path) -> bool:
    """Return whether a file is a CSV file with columns for path and emotion."""
    try:
        _open(path, Damage())
    except DatasetError:
        return False
    return True


def _open(path: Path, damage: Damage) -> tuple[dict[str, str], Iterator[_Row]]:
    """Return the names of the needed columns, and the rows, which are read when asked for."""
    header, rows = open_csv(path, damage.add)
    found = [re.sub(r"[ .-]", "_", name) for name in header]
    columns = {
        column: next(name for name in names if name in found)
        for column, names in _NAMES.items()
        if not set(names).isdisjoint(found)
    }
    for needed in _NEEDED:
        if needed not in columns:
            raise DatasetError(
                f"{path}: has no column '{needed}'; name path and emotion in the first line"
            )
    at = [found.index(columns[name]) if name in columns else len(header) for name in _NAMES]
    pad = [""] * (len(header) + 1)
    return columns, (
        _Row(*((cells[: len(header)] + pad)[column] for column in at)) for cells in rows
    )


def _meanings(
    path: Path, names: Counter[str], labels: Labels, affectnet: bool, notes: list[str]
) -> dict[str, str | None]:
    """Return the class of each label."""
    numbers = [name for name in names if name.isdecimal()]
    if names and len(numbers) == len(names) and not labels.meanings:
        raise DatasetError(
            f"{path}: its emotions are numbers ({', '.join(sorted(numbers)[:3])} ...), which mean "
            "something else in every data set; say what they mean with --labels 0=anger,1=disgust "
            f"and so on, or {', '.join(f'--labels {name}' for name in CODES)}"
        )
    meaning, own = labels.interpret(names)
    classes = sorted({name for name in meaning.values() if name})
    if own and len(classes) > MAX_CLASSES:
        raise DatasetError(
            f"{path}: {len(classes)} labels and none is an emotion; name the classes with "
            f"--emotions, at most {MAX_CLASSES}"
        )
    if own and len(classes) == 1:
        return {}
    if own and classes:
        notes.append(
            f"note: {path}: no label is an emotion, so each is a class: {', '.join(classes)}; name "
            "some with --emotions to leave the others out"
        )
    if not affectnet:
        unknown = [name for name in names if (labels(name) if own else meaning[name]) is None]
        notes += questions(path, unknown, own)
    return meaning


def _images(path: Path, rows: list[_Row], notes: list[str]) -> dict[str, Path]:
    """Return images below the manifest by name, if they are not where it says; else nothing."""
    tried = [named_file(path.parent, row.path) for row in islice(rows, _TRIED) if row.path]
    if not tried or any(_is_file(image) for image in tried):
        return {}
    by_name: dict[str, Path] = {}
    twice = set()
    for file in walk_files(path.parent):
        if file.suffix.lower() in IMAGE_SUFFIXES:
            twice.update({file.name} & by_name.keys())
            by_name[file.name] = file
    where = {name: file for name, file in by_name.items() if name not in twice}
    found = [row for row in rows if PureWindowsPath(row.path).name in where]
    if not found:
        return {}
    notes.append(
        f"note: {path}: its paths are wrong; {len(found):,} images of the same names were found in "
        f"folders below {path.parent}"
    )
    return where


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # such as a name that is too long, or with a null character
        return False
