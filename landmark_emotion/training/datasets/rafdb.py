"""RAF-DB: a list of pictures and codes, with aligned and original pictures.

::

    basic/EmoLabel/list_patition_label.txt      train_00001.jpg 5
    basic/Image/aligned/train_00001_aligned.jpg
    basic/Image/original/train_00001.jpg
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from landmark_emotion.errors import DatasetError, unreadable
from landmark_emotion.files.reading import open_regular
from landmark_emotion.sources.images import IMAGE_SUFFIXES
from landmark_emotion.training.datasets.damage import Damage
from landmark_emotion.training.datasets.labels import CODES, Labels
from landmark_emotion.training.datasets.samples import Dataset, Sample, unsupported

_LIST_NAME = re.compile(r"list_par?tition_label\.txt", re.IGNORECASE)  # its own name lacks an r
_ALIGNED = "_aligned"
_LONGEST = 2**12  # bytes of a line


def find_list(files: Iterable[Path]) -> Path | None:
    """Return the list of labels among files, None if there is none."""
    return next((path for path in files if _LIST_NAME.fullmatch(path.name)), None)


def read_rafdb(list_: Path, files: list[Path], labels: Labels) -> Dataset:
    """Read the pictures of a list, the aligned ones if they are there.

    Parameters
    ----------
    list_ : Path
        The list of labels.
    files : list of Path
        Among them the pictures, in any folders.
    labels : Labels
        May give the codes another meaning.

    Raises
    ------
    DatasetError
        If the list cannot be read.
    """
    meanings = labels.meanings or CODES["rafdb"]
    pictures = _pictures(files)
    damage = Damage()
    notes: list[str] = []
    left_out = unsupported(files)
    samples = []
    try:
        with open_regular(list_) as lines:
            for number, line in enumerate(iter(lambda: lines.readline(_LONGEST), b""), 1):
                words = line.decode("utf-8-sig", "replace").split()
                if not words:
                    continue
                emotion = meanings.get(words[-1])
                if len(words) < 2 or emotion is None:
                    damage.add(number, f"no name and known code: {' '.join(words)[:40]!r}")
                elif (picture := pictures.get(Path(words[0]).stem.lower())) is None:
                    left_out["row whose image is missing"] += 1
                else:
                    samples.append(Sample(picture, emotion))
    except OSError as error:
        raise DatasetError(unreadable(list_, error)) from error
    damage.report(list_, notes.append)
    listed = {sample.path for sample in samples}
    others = {stem for stem, path in pictures.items() if path not in listed}
    left_out += Counter({"image that is not in the list": len(others)})
    return Dataset("RAF-DB", samples, left_out, notes=tuple(notes))


def _pictures(files: Iterable[Path]) -> dict[str, Path]:
    """Return pictures by the stem of their names in the list; aligned ones replace originals."""
    originals: dict[str, Path] = {}
    aligned: dict[str, Path] = {}
    for path in files:
        if path.suffix.lower() in IMAGE_SUFFIXES:
            stem = path.stem.lower()
            if stem.endswith(_ALIGNED):
                aligned.setdefault(stem.removesuffix(_ALIGNED), path)
            else:
                originals.setdefault(stem, path)
    return originals | aligned
