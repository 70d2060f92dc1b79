"""A CSV file that lists images and their emotions."""

from collections import Counter
from pathlib import Path

from landmark_emotion.emotions import parse_emotion
from landmark_emotion.files.csv_files import named_file, read_csv
from landmark_emotion.training.datasets.samples import Dataset, Sample, identity_from_name


def read_manifest(path: Path) -> Dataset:
    """Read a manifest with the columns path and emotion, and optionally subject and sequence.

    It is a CSV file in UTF-8, separated by commas, semicolons or tabs. Its paths are relative to
    its folder. There is one sample per usable row, in the same order.

    Raises
    ------
    DatasetError
        If the file cannot be read, is not CSV or lacks a column.
    """
    left_out: Counter[str] = Counter()
    samples = []
    for row in read_csv(path, ("path", "emotion")):
        emotion = parse_emotion(row["emotion"])
        if not row["path"]:
            left_out["row without a path"] += 1
        elif "\0" in row["path"]:
            left_out["row with an impossible path"] += 1
        elif emotion is None:
            left_out[f"row with the unknown emotion {row['emotion'][:40]!r}"] += 1
        else:
            image = named_file(path.parent, row["path"])
            subject, sequence = identity_from_name(image)
            identity = row.get("subject") or subject, row.get("sequence") or sequence
            samples.append(Sample(image, emotion, *identity))
    return Dataset("manifest", samples, left_out)
