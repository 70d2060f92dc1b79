"""``landmark-emotion plot``: the emotions over time, from what ``webcam`` wrote."""

import argparse
from pathlib import Path

from landmark_emotion.cli.options import say

SUFFIXES = (".png", ".svg", ".pdf", ".html")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "plot",
        help="draw the emotions over time from the results of webcam",
        description="Draw the emotions of every face over time, with the share of each, from a "
        "file that 'webcam --format csv' or 'webcam --format json' wrote.",
    )
    parser.add_argument(
        "results",
        type=Path,
        metavar="RESULTS",
        help="CSV or JSON Lines; a .parquet of the same columns where pandas is installed",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help=f"the picture or page; ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
    )
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.files.writing import check_writable, replace_atomically
    from landmark_emotion.report import timeline

    kind = args.output.suffix.lower()
    if kind not in SUFFIXES:
        args.usage_error(
            f"argument -o/--output: must end in {', '.join(SUFFIXES)}, got '{args.output}'"
        )
    check_writable(args.output)
    read = timeline.read_timeline(args.results)
    for note in read.notes:
        say(f"note: {args.results}: {note}")
    if kind == ".html":
        drawn = timeline.timeline_page(read)
    else:
        drawn = timeline.draw_timeline(read, kind[1:])
    replace_atomically(args.output, drawn)
    for line in _columns(timeline.share_rows(read)):
        print(line)
    say(f"timeline: {args.output}")
    return 0


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Write a table in columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
