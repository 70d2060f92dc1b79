"""``landmark-emotion plot``: draw the emotions over time from result rows."""

import argparse
from pathlib import Path

from landmark_emotion.cli.help import INPUT, OUTPUT, examples, group
from landmark_emotion.cli.options import add_events, event_criteria, print_table, say
from landmark_emotion.report import check_packages

SUFFIXES = (".html", ".png", ".svg", ".pdf")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "plot",
        help="plot emotions over time from results of video or webcam",
        description="Plot the emotions of each face over time, with its events and the share of "
        "each emotion, from a file that 'video -o FILE' or 'webcam -o FILE' wrote.",
        epilog=examples(
            "plot rows.csv",
            "plot rows.csv -o rows.png",
            "plot rows.csv --enter 0.7 --min-duration 1",
        ),
    )
    add = group(parser, INPUT).add_argument
    text = "CSV, JSON Lines or Parquet file (Parquet needs pyarrow)"
    add("results", type=Path, metavar="RESULTS", help=text)
    add = group(parser, OUTPUT).add_argument
    text = (
        f"page or picture to write, ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} (default: "
        "a page beside RESULTS)"
    )
    add("-o", "--output", type=Path, metavar="FILE", help=text)
    add_events(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    check_packages()
    from landmark_emotion.files.writing import check_writable, replace_atomically
    from landmark_emotion.report.pages import timeline_page
    from landmark_emotion.report.timeline.drawing import draw_timeline
    from landmark_emotion.report.timeline.reading import read_timeline
    from landmark_emotion.report.timeline.words import share_rows

    output = args.output or args.results.with_suffix(".html")
    kind = output.suffix.lower()
    if kind not in SUFFIXES:
        args.usage_error(f"argument -o/--output: must end in {', '.join(SUFFIXES)}, got '{output}'")
    criteria = event_criteria(args)
    check_writable(output)
    timeline = read_timeline(args.results)
    for note in timeline.notes:
        say(f"note: {args.results}: {note}")
    if kind == ".html":
        drawn = timeline_page(timeline, criteria)
    else:
        drawn = draw_timeline(timeline, kind[1:], criteria)
    replace_atomically(output, drawn)
    print_table(share_rows(timeline, criteria))
    say(f"plot: {output}")
    return 0
