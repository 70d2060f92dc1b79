"""Any data set that a user can name becomes a landmark table, with an account of the rest."""

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from landmark_emotion.errors import DatasetError, Notify
from landmark_emotion.training.datasets import read_dataset
from landmark_emotion.training.datasets.samples import NO_FACE
from landmark_emotion.training.landmark_table import LandmarkTable, load_table
from landmark_emotion.training.parallel import Progress


@dataclass(frozen=True)
class LoadedFaces:
    """The landmark table of a data set, and what it does not contain.

    Attributes
    ----------
    table : LandmarkTable
        The samples with a face.
    path, layout : Path, str
        The data set and the layout it was recognized as.
    left_out : Counter
        Number of sequences and images that were not searched for a face, by reason.
    skipped, from_cache
        See `extraction.Extraction`.
    """

    table: LandmarkTable
    path: Path
    layout: str
    left_out: Counter[str]
    skipped: list[tuple[Path, str]]
    from_cache: int = 0

    @property
    def title(self) -> str:
        """The data set and its layout."""
        return f"{self.path} ({self.layout})" + (", drawn faces" if self.table.drawn else "")

    @property
    def description(self) -> dict[str, Any]:
        """The data set as JSON values, without its folder."""
        return {"name": self.path.name, "layout": self.layout, "drawn": self.table.drawn}

    @property
    def account(self) -> dict[str, Any]:
        """What was left out and why, as JSON values."""
        return {
            "path": str(self.path),
            "left_out": dict(self.left_out),
            "skipped": [{"path": str(image), "reason": why} for image, why in self.skipped],
            "from_cache": self.from_cache,
        }


def load_faces(
    path: Path,
    emotions: Collection[str],
    *,
    peak_frames: int = 1,
    predictor: str | os.PathLike[str] | None = None,
    jobs: int = -1,
    cache: Path | None = None,
    progress: Progress | None = None,
    notify: Notify = lambda line: None,
) -> LoadedFaces:
    """Read a data set in any layout and find the landmarks of its faces.

    Parameters
    ----------
    path : Path
        A folder, a manifest or a landmark table.
    emotions : collection of str
        Samples of other emotions are left out and counted.
    peak_frames : int
        Frames to use from the end of each CK+ sequence.
    predictor, jobs, cache, progress
        See `extraction.extract`.
    notify : callable
        Called with notes for the user.

    Raises
    ------
    DatasetError
        If the data set cannot be read or has no usable face.
    """
    if path.suffix.lower() == ".npz" and not path.is_dir():
        table = load_table(path)
        left_out = _unwanted(table.emotion.tolist(), emotions)
        notify(f"{path}: landmark table of {len(table)} faces")
        table = table.take(np.isin(table.emotion, list(emotions)))
        faces = LoadedFaces(table, path, "landmark table", left_out, [])
    else:
        dataset = read_dataset(path, peak_frames=peak_frames)
        left_out = dataset.left_out + _unwanted([s.emotion for s in dataset.samples], emotions)
        samples = [sample for sample in dataset.samples if sample.emotion in emotions]
        notify(f"{path}: {dataset.layout}, {len(samples)} image{'s' * (len(samples) != 1)}")
        # dlib and OpenCV are not needed for a landmark table.
        from landmark_emotion.training.extraction import extract

        found = extract(samples, predictor=predictor, jobs=jobs, cache=cache, progress=progress)
        if found.cache_problem:
            notify(f"note: landmarks are not cached ({found.cache_problem}); see --cache")
        table = replace(found.table, drawn=dataset.drawn)
        faces = LoadedFaces(table, path, dataset.layout, left_out, found.skipped, found.from_cache)
    if faces.table.drawn:
        notify("note: these faces are drawn; the scores do not apply to real faces")
    if not len(faces.table):
        raise DatasetError(_no_face_message(faces))
    return faces


def _no_face_message(faces: LoadedFaces) -> str:
    reasons = Counter(reason for _, reason in faces.skipped)
    why = ", ".join(f"{n} x {what}" for what, n in (reasons + faces.left_out).most_common(3))
    if NO_FACE in reasons:
        remedy = "use images that show faces from the front"
    elif "no such file" in reasons:
        remedy = "check the paths in the manifest"
    elif reasons:
        remedy = "replace these files"
    else:
        remedy = "add images of other emotions"
    return f"{faces.path}: no usable face ({why or 'it is empty'}); {remedy}"


def _unwanted(labels: list[str], emotions: Collection[str]) -> Counter[str]:
    hints = {"contempt": "contempt (use --contempt to include it)"}
    return Counter(hints.get(label, label) for label in labels if label not in emotions)
