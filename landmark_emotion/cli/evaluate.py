"""``landmark-emotion evaluate``: how well a model does on a data set."""

import argparse
import json
from pathlib import Path

import numpy as np

from landmark_emotion.cli import collect
from landmark_emotion.model import load_model


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
    collect.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion import metrics, report

    model = load_model(args.model)
    emotions = {*collect.wanted_emotions(args), *model.emotions}
    data = collect.collect(args, args.dataset, emotions)
    likeliest = model.probabilities(data.table.landmarks).argmax(axis=1)
    scores = metrics.score(data.table.emotion, np.array(model.emotions)[likeliest])
    if args.json:
        skipped = [{"path": str(path), "reason": reason} for path, reason in data.skipped]
        print(json.dumps(scores.as_json() | {"skipped": skipped}, indent=2))
        return 0
    print(f"model: {args.model}")
    print(f"data set: {args.dataset} ({data.layout})")
    print(
        f"  {scores.n} faces: accuracy {scores.accuracy:.4f}, balanced accuracy "
        f"{scores.balanced_accuracy:.4f}, macro F1 {scores.macro_f1:.4f}"
    )
    print("\n".join(report.table_text(scores)))
    left_out = report.left_out_text(data.left_out, data.skipped)
    if left_out:
        print("\n".join(left_out))
    return 0
