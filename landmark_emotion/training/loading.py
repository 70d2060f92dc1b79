"""Any data set that a user can name becomes a landmark table, with an account of the rest."""

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from landmark_emotion.errors import DatasetError, Notify
from landmark_emotion.training.datasets import Dataset, Labels, read_dataset
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
    n_images, n_unused
        See `datasets.Dataset`.
    """

    table: LandmarkTable
    path: Path
    layout: str
    left_out: Counter[str]
    skipped: list[tuple[str, str]]
    from_cache: int = 0
    n_images: int = 0
    n_unused: int = 0

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
            "skipped": [{"path": image, "reason": why} for image, why in self.skipped],
            "from_cache": self.from_cache,
        }


def load_faces(
    path: Path,
    emotions: Collection[str] | None = None,
    *,
    contempt: bool = False,
    labels: Labels | None = None,
    peak_frames: int = 1,
    predictor: str | os.PathLike[str] | None = None,
    jobs: int = -1,
    cache: Path | None = None,
    progress: Progress | None = None,
    notify: Notify = lambda line: None,
    network: str | os.PathLike[str] | None = None,
) -> LoadedFaces:
    """Read a data set in any layout and find the landmarks of its faces.

    Parameters
    ----------
    path : Path
        A folder, a manifest or a landmark table.
    emotions : collection of str, optional
        Samples of other classes are left out and counted. By default all are taken but contempt.
    contempt : bool
        Whether to take contempt, too, if `emotions` is None.
    labels : Labels, optional
        How to understand labels.
    peak_frames : int
        Frames to use from the end of each CK+ sequence.
    predictor, jobs, cache, progress
        See `extraction.extract`.
    notify : callable
        Called with notes for the user.
    network : path-like, "default" or None
        The network that describes the faces of images, too (see `appearance.add_appearance`).
        ``"default"`` is the one that comes with the program, unless the faces are drawn.

    Raises
    ------
    DatasetError
        If the data set cannot be read or has no usable face.
    NetworkError
        If the network cannot be used.
    """
    if path.suffix.lower() == ".npz" and not path.is_dir():
        table = load_table(path)
        wanted, left_out = _wanted(table.emotion.tolist(), emotions, contempt)
        notify(f"{path}: landmark table of {len(table)} faces")
        table = table.take(np.array(wanted, dtype=bool))
        faces = LoadedFaces(table, path, "landmark table", left_out, [])
    else:
        dataset = read_samples(
            path,
            emotions,
            contempt=contempt,
            labels=labels,
            peak_frames=peak_frames,
            together=True,
            notify=notify,
        )
        # dlib and OpenCV are not needed for a landmark table.
        from landmark_emotion.networks.network import default_network
        from landmark_emotion.training.extraction import extract

        how: dict[str, Any] = {
            "predictor": predictor,
            "jobs": jobs,
            "cache": cache,
            "progress": progress,
        }
        found = extract(dataset.samples, **how)
        if network == "default":
            network = None if dataset.drawn else default_network()
        if network is not None:
            from landmark_emotion.training.appearance import add_appearance

            found = add_appearance(found, Path(network), **how)
        if found.cache_problem:
            notify(f"note: landmarks are not cached ({found.cache_problem}); see --cache")
        table = replace(found.table, drawn=dataset.drawn)
        faces = LoadedFaces(
            table, path, dataset.layout, dataset.left_out, found.skipped, found.from_cache
        )
        faces = replace(faces, n_images=dataset.n_images, n_unused=dataset.n_unused)
    if faces.table.drawn:
        notify("note: these faces are drawn; the scores do not apply to real faces")
    if not len(faces.table):
        raise DatasetError(_no_face_message(faces))
    return faces


def read_samples(
    path: Path,
    emotions: Collection[str] | None = None,
    *,
    contempt: bool = False,
    labels: Labels | None = None,
    peak_frames: int = 1,
    together: bool = False,
    notify: Notify = lambda line: None,
) -> Dataset:
    """Read the wanted samples of a data set of images.

    Parameters and errors are those of `load_faces`; with `together`, the user is told if the data
    set has parts that are read together.
    """
    dataset = read_dataset(path, peak_frames=peak_frames, labels=labels)
    shown = [sample.emotion for sample in dataset.samples]
    wanted, unwanted = _wanted(shown, emotions, contempt)
    samples = list(compress(dataset.samples, wanted))
    for note in (*dataset.notes, *([dataset.together] if together and dataset.together else [])):
        notify(note)
    notify(f"{path}: {dataset.layout}, {len(samples)} image{'s' * (len(samples) != 1)}")
    return replace(dataset, samples=samples, left_out=dataset.left_out + unwanted)


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


def _wanted(
    shown: list[str], emotions: Collection[str] | None, contempt: bool
) -> tuple[list[bool], Counter[str]]:
    """Return which samples are wanted, and the number of the others by reason."""
    if emotions is None:
        wanted = [contempt or emotion != "contempt" for emotion in shown]
    else:
        wanted = [emotion in emotions for emotion in shown]
    hints = {"contempt": "contempt (use --contempt to include it)"} if emotions is None else {}
    others = [emotion for emotion, is_wanted in zip(shown, wanted, strict=True) if not is_wanted]
    return wanted, Counter(hints.get(emotion, emotion) for emotion in others)
