"""Folders named after emotions, with the images of each inside."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from landmark_emotion.emotions import parse_emotion
from landmark_emotion.sources.images import IMAGE_SUFFIXES
from landmark_emotion.training.datasets.samples import Dataset, Sample, identity_from_name


def looks_like_class_folders(root: Path, files: Iterable[Path]) -> bool:
    """Tell whether any image lies in a folder named after an emotion.

    Parameters
    ----------
    root : Path
        The folder the user named; its own name does not count.
    files : iterable of Path
        All files below it.

    Returns
    -------
    bool
        True if there is one.
    """
    return any(
        path.suffix.lower() in IMAGE_SUFFIXES and _emotion_of(root, path) is not None
        for path in files
    )


def read_class_folders(root: Path, files: Iterable[Path]) -> Dataset:
    """Read class folders such as ``anger/``, ``Happy/`` or ``train/afraid/``.

    Parameters
    ----------
    root : Path
        The folder the user named.
    files : iterable of Path
        All files below it.

    Returns
    -------
    Dataset
        The nearest folder named after an emotion decides. Subject and sequence come from the
        file name where it is of the form ``Sxxx_yyy_``.
    """
    left_out: Counter[str] = Counter()
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
    for name in reversed(path.relative_to(root).parts[:-1]):
        emotion = parse_emotion(name)
        if emotion is not None:
            return emotion
    return None
