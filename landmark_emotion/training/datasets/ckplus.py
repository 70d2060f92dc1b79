"""The original tree of CK and CK+, with any nesting.

::

    cohn-kanade-images/S005/001/S005_001_00000001.png ...   first frame neutral, last frame peak
    Emotion/S005/001/S005_001_00000011_emotion.txt          one number

Frames and emotion files are recognized by their names alone.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from landmark_emotion.emotions import CKPLUS_CODES
from landmark_emotion.errors import DatasetError, reason
from landmark_emotion.files.folders import walk_files
from landmark_emotion.files.reading import read_whole
from landmark_emotion.sources.images import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES
from landmark_emotion.training.datasets.names import FRAME_NAME
from landmark_emotion.training.datasets.samples import Dataset, Sample, unsupported

_EMOTION_NAME = re.compile(r"^(S\d{2,4})_(\d{2,4})_\d+_emotion\.txt$", re.IGNORECASE)
_SUBJECT_FOLDER = re.compile(r"^S\d{2,4}$", re.IGNORECASE)
_SEQUENCE_FOLDER = re.compile(r"^\d{2,4}$")
_EMOTION_FOLDER = re.compile(r"^emotions?([ _-]*labels?)?$", re.IGNORECASE)

Sequence = tuple[str, str]
"""Subject and number of a sequence."""


def has_emotion_files(files: Iterable[Path]) -> bool:
    """Return whether any file is an emotion file of CK+."""
    return any(_EMOTION_NAME.match(path.name) for path in files)


def has_frames(files: Iterable[Path]) -> bool:
    """Return whether any file is a frame in its ``Sxxx/yyy`` folder."""
    return any(
        FRAME_NAME.match(path.name)
        and _SEQUENCE_FOLDER.match(path.parent.name)
        and _SUBJECT_FOLDER.match(path.parent.parent.name)
        for path in files
    )


def read_ckplus(root: Path, files: list[Path], peak_frames: int = 1) -> Dataset:
    """Read the peak frames and the neutral frame of every labeled sequence.

    Parameters
    ----------
    root : Path
        The folder of the data set. If there is no emotion file below it, folders beside it named
        like ``Emotion`` or ``Emotion_labels`` are searched too.
    files : list of Path
        All files below it.
    peak_frames : int
        Number of frames from the end of each sequence; never includes the first frame.

    Raises
    ------
    DatasetError
        If there are frames but no emotion files, or emotion files but no frames.
    """
    frames = _frames(files)
    if not frames:
        raise DatasetError(_no_frames_message(root, files))
    labels = _labels(files) or _labels(_files_beside(root))
    if not labels:
        raise DatasetError(
            f"{root}: frames of CK but no emotion files (Sxxx_yyy_zzzzzzzz_emotion.txt); "
            "unpack Emotion_labels.zip beside the images"
        )
    left_out = unsupported(files)
    samples = []
    for (subject, number), by_number in sorted(frames.items()):
        emotion, problem = _read_emotion(labels.get((subject, number)))
        if emotion is None:
            left_out[problem] += 1
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
    without_frames = Counter({"emotion file without frames": len(labels.keys() - frames.keys())})
    n_unused = sum(map(len, frames.values())) - len(samples)
    return Dataset("CK/CK+ tree", samples, left_out + without_frames, n_unused=n_unused)


def _frames(files: Iterable[Path]) -> dict[Sequence, dict[int, Path]]:
    """Return the frames of each sequence by number; the first of several copies counts."""
    frames: dict[Sequence, dict[int, Path]] = defaultdict(dict)
    for path in files:
        match = FRAME_NAME.match(path.name)
        if match is not None and path.suffix.lower() in IMAGE_SUFFIXES:
            frames[(match[1].upper(), match[2])].setdefault(int(match[3]), path)
    return frames


def _no_frames_message(root: Path, files: list[Path]) -> str:
    if any(path.suffix.lower() in UNSUPPORTED_SUFFIXES for path in files):
        return f"{root}: its images have an unsupported format; convert them to JPEG or PNG"
    return f"{root}: emotion files but no images; put cohn-kanade-images/ beside Emotion/"


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
                # The user did not name this folder, so it may be unreadable.
                with suppress(DatasetError):
                    yield from walk_files(folder)


def _read_emotion(path: Path | None) -> tuple[str | None, str]:
    """Return the emotion in an emotion file, or None and what is wrong with the sequence."""
    if path is None:
        return None, "sequence without an emotion file"
    try:
        code = float(read_whole(path, 100).decode("ascii"))
    except OSError as error:
        return None, f"sequence whose emotion file cannot be read ({reason(error)})"
    except ValueError:
        code = -1.0
    emotion = CKPLUS_CODES.get(int(code)) if code in CKPLUS_CODES else None
    return emotion, "sequence whose emotion file is not a number from 0 to 7"
