"""``landmark-emotion draw``: drawn sample faces."""

import argparse
from pathlib import Path

from landmark_emotion.cli.help import examples
from landmark_emotion.cli.options import positive_int, progress, whole_number
from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.drawn.video import draw_video


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "draw",
        help="draw sample faces to try the program",
        description="Draw a data set of faces in the layout of CK+, a video, or both. Drawn faces "
        "show that the program works, not how well it recognizes real ones.",
        epilog=examples(
            "draw data/drawn-faces",
            "draw data/drawn-faces --subjects 40 --seed 1",
            "draw --video drawn.mp4",
        ),
    )
    add = parser.add_argument
    add("folder", nargs="?", type=Path, metavar="FOLDER", help="folder for the data set")
    text = "number of people (default: 12)"
    add("--subjects", type=positive_int, default=12, metavar="N", help=text)
    text = "seed of the random faces (default: 0)"
    add("--seed", type=whole_number, default=0, metavar="N", help=text)
    add("--video", type=Path, metavar="FILE", help="draw a video to an .mp4 or .avi file")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    if args.folder is None and args.video is None:
        args.usage_error("name a FOLDER for a data set, a --video FILE, or both")
    if args.folder is not None:
        n_images = draw_dataset(args.folder, args.subjects, args.seed, progress=progress)
        print(f"{args.folder}: {n_images} drawn images of {args.subjects} people")
    if args.video is not None:
        for start, emotion in draw_video(args.video, args.seed):
            print(f"{args.video}: {start:6.2f} s  {emotion}")
    return 0
