"""From the data set a user names to a landmark table, and the account of it."""

import argparse
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from landmark_emotion.cli.options import add_predictor, job_count, positive_int, progress, say
from landmark_emotion.emotions import DEFAULT_EMOTIONS, EMOTIONS
from landmark_emotion.errors import DatasetError
from landmark_emotion.files.folders import user_folder
from landmark_emotion.training.datasets import Sample, read_dataset
from landmark_emotion.training.landmark_table import LandmarkTable, load_table


@dataclass(frozen=True)
class Collected:
    """A data set ready to use, and what became of the rest of it.

    Attributes
    ----------
    table : LandmarkTable
        Every sample with a face.
    path : Path
        What the user named.
    layout : str
        What it was recognized as.
    left_out : Counter
        Sequences and images that were left out unseen, by reason.
    skipped : list of (Path, str)
        Images without usable landmarks, with the reason.
    from_cache : int
        Images whose landmarks were known already.
    """

    table: LandmarkTable
    path: Path
    layout: str
    left_out: Counter[str]
    skipped: list[tuple[Path, str]]
    from_cache: int

    @property
    def title(self) -> str:
        """What the user named and what it is."""
        return f"{self.path} ({self.layout})" + (", drawn faces" if self.table.drawn else "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that reads a data set."""
    parser.add_argument(
        "--contempt", action="store_true", help="take contempt in as the eighth emotion"
    )
    parser.add_argument(
        "--peak-frames",
        type=positive_int,
        default=1,
        metavar="N",
        help="frames to take from the end of each CK+ sequence (default: 1)",
    )
    parser.add_argument(
        "--jobs",
        type=job_count,
        metavar="N",
        help="processes that look for faces (default: one a core)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where landmarks and scores are remembered (default: in your cache folder)",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="neither use nor keep what is remembered"
    )
    add_predictor(parser)


def wanted_emotions(args: argparse.Namespace) -> tuple[str, ...]:
    """Tell which emotions the options ask for."""
    return EMOTIONS if args.contempt else DEFAULT_EMOTIONS


def cache_folder(args: argparse.Namespace) -> Path | None:
    """Tell where results are remembered; None for nowhere."""
    return None if args.no_cache else args.cache or user_folder("cache")


def collect(args: argparse.Namespace, path: Path, emotions: Collection[str]) -> Collected:
    """Read a data set in any layout and find the landmarks of its faces.

    Parameters
    ----------
    args : Namespace
        With the options of `add_arguments`.
    path : Path
        A folder, a manifest or a landmark table.
    emotions : collection of str
        Samples of others are left out and counted.

    Returns
    -------
    Collected
        With at least one face.

    Raises
    ------
    DatasetError
        If the data set cannot be read or no face was found in it.
    """
    skipped: list[tuple[Path, str]]
    if path.suffix.lower() == ".npz" and not path.is_dir():
        table = load_table(path)
        layout, skipped, from_cache = "landmark table", [], 0
        say(f"{path}: {layout} of {len(table)} faces")
        left_out = _left_out_emotions(table.emotion.tolist(), emotions)
        table = table.take(np.isin(table.emotion, list(emotions)))
    else:
        dataset = read_dataset(path, peak_frames=args.peak_frames)
        left_out = dataset.left_out + _left_out_emotions(
            [sample.emotion for sample in dataset.samples], emotions
        )
        chosen = [sample for sample in dataset.samples if sample.emotion in emotions]
        layout = dataset.layout
        say(f"{path}: {layout}, {len(chosen)} images to look at")
        table, skipped, from_cache = _extract(args, chosen)
        table = replace(table, drawn=dataset.drawn)
    if table.drawn:
        say("note: these are drawn faces; scores on them say nothing about real ones")
    if not len(table):
        reasons = Counter(reason for _, reason in skipped) + left_out
        why = ", ".join(f"{count} x {reason}" for reason, count in reasons.most_common(3))
        raise DatasetError(
            f"{path}: no usable face ({why or 'it is empty'}); check that the pictures show faces "
            "from the front"
        )
    return Collected(table, path, layout, left_out, skipped, from_cache)


def _extract(
    args: argparse.Namespace, samples: list[Sample]
) -> tuple[LandmarkTable, list[tuple[Path, str]], int]:
    from landmark_emotion.training.extraction import extract

    extraction = extract(
        samples,
        predictor=args.predictor,
        jobs=args.jobs or -1,
        cache=cache_folder(args),
        progress=progress,
    )
    if extraction.cache_problem:
        say(f"note: landmarks are not remembered, {extraction.cache_problem}; see --cache")
    return extraction.table, extraction.skipped, extraction.from_cache


def _left_out_emotions(labels: list[str], emotions: Collection[str]) -> Counter[str]:
    counts = Counter(label for label in labels if label not in emotions)
    return Counter(
        {
            f"{label} (take it in with --contempt)" if label == "contempt" else label: count
            for label, count in counts.items()
        }
    )
