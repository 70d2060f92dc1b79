"""``landmark-emotion train``: score a recipe on a data set and train a model."""

import argparse
import functools
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.cli import collect
from landmark_emotion.cli.help import INPUT, OUTPUT, TUNING, examples, group
from landmark_emotion.cli.options import (
    positive_int,
    progress,
    say,
    share,
    two_or_more,
    whole_number,
)
from landmark_emotion.cli.reporting import add_report, check_report, report_file, write_report
from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.errors import ModelError, OutputError, TrainingError
from landmark_emotion.files.writing import check_writable
from landmark_emotion.formatting import percent
from landmark_emotion.model.classifier import SHIPPED, TRAINED_HERE, load_model
from landmark_emotion.training.datasets import find_dataset
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.loading import LoadedFaces
from landmark_emotion.training.recipe import SEARCHED, Recipe
from landmark_emotion.training.training_set import usable

if TYPE_CHECKING:
    from landmark_emotion.training.experiment import Result, Settings

DATA_FOLDER = Path("data")
SAMPLE_FOLDER = DATA_FOLDER / "drawn-faces"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "train",
        help="train a model on a folder of faces",
        description="Train a model on a folder of faces. Prints the accuracy of every run and the "
        "scores for unseen people.",
        epilog=examples(
            "train CK+ --report report",
            "train my-faces/ --emotions happiness,neutral -o mine.npz",
            "train faces.npz --runs 20 --folds 10",
        ),
    )
    group(parser, INPUT).add_argument(
        "dataset",
        nargs="?",
        type=Path,
        metavar="DATASET",
        help="a CK/CK+ folder, folders named after emotions, a manifest .csv or a landmark table "
        ".npz (default: the data set in data/, else drawn sample faces)",
    )
    add = group(parser, TUNING).add_argument
    add("--runs", type=positive_int, default=7, metavar="N", help="shuffled splits (default: 7)")
    add(
        "--test-size",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="share of faces held out in each split (default: 0.2)",
    )
    add(
        "--folds",
        type=two_or_more,
        metavar="N",
        help="folds for the score on unseen people (default: leave one subject out)",
    )
    add(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="seed of the random splits (default: 0)",
    )
    group(parser, OUTPUT).add_argument(
        "-o",
        "--output",
        type=Path,
        default=TRAINED_HERE,
        metavar="FILE",
        help=f"the model to write (default: {TRAINED_HERE.as_posix()})",
    )
    add_report(parser)
    add(
        "--search",
        action="store_true",
        help="choose the recipe by folds inside the training data (slow)",
    )
    collect.add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.training.experiment import Settings, run_cached

    check_report(args.report)
    if args.output.resolve() in SHIPPED:
        raise OutputError(f"{args.output}: is the built-in model; choose another name")
    check_writable(args.output)
    data, table = _read_faces(args)
    output = _spare_real_model(args.output, data.table.drawn)
    settings = Settings(
        args.runs, args.test_size, args.folds, args.seed, SEARCHED if args.search else (Recipe(),)
    )
    result, known = run_cached(
        table,
        settings,
        cache=collect.cache_folder(args),
        jobs=args.jobs or -1,
        progress=functools.partial(progress, unit="steps"),
    )
    if known:
        say("scores: from the cache; data and options are those of an earlier run")
    _print_scores(table, settings, result)
    _save(args, data, table, result, output)
    _print_verdict(args, table, result, output)
    if data.table.drawn and output == TRAINED_HERE:
        say(
            f"note: commands run in this folder use {TRAINED_HERE} from now on, which knows only "
            "drawn faces; delete it or add '--model default' for the built-in model"
        )
    return 0


def _read_faces(args: argparse.Namespace) -> tuple[LoadedFaces, LandmarkTable]:
    """Read the data set, print what is in it, and return it with the faces to train on."""
    from landmark_emotion.report.summary import left_out_text

    data = collect.collect(args, args.dataset or _default_dataset())
    try:
        table, too_few = usable(data.table)
    except TrainingError as error:
        for line in left_out_text(data.left_out, data.skipped):
            say(line)
        raise TrainingError(str(error).replace("data set", str(data.path), 1)) from error
    data = replace(data, left_out=data.left_out + too_few)
    collect.print_data(data, table)
    missing = sorted(set(args.emotions or ()) - set(table.emotion.tolist()))
    if missing:
        say(f"warning: no faces of {', '.join(missing)}; check the names of folders and --emotions")
    if "neutral" not in table.emotion:
        say(
            "warning: no neutral faces: every face at rest will get one of these classes; add "
            "neutral faces, or say which label means neutral with --labels LABEL=neutral"
        )
    return data, table


def _default_dataset() -> Path:
    """Return the data set in data/; draw one if there is none."""
    path, notes = find_dataset(DATA_FOLDER, ignored=SAMPLE_FOLDER)
    if path is not None:
        say(f"no data set was named; using {path}")
        return path
    for note in notes:
        say(note)
    if SAMPLE_FOLDER.is_dir():
        say(f"no data set was named and none is in data/; using the drawn {SAMPLE_FOLDER}")
    else:
        say(f"no data set was named and none is in data/; drawing sample faces in {SAMPLE_FOLDER}")
        draw_dataset(SAMPLE_FOLDER)
    return SAMPLE_FOLDER


def _print_scores(table: LandmarkTable, settings: "Settings", result: "Result") -> None:
    from landmark_emotion.report import LABELS
    from landmark_emotion.report import summary as report

    drawn = " (drawn faces)" if table.drawn else ""
    held_out = percent(settings.test_size, 0)
    print(f"\nShuffled splits, {held_out} held out, seed {settings.seed}{drawn}")
    print("\n".join(report.runs_text(result.accuracies)))
    if result.accuracies_apart:
        print(
            f"  warning: {result.shared_sequences} sequences have several nearly equal frames, "
            "some in training\n  and some in test data; with each sequence on one side:"
        )
        print("\n".join(report.runs_text(result.accuracies_apart)))
    who = "people" if table.subjects_known else "samples"
    for name in ("static", "calibrated"):
        evaluation = getattr(result, name)
        if evaluation is None:
            continue
        print(f"\nUnseen {who}, {LABELS[name]}{drawn}")
        print(f"  {evaluation.protocol}")
        print("\n".join(report.evaluation_text(evaluation)))
        if name == "calibrated":
            n = evaluation.scores["n_with_own_neutral"]
            print(f"  {n} of {len(table)} faces are compared with a neutral face of the person")
    if result.calibrated is None and table.subjects_known:
        print(
            "\nNo classifier with the own neutral face as reference: it needs people with\n"
            "two or more neutral faces, and among them two faces of every emotion."
        )
    print()


def _print_verdict(
    args: argparse.Namespace, table: LandmarkTable, result: "Result", output: Path
) -> None:
    """Say which score to believe, where model and report are, and what to do next."""
    from landmark_emotion.report.summary import believable, line

    whose = "unseen people" if table.subjects_known else "unseen samples"
    if table.drawn:
        whose = whose.replace("unseen", "drawn")
    report = None if args.report is None else report_file(args.report)
    saved = f"model {output}, " + (
        "no report (add --report FOLDER)" if report is None else f"report {report}"
    )
    for name, text in (
        ("expect", believable(result.static.scores, whose)),
        ("saved", saved),
        ("next", _how_to_run(output)),
    ):
        print("\n".join(line(name, text)))


def _save(
    args: argparse.Namespace,
    data: LoadedFaces,
    table: LandmarkTable,
    result: "Result",
    output: Path,
) -> None:
    """Write the model and the report."""
    from landmark_emotion.report import summary as report

    results: dict[str, Any] = {
        "table": table,
        "static": result.static,
        "calibrated": result.calibrated,
    }
    summary = report.summarize(
        data=data.description,
        recipe=result.recipe,
        runs=result.accuracies,
        runs_apart=result.accuracies_apart,
        **results,
    )
    about = _circumstances(args.predictor)
    model = replace(result.model, info=report.without_people(summary) | about)
    model.save(output)
    if args.report is not None:
        write_report(args.report, summary | about | data.account, model=model, **results)


def _spare_real_model(output: Path, drawn: bool) -> Path:
    """Return the path to write to, so that drawn faces never replace a model of real ones."""
    if not drawn or output != TRAINED_HERE or not output.is_file():
        return output
    try:
        data = load_model(output).info.get("data")
    except ModelError:
        return output
    if isinstance(data, dict) and data.get("drawn") is True:
        return output
    spare = output.with_name("drawn.npz")
    say(f"note: {output} is a model of real faces and is kept; this model is written to {spare}")
    return spare


def _circumstances(predictor: Path | None) -> dict[str, Any]:
    import cv2

    from landmark_emotion.faces.predictor import find_predictor, predictor_digest
    from landmark_emotion.faces.search import detector_version

    about = collect.circumstances()
    about["versions"] |= {
        "scikit-learn": version("scikit-learn"),
        "opencv": cv2.__version__,
        "detector": detector_version(),
    }
    return about | {"predictor_sha256": predictor_digest(find_predictor(predictor).resolve())}


def _how_to_run(model: Path) -> str:
    script = Path(sys.argv[0]).name == "train.py"
    command = "python run_webcam.py" if script else "landmark-emotion webcam"
    return command if model == TRAINED_HERE else f"{command} --model {model}"
