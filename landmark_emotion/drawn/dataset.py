"""A data set of drawn faces in the layout of CK+."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from landmark_emotion.drawn.drawing import Subject, View, draw_face, random_subject, random_view
from landmark_emotion.emotions import CKPLUS_CODES, EMOTIONS
from landmark_emotion.errors import DatasetError
from landmark_emotion.files.writing import put_in_place, scratch_folder, writing
from landmark_emotion.training.datasets.samples import DRAWN_MARK, DRAWN_README

_SIZE = (640, 490)  # as in CK+
_README = f"""{DRAWN_MARK}

They were made by "landmark-emotion draw", to try out the program where no data set of real people
is available. Scores on them say nothing about real faces.

The folders are laid out as in CK+: cohn-kanade-images/<subject>/<sequence> holds the frames of a
sequence, from neutral to the peak, and Emotion/<subject>/<sequence> the code of its emotion:
{", ".join(f"{code} {emotion}" for code, emotion in CKPLUS_CODES.items())}.
A sequence without such a file has no label.
"""


class _Sequence(NamedTuple):
    subject: Subject
    name: tuple[str, str]  # S001, 001
    emotion: str
    code: int | None
    frames: list[tuple[float, View]]  # intensity and view


def draw_dataset(
    folder: Path,
    subjects: int = 12,
    seed: int = 0,
    *,
    frames: int = 6,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] | None = None,
) -> int:
    """Draw a data set in the layout of CK+; the folder appears only when it is complete.

    Every subject shows every emotion once, in a sequence of gray frames from neutral to the peak.
    Every third subject has one more sequence, without a label.

    Parameters
    ----------
    folder : Path
        Target folder; it must be missing or empty.
    subjects : int
        Number of people, at least 1.
    seed : int
        The same seed gives the same images.
    frames : int
        Length of each sequence, at least 2.
    progress : callable, optional
        Wraps the iterable of images, given their number, as tqdm does.

    Returns
    -------
    int
        Number of images.

    Raises
    ------
    DatasetError
        If the folder is not empty.
    OutputError
        If the folder cannot be written.
    ValueError
        If there are too few subjects or frames.
    """
    if subjects < 1 or frames < 2:
        raise ValueError(f"subjects and frames must be at least 1 and 2, got {subjects}, {frames}")
    sequences = _plan(subjects, seed, frames)
    total = frames * len(sequences)
    with writing(folder):
        target = folder.resolve()
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise DatasetError(f"{folder}: exists and is not an empty folder; name a new one")
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target.parent) as scratch:
            unfinished = scratch / target.name
            _write_labels(unfinished, sequences)
            images: Iterable[tuple[Path, bytes]] = _images(unfinished, sequences)
            for path, png in progress(images, total) if progress else images:
                path.write_bytes(png)
            (unfinished / DRAWN_README).write_text(_README, encoding="utf-8")
            if target.exists():
                target.rmdir()  # Windows cannot replace a folder, not even an empty one
            put_in_place(unfinished, target)
    return total


def _plan(subjects: int, seed: int, frames: int) -> list[_Sequence]:
    """Plan the sequences of all subjects."""
    return [
        sequence
        for number in range(1, subjects + 1)
        for sequence in _sequences(number, np.random.default_rng((seed, number)), frames)
    ]


def _sequences(number: int, rng: np.random.Generator, n_frames: int) -> Iterator[_Sequence]:
    subject = random_subject(rng)
    shown: list[tuple[int | None, str]] = [
        (code, emotion) for code, emotion in CKPLUS_CODES.items() if emotion != "neutral"
    ]
    if number % 3 == 0:
        shown.append((None, str(rng.choice(EMOTIONS))))
    for index, (code, emotion) in enumerate(shown, start=1):
        view = random_view(rng)
        noise = view.noise / 3  # a webcam's noise would make the files six times as large
        (tilt, turn), peak = rng.normal(0.0, 1.5, 2).tolist(), float(rng.uniform(0.85, 1.0))
        frames = []
        for frame, part in enumerate(np.linspace(0.0, 1.0, n_frames).tolist()):
            roll, yaw, noise_seed = view.roll + tilt * part, view.yaw + turn * part, view.noise_seed
            moved = replace(view, roll=roll, yaw=yaw, noise=noise, noise_seed=noise_seed + frame)
            frames.append((peak * part, moved))
        yield _Sequence(subject, (f"S{number:03}", f"{index:03}"), emotion, code, frames)


def _write_labels(root: Path, sequences: Iterable[_Sequence]) -> None:
    """Write the emotion files; the folder of a sequence without a label stays empty."""
    for sequence in sequences:
        folder = root.joinpath("Emotion", *sequence.name)
        folder.mkdir(parents=True)
        if sequence.code is not None:
            name = f"{'_'.join(sequence.name)}_{len(sequence.frames):08}_emotion.txt"
            (folder / name).write_text(f"   {sequence.code:.7e}\n", encoding="ascii")


def _images(root: Path, sequences: Iterable[_Sequence]) -> Iterator[tuple[Path, bytes]]:
    """Draw the images; yield the path and content of each."""
    for sequence in sequences:
        folder = root.joinpath("cohn-kanade-images", *sequence.name)
        folder.mkdir(parents=True)
        for number, (intensity, view) in enumerate(sequence.frames, start=1):
            portrait = draw_face(sequence.subject, sequence.emotion, intensity, view, _SIZE)
            # cv2.imwrite cannot open every path on Windows.
            _, png = cv2.imencode(".png", cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY))
            yield folder / f"{'_'.join(sequence.name)}_{number:08}.png", png.tobytes()
