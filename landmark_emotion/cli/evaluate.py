"""``landmark-emotion evaluate``: score a model on a data set."""

import argparse
import json
from pathlib import Path
from typing import Any

from landmark_emotion.cli import collect
from landmark_emotion.cli.options import choose_among
from landmark_emotion.cli.reporting import add_report, check_report, write_report
from landmark_emotion.errors import DatasetError
from landmark_emotion.model.classifier import load_model


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        help="score a model on a data set",
        description="Score a model on a data set that it was not trained on.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a model file")
    parser.add_argument(
        "dataset", type=Path, metavar="DATASET", help="in any layout that train reads"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument(
        "--calibrate",
        choices=["neutral", "auto"],
        help="compare each face with the person's other neutral faces, or with an estimate from "
        "all of the person's faces, whatever they show",
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
    if args.emotions is not None:
        model = choose_among(model, args.emotions, str(args.model))
    contempt = "contempt" in model.emotions
    data = collect.collect(args, args.dataset, contempt=contempt, known=model.emotions)
    static, calibrated = evaluate_model(model, data.table, automatic=args.calibrate == "auto")
    evaluation = calibrated if args.calibrate else static
    if evaluation is None:
        lacking = "a neutral face" if args.calibrate == "neutral" else "three faces"
        raise DatasetError(
            f"{args.dataset}: no subject has {lacking} to compare with; name the subjects or omit "
            "--calibrate"
        )
    if args.report is not None:
        results: dict[str, Any] = {"table": data.table, "static": static, "calibrated": calibrated}
        summary = report.summarize(data=data.description, **results)
        summary["model"] = {"name": args.model.name, "path": str(args.model)}
        content = summary | collect.circumstances() | data.account
        write_report(args.report, content, model=model, **results)
    scores = evaluation.scores
    if args.json:
        print(json.dumps(scores | data.account, indent=2))
        return 0
    print(f"model: {args.model}")
    print(f"data set: {data.title}")
    if args.calibrate:
        what = {"neutral": "another neutral face", "auto": "an estimate from all faces"}
        print(
            f"  {scores['n_with_own_neutral']} of {scores['n']} faces are compared with "
            f"{what[args.calibrate]} of the person"
        )
    for line in report.evaluation_text(evaluation):
        print(line)
    for line in report.left_out_text(data.left_out, data.skipped):
        print(line)
    return 0
