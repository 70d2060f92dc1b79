"""``landmark-emotion webcam``: the emotions in every frame of a camera or video."""

import argparse

from landmark_emotion.cli.options import add_video, seconds


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "webcam",
        help="recognize the emotions in front of a camera",
        description="Recognize the emotion of every face in every frame of a camera, stream or "
        "video and print it at once. Press Ctrl-C to stop.",
        epilog="The exit status is 1 if the source cannot be opened, if the camera or stream is "
        "lost, or if a profile could not be stored.",
    )
    add = parser.add_argument
    text = "camera number, video, image sequence, or http:// or rtsp:// address (default: 0)"
    add("--source", default="0", metavar="SOURCE", help=text)
    text = "how long to try to reopen a camera that was lost (default: 30)"
    add("--reconnect", type=seconds, default=30.0, metavar="SECONDS", help=text)
    add_video(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    from landmark_emotion.cli.live import watch

    return watch(args, [args.source], live=True)
