"""Options and messages that several commands share."""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def whole_number(text: str, least: int = 0) -> int:
    """Read an option that must be a whole number, neither below the least nor above 2**32 - 1."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 11 else -1
    if not least <= number < 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number from {least}, got '{text}'")
    return number


def positive_int(text: str) -> int:
    """Read an option that must be a whole number above 0."""
    return whole_number(text, 1)


def job_count(text: str) -> int:
    """Read an option that must be a number of processes; more than cores are of no use."""
    return min(positive_int(text), os.cpu_count() or 1)


def two_or_more(text: str) -> int:
    """Read an option that must be a whole number above 1."""
    return whole_number(text, 2)


def share(text: str) -> float:
    """Read an option that must lie between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and below 1, got '{text}'")
    return value


def seconds_or_auto(text: str) -> float | str:
    """Read ``--calibrate``: seconds from 0.5 to 60, or ``auto``."""
    if text == "auto":
        return text
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.5 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"must be 'auto' or seconds from 0.5 to 60, got '{text}'")
    return seconds


def add_recognition(parser: argparse.ArgumentParser) -> None:
    """Add what decides how faces are recognized: model, predictor, neutral face, certainty."""
    add_model(parser)
    add_predictor(parser)
    reference = parser.add_mutually_exclusive_group()
    reference.add_argument(
        "--neutral",
        type=Path,
        metavar="PHOTO",
        help="a photo of the person at rest to compare with",
    )
    reference.add_argument(
        "--profile",
        metavar="NAME",
        help="a neutral face saved before with 'webcam --calibrate SECONDS --profile NAME'; a name "
        "or a .json file",
    )
    parser.add_argument(
        "--min-probability",
        type=share,
        default=0.0,
        metavar="P",
        help="print 'uncertain' where the likeliest emotion is less likely than P",
    )


def seconds(text: str) -> float:
    """Read an option that must be a number of seconds from 0 to an hour."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"must be seconds from 0 to 3600, got '{text}'")
    return value


def face_width(text: str) -> int:
    """Read ``--min-face``."""
    return whole_number(text, 20)


def add_following(parser: argparse.ArgumentParser) -> None:
    """Add what decides how faces are found and followed from frame to frame."""
    parser.add_argument(
        "--smoothing",
        type=seconds,
        metavar="SECONDS",
        help="average the probabilities over about so long, so that the emotion does not flicker; "
        "0 turns it off (default: 0.3)",
    )
    parser.add_argument(
        "--detect-every",
        type=positive_int,
        metavar="N",
        help="look for new faces every N frames while one is followed (default: 30, and at the "
        "latest every second)",
    )
    parser.add_argument(
        "--no-tracking",
        action="store_true",
        help="search every frame in full instead of following faces; some ten times slower",
    )
    parser.add_argument(
        "--min-face",
        type=face_width,
        metavar="PIXELS",
        help="find faces from this width on; smaller costs more time (default: a sixth of the "
        "frame's shorter side, at least 80)",
    )
    parser.add_argument(
        "--max-faces", type=positive_int, metavar="N", help="only the N largest faces"
    )


def add_view(parser: argparse.ArgumentParser) -> None:
    """Add what decides how pictures are shown."""
    parser.add_argument(
        "--show",
        action="store_true",
        help="show a window with landmarks, emotion and all probabilities; h lists its keys",
    )
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="write the video with all that is drawn into it to an .mp4 or .avi",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add what decides where rows go and what they look like."""
    parser.add_argument(
        "--format",
        choices=("text", "json", "csv", "parquet"),
        help="how to write the results (default: by the suffix of -o, else text)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write the results into FILE instead of printing them",
    )
    parser.add_argument(
        "--landmarks", action="store_true", help="add the landmarks to JSON, CSV and Parquet"
    )


def check_output(args: argparse.Namespace) -> None:
    """Refuse what cannot be written before the work begins."""
    if args.format == "parquet" and args.output is None:
        args.usage_error("argument --format: 'parquet' needs a file, name it with -o")
    if args.output is not None:
        from landmark_emotion.files.writing import check_writable

        check_writable(args.output)


def add_predictor(parser: argparse.ArgumentParser) -> None:
    """Add ``--predictor``."""
    parser.add_argument(
        "--predictor",
        type=Path,
        metavar="FILE",
        help="another 68-point shape predictor than the one that was installed",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``."""
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="the model; otherwise models/emotion.npz, which training writes, else the one that "
        "comes with the program",
    )


def say(message: str) -> None:
    """Talk to the user beside the data."""
    print(message, file=sys.stderr, flush=True)


def progress(items: Iterable[Any], total: int, unit: str = "images") -> Iterable[Any]:
    """Show how far it is, with rate and time left, where someone is watching."""
    from tqdm import tqdm

    bar: Iterable[Any] = tqdm(
        items, total=total, unit=f" {unit}", disable=None, dynamic_ncols=True, leave=False
    )
    return bar
