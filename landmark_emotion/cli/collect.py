"""Options of the commands that read a data set."""

import argparse
import datetime
import platform
from collections.abc import Collection
from pathlib import Path
from typing import Any

from landmark_emotion import __version__
from landmark_emotion.cli.options import add_predictor, job_count, positive_int, progress, say
from landmark_emotion.emotions import DEFAULT_EMOTIONS, EMOTIONS
from landmark_emotion.files.folders import user_folder
from landmark_emotion.training.loading import LoadedFaces, load_faces


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that reads a data set."""
    parser.add_argument(
        "--contempt", action="store_true", help="include contempt as the eighth emotion"
    )
    parser.add_argument(
        "--peak-frames",
        type=positive_int,
        default=1,
        metavar="N",
        help="frames to use from the end of each CK+ sequence (default: 1)",
    )
    parser.add_argument(
        "--jobs", type=job_count, metavar="N", help="worker processes (default: one per core)"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where landmarks and scores are cached (default: in your cache folder)",
    )
    parser.add_argument("--no-cache", action="store_true", help="do not use the cache")
    add_predictor(parser)


def wanted_emotions(args: argparse.Namespace) -> tuple[str, ...]:
    """Return the emotions that the options select."""
    return EMOTIONS if args.contempt else DEFAULT_EMOTIONS


def cache_folder(args: argparse.Namespace) -> Path | None:
    """Return the folder of the cache; None for no cache."""
    return None if args.no_cache else args.cache or user_folder("cache")


def collect(args: argparse.Namespace, path: Path, emotions: Collection[str]) -> LoadedFaces:
    """Call `load_faces` with the options of `add_arguments`."""
    return load_faces(
        path,
        emotions,
        peak_frames=args.peak_frames,
        predictor=args.predictor,
        jobs=args.jobs or -1,
        cache=cache_folder(args),
        progress=progress,
        notify=say,
    )


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
