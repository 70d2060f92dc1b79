"""``landmark-emotion compare``: whether two results differ significantly."""

import argparse
import json
from pathlib import Path
from typing import Any

from landmark_emotion.cli.help import examples
from landmark_emotion.cli.options import say
from landmark_emotion.formatting import percent, points
from landmark_emotion.report import LABELS
from landmark_emotion.training import comparison


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="test whether two results differ significantly",
        description="Test whether two results on the same people differ significantly.",
        epilog=examples(
            "compare report-a report-b",
            "compare report-a/report.json report-b/report.json",
            "compare report-a report-b --json",
        ),
    )
    for name in ("a", "b"):
        parser.add_argument(
            name,
            type=Path,
            metavar=name.upper(),
            help="a report.json of train or evaluate, or its folder",
        )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    paths = (args.a, args.b)
    reports = [comparison.load_report(path) for path in paths]
    results = {}
    for head in comparison.HEADS:
        a, b = (
            comparison.subjects_of(report, head, str(path))
            for report, path in zip(reports, paths, strict=True)
        )
        if a is not None and b is not None:
            results[head] = comparison.compare(a, b)
    names = [_data_name(report) for report in reports]
    if names[0] != names[1]:
        say(
            f"note: the data sets have different names ({names[0]} and {names[1]}); subjects with "
            "equal names count as the same person"
        )
    for letter, report in zip("AB", reports, strict=True):
        if report.get("model"):
            say(
                f"note: {letter} is a model trained elsewhere; if these people are in its training "
                "data, its scores do not apply to unseen people"
            )
    if args.json:
        compared = {head: result.as_json() for head, result in results.items()}
        print(json.dumps({"a": str(args.a), "b": str(args.b), **compared}, indent=2))
        return 0
    for letter, path, report in zip("AB", paths, reports, strict=True):
        protocol = report["static"].get("protocol", "protocol unknown")
        print(f"{letter}: {path} ({_data_name(report)}, {protocol})")
    for head, result in results.items():
        print("\n".join(_text(LABELS[head], result)))
    return 0


def _text(head: str, result: comparison.Comparison) -> list[str]:
    low, high = result.interval
    lines = [
        f"{head}: {result.subjects} subjects in both"
        + (f", {result.only_a} only in A" if result.only_a else "")
        + (f", {result.only_b} only in B" if result.only_b else ""),
        f"  accuracy A {percent(result.accuracy_a)} of {result.faces_a} faces, "
        f"B {percent(result.accuracy_b)} of {result.faces_b} faces",
        f"  A minus B {points(result.difference)} points "
        f"(95 % interval {points(low)} to {points(high)}), p = {result.p_value:.4f}",
        f"  {result.verdict}",
    ]
    if result.unequal:
        lines.append(f"  note: {result.unequal} subjects have more faces in one than in the other")
    return lines


def _data_name(report: dict[str, Any]) -> str:
    data = report.get("data")
    return str(data.get("name")) if isinstance(data, dict) else "unknown"
