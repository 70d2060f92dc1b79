"""``landmark-emotion evaluate``: how well a model does on a data set."""

import argparse
import datetime
import json
import platform
from pathlib import Path

import numpy as np

from landmark_emotion import __version__
from landmark_emotion.cli import collect
from landmark_emotion.cli.reporting import add_report, check_report, write_report
from landmark_emotion.model import EmotionModel, load_model


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
    add_report(parser)
    collect.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion import metrics, report

    check_report(args.report)
    model = load_model(args.model)
    emotions = {*collect.wanted_emotions(args), *model.emotions}
    data = collect.collect(args, args.dataset, emotions)
    likeliest = model.probabilities(data.table.landmarks).argmax(axis=1)
    scores = metrics.score(data.table.emotion, np.array(model.emotions)[likeliest])
    skipped = [{"path": str(path), "reason": reason} for path, reason in data.skipped]
    if args.report is not None:
        _report(args, model, data, skipped)
    if args.json:
        print(json.dumps(scores.as_json() | {"skipped": skipped}, indent=2))
        return 0
    print(f"model: {args.model}")
    print(f"data set: {data.title}")
    print(
        f"  {scores.n} faces: accuracy {scores.accuracy:.4f}, balanced accuracy "
        f"{scores.balanced_accuracy:.4f}, macro F1 {scores.macro_f1:.4f}"
    )
    print("\n".join(report.table_text(scores)))
    left_out = report.left_out_text(data.left_out, data.skipped)
    if left_out:
        print("\n".join(left_out))
    return 0


def _report(
    args: argparse.Namespace,
    model: EmotionModel,
    data: collect.Collected,
    skipped: list[dict[str, str]],
) -> None:
    from landmark_emotion import report
    from landmark_emotion.evaluation import Judgement
    from landmark_emotion.model import softmax
    from landmark_emotion.training import TrainingSet

    table = data.table
    samples = TrainingSet.of(table)
    given = (
        "judged by a model that was fitted elsewhere",
        model.emotions,
        table.emotion,
        table.subject,
    )
    probabilities = softmax(model.votes(samples.features))
    static = Judgement(*given, probabilities, np.zeros(len(table), dtype=bool))
    calibrated = None
    known = samples.has_neutral
    if model.calibrated is not None and known.any():
        references = model.blend(samples.neutral[known], samples.n_neutral[known])
        merged = probabilities.copy()
        merged[known] = softmax(model.votes(samples.features[known], references))
        calibrated = Judgement(*given, merged, known)
    summary = report.evaluation_report(
        table=table,
        data={"name": data.path.name, "layout": data.layout, "drawn": table.drawn},
        model={"name": args.model.name, "path": str(args.model)},
        static=static,
        calibrated=calibrated,
    )
    written = {
        **summary,
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
