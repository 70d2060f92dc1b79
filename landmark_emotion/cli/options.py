"""Options that several commands share, and messages to the user."""

import argparse
import contextlib
import functools
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.cli.help import CALIBRATION, INPUT, OUTPUT, TUNING, group
from landmark_emotion.emotions import MAX_CLASSES, class_name, parse_emotion
from landmark_emotion.errors import ModelError

if TYPE_CHECKING:
    from landmark_emotion.model.classifier import EmotionModel
    from landmark_emotion.report.timeline.events import Criteria
    from landmark_emotion.show.sending.targets import Target

_WIDTH = 79  # columns of a table
_UNBROKEN: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def whole_number(text: str, least: int = 0) -> int:
    """Parse a whole number from `least` to 2**32 - 1."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 11 else -1
    if not least <= number < 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number from {least}, got '{text}'")
    return number


positive_int = functools.partial(whole_number, least=1)
two_or_more = functools.partial(whole_number, least=2)
face_width = functools.partial(whole_number, least=20)


def job_count(text: str) -> int:
    """Parse a number of processes, at most the number of cores."""
    return min(positive_int(text), os.cpu_count() or 1)


def share(text: str) -> float:
    """Parse a number between 0 and 1."""
    return _number(text, lambda value: 0 < value < 1, "above 0 and below 1")


def least_share(text: str) -> float:
    """Parse a number from 0, which lets everything pass, to 1."""
    return _number(text, lambda value: 0 <= value <= 1, "from 0 to 1")


def seconds(text: str) -> float:
    """Parse seconds from 0 to an hour."""
    return _number(text, lambda value: 0 <= value <= 3600, "seconds from 0 to 3600")


def seconds_or_auto(text: str) -> float | str:
    """Parse ``--calibrate``: seconds from 0.5 to 60, or ``auto``."""
    if text == "auto":
        return text
    return _number(text, lambda value: 0.5 <= value <= 60, "'auto' or seconds from 0.5 to 60")


def sending_target(text: str) -> "Target":
    """Parse ``--send``."""
    from landmark_emotion.show.sending.targets import Target

    with contextlib.suppress(ValueError):
        return Target.parse(text)
    expected = "udp://HOST:PORT, osc://HOST:PORT or lsl"
    raise argparse.ArgumentTypeError(f"must be {expected}, got '{text}'")


def moment(text: str) -> float:
    """Parse a time in a video: seconds, min:s or h:min:s."""
    *larger, last = text.split(":")
    with contextlib.suppress(ValueError):
        if len(larger) < 3 and all(part.isascii() and part.isdecimal() for part in larger):
            time = float(last)
            for factor, part in zip((60, 3600), reversed(larger), strict=False):
                time += factor * int(part)
            if 0 <= float(last) < (60 if larger else math.inf) and time < 1e9:
                return time
    raise argparse.ArgumentTypeError(f"must be seconds, min:s or h:min:s, got '{text}'")


def _number(text: str, accepts: Callable[[float], bool], expected: str) -> float:
    with contextlib.suppress(ValueError):
        if accepts(value := float(text)):
            return value
    raise argparse.ArgumentTypeError(f"must be {expected}, got '{text}'")


def class_argument(text: str) -> str:
    """Parse the name of an emotion, in any of its forms, or of another class."""
    try:
        return parse_emotion(text) or class_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def class_list(text: str) -> tuple[str, ...]:
    """Parse ``--emotions``: two or more names separated by commas."""
    names = tuple(dict.fromkeys(map(class_argument, text.split(","))))
    if not 2 <= len(names) <= MAX_CLASSES:
        raise argparse.ArgumentTypeError(f"must be 2 to {MAX_CLASSES} names, got '{text}'")
    return names


def choose_among(model: "EmotionModel", emotions: Sequence[str], where: str) -> "EmotionModel":
    """Return a model for some of its emotions; errors call it ``where``."""
    unknown = [name for name in emotions if name not in model.emotions]
    if unknown:
        known = ", ".join(model.emotions)
        raise ModelError(f"{where}: does not know {', '.join(unknown)}; choose among {known}")
    return model.only(emotions)


def model_file(text: str) -> Path:
    """Parse ``--model``: a file, or ``default`` for the built-in model."""
    if text != "default":
        return Path(text)
    from landmark_emotion.model.classifier import shipped_model

    return shipped_model()


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``."""
    text = (
        "model file, or 'default' for the built-in model (default: models/emotion.npz if you "
        "trained one here, else the built-in model)"
    )
    add = group(parser, TUNING).add_argument
    add("--model", type=model_file, metavar="FILE", help=text)


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add ``--network``."""
    group(parser, TUNING).add_argument(
        "--network",
        default="default",
        metavar="FILE",
        help="network that takes part where no neutral face is known: an ONNX file, 'default' for "
        "the built-in network, or 'none' for landmarks alone (default: default)",
    )


def add_predictor(parser: argparse.ArgumentParser) -> None:
    """Add ``--predictor``."""
    text = "68-point shape predictor (default: the one of face_recognition_models)"
    group(parser, TUNING).add_argument("--predictor", type=Path, metavar="FILE", help=text)


def add_recognition(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that recognizes emotions."""
    add_model(parser)
    add_network(parser)
    add_predictor(parser)
    reference = group(parser, CALIBRATION).add_mutually_exclusive_group()
    text = "compare faces with the neutral face in this photo"
    reference.add_argument("--neutral", type=Path, metavar="PHOTO", help=text)
    reference.add_argument(
        "--profile",
        metavar="NAME",
        help="compare faces with the neutral face that 'webcam --calibrate SECONDS --profile NAME' "
        "stored; NAME is a name or a .json file",
    )
    add = group(parser, TUNING).add_argument
    text = "choose among these emotions only, separated by commas"
    add("--emotions", type=class_list, metavar="NAMES", help=text)
    text = "answer 'uncertain' if no emotion reaches this probability, 0 to 1 (default: 0)"
    add("--min-probability", type=least_share, default=0.0, metavar="P", help=text)
    text = "answer 'uncertain' for a face below this quality, such as turned away or partly hidden"
    text += ", 0 to 1 (default: 0.5; 0 for none)"
    least = 0.5  # quality.MIN_QUALITY, which is not imported as parsing needs no NumPy
    add("--min-quality", type=least_share, default=least, metavar="Q", help=text)


def add_people(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whose the files are."""
    people = group(parser, CALIBRATION).add_mutually_exclusive_group()
    people.add_argument(
        "--people",
        type=Path,
        metavar="FILE",
        help="CSV file with the columns source and person, and optionally neutral: a photo, or "
        "seconds of the video such as 1.5-3; the files of a person share one baseline",
    )
    text = "treat each folder as one person and estimate a baseline from all pictures in it"
    people.add_argument("--baseline", choices=["person"], help=text)


def check_references(args: argparse.Namespace) -> None:
    """Check that the options that say what faces are compared with fit together."""
    if not args.profile and not args.neutral:
        return
    if args.calibrate == "auto":
        args.usage_error("argument --calibrate: 'auto' cannot be used with --profile or --neutral")
    if getattr(args, "baseline", None):
        args.usage_error("argument --baseline: cannot be used with --profile or --neutral")


def add_min_face(
    parser: argparse.ArgumentParser, default: str = "80, or 40 if no larger face is found"
) -> None:
    """Add ``--min-face``; by default as for single images."""
    text = f"width of the smallest face to find; smaller is slower (default: {default})"
    group(parser, TUNING).add_argument("--min-face", type=face_width, metavar="PIXELS", help=text)


def add_following(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that tracks faces from frame to frame."""
    add = group(parser, TUNING).add_argument
    text = "average probabilities over about this time, less while a face moves (default: 0.3)"
    add("--smoothing", type=seconds, metavar="SECONDS", help=text)
    text = "search for new faces every N frames (default: 30, and at least once a second)"
    add("--detect-every", type=positive_int, metavar="N", help=text)
    text = "search every frame in full instead of tracking faces (about ten times slower)"
    add("--no-tracking", action="store_true", help=text)
    add_min_face(parser, "a sixth of the frame's shorter side, at least 80")
    add("--max-faces", type=positive_int, metavar="N", help="keep only the N largest faces")


def add_part(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that reads videos, for a part of each."""
    add = group(parser, INPUT).add_argument
    text = "start each video at TIME: seconds, min:s or h:min:s"
    add("--from", dest="start", type=moment, default=0.0, metavar="TIME", help=text)
    text = "stop each video before TIME"
    add("--to", dest="end", type=moment, default=math.inf, metavar="TIME", help=text)


def check_part(args: argparse.Namespace) -> None:
    """Check that ``--to`` comes after ``--from``."""
    if args.start >= args.end:
        args.usage_error(f"argument --to: must be after --from, {args.start:g} s")


def add_events(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that finds events in rows."""
    add = group(parser, TUNING).add_argument
    text = "an event starts when an emotion reaches this probability (default: 0.5)"
    add("--enter", type=share, default=0.5, metavar="P", help=text)
    text = "an event ends when its emotion falls below this probability (default: 0.4)"
    add("--leave", type=share, metavar="P", help=text)
    text = "leave out shorter events (default: 0.5)"
    add("--min-duration", type=seconds, default=0.5, metavar="SECONDS", help=text)


def event_criteria(args: argparse.Namespace) -> "Criteria":
    """Return what the options of `add_events` say."""
    from landmark_emotion.report.timeline.events import Criteria

    leave = min(0.4, args.enter) if args.leave is None else args.leave
    if leave > args.enter:
        args.usage_error(f"argument --leave: must be at most --enter, {args.enter:g}")
    return Criteria(args.enter, leave, args.min_duration)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that writes rows."""
    add = group(parser, OUTPUT).add_argument
    text = "format of the results (default: by the suffix of -o, else text)"
    add("--format", choices=("text", "json", "csv", "parquet"), help=text)
    text = "write the results to FILE (an old FILE stays if there is no result)"
    add("-o", "--output", type=Path, metavar="FILE", help=text)
    text = "add the 68 landmarks of each face to JSON, CSV and Parquet"
    add("--landmarks", action="store_true", help=text)


def check_output(args: argparse.Namespace) -> None:
    """Check before the work begins that the results can be written."""
    if args.format == "parquet" and args.output is None:
        args.usage_error("argument --format: 'parquet' needs a file; name one with -o")
    if args.output is not None:
        from landmark_emotion.files.writing import check_writable

        check_writable(args.output)


def add_hiding(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that shows or writes pictures of people."""
    hiding = group(parser, OUTPUT).add_mutually_exclusive_group()
    text = "cover every face that is found, in window, recordings and pictures"
    hiding.add_argument("--blur", action="store_true", help=text)
    text = "draw on black instead of the picture, in window, recordings and pictures"
    hiding.add_argument("--landmarks-only", action="store_true", help=text)


def check_hiding(args: argparse.Namespace, min_face: int) -> None:
    """Let ``--blur`` find every face, by default from a width of `min_face` pixels on."""
    if not args.blur:
        return
    if getattr(args, "max_faces", None) is not None:
        args.usage_error("argument --blur: cannot be used with --max-faces, which leaves out faces")
    if args.min_face is None:
        args.min_face = min_face


def add_every(parser: argparse.ArgumentParser) -> None:
    """Add ``--every`` of the commands that read videos."""
    text = "recognize one frame every SECONDS (default: every frame)"
    add = group(parser, INPUT).add_argument
    add("--every", type=seconds, default=0.0, metavar="SECONDS", help=text)


def add_calibrate(parser: argparse.ArgumentParser) -> None:
    """Add ``--calibrate`` of the commands that read videos."""
    group(parser, CALIBRATION).add_argument(
        "--calibrate",
        type=seconds_or_auto,
        metavar="SECONDS",
        help="take the faces of the first SECONDS of each source as neutral and compare with them "
        "afterwards; 'auto' estimates each person's neutral face all the time",
    )


def add_video(parser: argparse.ArgumentParser) -> None:
    """Add the options that `webcam` and `video` share."""
    add_recognition(parser)
    add_calibrate(parser)
    add_following(parser)
    add_every(parser)
    text = "stop each source after N frames"
    group(parser, INPUT).add_argument("--max-frames", type=positive_int, metavar="N", help=text)
    add_output(parser)
    add = group(parser, OUTPUT).add_argument
    rows = group(parser, OUTPUT).add_mutually_exclusive_group()
    text = "write a frame only if faces or emotions changed"
    rows.add_argument("--changes-only", action="store_true", help=text)
    text = "print every frame; without it a terminal keeps a line for each change only"
    rows.add_argument("--every-frame", action="store_true", help=text)
    add(
        "--send",
        type=sending_target,
        action="append",
        default=[],
        metavar="TARGET",
        help="send each face of each frame to udp://HOST:PORT (JSON), osc://HOST:PORT or lsl (Lab "
        "Streaming Layer), videos in real time; may be given several times",
    )
    text = "show a window with landmarks and probabilities; press h for help"
    add("--show", action="store_true", help=text)
    text = "draw head axes and measures of eyes and mouth, in window and recording"
    add("--show-pose", action="store_true", help=text)
    text = "record the annotated video to an .mp4 or .avi file, with the sound of a video file"
    add("--record", type=Path, metavar="FILE", help=text)
    add("--no-audio", action="store_true", help="record without sound")
    add_hiding(parser)


def say(message: str) -> None:
    """Print a message to stderr, above the progress bar if there is one.

    It is broken into lines for a terminal; in a file each message is one line.
    """
    if sys.stderr.isatty():
        width = max(40, shutil.get_terminal_size().columns - 1)
        lines = textwrap.wrap(message, width, subsequent_indent="  ", **_UNBROKEN)
        message = "\n".join(lines)
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(message, file=sys.stderr)
    else:
        print(message, file=sys.stderr, flush=True)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print lines of cells: the first column left-aligned, the others right-aligned.

    A table wider than 79 columns is turned, so that its columns become lines, if it fits then.
    """
    tables: list[Sequence[Sequence[str]]] = [rows, list(zip(*rows, strict=True))]
    widths = [[max(map(len, column)) for column in zip(*each, strict=True)] for each in tables]
    fits = [sum(each) + 2 * len(each) - 2 <= _WIDTH for each in widths]
    turned = int(fits == [False, True])
    for row in tables[turned]:
        cells = [
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths[turned], strict=True))
        ]
        print("  ".join(cells).rstrip())


def progress(items: Iterable[Any], total: int, unit: str = "images") -> Iterable[Any]:
    """Show a progress bar while iterating, if stderr is a terminal."""
    from tqdm import tqdm

    bar: Iterable[Any] = tqdm(
        items, total=total, unit=f" {unit}", disable=None, dynamic_ncols=True, leave=False
    )
    return bar
