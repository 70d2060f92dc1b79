"""``landmark-emotion plot``: draw the emotions over time from result rows."""

import argparse
from pathlib import Path

from landmark_emotion.cli.options import say

SUFFIXES = (".html", ".png", ".svg", ".pdf")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "plot",
        help="draw the emotions over time from the results of video or webcam",
        description="Draw the emotions of each face over time, with the share of each emotion, "
        "from a file that 'video -o FILE' or 'webcam -o FILE' wrote.",
    )
    parser.add_argument(
        "results",
        type=Path,
        metavar="RESULTS",
        help="CSV, JSON Lines or Parquet (Parquet needs pyarrow)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help=f"page or picture to write; ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
    )
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.files.writing import check_writable, replace_atomically
    from landmark_emotion.report import pages, timeline

    kind = args.output.suffix.lower()
    if kind not in SUFFIXES:
        args.usage_error(
            f"argument -o/--output: must end in {', '.join(SUFFIXES)}, got '{args.output}'"
        )
    check_writable(args.output)
    read = timeline.read_timeline(args.results)
    for note in read.notes:
        say(f"note: {args.results}: {note}")
    html = kind == ".html"
    drawn = pages.timeline_page(read) if html else timeline.draw_timeline(read, kind[1:])
    replace_atomically(args.output, drawn)
    for line in _aligned(timeline.share_rows(read)):
        print(line)
    say(f"timeline: {args.output}")
    return 0


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Format a table as lines: the first column left-aligned, the others right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
