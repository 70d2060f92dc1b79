"""``landmark-emotion video``: the emotions in every frame of video files."""

import argparse
import contextlib
import glob
import os
from pathlib import Path

from landmark_emotion.cli.help import INPUT, examples, group
from landmark_emotion.cli.options import add_part, add_people, add_video, check_part


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "video",
        help="recognize emotions in video files",
        description="Recognize the emotion of every face in every frame of video files, as fast "
        "as the files can be read.",
        epilog=examples(
            "video clip.mp4 -o rows.csv",
            "video clip.mp4 --show --record annotated.mp4",
            "video clips/ --every 0.5 --calibrate auto",
            more="The exit status is 0 if at least one video could be read, even if only in part. "
            "Videos that cannot be read are reported on stderr.",
        ),
    )
    text = "video, folder of videos, or image sequence (folder or pattern such as frames/%%04d.png)"
    group(parser, INPUT).add_argument("paths", nargs="+", metavar="PATH", help=text)
    add_part(parser)
    add_video(parser)
    add_people(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from landmark_emotion.cli.live import watch

    check_part(args)
    return watch(args, [source for path in args.paths for source in _sources(path)], live=False)


def _sources(path: str) -> list[str]:
    """List the videos of a folder or pattern; any other path is a source itself."""
    from landmark_emotion.files.folders import natural_order
    from landmark_emotion.sources.images import VIDEO_SUFFIXES

    if "://" in path:
        return [path]
    found: list[Path] = []
    with contextlib.suppress(OSError):  # reported when the source is opened
        if Path(path).is_dir():
            found = [file for file in Path(path).iterdir() if not file.name.startswith(".")]
        elif glob.has_magic(path) and not os.path.lexists(path):
            found = [Path(match) for match in glob.glob(path)]
    videos = [file for file in found if file.suffix.lower() in VIDEO_SUFFIXES and file.is_file()]
    videos.sort(key=lambda file: natural_order(file.name))
    # A folder or pattern without videos is an image sequence.
    return [str(video) for video in videos] or [path]
