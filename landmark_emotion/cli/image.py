"""``landmark-emotion image``: the emotions in image files."""

import argparse
import contextlib
import functools
import glob
import mimetypes
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.cli.help import CALIBRATION, INPUT, OUTPUT, examples, group
from landmark_emotion.cli.options import (
    add_hiding,
    add_min_face,
    add_output,
    add_people,
    add_recognition,
    check_hiding,
    check_output,
    check_references,
    progress,
    say,
)
from landmark_emotion.errors import DatasetError, ImageError, OutputError
from landmark_emotion.files.folders import natural_order, walk_files
from landmark_emotion.files.writing import check_writable, replace_atomically

if TYPE_CHECKING:
    from landmark_emotion.live.baselines import Baselines
    from landmark_emotion.live.prediction import Prediction

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm")
"""Of the annotated pictures that can be written."""


@dataclass(frozen=True)
class _Input:
    """An image to recognize, and its name below the folder or pattern that the user gave."""

    path: Path
    name: Path
    piped: bool = False

    @property
    def source(self) -> str:
        return str(self.path)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "image",
        help="recognize emotions in image files",
        description="Recognize the emotion of every face in image files.",
        epilog=examples(
            "image photo.jpg -o annotated.png",
            "image photos/ --format csv -o rows.csv",
            "image photos/ --baseline person --annotate annotated/",
            more="The exit status is 0 if at least one image could be read, with or without a "
            "face. Images that cannot be read are reported on stderr.",
        ),
    )
    add = group(parser, INPUT).add_argument
    text = "image file, folder, pattern such as 'photos/**/*.jpg', or - for standard input"
    add("paths", nargs="+", metavar="PATH", help=text)
    switch = argparse.BooleanOptionalAction
    text = "include the subfolders of a folder (default: yes)"
    add("-r", "--recursive", action=switch, default=True, help=text)
    add_recognition(parser)
    add_people(parser)
    text = "estimate a baseline for each person of --people without a neutral photo there"
    add = group(parser, CALIBRATION).add_argument
    add("--calibrate", choices=["auto"], help=text)
    add_min_face(parser)
    add_output(parser)
    text = "write an annotated copy of each image to FOLDER; for one image use -o FILE.png"
    add = group(parser, OUTPUT).add_argument
    add("--annotate", type=Path, metavar="FOLDER", help=text)
    add_hiding(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from landmark_emotion.cli.account import Account
    from landmark_emotion.cli.output import ImageTextWriter, open_writer
    from landmark_emotion.cli.people import open_baselines
    from landmark_emotion.cli.recognition import note_unsearched, open_recognizer

    picture = _picture(args)
    check_output(args)
    check_references(args)
    check_hiding(args, min_face=40)
    if args.calibrate and args.people is None:
        args.usage_error(
            "argument --calibrate: needs --people FILE; for folders of one person each, use "
            "--baseline person"
        )
    inputs = list(dict.fromkeys(_inputs(args)))
    if not inputs:
        return 1
    if picture is not None and len(inputs) > 1:
        args.usage_error(
            f"argument -o/--output: a picture shows one image, not {len(inputs)}; use --annotate "
            "FOLDER"
        )
    targets = {inputs[0]: picture} if picture else _targets(inputs, args.annotate)
    _check_targets(inputs, targets.values())
    recognizer = open_recognizer(args)
    files = {item.source: item.path for item in inputs if not item.piped}
    baselines = open_baselines(args, files, recognizer.detector)
    account = Account("image", len(inputs), args.output)
    names = {item.source: str(item.name) for item in inputs}
    as_text = functools.partial(ImageTextWriter, names=names)
    with account, open_writer(args, as_text, recognizer.model.emotions) as writer:
        writer.people = baselines.people.person_of

        def recognize(item: _Input) -> "tuple[NDArray[np.uint8], list[Prediction]]":
            image = _read(item)
            note_unsearched(item.source, image, args.min_face, writer.notify)
            return image, recognizer.recognize_still(image)

        to_file = args.output is not None and len(inputs) > 1
        known = _estimate(inputs, baselines, recognize)
        for item in progress(inputs, len(inputs)) if to_file else inputs:
            try:
                image, predictions = known.get(item) or recognize(item)
                if item in targets and image is None:
                    image = _read(item)
            except ImageError as error:
                account.fail(writer, item.source, error)
                continue
            predictions = baselines.compare(recognizer.model, item.source, predictions)
            writer.write(item.source, 0, 0.0, predictions)
            account.n_read += 1
            account.n_faces += len(predictions)
            account.n_without += not predictions
            if item in targets and image is not None:
                _draw(targets[item], image, predictions, args)
    return 0 if account.n_read else 1


def _estimate(
    inputs: list[_Input],
    baselines: "Baselines",
    recognize: "Callable[[_Input], tuple[NDArray[np.uint8], list[Prediction]]]",
) -> "dict[_Input, tuple[None, list[Prediction]]]":
    """Estimate the baselines; return what is known of each image then, without the pictures."""
    known: dict[_Input, tuple[None, list[Prediction]]] = {}
    wanted = [item for item in inputs if baselines.estimates(item.source)]
    for item in progress(wanted, len(wanted)):
        with contextlib.suppress(ImageError):  # reported in its turn
            known[item] = None, recognize(item)[1]
            baselines.add_photo(item.source, known[item][1])
    for problem in baselines.problems:
        say(problem)
    return known


def _picture(args: argparse.Namespace) -> Path | None:
    """Return the picture that ``-o`` names, if it names one instead of a file for rows."""
    if args.output is None:
        return None
    picture: Path = args.output
    if picture.suffix.lower() in PICTURE_SUFFIXES:
        check_writable(picture)
        args.output = None
        return picture
    if (mimetypes.guess_type(picture.name)[0] or "").startswith("image/"):
        args.usage_error(f"argument -o/--output: cannot write '{picture.suffix}'; use .png")
    return None


def _inputs(args: argparse.Namespace) -> Iterator[_Input]:
    """Find the images; report arguments that lead to none."""
    for argument in args.paths:
        try:
            yield from _images_of(argument, args.recursive, args.annotate)
        except DatasetError as error:
            say(f"error: {error}")


def _images_of(argument: str, recursive: bool, exclude: Path | None) -> Iterator[_Input]:
    path = Path(argument)
    if argument == "-":
        yield _Input(path, Path("stdin"), piped=True)
    elif not argument:
        raise DatasetError("path: is empty; name an image or a folder")
    # A file may have a name like a pattern.
    elif glob.has_magic(argument) and not os.path.lexists(argument):
        yield from _matches(argument, recursive, exclude)
    elif path.is_dir():
        images = list(_images_below(path, recursive, exclude))
        if not images:
            raise DatasetError(f"{path}: contains no image; check the path")
        yield from images
    else:
        yield _Input(path, Path(path.name))


def _matches(pattern: str, recursive: bool, exclude: Path | None) -> Iterator[_Input]:
    """Expand a pattern that was quoted, or that the shell of Windows leaves as it is."""
    stem = Path()  # the folders before the first wildcard
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        stem /= part
    found = False
    matches = map(Path, glob.glob(pattern, recursive=True))
    for match in sorted(matches, key=lambda path: [natural_order(part) for part in path.parts]):
        if match.is_dir() and "**" not in pattern:
            images = list(_images_below(match, recursive, exclude))
        else:
            images = [_Input(match, Path())] if _is_image(match) and match.is_file() else []
        for image in images:
            found = True
            yield _Input(image.path, match.relative_to(stem) / image.name)
    if not found:
        raise DatasetError(f"{pattern}: matches no image; check the pattern")


def _images_below(folder: Path, recursive: bool, exclude: Path | None) -> Iterator[_Input]:
    excluded = None if exclude is None else exclude.resolve()
    for path in walk_files(folder, lambda line: say(f"error: {line}")):
        if not _is_image(path) or not (recursive or path.parent == folder):
            continue
        # Pictures annotated by an earlier run are not inputs.
        if excluded not in (None, folder.resolve()) and excluded in path.resolve().parents:
            continue
        yield _Input(path, path.relative_to(folder))


def _is_image(path: Path) -> bool:
    """Return whether a file is named like an image, readable or not: HEIC is to be reported."""
    from landmark_emotion.sources.images import IMAGE_SUFFIXES, UNSUPPORTED_SUFFIXES

    return path.suffix.lower() in IMAGE_SUFFIXES | UNSUPPORTED_SUFFIXES


def _targets(inputs: list[_Input], folder: Path | None) -> dict[_Input, Path]:
    """Choose a file for each annotated picture; equal names get a number."""
    if folder is None:
        return {}
    taken: set[str] = set()
    targets = {}
    for item in inputs:
        name = item.name
        if name.suffix.lower() not in PICTURE_SUFFIXES:
            name = name.with_name(f"{name.name}.png")
        wanted, number = name, 1
        # Some file systems ignore case.
        while str(name).casefold() in taken:
            number += 1
            name = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        if number > 1:
            say(f"note: {item.source}: written to {folder / name}, as {wanted.name} is taken")
        taken.add(str(name).casefold())
        targets[item] = folder / name
    check_writable(next(iter(targets.values())))
    return targets


def _check_targets(inputs: list[_Input], targets: Iterable[Path]) -> None:
    """Refuse to overwrite an input."""
    images = {os.path.realpath(item.path) for item in inputs if not item.piped}
    for target in targets:
        if os.path.realpath(target) in images:
            raise OutputError(f"{target}: is one of the images to read; choose another place")


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


def _draw(
    path: Path,
    image: NDArray[np.uint8],
    predictions: "list[Prediction]",
    args: argparse.Namespace,
) -> None:
    from landmark_emotion.show.covering import cover
    from landmark_emotion.show.explanation_picture import encode_picture
    from landmark_emotion.show.overlay import Overlay

    if args.blur:
        if not predictions:
            say(f"note: {path}: no face found, so nothing is covered")
        image = cover(image, [prediction.face for prediction in predictions])
    elif args.landmarks_only:
        image = np.zeros_like(image)
    # Landmarks tell people apart.
    drawn = Overlay(landmarks=not args.blur).draw(image, predictions)
    replace_atomically(path, encode_picture(drawn, path))
