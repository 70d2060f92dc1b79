"""``landmark-emotion evaluate``: score a model on a data set."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.cli import collect
from landmark_emotion.cli.help import CALIBRATION, INPUT, OUTPUT, examples, group
from landmark_emotion.cli.options import add_network, choose_among, model_file, say
from landmark_emotion.cli.reporting import add_report, check_report, report_file, write_report
from landmark_emotion.errors import DatasetError
from landmark_emotion.live.opinion import network_file
from landmark_emotion.model.classifier import EmotionModel, load_model
from landmark_emotion.networks.mixture import Mixer
from landmark_emotion.networks.network import Network, load_network
from landmark_emotion.training.landmark_table import LandmarkTable

if TYPE_CHECKING:
    from landmark_emotion.training.metrics import Evaluation


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        help="score a model on a data set",
        description="Score a model on a data set that it was not trained on.",
        epilog=examples(
            "evaluate default my-faces/",
            "evaluate models/emotion.npz my-faces/ --report report",
            "evaluate default my-faces/ --calibrate neutral --json",
        ),
    )
    add = group(parser, INPUT).add_argument
    text = "model file, or 'default' for the built-in model"
    add("model", type=model_file, metavar="MODEL", help=text)
    add("dataset", type=Path, metavar="DATASET", help="in any layout that train reads")
    group(parser, OUTPUT).add_argument(
        "--json", action="store_true", help="print JSON instead of text"
    )
    group(parser, CALIBRATION).add_argument(
        "--calibrate",
        choices=["neutral", "auto"],
        help="compare each face with the person's other neutral faces, or with an estimate from "
        "all of the person's faces, whatever they show",
    )
    add_network(parser)
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
    path = network_file(None if args.network == "none" else args.network, model)
    network = None if path is None else load_network(path)
    data = collect.collect(
        args, args.dataset, contempt=contempt, known=model.emotions, network=path
    )
    static, calibrated = evaluate_model(model, data.table, automatic=args.calibrate == "auto")
    evaluation = calibrated if args.calibrate else static
    if evaluation is None:
        lacking = "a neutral face" if args.calibrate == "neutral" else "three faces"
        raise DatasetError(
            f"{args.dataset}: no subject has {lacking} to compare with; name the subjects or omit "
            "--calibrate"
        )
    mixed, share = _with_network(model, network, data.table)
    if args.report is not None:
        results: dict[str, Any] = {"table": data.table, "static": static, "calibrated": calibrated}
        summary = report.summarize(data=data.description, with_network=mixed, **results)
        summary["model"] = {"name": args.model.name, "path": str(args.model)}
        content = summary | collect.circumstances() | data.account
        write_report(args.report, content, model=model, **results)
    scores = evaluation.scores
    if args.json:
        both = None if mixed is None else mixed.scores | {"network_share": share}
        print(json.dumps(scores | {"with_network": both} | data.account, indent=2))
        return 0
    print("\n".join(report.line("model", str(args.model))))
    collect.print_data(data, data.table)
    print()
    print("\n".join(report.evaluation_text(evaluation)))
    if args.calibrate:
        what = {"neutral": "another neutral face", "auto": "an estimate from all faces"}
        print(
            f"  {scores['n_with_own_neutral']} of {scores['n']} faces are compared with "
            f"{what[args.calibrate]} of the person"
        )
    if mixed is not None:
        print("\n" + "\n".join(report.mixture_text(static, mixed, share)))
    if args.report is not None:
        print("\n".join(report.line("report", str(report_file(args.report)))))
    return 0


def _with_network(
    model: EmotionModel, network: Network | None, table: LandmarkTable
) -> "tuple[Evaluation | None, float]":
    """Evaluate the answers without neutral faces together with a network, and its mean share."""
    from landmark_emotion.training.evaluation import evaluate_mixture

    if network is None:
        return None, 0.0
    if table.appearance is None or table.network != network.digest:
        which = "no network" if table.appearance is None else "another network"
        say(
            f"note: the table has features of {which}, so landmarks answer alone; extract it again "
            "from the images"
        )
        return None, 0.0
    mixer = Mixer(model, network.spec.emotions)
    return evaluate_mixture(model, table, mixer, network.scores(table.appearance))
