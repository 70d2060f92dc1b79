"""``landmark-emotion webcam``: the emotions in every frame of a camera or video."""

import argparse
import contextlib
import time
from pathlib import Path

from landmark_emotion.cli.options import add_model, add_predictor, positive_int, say
from landmark_emotion.model import EmotionModel, default_model, load_model


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
    add_model(parser)
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
        "--show", action="store_true", help="show a window with landmarks and emotion; q closes it"
    )
    add_predictor(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.cli.output import CsvWriter, FrameTextWriter, JsonWriter
    from landmark_emotion.overlay import draw_predictions
    from landmark_emotion.recognizer import Recognizer
    from landmark_emotion.window import Window

    with contextlib.ExitStack() as stack:
        window = stack.enter_context(Window("landmark_emotion")) if args.show else None
        recognizer = Recognizer(choose_model(args.model), args.predictor)
        stream = stack.enter_context(contextlib.closing(recognizer.stream(args.source, warn=say)))
        writer: CsvWriter | FrameTextWriter | JsonWriter
        if args.format == "text":
            writer = FrameTextWriter()
            stack.callback(writer.close)
        else:
            writer = CsvWriter() if args.format == "csv" else JsonWriter()
        before = None
        rate = _Rate()
        for n_frames, (frame, predictions) in enumerate(stream, start=1):
            if isinstance(writer, FrameTextWriter):
                writer.set_status(f"{rate.tick():.1f} frames/s, Ctrl-C ends")
            shown = [(prediction.number, prediction.emotion) for prediction in predictions]
            if not args.changes_only or shown != before:
                writer.write(args.source, frame.index, frame.time, predictions)
            before = shown
            if window is not None and not window.show(draw_predictions(frame.image, predictions)):
                break
            if n_frames == args.max_frames:
                break
    return 0


def choose_model(path: Path | None) -> EmotionModel:
    """Load the model a user named or the default one, and say which it is."""
    path = path or default_model()
    model = load_model(path)
    data = model.info.get("data")
    drawn = isinstance(data, dict) and data.get("drawn") is True
    say(
        f"model: {path}, {len(model.emotions)} emotions"
        + ("; trained on drawn faces, so a toy on real ones" if drawn else "")
    )
    return model


class _Rate:
    """Frames a second, over about the last second."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._seconds = 0.0

    def tick(self) -> float:
        now = time.monotonic()
        took, self._last = now - self._last, now
        self._seconds = took if not self._seconds else 0.95 * self._seconds + 0.05 * took
        return 1 / self._seconds if self._seconds > 0 else 0.0
