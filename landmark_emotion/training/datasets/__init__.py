"""Data sets of images, one module per layout; `read_dataset` recognizes the layout."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from landmark_emotion.errors import DatasetError
from landmark_emotion.files.folders import natural_order, walk_files
from landmark_emotion.sources.images import IMAGE_SUFFIXES
from landmark_emotion.training.datasets.ckplus import has_emotion_files, has_frames, read_ckplus
from landmark_emotion.training.datasets.fer2013 import has_pixels, read_pixels
from landmark_emotion.training.datasets.folders import read_class_folders, read_own_folders
from landmark_emotion.training.datasets.labels import Labels
from landmark_emotion.training.datasets.manifest import is_manifest, read_manifest
from landmark_emotion.training.datasets.named_files import read_named_files
from landmark_emotion.training.datasets.rafdb import find_list, read_rafdb
from landmark_emotion.training.datasets.samples import (
    UNSUPPORTED,
    Dataset,
    Sample,
    is_drawn,
)

__all__ = ["Dataset", "Labels", "Sample", "find_dataset", "read_dataset"]

MANIFEST_NAME = "manifest.csv"

_TABLES = (".csv", ".tsv", ".txt")
_ARCHIVES = frozenset({".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip"})
_MOST_TABLES = 50  # CSV files of a folder that are looked into
_LAYOUTS = (
    "name a folder of CK+, folders named after emotions such as happiness/, or a .csv file with "
    "the columns path and emotion"
)


def read_dataset(path: Path, *, peak_frames: int = 1, labels: Labels | None = None) -> Dataset:
    """Read a data set of images, recognizing its layout.

    Parameters
    ----------
    path : Path
        A manifest, a CSV file of pixels, or a folder in any of the layouts of
        ``docs/data-sets.md``. A folder with several of these is read as the first of them.
    peak_frames : int
        Frames to use from the end of each sequence of a CK/CK+ tree.
    labels : Labels, optional
        How to understand labels.

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
    labels = labels or Labels()
    if path.is_file():
        dataset = _read_file(path, labels)
    elif path.is_dir():
        dataset = _read_folder(path, peak_frames, labels)
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

    The folder may be missing; a subfolder can be ignored. Folders of other classes than emotions
    are not used. Returns None if there is no data set, and notes on why folders and archives were
    not used.
    """
    children = folder.iterdir() if folder.is_dir() else ()
    candidates = sorted(set(children) - {ignored}, key=lambda path: natural_order(path.name))
    notes = []
    for path in [*candidates, *([folder] if candidates else [])]:
        suffix = path.suffix.lower()
        if suffix == ".npz":
            return path, []
        if suffix in _ARCHIVES:
            notes.append(f"note: {path}: is an archive; unpack it to train on it")
        elif suffix not in (".md", ".txt") and not path.name.startswith("."):
            try:
                read_dataset(path, labels=Labels(own=False))
            except DatasetError as error:
                if path.is_dir() and path != folder:
                    notes.append(f"note: not used: {error}")
            else:
                return path, []
    return None, notes


def _read_file(path: Path, labels: Labels) -> Dataset:
    suffix = path.suffix.lower()
    if suffix in _ARCHIVES:
        raise DatasetError(f"{path}: is an archive; unpack it and name the folder")
    if suffix not in _TABLES:
        raise DatasetError(f"{path}: neither a folder, a .csv nor an .npz; {_LAYOUTS}")
    if find_list([path]):
        # Images are not beside the list but in a folder beside its own.
        folder = path.parent.parent if path.parent.name.lower() == "emolabel" else path.parent
        return read_rafdb(path, list(walk_files(folder)), labels)
    return read_pixels(path, labels) if has_pixels(path) else read_manifest(path, labels)


def _read_folder(path: Path, peak_frames: int, labels: Labels) -> Dataset:
    unlisted: list[str] = []
    everything = list(walk_files(path, unlisted.append))
    texts = {file.parent for file in everything if file.suffix == ".txt"} - {path}
    drawn = [folder for folder in sorted(texts) if is_drawn(folder)]
    files = [file for file in everything if not any(folder in file.parents for folder in drawn)]
    dataset = _read_tables(path, files, labels)
    if dataset is None:
        n_images = sum(file.suffix.lower() in IMAGE_SUFFIXES for file in files)
        dataset = _read_images(path, files, peak_frames, labels)
        dataset = None if dataset is None else replace(dataset, n_images=n_images)
    archives = [file.name for file in files if file.suffix.lower() in _ARCHIVES]
    packed = f"{archives[0]!r} is" if len(archives) == 1 else f"{len(archives)} archives are"
    if dataset is None:
        problem = f"{path}: neither a known data set, class folders nor a {MANIFEST_NAME}"
        if drawn:
            problem, remedy = (
                f"{path}: has only drawn faces",
                f"to train on them, name the folder {drawn[0]}",
            )
        else:
            remedy = f"{packed} left packed, unpack first" if archives else _LAYOUTS
        raise DatasetError(f"{problem}; {remedy}")
    left_out = Counter({"folder of drawn faces": len(drawn)}) + Counter(unlisted)
    notes = dataset.notes
    if archives:
        notes += (f"note: {path}: {packed} not unpacked and not read; unpack what you need",)
    return replace(dataset, left_out=dataset.left_out + left_out, notes=notes)


def _read_tables(path: Path, files: list[Path], labels: Labels) -> Dataset | None:
    """Read the data set that is listed in a file of the folder, None if there is none."""
    if (path / MANIFEST_NAME).is_file():
        dataset = read_manifest(path / MANIFEST_NAME, labels)
        return replace(dataset, layout=f"manifest {MANIFEST_NAME}")
    tables = [file for file in files if file.suffix.lower() == ".csv"][:_MOST_TABLES]
    pixels = sorted(filter(has_pixels, tables), key=lambda file: -file.stat().st_size)
    if pixels:
        dataset = read_pixels(pixels[0], labels)
        chosen = f"note: {path}: {pixels[0].name} is read and nothing else in this folder"
        return replace(dataset, notes=(*dataset.notes, chosen))
    list_ = find_list(files)
    return None if list_ is None else read_rafdb(list_, files, labels)


def _read_images(path: Path, files: list[Path], peak_frames: int, labels: Labels) -> Dataset | None:
    """Read the data set that names of files and folders tell, None if they tell none."""
    if has_emotion_files(files):
        return read_ckplus(path, files, peak_frames)
    dataset = read_named_files(files) or read_class_folders(path, files, labels)
    if dataset is not None:
        return dataset
    if has_frames(files):
        return read_ckplus(path, files, peak_frames)
    tables = [file for file in files if file.suffix.lower() == ".csv"][:_MOST_TABLES]
    manifests = list(filter(is_manifest, tables))
    if len(manifests) > 1:
        listed = ", ".join(str(file.relative_to(path)) for file in manifests[:3])
        raise DatasetError(f"{path}: has several tables of images ({listed}); name one of them")
    if manifests:
        dataset = read_manifest(manifests[0], labels)
        return replace(dataset, layout=f"{dataset.layout} {manifests[0].name}")
    return read_own_folders(path, files, labels)


def _any_drawn(images: Iterable[Path]) -> bool:
    folders = {folder.resolve() for folder in {image.parent for image in images}}
    above = {parent for folder in folders for parent in folder.parents}
    return any(is_drawn(folder) for folder in folders | above)
