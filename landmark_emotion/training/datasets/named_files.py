"""KDEF, JAFFE and RaFD: the names of the pictures tell the emotion and the person."""

from collections import Counter
from pathlib import Path

from landmark_emotion.sources.images import IMAGE_SUFFIXES
from landmark_emotion.training.datasets.names import parse_name
from landmark_emotion.training.datasets.samples import Dataset, Sample, unsupported


def read_named_files(files: list[Path]) -> Dataset | None:
    """Read pictures by their names if most are named as in these data sets, else return None.

    Side views are left out: faces are searched from the front. Every gaze is taken.
    """
    images = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    named = [(path, parse_name(path)) for path in images]
    titles = Counter(name.data_set for _, name in named if name is not None)
    if 2 * titles.total() <= len(images):
        return None
    layout = " and ".join(sorted(titles))
    left_out = unsupported(files)
    samples = []
    for path, name in named:
        if name is None:
            left_out[f"image whose name is not one of {layout}"] += 1
        elif not name.frontal:
            left_out["side view"] += 1
        else:
            samples.append(Sample(path, name.emotion, name.subject))
    return Dataset(layout, samples, left_out)
