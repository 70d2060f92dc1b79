"""``landmark-emotion image``: the emotions in image files."""

import argparse
import glob
import mimetypes
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.cli.options import add_output, add_recognition, check_output, progress, say
from landmark_emotion.errors import DatasetError, ImageError, OutputError
from landmark_emotion.files.folders import natural_order
from landmark_emotion.files.writing import check_writable, replace_atomically

if TYPE_CHECKING:
    from landmark_emotion.live.prediction import Prediction

STANDARD_INPUT = "-"

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm")
"""Of the pictures that can be written."""


@dataclass(frozen=True)
class _Input:
    """An image that was asked for, and what it is called below what the user named."""

    path: Path
    name: Path
    piped: bool = False

    @property
    def source(self) -> str:
        return str(self.path)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "image",
        help="recognize the emotions in image files",
        description="Recognize the emotion of every face in image files.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="image files, folders, patterns such as 'photos/**/*.jpg', or - for an image on "
        "standard input",
    )
    parser.add_argument(
        "-r",
        "--recursive",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="take everything below a folder (the default) or only what lies in it itself",
    )
    add_recognition(parser)
    add_output(parser)
    parser.add_argument(
        "--annotate",
        type=Path,
        metavar="FOLDER",
        help="draw the results into a copy of each image in FOLDER; for a single image, "
        "-o FILE.png does so too",
    )
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.cli.output import ImageTextWriter, open_writer
    from landmark_emotion.cli.recognition import open_recognizer

    picture: Path | None = None
    if args.output is not None and args.output.suffix.lower() in PICTURE_SUFFIXES:
        check_writable(args.output)
        picture, args.output = args.output, None
    elif (mimetypes.guess_type(str(args.output))[0] or "").startswith("image/"):
        args.usage_error(f"argument -o/--output: cannot draw '{args.output.suffix}'; use .png")
    check_output(args)
    inputs = list(_without_repeats(_inputs(args)))
    if not inputs:
        return 1
    if picture is not None and len(inputs) > 1:
        args.usage_error(
            f"argument -o/--output: a picture shows one image, not {len(inputs)}; draw them with "
            "--annotate FOLDER"
        )
    targets = _targets(inputs, args.annotate)
    _keep_images(inputs, [*targets.values(), *([picture] if picture else [])])
    recognizer = open_recognizer(args)
    n_read = 0
    with open_writer(args, ImageTextWriter) as writer:
        to_file = args.output is not None and len(inputs) > 1
        for item in progress(inputs, len(inputs)) if to_file else inputs:
            try:
                image = _read(item)
            except ImageError as error:
                writer.write_error(item.source, str(error).removeprefix(f"{item.source}: "))
                continue
            n_read += 1
            predictions = recognizer.recognize_still(image)
            writer.write(item.source, 0, 0.0, predictions)
            for path in (picture, targets.get(item)):
                if path is not None:
                    _draw(path, image, predictions)
    n_bad = len(inputs) - n_read
    if args.output is not None:
        bad = f", {n_bad} of them could not be read" if n_bad else ""
        say(f"results: {args.output}, {len(inputs)} image{'s' * (len(inputs) > 1)}{bad}")
    return 0 if n_read else 1


def _inputs(args: argparse.Namespace) -> Iterator[_Input]:
    """Find the images a user means; what cannot be found is told."""
    for argument in args.paths:
        try:
            yield from _images_of(argument, args.recursive, args.annotate)
        except DatasetError as error:
            say(f"error: {error}")


def _images_of(argument: str, recursive: bool, leave_out: Path | None) -> Iterator[_Input]:
    path = Path(argument)
    if argument == STANDARD_INPUT:
        yield _Input(path, Path("stdin"), piped=True)
        return
    if not argument:
        raise DatasetError("path: is empty; name an image or a folder")
    # A file may be called like a pattern.
    if not glob.has_magic(argument) or os.path.lexists(argument):
        if path.is_dir():
            yield from _images_below(path, recursive, leave_out)
        else:
            yield _Input(path, Path(path.name))
        return
    from landmark_emotion.sources.images import IMAGE_SUFFIXES

    # Not every shell resolves patterns: that of Windows does not, and none what is quoted.
    matches = sorted(map(Path, glob.glob(argument, recursive=True)), key=_path_order)
    stem = Path(*_plain_start(path))
    found = False
    for match in matches:
        if match.is_dir() and "**" not in argument:
            for item in _images_below(match, recursive, leave_out, may_be_empty=True):
                found = True
                yield _Input(item.path, match.relative_to(stem) / item.name)
        elif match.suffix.lower() in IMAGE_SUFFIXES and match.is_file():
            found = True
            yield _Input(match, match.relative_to(stem))
    if not found:
        raise DatasetError(f"{argument}: matches no image; check the pattern")


def _plain_start(pattern: Path) -> Iterator[str]:
    """Yield the folders of a pattern up to the first that has a wildcard in it."""
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            return
        yield part


def _images_below(
    folder: Path, recursive: bool, leave_out: Path | None, *, may_be_empty: bool = False
) -> Iterator[_Input]:
    from landmark_emotion.training.datasets import image_files

    out = None if leave_out is None else leave_out.resolve()
    found = False
    for path in image_files(folder):
        if not recursive and path.parent != folder:
            continue
        # What was drawn before is no image to look at now.
        if out is not None and out != folder.resolve() and out in path.resolve().parents:
            continue
        found = True
        yield _Input(path, path.relative_to(folder))
    if not found and not may_be_empty:
        raise DatasetError(f"{folder}: holds no image; check the path")


def _without_repeats(inputs: Iterable[_Input]) -> Iterator[_Input]:
    seen = set()
    for item in inputs:
        if (item.path, item.piped) not in seen:
            seen.add((item.path, item.piped))
            yield item


def _path_order(path: Path) -> list[Any]:
    return [natural_order(part) for part in path.parts]


def _targets(inputs: list[_Input], folder: Path | None) -> dict[_Input, Path]:
    """Choose where each annotated picture goes, no two in one place."""
    if folder is None:
        return {}
    taken: set[str] = set()
    targets = {}
    for item in inputs:
        name = item.name
        if name.suffix.lower() not in PICTURE_SUFFIXES:
            name = name.with_name(f"{name.name}.png")
        wanted, number = name, 1
        # Some file systems take upper and lower case for the same.
        while str(name).casefold() in taken:
            number += 1
            name = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        if number > 1:
            say(f"note: {item.source}: drawn as {folder / name}, as there is another {wanted.name}")
        taken.add(str(name).casefold())
        targets[item] = folder / name
    check_writable(next(iter(targets.values())))
    return targets


def _keep_images(inputs: list[_Input], targets: Iterable[Path]) -> None:
    """Refuse to draw over an image that is to be looked at."""
    images = {os.path.realpath(item.path) for item in inputs if not item.piped}
    for target in targets:
        if os.path.realpath(target) in images:
            raise OutputError(f"{target}: is one of the images themselves; choose another place")


def _read(item: _Input) -> NDArray[np.uint8]:
    from landmark_emotion.sources.images import MAX_FILE_BYTES, decode_image, read_image

    if not item.piped:
        return read_image(item.path)
    if sys.stdin is None:
        raise ImageError(f"{item.source}: there is no standard input; name a file")
    data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ImageError(f"{item.source}: larger than 256 MB; save it smaller")
    return decode_image(data, item.source)


def _draw(path: Path, image: NDArray[np.uint8], predictions: "list[Prediction]") -> None:
    import cv2

    from landmark_emotion.show.overlay import draw_predictions

    try:
        # Not cv2.imwrite, which cannot open non-ASCII paths on Windows.
        good, data = cv2.imencode(path.suffix.lower(), draw_predictions(image, predictions))
    except cv2.error:
        good = False
    if not good:
        raise OutputError(f"{path}: cannot hold so large a picture; choose another suffix")
    replace_atomically(path, data.tobytes())
