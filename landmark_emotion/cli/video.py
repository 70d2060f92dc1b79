"""``landmark-emotion video``: the emotions in every frame of video files."""

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from landmark_emotion.cli.options import (
    add_following,
    add_output,
    add_recognition,
    add_view,
    check_output,
    positive_int,
    seconds,
    seconds_or_auto,
)
from landmark_emotion.errors import SourceError

if TYPE_CHECKING:
    from landmark_emotion.cli.live import Results


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "video",
        help="recognize the emotions in video files",
        description="Recognize the emotion of every face in every frame of video files, as fast "
        "as they can be read.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="video files, folders of them, or image sequences (a folder of images or a pattern "
        "such as frames/%%04d.png)",
    )
    parser.add_argument(
        "--every",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="look at one frame in so many seconds only (default: every frame)",
    )
    add_recognition(parser)
    add_following(parser)
    parser.add_argument(
        "--calibrate",
        type=seconds_or_auto,
        metavar="SECONDS",
        help="take the faces of the first SECONDS of each video as neutral; 'auto' estimates "
        "everyone's neutral face",
    )
    parser.add_argument(
        "--changes-only", action="store_true", help="write only when an emotion changes"
    )
    parser.add_argument(
        "--max-frames", type=positive_int, metavar="N", help="stop each video after so many frames"
    )
    add_output(parser)
    add_view(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.cli.live import Session
    from landmark_emotion.cli.output import FrameTextWriter, is_live_terminal, open_writer
    from landmark_emotion.cli.recognition import open_recognizer
    from landmark_emotion.cli.status import Status
    from landmark_emotion.show.window import Window
    from landmark_emotion.sources.video import SEQUENCE_FPS, probe

    sources = [source for path in args.paths for source in _sources(path)]
    if args.record is not None and len(sources) != 1:
        args.usage_error(f"argument --record: takes one video, there are {len(sources)}")
    check_output(args)
    n_read = 0
    with contextlib.ExitStack() as stack:
        window = stack.enter_context(Window("landmark_emotion")) if args.show else None
        recognizer = open_recognizer(args)
        writer = stack.enter_context(open_writer(args, FrameTextWriter))
        # Where the rows themselves are seen, the last line says how far it is.
        seen = isinstance(writer, FrameTextWriter) and args.output is None and is_live_terminal()
        for source in sources:
            recognizer.reset()
            known = probe(source)
            status = Status(live=False, total=known.n_frames)
            stream = recognizer.stream(source, writer.talk, every=args.every)
            try:
                with (
                    contextlib.closing(stream),
                    Session(
                        args,
                        recognizer,
                        writer,
                        window,
                        status,
                        known.fps or SEQUENCE_FPS,
                        paced=True,
                    ) as session,
                ):
                    going_on = session.run(source, _with_bar(stream, known.n_frames, seen))
                    session.calibrator.at_end()
            except SourceError as error:
                n_read += bool(status.n_frames)
                writer.write_error(source, str(error).removeprefix(f"{source}: "))
                continue
            n_read += 1
            writer.talk(f"{source}: {status.summary()}")
            if not going_on:
                break
    return 0 if n_read else 1


def _sources(path: str) -> list[str]:
    """List the videos a user means by a path: itself, or those in a folder of videos."""
    from landmark_emotion.files.folders import natural_order
    from landmark_emotion.sources.video import VIDEO_SUFFIXES

    if not Path(path).is_dir():
        return [path]
    videos = sorted(
        (
            file
            for file in Path(path).iterdir()
            if file.suffix.lower() in VIDEO_SUFFIXES
            and file.is_file()
            and not file.name.startswith(".")
        ),
        key=lambda file: natural_order(file.name),
    )
    # Without a video in it, it is a sequence of images.
    return [str(video) for video in videos] or [path]


def _with_bar(results: "Results", n_frames: int | None, hidden: bool) -> "Results":
    from tqdm import tqdm

    with tqdm(
        total=n_frames,
        unit=" frames",
        disable=True if hidden else None,
        dynamic_ncols=True,
        leave=False,
    ) as bar:
        for frame, predictions in results:
            yield frame, predictions
            bar.update(frame.index + 1 - bar.n)
