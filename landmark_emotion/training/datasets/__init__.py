"""Data sets of images, one module a layout; `read_dataset` finds out which it is."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from landmark_emotion.errors import DatasetError
from landmark_emotion.files.folders import walk_files
from landmark_emotion.training.datasets.ckplus import looks_like_ckplus, read_ckplus
from landmark_emotion.training.datasets.folders import looks_like_class_folders, read_class_folders
from landmark_emotion.training.datasets.manifest import read_manifest
from landmark_emotion.training.datasets.samples import (
    Dataset,
    Sample,
    is_drawn,
)

__all__ = ["Dataset", "Sample", "read_dataset"]

MANIFEST_NAME = "manifest.csv"


def read_dataset(path: Path, *, peak_frames: int = 1) -> Dataset:
    """Read a data set of images, recognizing its layout.

    Parameters
    ----------
    path : Path
        A folder that holds a ``manifest.csv``, a CK/CK+ tree or class folders (looked for in this
        order), or a manifest CSV itself.
    peak_frames : int
        Frames to take from the end of each sequence of a CK/CK+ tree.

    Returns
    -------
    Dataset
        Every sample that the layout names, whether or not its image can be read. Drawn faces are
        left out unless they were named themselves.

    Raises
    ------
    DatasetError
        If there is no such path, or it is none of the layouts, or holds no sample.
    """
    if path.is_file():
        if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
            raise DatasetError(f"{path}: neither a folder, a .csv nor an .npz; see data/README.md")
        dataset = read_manifest(path)
    elif path.is_dir():
        dataset = _read_folder(path, peak_frames)
    else:
        raise DatasetError(f"{path}: no such folder or file; check the path")
    if not dataset.samples:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in dataset.left_out.items())
        raise DatasetError(
            f"{path}: {dataset.layout} without a usable sample ({reasons or 'it is empty'}); "
            "see data/README.md for the layouts"
        )
    return replace(dataset, drawn=_any_drawn(sample.path for sample in dataset.samples))


def _read_folder(path: Path, peak_frames: int) -> Dataset:
    if (path / MANIFEST_NAME).is_file():
        dataset = read_manifest(path / MANIFEST_NAME)
        return replace(dataset, layout=f"manifest {MANIFEST_NAME}")
    everything = list(walk_files(path))
    texts = {file.parent for file in everything if file.suffix == ".txt"} - {path}
    drawn = [folder for folder in sorted(texts) if is_drawn(folder)]
    files = [file for file in everything if not any(folder in file.parents for folder in drawn)]
    left_out = Counter({"folder of drawn faces": len(drawn)} if drawn else {})
    if looks_like_ckplus(files):
        dataset = read_ckplus(path, files, peak_frames)
        return replace(dataset, left_out=dataset.left_out + left_out)
    if looks_like_class_folders(path, files):
        dataset = read_class_folders(path, files)
        return replace(dataset, left_out=dataset.left_out + left_out)
    if drawn:
        raise DatasetError(f"{path}: holds only drawn faces; name {drawn[0]} if you want those")
    raise DatasetError(
        f"{path}: neither a CK/CK+ tree, folders named after emotions nor a {MANIFEST_NAME}; "
        "see data/README.md for the layouts"
    )


def _any_drawn(images: Iterable[Path]) -> bool:
    folders = {folder.resolve() for folder in {image.parent for image in images}}
    above = {parent for folder in folders for parent in folder.parents}
    return any(is_drawn(folder) for folder in folders | above)
