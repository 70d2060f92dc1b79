"""Folders named after emotions, with the images of each inside."""

from collections.abc import Iterable
from pathlib import Path

from landmark_emotion.emotions import parse_emotion
from landmark_emotion.sources.images import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES
from landmark_emotion.training.datasets.samples import (
    Dataset,
    Sample,
    identity_from_name,
    unsupported,
)


def looks_like_class_folders(root: Path, files: Iterable[Path]) -> bool:
    """Return whether any image below a folder is in a subfolder named after an emotion."""
    suffixes = IMAGE_SUFFIXES | UNSUPPORTED_SUFFIXES
    return any(
        path.suffix.lower() in suffixes and _emotion_of(root, path) is not None for path in files
    )


def read_class_folders(root: Path, files: list[Path]) -> Dataset:
    """Read all files below class folders such as ``anger/``, ``Happy/`` or ``train/afraid/``.

    Emotions are those of the nearest folder named after one, below the root. Subject and sequence
    come from file names of the form ``Sxxx_yyy_``.
    """
    left_out = unsupported(files)
    samples = []
    for path in files:
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        emotion = _emotion_of(root, path)
        if emotion is None:
            left_out[f"image in {path.parent.name!r}, which names no emotion"] += 1
        else:
            samples.append(Sample(path, emotion, *identity_from_name(path)))
    return Dataset("class folders", samples, left_out)


def _emotion_of(root: Path, path: Path) -> str | None:
    names = reversed(path.relative_to(root).parts[:-1])
    return next(filter(None, map(parse_emotion, names)), None)
