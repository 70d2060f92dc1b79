"""``landmark-emotion extract``: write the landmark table of a data set."""

import argparse
from pathlib import Path

from landmark_emotion.cli import collect
from landmark_emotion.files.writing import check_writable


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "extract",
        help="write the landmarks of a data set to a table",
        description="Write the landmarks of a data set to a table, and what the network sees in "
        "each face. The commands train and evaluate accept the table instead of the images.",
    )
    parser.add_argument(
        "dataset", type=Path, metavar="DATASET", help="in any layout that train reads"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the table, an .npz"
    )
    parser.add_argument(
        "--network",
        default="default",
        metavar="FILE",
        help="the network whose features of each face are added, about 4 ms per face: a file, "
        "'default' for the installed one (not for drawn faces), or 'none'",
    )
    collect.add_arguments(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.report import summary as report

    if args.output.suffix.lower() != ".npz":
        args.usage_error(f"argument -o/--output: must end in .npz, got '{args.output}'")
    check_writable(args.output)
    network = None if args.network == "none" else args.network
    data = collect.collect(args, args.dataset, contempt=True, network=network)
    data.table.save(args.output)
    print(f"landmark table: {args.output}" + (", drawn faces" if data.table.drawn else ""))
    if data.table.appearance is not None:
        print(f"  {data.table.appearance.shape[1]} features of a network per face")
    for line in report.counts_text(data.table) + report.left_out_text(data.left_out, data.skipped):
        print(line)
    return 0
