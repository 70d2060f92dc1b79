"""``landmark-emotion batch``: recognize a folder of images and videos; can be resumed."""

import argparse
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

from landmark_emotion.cli.help import INPUT, OUTPUT, TUNING, examples, group
from landmark_emotion.cli.options import (
    add_calibrate,
    add_every,
    add_following,
    add_part,
    add_people,
    add_recognition,
    check_part,
    check_references,
    job_count,
    progress,
    say,
)

if TYPE_CHECKING:
    from landmark_emotion.batch import Summary


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "batch",
        help="recognize emotions in a folder of images and videos",
        description="Recognize the emotion of every face in all images and videos of a folder. "
        "Safe to interrupt: run the same command again and it resumes.",
        epilog=examples(
            "batch recordings/ -o results",
            "batch recordings/ -o results --every 1 --jobs 4",
            "batch photos/ -o results --baseline person --format parquet",
        ),
    )
    group(parser, INPUT).add_argument(
        "folder", type=Path, metavar="FOLDER", help="images and videos, searched recursively"
    )
    add = group(parser, OUTPUT).add_argument
    add(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="RESULTS",
        help="folder for the table and the state to resume from",
    )
    add(
        "--format",
        choices=("csv", "json", "parquet"),
        default="csv",
        help="write RESULTS/results.csv, .jsonl or .parquet (default: csv)",
    )
    add("--landmarks", action="store_true", help="add the 68 landmarks of each face")
    add("--restart", action="store_true", help="discard the results of earlier runs")
    add_every(parser)
    add_part(parser)
    workers = group(parser, TUNING).add_mutually_exclusive_group()
    workers.add_argument(
        "--jobs",
        type=job_count,
        default=-1,
        metavar="N",
        help="worker processes (default: one per core)",
    )
    workers.add_argument(
        "--dask",
        type=_scheduler,
        metavar="ADDRESS",
        help="use the Dask cluster with this scheduler, such as tcp://host:8786; its workers must "
        "find FOLDER under the same path",
    )
    add_recognition(parser)
    add_calibrate(parser)
    add_people(parser)
    add_following(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def _scheduler(text: str) -> str:
    """Read ``--dask``."""
    if not re.fullmatch(r"(tcp|tls|ws|wss|ucx)://\S+:\d+", text):
        raise argparse.ArgumentTypeError(
            f"must be the address of a scheduler such as tcp://host:8786, got '{text}'"
        )
    return text


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.batch import TABLES, make_settings, run_batch
    from landmark_emotion.cli.people import open_baselines
    from landmark_emotion.cli.recognition import open_recognizer
    from landmark_emotion.files.writing import check_writable

    check_part(args)
    check_references(args)
    check_writable(args.output / TABLES[args.format])
    recognizer = open_recognizer(args)
    names = ("smoothing", "detect_every", "min_face", "max_faces")
    settings = make_settings(
        recognizer.model,
        args.predictor,
        recognizer.calibration.profile,
        network=None if args.network == "none" else args.network,
        every=args.every,
        start=args.start,
        end=args.end,
        calibrate=args.calibrate if isinstance(args.calibrate, float) else None,
        automatic=args.calibrate == "auto",
        landmarks=args.landmarks,
        people=bool(args.people or args.baseline),
        min_probability=args.min_probability,
        min_quality=args.min_quality,
        tracking=not args.no_tracking,
        **{name: getattr(args, name) for name in names if getattr(args, name) is not None},
    )
    people = None
    if args.people or args.baseline:
        people = functools.partial(
            open_baselines, args, detector=recognizer.detector, base=args.folder
        )
    del recognizer  # takes 100 MB; each worker loads its own
    try:
        summary = run_batch(
            args.folder,
            args.output,
            settings,
            format=args.format,
            jobs=args.jobs,
            cluster=args.dask,
            restart=args.restart,
            people=people,
            notify=say,
            progress=functools.partial(progress, unit="files"),
        )
    except (KeyboardInterrupt, SystemExit):
        say("interrupted: run the same command again to resume")
        raise
    return _report(summary)


def _report(summary: "Summary") -> int:
    """Say what came of the batch; return the exit status."""
    from landmark_emotion.formatting import plural

    if not summary.written:
        say(f"{summary.table}: not written, as no file could be read")
        say(f"first error: {summary.first_error}")
        return 1
    rows, files = plural(summary.rows, "row"), plural(summary.files, "file")
    text = f"results: {summary.table}, {rows} of {files}"
    text += f", {summary.unreadable:,} could not be read" if summary.unreadable else ""
    text += f", {summary.incomplete:,} incomplete" if summary.incomplete else ""
    errors = summary.unreadable + summary.incomplete
    say(f"{text} (see column 'error')" if errors else text)
    return 0 if summary.unreadable < summary.files else 1
