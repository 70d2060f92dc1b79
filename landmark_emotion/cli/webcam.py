"""``landmark-emotion webcam``: the emotions in every frame of a camera or video."""

import argparse

from landmark_emotion.cli.help import INPUT, examples, group
from landmark_emotion.cli.options import add_video, seconds


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "webcam",
        help="recognize emotions in front of a camera",
        description="Recognize the emotion of every face in front of a camera, or in a stream or "
        "video, and print it at once. Press Ctrl-C to stop.",
        epilog=examples(
            "webcam --show",
            "webcam --calibrate 3 --profile anna",
            "webcam --source http://192.168.0.7:8080/video -o rows.csv",
            more="The exit status is 1 if the source cannot be opened, the camera or stream is "
            "lost, or a profile could not be stored.",
        ),
    )
    add = group(parser, INPUT).add_argument
    text = "camera number, video, image sequence, or http:// or rtsp:// address (default: 0)"
    add("--source", default="0", metavar="SOURCE", help=text)
    text = "how long to try to reopen a lost camera (default: 30)"
    add("--reconnect", type=seconds, default=30.0, metavar="SECONDS", help=text)
    add_video(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from landmark_emotion.cli.live import watch

    return watch(args, [args.source], live=True)
