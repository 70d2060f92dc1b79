"""``landmark-emotion webcam``: the emotions in every frame of a camera or video."""

import argparse
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from landmark_emotion.cli.options import (
    add_following,
    add_recognition,
    positive_int,
    say,
    seconds,
    seconds_or_auto,
)

if TYPE_CHECKING:
    from landmark_emotion.recognizer import Recognizer

WINDOW_CALIBRATION = 2.0  # seconds


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "webcam",
        help="recognise the emotions in every frame of a camera or video",
        description="Recognise the emotion of every face in every frame of a camera or video and "
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
    parser.add_argument(
        "--format",
        choices=("text", "json", "csv"),
        default="text",
        help="how to print (default: text)",
    )
    parser.add_argument(
        "--changes-only", action="store_true", help="print only when an emotion changes"
    )
    parser.add_argument(
        "--max-frames", type=positive_int, metavar="N", help="stop after so many frames"
    )
    parser.add_argument(
        "--show",
        action="store_true",
        help="show a window with landmarks and emotion; q closes it, c calibrates",
    )
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.cli.output import CsvWriter, FrameTextWriter, JsonWriter
    from landmark_emotion.cli.recognition import open_recognizer, profile_path
    from landmark_emotion.cli.status import Status
    from landmark_emotion.files import check_writable
    from landmark_emotion.overlay import draw_predictions
    from landmark_emotion.window import Window

    if args.calibrate == "auto" and (args.profile or args.neutral):
        args.usage_error("argument --calibrate: 'auto' takes neither --profile nor --neutral")
    if args.profile is not None and args.calibrate is not None:
        check_writable(profile_path(args.profile))
    with contextlib.ExitStack() as stack:
        window = stack.enter_context(Window("landmark_emotion")) if args.show else None
        recognizer = open_recognizer(args)
        writer: CsvWriter | FrameTextWriter | JsonWriter
        tell = say
        if args.format == "text":
            writer = FrameTextWriter()
            stack.callback(writer.close)
            tell = writer.talk
        else:
            writer = CsvWriter() if args.format == "csv" else JsonWriter()
        stream = stack.enter_context(
            contextlib.closing(recognizer.stream(args.source, tell, args.reconnect))
        )
        profile = None if args.profile is None else profile_path(args.profile)
        calibrator = _Calibrator(recognizer, profile, tell)
        if isinstance(args.calibrate, float):
            calibrator.start(args.calibrate)
        before = None
        status = Status()
        for n_frames, (frame, predictions) in enumerate(stream, start=1):
            status.count(frame)
            if isinstance(writer, FrameTextWriter):
                writer.set_status(status.line(len(predictions)))
            shown = [(prediction.number, prediction.emotion) for prediction in predictions]
            if not args.changes_only or shown != before:
                writer.write(args.source, frame.index, frame.time, predictions)
            before = shown
            calibrator.after_frame()
            if window is not None and not window.show(draw_predictions(frame.image, predictions)):
                break
            if window is not None and window.key == "c":
                calibrator.start(WINDOW_CALIBRATION)
            if n_frames == args.max_frames:
                break
        tell(status.summary())
    return 0 if calibrator.at_end() else 1


class _Calibrator:
    """Tells the user how calibration goes, and keeps the result."""

    def __init__(
        self, recognizer: "Recognizer", profile: Path | None, tell: Callable[[str], None]
    ) -> None:
        self._recognizer = recognizer
        self._profile = profile
        self._tell = tell
        self._running = False

    def start(self, seconds: float) -> None:
        self._recognizer.calibrate(seconds)
        self._running = True
        self._tell(f"look neutral for {seconds:g} seconds ...")

    def at_end(self) -> bool:
        """Tell whether all that was begun has been done."""
        if self._running:
            self._tell("note: the source ended before calibration did; no neutral face was taken")
        return not (self._running and self._profile is not None)

    def after_frame(self) -> None:
        if not self._running or self._recognizer.calibration.calibrating:
            return
        self._running = False
        references = self._recognizer.calibration.references
        if not references:
            self._tell("note: no face was seen while calibrating; look at the camera and try again")
            return
        self._tell(f"calibrated on {len(references)} face{'s' if len(references) > 1 else ''}")
        if self._profile is not None:
            number = min(references)
            path = self._profile
            references[number].save(path)
            self._recognizer.calibration.profile = references[number]
            self._tell(f"profile: {path} (face {number})")
