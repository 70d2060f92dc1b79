"""``landmark-emotion events``: when each face showed which emotion, from result rows."""

import argparse
from pathlib import Path

from landmark_emotion.cli.help import INPUT, OUTPUT, examples, group
from landmark_emotion.cli.options import add_events, event_criteria, print_table, say

_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".json": "jsonl", ".boris": "boris"}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "events",
        help="list when each face showed which emotion, from results",
        description="List when each face showed an emotion, from a file "
        "that 'video -o FILE', 'webcam -o FILE' or 'batch' wrote. The format 'elan' is "
        "tab-delimited text to import into ELAN, 'boris' a project of BORIS.",
        epilog=examples(
            "events rows.csv",
            "events rows.csv -o events.csv --summary summary.csv",
            "events rows.csv --format elan -o events.txt",
        ),
    )
    text = "CSV, JSON Lines or Parquet file (Parquet needs pyarrow)"
    group(parser, INPUT).add_argument("results", type=Path, metavar="RESULTS", help=text)
    add = group(parser, OUTPUT).add_argument
    text = "write the events to FILE and print a summary (default: print the events)"
    add("-o", "--output", type=Path, metavar="FILE", help=text)
    text = "format of the events (default: by the suffix of -o, else csv)"
    add("--format", choices=("csv", "jsonl", "elan", "boris"), help=text)
    text = "write a summary to a CSV file, one row per face and source"
    add("--summary", type=Path, metavar="FILE", help=text)
    add_events(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.files.writing import check_writable, replace_atomically
    from landmark_emotion.formatting import plural
    from landmark_emotion.report.timeline.event_files import FORMATS, summary_as_csv
    from landmark_emotion.report.timeline.reading import read_timeline
    from landmark_emotion.report.timeline.words import event_count, share_rows

    format_ = args.format or "csv"
    if args.output is not None and args.format is None:
        if args.output.suffix.lower() not in _SUFFIXES:
            args.usage_error(
                f"argument --format: needed, as the suffix of '{args.output}' is not known"
            )
        format_ = _SUFFIXES[args.output.suffix.lower()]
    criteria = event_criteria(args)
    for path in (args.output, args.summary):
        if path is not None:
            check_writable(path)
    timeline = read_timeline(args.results)
    for note in timeline.notes:
        say(f"note: {args.results}: {note}")
    events = FORMATS[format_](timeline, criteria)
    if args.summary is not None:
        replace_atomically(args.summary, summary_as_csv(timeline, criteria).encode())
    if args.output is None:
        print(events, end="")
    else:
        replace_atomically(args.output, events.encode())
        print_table(share_rows(timeline, criteria))
        say(f"events: {args.output}, {plural(event_count(timeline, criteria), 'event')}")
    if args.summary is not None:
        say(f"summary: {args.summary}")
    return 0
