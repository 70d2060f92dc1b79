"""The official tree of CK and CK+, however it is nested.

::

    cohn-kanade-images/S005/001/S005_001_00000001.png ...   first frame neutral, last the peak
    Emotion/S005/001/S005_001_00000011_emotion.txt          one number

Frames and emotion files are told by their names, so it does not matter which folders they lie in.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from landmark_emotion.emotions import CKPLUS_CODES
from landmark_emotion.errors import DatasetError
from landmark_emotion.files.folders import walk_files
from landmark_emotion.files.reading import read_whole
from landmark_emotion.sources.images import IMAGE_SUFFIXES
from landmark_emotion.training.datasets.samples import FRAME_NAME, Dataset, Sample

_EMOTION_NAME = re.compile(r"^(S\d{2,4})_(\d{2,4})_\d+_emotion\.txt$", re.IGNORECASE)
_SUBJECT_FOLDER = re.compile(r"^S\d{2,4}$", re.IGNORECASE)
_SEQUENCE_FOLDER = re.compile(r"^\d{2,4}$")
_EMOTION_FOLDER = re.compile(r"^emotions?([ _-]*labels?)?$", re.IGNORECASE)

Sequence = tuple[str, str]


def looks_like_ckplus(files: Iterable[Path]) -> bool:
    """Tell whether a folder's files are a CK or CK+ tree.

    Parameters
    ----------
    files : iterable of Path
        All files below the folder.

    Returns
    -------
    bool
        True if any is an emotion file or a frame in its ``Sxxx/yyy`` folder.
    """
    return any(
        _EMOTION_NAME.match(path.name)
        or (
            FRAME_NAME.match(path.name)
            and _SEQUENCE_FOLDER.match(path.parent.name)
            and _SUBJECT_FOLDER.match(path.parent.parent.name)
        )
        for path in files
    )


def read_ckplus(root: Path, files: Iterable[Path], peak_frames: int = 1) -> Dataset:
    """Read a CK or CK+ tree: the peak and the neutral frame of every labeled sequence.

    Parameters
    ----------
    root : Path
        The folder the user named. Where no emotion file lies below it, folders beside it whose
        name contains "emotion" are searched too.
    files : iterable of Path
        All files below it.
    peak_frames : int
        How many frames to take from the end of each sequence; the first is never among them.

    Returns
    -------
    Dataset
        Subjects and sequences are known. Counts the sequences that were left out.

    Raises
    ------
    DatasetError
        If there are frames but no emotion files, or the other way round.
    """
    files = list(files)
    frames: dict[Sequence, dict[int, Path]] = defaultdict(dict)
    for path in files:
        match = FRAME_NAME.match(path.name)
        if match is not None and path.suffix.lower() in IMAGE_SUFFIXES:
            # A frame that lies in the tree twice counts once.
            frames[(match[1].upper(), match[2])].setdefault(int(match[3]), path)
    if not frames:
        raise DatasetError(
            f"{root}: emotion files but no images; put cohn-kanade-images/ beside Emotion/"
        )
    labels = _labels(files) or _labels(_files_beside(root))
    if not labels:
        raise DatasetError(
            f"{root}: frames of CK but no emotion files (Sxxx_yyy_zzzzzzzz_emotion.txt); "
            "unpack Emotion_labels.zip beside the images"
        )
    left_out: Counter[str] = Counter()
    samples = []
    for (subject, number), by_number in sorted(frames.items()):
        label = labels.get((subject, number))
        if label is None:
            left_out["sequence without an emotion file"] += 1
            continue
        emotion = _read_code(label)
        if emotion is None:
            left_out["sequence whose emotion file is not a number from 0 to 7"] += 1
            continue
        sequence = f"{subject}_{number}"
        ordered = [by_number[frame] for frame in sorted(by_number)]
        neutral, later = ordered[:1], ordered[1:]
        if later:
            samples.append(Sample(neutral[0], "neutral", subject, sequence))
        else:
            left_out["neutral frame of a sequence of one frame"] += 1
        samples += [
            Sample(path, emotion, subject, sequence) for path in (later or ordered)[-peak_frames:]
        ]
    for _ in labels.keys() - frames.keys():
        left_out["emotion file without frames"] += 1
    return Dataset("CK/CK+ tree", samples, left_out)


def _labels(files: Iterable[Path]) -> dict[Sequence, Path]:
    found: dict[Sequence, Path] = {}
    for path in files:
        match = _EMOTION_NAME.match(path.name)
        if match is not None:
            found.setdefault((match[1].upper(), match[2]), path)
    return found


def _files_beside(root: Path) -> Iterable[Path]:
    parents = [
        parent for place in (root.absolute(), root.resolve()) for parent in place.parents[:2]
    ]
    for parent in dict.fromkeys(parents):
        try:
            folders = sorted(path for path in parent.iterdir() if path.is_dir())
        except OSError:
            continue
        for folder in folders:
            if _EMOTION_FOLDER.search(folder.name):
                # A folder that the user did not name is no reason to stop.
                with suppress(DatasetError):
                    yield from walk_files(folder)


def _read_code(path: Path) -> str | None:
    try:
        code = float(read_whole(path, 100).decode("ascii"))
    except (OSError, ValueError):
        return None
    return CKPLUS_CODES.get(int(code)) if code in CKPLUS_CODES else None
