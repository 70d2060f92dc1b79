"""Class folders: folders named after emotions or other classes, with the images inside."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import takewhile
from pathlib import Path

from landmark_emotion.emotions import MAX_CLASSES
from landmark_emotion.errors import DatasetError
from landmark_emotion.sources.images import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES
from landmark_emotion.training.datasets.labels import CODES, Labels, label_key, questions
from landmark_emotion.training.datasets.names import FRAME_NAME, identity_from_name
from landmark_emotion.training.datasets.samples import (
    CHOOSE,
    LEARN,
    TEST,
    Dataset,
    Sample,
    unsupported,
)

_SPLIT = re.compile(
    r"(train|test|valid|val|dev|eval)(ing|ation|uation)?([ _-]?(set|data|images))?"
    r"|(private|public)[ _-]?test",
    re.IGNORECASE,
)
# Folders inside class folders that are neither people nor parts of a data set.
_KIND = re.compile(
    r"(fe)?males?|(wo)?men|front(al)?|left|right|side|profile|aligned|original|cropped|gr[ae]y"
    r"|colou?r|raw|augmented|images?|pictures|photos|faces|(batch|part|new|old|copy|backup).*",
    re.IGNORECASE,
)
_CK_SUBJECT = re.compile(r"S\d{2,4}", re.IGNORECASE)
_CK_SEQUENCE = re.compile(r"\d{2,4}")

Parts = tuple[str, ...]
"""Names of the folders between the root of a data set and an image."""

Place = tuple[int, str]
"""Which of the parts names the class, and the class."""


def read_class_folders(root: Path, files: list[Path], labels: Labels) -> Dataset | None:
    """Read all images below class folders such as ``anger/``, ``Happy/`` or ``train/afraid/``.

    The class is that of the innermost folder that names one. Two-letter codes, which may as well
    be the initials of people, count only where no word does.

    Returns
    -------
    Dataset or None
        None if no folder with images is named after an emotion or a class of `labels`.
    """
    folders = _folders(root, files)
    names = {name for parts in folders.values() for name in parts}
    codes = {name: labels(name) for name in names if _is_code(name, labels)}
    meaning, own = labels.interpret(names - codes.keys())
    if own or not any(meaning.values()):
        meaning, codes = {}, _codes(folders, labels)
    places = {
        path: _place(parts, meaning) or _place(parts, codes) for path, parts in folders.items()
    }
    if not any(places.values()):
        return None
    notes = _competing(root, folders, meaning)
    unknown = _unknown(folders, places)
    notes += questions(root, unknown.values(), own=False)
    left_out = Counter(
        f"image in {unknown[path]!r}, which names no emotion"
        for path in unknown
        if path.suffix.lower() in IMAGE_SUFFIXES
    )
    frames = sum(FRAME_NAME.match(path.name) is not None for path in folders)
    layout = "class folders" + " of CK+ frames, as CK+48" * (2 * frames > len(folders))
    return _dataset(layout, root, folders, places, left_out + unsupported(files), notes)


def read_own_folders(root: Path, files: list[Path], labels: Labels) -> Dataset | None:
    """Read folders that are classes of their own, as none of them is an emotion but neutral.

    They are the first folders below the root that are not parts of the data set such as ``train``.

    Returns
    -------
    Dataset or None
        None if there are fewer than two such folders.

    Raises
    ------
    DatasetError
        If they are numbers, which mean something else in every data set, or too many.
    """
    folders = _folders(root, files)
    levels = zip(*set(folders.values()), strict=False)
    around = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
    found = {path: _first(parts, around) for path, parts in folders.items()}
    names = {place[1] for place in found.values() if place}
    if len(names) < 2:
        return None
    if all(name.strip().isdecimal() for name in names):
        raise DatasetError(
            f"{root}: the folders {', '.join(sorted(names)[:3])} ... are numbers, which mean "
            "something else in every data set; say what they mean with --labels 0=anger,1=disgust "
            f"and so on, or {', '.join(f'--labels {name}' for name in CODES)}"
        )
    if not labels.own:
        return None
    meaning, _ = labels.interpret(names)
    classes = sorted({name for name in meaning.values() if name})
    if len(classes) > MAX_CLASSES:
        raise DatasetError(
            f"{root}: {len(classes)} folders and none names an emotion; name the classes with "
            f"--emotions, at most {MAX_CLASSES}"
        )
    places = {
        path: (place[0], name) if place and (name := meaning[place[1]]) else None
        for path, place in found.items()
    }
    left_out = Counter(
        f"image in {path.parent.name!r}, which is no name for a class"
        for path, place in places.items()
        if place is None and path.suffix.lower() in IMAGE_SUFFIXES
    )
    notes = [
        f"note: {root}: no folder names an emotion, so each is a class: {', '.join(classes)}; name "
        "some with --emotions to leave the others out"
    ]
    notes += questions(root, [name for name in names if labels(name) is None], own=True)
    layout = "folders of other classes than emotions"
    return _dataset(layout, root, folders, places, left_out + unsupported(files), notes)


def _folders(root: Path, files: Iterable[Path]) -> dict[Path, Parts]:
    suffixes = IMAGE_SUFFIXES | UNSUPPORTED_SUFFIXES
    return {
        path: path.relative_to(root).parts[:-1] for path in files if path.suffix.lower() in suffixes
    }


def _is_code(name: str, labels: Labels) -> bool:
    return len(name) < 3 and name.isalpha() and label_key(name) not in labels.meanings


def _codes(folders: Mapping[Path, Parts], labels: Labels) -> dict[str, str | None]:
    """Return the meaning of the first folders below the root that all are two-letter codes."""
    for depth in range(max(map(len, folders.values()), default=0)):
        names = {parts[depth] for parts in folders.values() if len(parts) > depth}
        meaning = {name: labels(name) for name in names}
        if len(names) > 1 and all(_is_code(name, labels) and meaning[name] for name in names):
            return meaning
    return {}


def _place(parts: Parts, meaning: Mapping[str, str | None]) -> Place | None:
    named = [(index, name) for index, part in enumerate(parts) if (name := meaning.get(part))]
    return named[-1] if named else None


def _competing(
    root: Path, folders: Mapping[Path, Parts], meaning: Mapping[str, str | None]
) -> list[str]:
    """Tell of folders of one emotion inside those of another."""
    pairs: dict[Parts, None] = {}
    for parts in folders.values():
        named = [part for part in parts if meaning.get(part)]
        if len({meaning[part] for part in named}) > 1:
            pairs[tuple(named[-2:])] = None
    return [
        f"note: {root}: {inner!r} inside {outer!r}: images there are taken as {meaning[inner]}; "
        "rename one of the folders if that is wrong"
        for outer, inner in pairs
    ]


def _unknown(folders: Mapping[Path, Parts], places: Mapping[Path, Place | None]) -> dict[Path, str]:
    """Return the outermost folder without a class folder inside, for each image without a class."""
    above = {
        folders[path][:depth]
        for path, place in places.items()
        if place
        for depth in range(place[0] + 1)
    }
    unknown = {}
    for path, place in places.items():
        if place is None:
            parts = folders[path]
            outside = [part for depth, part in enumerate(parts, 1) if parts[:depth] not in above]
            unknown[path] = outside[0] if outside else path.parent.name
    return unknown


def _first(parts: Parts, depth: int) -> Place | None:
    """Return the first folder from a depth on that is not a split, and its depth."""
    while depth < len(parts) and _SPLIT.fullmatch(parts[depth]):
        depth += 1
    return (depth, parts[depth]) if depth < len(parts) else None


def _dataset(
    layout: str,
    root: Path,
    folders: Mapping[Path, Parts],
    places: Mapping[Path, Place | None],
    left_out: Counter[str],
    notes: list[str],
) -> Dataset:
    """Make samples of the images that have a class."""
    placed = {
        path: place
        for path, place in places.items()
        if place and path.suffix.lower() in IMAGE_SUFFIXES
    }
    within = {path: folders[path][place[0] + 1 :] for path, place in placed.items()}
    people, told = _people(root, within, placed)
    parts = {
        path: next(filter(_SPLIT.fullmatch, folders[path][: place[0]]), "")
        for path, place in placed.items()
    }
    splits = set(parts.values()) - {""}
    together = ""
    if len(splits) > 1:
        together = (
            f"note: {root}: {' and '.join(sorted(splits))} are read together; name one of these "
            "folders to read it alone"
        )
    samples = [
        Sample(
            path,
            emotion,
            *(identity_from_name(path) if path not in people else people[path]),
            part=_part(parts[path]) if len(splits) > 1 else "",
        )
        for path, (_, emotion) in placed.items()
    ]
    return Dataset(layout, samples, left_out, notes=(*notes, *told), together=together)


def _part(name: str) -> str:
    """Return the part of a data set that a folder such as ``train`` or ``val`` holds."""
    name = name.lower()
    if name.startswith("train"):
        return LEARN
    return CHOOSE if name.startswith(("val", "dev", "public")) else TEST if name else ""


def _people(
    root: Path, within: Mapping[Path, Parts], placed: Mapping[Path, Place]
) -> tuple[dict[Path, tuple[str, str]], list[str]]:
    """Return subject and sequence of images in the folders of people inside class folders.

    These are folders as in CK (``S001/007``), and folders of which some have the same name in
    several classes or all are short as initials. The user is told.
    """
    people: dict[Path, tuple[str, str]] = {}
    classes = defaultdict(set)
    for path, parts in within.items():
        parts = tuple(part for part in parts if not _SPLIT.fullmatch(part))
        if not parts or _KIND.fullmatch(parts[0]) or any(identity_from_name(path)):
            continue
        subject, sequence = parts[0], ""
        if _CK_SUBJECT.fullmatch(subject):
            subject = subject.upper()
            if len(parts) > 1 and _CK_SEQUENCE.fullmatch(parts[1]):
                sequence = f"{subject}_{parts[1]}"
        people[path] = subject, sequence
        classes[subject].add(placed[path][1])
    initials = all(len(name) < 4 or _CK_SUBJECT.fullmatch(name) for name in classes)
    if not people or not (initials or any(len(shown) > 1 for shown in classes.values())):
        return {}, []
    names = [name if name.isprintable() else repr(name) for name in sorted(classes)]
    listed = ", ".join(names[:3]) + " ..." * (len(names) > 3)
    return people, [
        f"note: {root}: the folders inside the class folders ({listed}) are taken as people; if "
        "they are not, list the images in a manifest"
    ]
