"""``landmark-emotion webcam``: the emotions in every frame of a camera or video."""

import argparse
import contextlib

from landmark_emotion.cli.options import (
    add_following,
    add_output,
    add_recognition,
    add_view,
    check_output,
    positive_int,
    say,
    seconds,
    seconds_or_auto,
)

CAMERA_FPS = 25.0  # of recorded videos where the source does not say


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "webcam",
        help="recognize the emotions in every frame of a camera or video",
        description="Recognize the emotion of every face in every frame of a camera or video and "
        "print it as it comes. Ctrl-C ends it.",
    )
    parser.add_argument(
        "--source",
        default="0",
        metavar="SOURCE",
        help="a camera's number, a video file, an image sequence (folder or pattern) or an "
        "http:// or rtsp:// address (default: 0)",
    )
    parser.add_argument(
        "--reconnect",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="try for so long to open a camera again that has gone away (default: 30)",
    )
    add_recognition(parser)
    add_following(parser)
    parser.add_argument(
        "--calibrate",
        type=seconds_or_auto,
        metavar="SECONDS",
        help="take the faces of the first SECONDS as neutral and compare with them from then on; "
        "'auto' estimates everyone's neutral face while watching",
    )
    add_output(parser)
    parser.add_argument(
        "--changes-only", action="store_true", help="print only when an emotion changes"
    )
    parser.add_argument(
        "--max-frames", type=positive_int, metavar="N", help="stop after so many frames"
    )
    add_view(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.cli.live import Session
    from landmark_emotion.cli.output import FrameTextWriter, open_writer
    from landmark_emotion.cli.recognition import open_recognizer, profile_path
    from landmark_emotion.cli.status import Status
    from landmark_emotion.cli.unread import stdout_that_never_waits
    from landmark_emotion.files.writing import check_writable
    from landmark_emotion.show.window import Window
    from landmark_emotion.sources.camera import without_password
    from landmark_emotion.sources.video import probe

    if args.calibrate == "auto" and (args.profile or args.neutral):
        args.usage_error("argument --calibrate: 'auto' takes neither --profile nor --neutral")
    check_output(args)
    if args.profile is not None and args.calibrate is not None:
        check_writable(profile_path(args.profile))
    with contextlib.ExitStack() as stack:
        window = stack.enter_context(Window("landmark_emotion")) if args.show else None
        recognizer = open_recognizer(args)
        fps = probe(args.source).fps
        # A file waits for its reader, a camera cannot.
        if fps is None and (args.show or args.record is not None):
            stack.enter_context(stdout_that_never_waits(say))
        writer = stack.enter_context(open_writer(args, FrameTextWriter))
        status = Status()
        session = stack.enter_context(
            Session(
                args, recognizer, writer, window, status, fps or CAMERA_FPS, paced=fps is not None
            )
        )
        stream = recognizer.stream(args.source, writer.talk, args.reconnect)
        with contextlib.closing(stream):
            session.run(without_password(args.source), stream)
        writer.talk(status.summary())
        finished = session.calibrator.at_end()
    return 0 if finished else 1
