"""Data sets of images, one module per layout; `read_dataset` recognizes the layout."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from landmark_emotion.errors import DatasetError
from landmark_emotion.files.folders import natural_order, walk_files
from landmark_emotion.training.datasets.ckplus import has_emotion_files, has_frames, read_ckplus
from landmark_emotion.training.datasets.folders import looks_like_class_folders, read_class_folders
from landmark_emotion.training.datasets.manifest import read_manifest
from landmark_emotion.training.datasets.samples import (
    UNSUPPORTED,
    Dataset,
    Sample,
    is_drawn,
)

__all__ = ["Dataset", "Sample", "find_dataset", "read_dataset"]

MANIFEST_NAME = "manifest.csv"

_LAYOUTS = "see data/README.md for the layouts"


def read_dataset(path: Path, *, peak_frames: int = 1) -> Dataset:
    """Read a data set of images, recognizing its layout.

    Parameters
    ----------
    path : Path
        A manifest, or a folder with a ``manifest.csv``, a CK/CK+ tree or class folders. A folder
        with several of these is read as the first of them.
    peak_frames : int
        Frames to use from the end of each sequence of a CK/CK+ tree.

    Returns
    -------
    Dataset
        All samples, whether or not their images can be read. Folders of drawn faces are left out
        unless `path` is inside one.

    Raises
    ------
    DatasetError
        If there is no such path, it has none of the layouts, or it has no sample.
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
        convert = "convert them to JPEG or PNG"
        others = [reason for reason in dataset.left_out if not reason.endswith(UNSUPPORTED)]
        reasons = ", ".join(f"{count} x {reason}" for reason, count in dataset.left_out.items())
        raise DatasetError(
            f"{path}: {dataset.layout} without a usable sample ({reasons or 'it is empty'}); "
            + (convert if dataset.left_out and not others else _LAYOUTS)
        )
    return replace(dataset, drawn=_any_drawn(sample.path for sample in dataset.samples))


def find_dataset(folder: Path, *, ignored: Path) -> tuple[Path | None, list[str]]:
    """Find the first data set in a folder, or take the folder itself if it is one.

    The folder may be missing; a subfolder can be ignored. Returns None if there is no data set,
    and notes on why folders and archives were not used.
    """
    children = folder.iterdir() if folder.is_dir() else ()
    candidates = sorted(set(children) - {ignored}, key=lambda path: natural_order(path.name))
    notes = []
    for path in [*candidates, *([folder] if candidates else [])]:
        suffix = path.suffix.lower()
        if suffix == ".npz":
            return path, []
        if suffix == ".zip":
            notes.append(f"note: {path}: is an archive; unpack it to train on it")
        elif suffix not in (".md", ".txt") and not path.name.startswith("."):
            try:
                read_dataset(path)
            except DatasetError as error:
                if path.is_dir() and path != folder:
                    notes.append(f"note: not used: {error}")
            else:
                return path, []
    return None, notes


def _read_folder(path: Path, peak_frames: int) -> Dataset:
    if (path / MANIFEST_NAME).is_file():
        dataset = read_manifest(path / MANIFEST_NAME)
        return replace(dataset, layout=f"manifest {MANIFEST_NAME}")
    unlisted: list[str] = []
    everything = list(walk_files(path, unlisted.append))
    texts = {file.parent for file in everything if file.suffix == ".txt"} - {path}
    drawn = [folder for folder in sorted(texts) if is_drawn(folder)]
    files = [file for file in everything if not any(folder in file.parents for folder in drawn)]
    labeled = has_emotion_files(files)
    if not labeled and looks_like_class_folders(path, files):
        dataset = read_class_folders(path, files)
    elif labeled or has_frames(files):
        dataset = read_ckplus(path, files, peak_frames)
    elif drawn:
        raise DatasetError(
            f"{path}: has only drawn faces; to train on them, name the folder {drawn[0]}"
        )
    else:
        raise DatasetError(
            f"{path}: neither a CK/CK+ tree, folders named after emotions nor a {MANIFEST_NAME}; "
            + _LAYOUTS
        )
    left_out = Counter({"folder of drawn faces": len(drawn)}) + Counter(unlisted)
    return replace(dataset, left_out=dataset.left_out + left_out)


def _any_drawn(images: Iterable[Path]) -> bool:
    folders = {folder.resolve() for folder in {image.parent for image in images}}
    above = {parent for folder in folders for parent in folder.parents}
    return any(is_drawn(folder) for folder in folders | above)
