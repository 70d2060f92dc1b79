"""``landmark-emotion evaluate``: how well a model does on a data set."""

import argparse
import datetime
import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from landmark_emotion import __version__
from landmark_emotion.cli import collect
from landmark_emotion.cli.reporting import add_report, check_report, write_report
from landmark_emotion.errors import DatasetError
from landmark_emotion.model.classifier import EmotionModel, load_model

if TYPE_CHECKING:
    from landmark_emotion.training.metrics import Evaluation


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        help="test a model on a data set",
        description="Test a model on a data set that it was not trained on.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a model file")
    parser.add_argument(
        "dataset", type=Path, metavar="DATASET", help="in any layout that train reads"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument(
        "--calibrate",
        choices=["neutral"],
        help="compare each face with the person's other neutral faces, where there are any",
    )
    add_report(parser)
    collect.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.report import summary as report
    from landmark_emotion.training.evaluation import evaluate_model

    check_report(args.report)
    model = load_model(args.model)
    emotions = {*collect.wanted_emotions(args), *model.emotions}
    data = collect.collect(args, args.dataset, emotions)
    static, calibrated = evaluate_model(model, data.table)
    if args.calibrate == "neutral":
        if calibrated is None:
            raise DatasetError(
                f"{args.dataset}: nobody has a neutral face to compare with; name the subjects, or "
                "leave --calibrate out"
            )
        evaluation = calibrated
    else:
        evaluation = static
    scores = evaluation.scores
    skipped = [{"path": str(path), "reason": reason} for path, reason in data.skipped]
    if args.report is not None:
        _report(args, model, data, skipped, static, calibrated)
    if args.json:
        account = {"left_out": dict(data.left_out), "skipped": skipped}
        print(json.dumps(scores | account, indent=2))
        return 0
    print(f"model: {args.model}")
    print(f"data set: {data.title}")
    if args.calibrate:
        n_neutral = scores["n_with_own_neutral"]
        print(
            f"  {n_neutral} of {scores['n']} faces compared with another neutral face of the person"
        )
    print("\n".join(report.evaluation_text(evaluation)))
    left_out = report.left_out_text(data.left_out, data.skipped)
    if left_out:
        print("\n".join(left_out))
    return 0


def _report(
    args: argparse.Namespace,
    model: EmotionModel,
    data: collect.Collected,
    skipped: list[dict[str, str]],
    static: "Evaluation",
    calibrated: "Evaluation | None",
) -> None:
    from landmark_emotion.report import summary as report

    table = data.table
    summary = report.summarize(
        table=table,
        data={"name": data.path.name, "layout": data.layout, "drawn": table.drawn},
        static=static,
        calibrated=calibrated,
    )
    written = {
        **summary,
        "model": {"name": args.model.name, "path": str(args.model)},
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "versions": {
            "landmark_emotion": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "path": str(data.path),
        "left_out": dict(data.left_out),
        "skipped": skipped,
        "from_cache": data.from_cache,
    }
    write_report(
        args.report, written, table=table, model=model, static=static, calibrated=calibrated
    )
