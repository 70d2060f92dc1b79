"""``landmark-emotion extract``: write the landmark table of a data set."""

import argparse
from pathlib import Path

from landmark_emotion.cli import collect
from landmark_emotion.cli.help import INPUT, OUTPUT, TUNING, examples, group
from landmark_emotion.cli.options import say
from landmark_emotion.files.writing import check_writable


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "extract",
        help="write the landmarks of a data set to a table",
        description="Write the landmarks of a data set to a table, and what the network sees in "
        "each face. The commands train and evaluate accept the table instead of the images.",
        epilog=examples(
            "extract CK+ -o ckplus.npz",
            "extract CK+ -o ckplus.npz --peak-frames 3",
            "extract my-faces/ -o faces.npz --emotions happiness,neutral",
        ),
    )
    group(parser, INPUT).add_argument(
        "dataset", type=Path, metavar="DATASET", help="in any layout that train reads"
    )
    group(parser, OUTPUT).add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the table, an .npz"
    )
    group(parser, TUNING).add_argument(
        "--network",
        default="default",
        metavar="FILE",
        help="network whose features of each face are added, about 4 ms per face: an ONNX file, "
        "'default' for the built-in network (not for drawn faces), or 'none' (default: default)",
    )
    collect.add_arguments(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.output.suffix.lower() != ".npz":
        args.usage_error(f"argument -o/--output: must end in .npz, got '{args.output}'")
    check_writable(args.output)
    network = None if args.network == "none" else args.network
    data = collect.collect(args, args.dataset, contempt=True, network=network)
    data.table.save(args.output)
    collect.print_data(data, data.table)
    if data.table.appearance is not None:
        print(f"            {data.table.appearance.shape[1]} features of a network per face")
    say(f"table: {args.output}")
    return 0
