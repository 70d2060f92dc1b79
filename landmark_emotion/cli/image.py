"""``landmark-emotion image``: the emotions in image files."""

import argparse
from pathlib import Path

from landmark_emotion.cli.options import add_recognition, say
from landmark_emotion.datasets import image_files
from landmark_emotion.errors import DatasetError, ImageError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "image",
        help="recognise the emotions in image files",
        description="Recognise the emotion of every face in image files.",
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="image files, or folders of them"
    )
    add_recognition(parser)
    parser.add_argument(
        "--format",
        choices=("text", "json", "csv"),
        default="text",
        help="how to print (default: text)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.cli.output import CsvWriter, ImageTextWriter, JsonWriter, Writer
    from landmark_emotion.cli.recognition import open_recognizer
    from landmark_emotion.images import read_image

    recognizer = open_recognizer(args)
    writers: dict[str, type[Writer]] = {
        "text": ImageTextWriter,
        "json": JsonWriter,
        "csv": CsvWriter,
    }
    writer = writers[args.format]()
    n_read = 0
    for path in args.paths:
        try:
            files = sorted_images(path)
        except DatasetError as error:
            say(f"error: {error}")
            continue
        for file in files:
            try:
                image = read_image(file)
            except ImageError as error:
                writer.write_error(str(file), str(error).removeprefix(f"{file}: "))
                continue
            n_read += 1
            writer.write(str(file), 0, 0.0, recognizer.recognize_still(image))
    return 0 if n_read else 1


def sorted_images(path: Path) -> list[Path]:
    """List the images a user means by a path: itself, or those below a folder."""
    if not path.is_dir():
        return [path]
    files = list(image_files(path))
    if not files:
        raise DatasetError(f"{path}: holds no image; check the path")
    return files
