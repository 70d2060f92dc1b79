"""``landmark-emotion train``: score a recipe on a data set and train a model."""

import argparse
import functools
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.cli import collect
from landmark_emotion.cli.options import (
    positive_int,
    progress,
    say,
    share,
    two_or_more,
    whole_number,
)
from landmark_emotion.cli.reporting import add_report, check_report, write_report
from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.errors import ModelError, OutputError, TrainingError
from landmark_emotion.files.writing import check_writable
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
        help="train a model on a folder of faces and print its accuracy",
        description="Train a model on a folder of faces. Prints the accuracy of every run and the "
        "scores for unseen people.",
    )
    parser.add_argument(
        "dataset",
        nargs="?",
        type=Path,
        metavar="DATASET",
        help="a CK/CK+ folder, folders named after emotions, a manifest .csv or a landmark table "
        ".npz (default: the data set in data/, else drawn sample faces)",
    )
    parser.add_argument(
        "--runs", type=positive_int, default=7, metavar="N", help="shuffled splits (default: 7)"
    )
    parser.add_argument(
        "--test-size",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="share of faces held out in each split (default: 0.2)",
    )
    parser.add_argument(
        "--folds",
        type=two_or_more,
        metavar="N",
        help="folds for the score on unseen people (default: leave one subject out)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="seed of the random splits (default: 0)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=TRAINED_HERE,
        metavar="FILE",
        help=f"the model to write (default: {TRAINED_HERE.as_posix()})",
    )
    add_report(parser)
    parser.add_argument(
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
        raise OutputError(f"{args.output}: is the model of this program; choose another name")
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
        say("scores: from the cache, as data and options are those of an earlier run")
    _print_scores(table, settings, result)
    _save(args, data, table, result, output)
    print(f"model: {output}")
    if data.table.drawn and output == TRAINED_HERE:
        say(
            "note: this model of drawn faces is now the default; delete "
            f"{TRAINED_HERE} to use the model of this program again"
        )
    print(f"run it: {_how_to_run(output)}")
    return 0


def _read_faces(args: argparse.Namespace) -> tuple[LoadedFaces, LandmarkTable]:
    """Read the data set, print what is in it, and return it with the faces to train on."""
    from landmark_emotion.report.summary import counts_text, left_out_text

    data = collect.collect(args, args.dataset or _default_dataset())
    try:
        table, too_few = usable(data.table)
    except TrainingError as error:
        for line in left_out_text(data.left_out, data.skipped):
            say(line)
        raise TrainingError(str(error).replace("data set", str(data.path), 1)) from error
    data = replace(data, left_out=data.left_out + too_few)
    print(f"data set: {data.title}")
    for line in counts_text(table) + left_out_text(data.left_out, data.skipped):
        print(line)
    missing = sorted(set(args.emotions or ()) - set(table.emotion.tolist()))
    if missing:
        say(f"warning: no faces of {', '.join(missing)}; check the names of folders and --emotions")
    if "neutral" not in table.emotion:
        say(
            "warning: no neutral faces: every face at rest will get one of these classes; add "
            "neutral faces, or say which label means neutral with --labels LABEL=neutral"
        )
    if data.from_cache:
        print(f"  the landmarks of {data.from_cache} images were cached")
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
    from landmark_emotion.report import summary as report

    where = " of drawn faces" if table.drawn else ""
    print(f"shuffled splits{where}, {settings.test_size:.0%} held out, seed {settings.seed}")
    for number, accuracy in enumerate(result.accuracies, start=1):
        print(f"  run {number}: accuracy {accuracy:.4f}")
    print(f"  {report.runs_text(result.accuracies)}")
    if result.accuracies_apart:
        print(
            f"  warning: {result.shared_sequences} sequences have several nearly equal frames, "
            "which are on both sides of these splits; with each sequence on one side: "
            + report.runs_text(result.accuracies_apart)
        )
    who = "people" if table.subjects_known else "samples"
    print(f"{who} not in training{where}: {result.static.protocol}")
    for line in report.evaluation_text(result.static):
        print(line)
    if table.subjects_known:
        print(f"  {report.UNSEEN_PEOPLE}")
    else:
        print(f"  {report.UNKNOWN_SUBJECTS}")
    if result.calibrated is not None:
        n = result.calibrated.scores["n_with_own_neutral"]
        print(
            f"the same{where}, compared with the person's own neutral face ({n} of {len(table)} "
            "have another one; the rest as above)"
        )
        for line in report.evaluation_text(result.calibrated):
            print(line)
    elif table.subjects_known:
        print(
            "no calibrated classifier: it needs people with two or more neutral faces, and two "
            "faces of every emotion among them"
        )


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
