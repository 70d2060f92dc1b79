"""The options that say whose the files of a job are."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from landmark_emotion.cli.options import progress, say
from landmark_emotion.errors import ProfileError
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.live.baselines import Baselines, neutral_face, watch_for_estimate
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.sources.addresses import without_password
from landmark_emotion.sources.people import People, people_by_folder, read_people


def open_baselines(
    args: argparse.Namespace,
    sources: Mapping[str, Path],
    detector: FaceDetector,
    base: Path = Path(),
) -> Baselines:
    """Find out whose the files are and take the neutral faces that are named.

    ``sources`` are the files by their names, which may be relative to ``base``.
    """
    if args.people is not None:
        people = read_people(args.people, sources, base, say)
    else:
        people = people_by_folder(sources) if args.baseline else People()
    baselines = Baselines(people, bool(args.baseline) or args.calibrate == "auto")
    for person, source in people.neutral.items():
        try:
            baselines.given[person] = neutral_face(source, detector)
        except ProfileError as error:
            say(f"error: {error}")
    return baselines


def open_video_baselines(
    args: argparse.Namespace, sources: Sequence[str], recognizer: Recognizer
) -> Baselines:
    """Do the same for videos, and look at those of people whose neutral face is estimated."""
    files = {without_password(name): Path(name) for name in sources if "://" not in name}
    baselines = open_baselines(args, files, recognizer.detector)
    wanted = {name: path for name, path in files.items() if baselines.estimates(name)}
    for name, path in progress(wanted.items(), len(wanted), "videos watched for baselines"):
        watch_for_estimate(baselines, name, path, recognizer, args.start, args.end)
    for problem in baselines.problems:
        say(problem)
    return baselines
