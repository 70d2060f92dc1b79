"""Options of the commands that read a data set."""

import argparse
import datetime
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from landmark_emotion import __version__
from landmark_emotion.cli.help import INPUT, TUNING, group
from landmark_emotion.cli.options import (
    add_predictor,
    class_argument,
    class_list,
    job_count,
    positive_int,
    progress,
    say,
)
from landmark_emotion.files.folders import user_folder
from landmark_emotion.training.datasets.fer2013 import USAGES
from landmark_emotion.training.datasets.labels import CODES, Labels, label_key
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.loading import LoadedFaces, load_faces


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that reads a data set."""
    add = group(parser, INPUT).add_argument
    chosen = group(parser, INPUT).add_mutually_exclusive_group()
    chosen.add_argument(
        "--contempt", action="store_true", help="include contempt as the eighth emotion"
    )
    chosen.add_argument(
        "--emotions",
        type=class_list,
        metavar="NAMES",
        help="use these emotions or other classes only, separated by commas",
    )
    add(
        "--labels",
        type=_meanings,
        default={},
        metavar="MEANINGS",
        help="what labels mean, such as 0=anger,1=disgust, or "
        f"{', '.join(sorted(CODES))} for the numbers of that data set",
    )
    add(
        "--usage",
        choices=USAGES,
        default="",
        help="rows of fer2013.csv to use (default: all)",
    )
    add(
        "--peak-frames",
        type=positive_int,
        default=1,
        metavar="N",
        help="frames to use from the end of each CK+ sequence (default: 1)",
    )
    add = group(parser, TUNING).add_argument
    add("--jobs", type=job_count, metavar="N", help="worker processes (default: one per core)")
    add(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="folder of the cache of landmarks and scores (default: your cache folder)",
    )
    add("--no-cache", action="store_true", help="do not use the cache")
    add_predictor(parser)


def cache_folder(args: argparse.Namespace) -> Path | None:
    """Return the folder of the cache; None for no cache."""
    return None if args.no_cache else args.cache or user_folder("cache")


def collect(
    args: argparse.Namespace,
    path: Path,
    *,
    contempt: bool = False,
    known: Sequence[str] = (),
    network: str | os.PathLike[str] | None = None,
) -> LoadedFaces:
    """Call `load_faces` with the options of `add_arguments`.

    Parameters
    ----------
    args, path
        The options and the data set.
    contempt : bool
        Whether to take contempt, whatever the options say.
    known : sequence of str
        Classes that folders may be named after, besides those of the options.
    network : path-like, "default" or None
        As for `load_faces`.
    """
    return load_faces(
        path,
        args.emotions,
        contempt=contempt or args.contempt,
        labels=Labels((*(args.emotions or ()), *known), args.labels, usage=args.usage),
        peak_frames=args.peak_frames,
        predictor=args.predictor,
        jobs=args.jobs or -1,
        cache=cache_folder(args),
        progress=progress,
        notify=say,
        network=network,
    )


def print_data(data: LoadedFaces, table: LandmarkTable) -> None:
    """Print what was read, and why not all of it is in the table that is used."""
    from landmark_emotion.report.summary import data_text

    lines = data_text(
        data.title,
        table,
        n_images=data.n_images,
        n_unused=data.n_unused,
        from_cache=data.from_cache,
        left_out=data.left_out,
        skipped=data.skipped,
    )
    print("\n".join(lines))


def _meanings(text: str) -> dict[str, str]:
    """Parse ``--labels``."""
    if text.lower() in CODES:
        return dict(CODES[text.lower()])
    meanings = {}
    for pair in text.split(","):
        label, equals, name = pair.partition("=")
        if not equals or not label.strip():
            raise argparse.ArgumentTypeError(
                f"must be pairs such as 0=anger, or one of {', '.join(sorted(CODES))}, got '{text}'"
            )
        meanings[label_key(label)] = class_argument(name)
    return meanings


def circumstances() -> dict[str, Any]:
    """Return date and versions as JSON values, for reports and models."""
    import numpy as np

    versions = {
        "landmark_emotion": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"date": now.isoformat(timespec="seconds"), "versions": versions}
