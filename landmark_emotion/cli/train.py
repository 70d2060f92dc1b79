"""``landmark-emotion train``: from a data set to scores and a model."""

import argparse
import datetime
import hashlib
import json
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from landmark_emotion import __version__
from landmark_emotion.cli import collect
from landmark_emotion.cli.options import positive_int, say, share, two_or_more, whole_number
from landmark_emotion.cli.reporting import add_report, check_report, write_report
from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.errors import DatasetError, ModelError, OutputError, TrainingError
from landmark_emotion.files.folders import natural_order
from landmark_emotion.files.writing import check_writable
from landmark_emotion.model.classifier import SHIPPED, TRAINED_HERE, EmotionModel, load_model
from landmark_emotion.training.datasets import read_dataset

DATA_FOLDER = Path("data")
SAMPLE_FOLDER = DATA_FOLDER / "drawn-faces"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "train",
        help="train on a folder of faces and print the accuracy of every run",
        description="Train on a folder of faces, print the accuracy of every run, write a model.",
    )
    parser.add_argument(
        "dataset",
        nargs="?",
        type=Path,
        metavar="DATASET",
        help="a CK/CK+ folder, folders named after emotions, a manifest .csv or a landmark table "
        ".npz; otherwise what lies in data/, else drawn sample faces",
    )
    parser.add_argument(
        "--runs", type=positive_int, default=7, metavar="N", help="shuffled splits (default: 7)"
    )
    parser.add_argument(
        "--test-size",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="share held out in each of them (default: 0.2)",
    )
    parser.add_argument(
        "--folds",
        type=two_or_more,
        metavar="N",
        help="folds for the score on new people (default: leave one subject out)",
    )
    parser.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="for drawing splits (default: 0)"
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
        help="choose the recipe anew by folds inside the training data (slow)",
    )
    collect.add_arguments(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True)
class _Learned:
    """What can be remembered of a training run, in types that do not import scikit-learn.

    `account` and `lines` were printed: what is in the data set, and the scores. `summary` is that
    of `report.summarize`. `evaluations` are the fields of the static and the calibrated one.
    """

    account: list[str]
    lines: list[str]
    summary: dict[str, Any]
    model: EmotionModel
    evaluations: tuple[dict[str, Any], dict[str, Any] | None]


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.files.cache import open_cache, recall, remember

    check_report(args.report)
    if args.output.resolve() in SHIPPED:
        raise OutputError(
            f"{args.output}: is the model that comes with the program; choose another name"
        )
    check_writable(args.output)
    path = args.dataset or _find_dataset()
    data = collect.collect(args, path, collect.wanted_emotions(args))
    output = _spare_real_model(args.output, data.table.drawn)

    def introduce(account: list[str]) -> None:
        print(f"data set: {data.title}")
        print("\n".join(account))
        if data.from_cache:
            print(f"  {data.from_cache} images were known from the cache")

    versions = _versions()
    memory, _ = open_cache(collect.cache_folder(args))
    remembered = memory.cache(_learn, ignore=["args", "data", "introduce"])
    call = (_digest(args, data, versions), args, data, introduce)
    learned = recall(remembered, *call)
    if learned is None:
        learned = remember(remembered, *call)
    else:
        introduce(learned.account)
        say("scores: known from an earlier run, nothing has changed since")
        print("\n".join(learned.lines))

    circumstances = _circumstances(args.predictor, versions)
    model = replace(learned.model, info={**learned.model.info, **circumstances})
    model.save(output)
    if args.report is not None:
        _report(args, data, learned, learned.summary | circumstances, model)
    print(f"model: {output}")
    if data.table.drawn and output == TRAINED_HERE:
        say(
            f"note: this toy now stands before the model that comes with the program; delete "
            f"{TRAINED_HERE} to use that one"
        )
    print(f"run it: {_how_to_run(output)}")
    return 0


def _learn(
    digest: str,
    args: argparse.Namespace,
    data: collect.Collected,
    introduce: Callable[[list[str]], None],
) -> _Learned:
    """Judge and fit, printing the scores as they come; joblib's cache knows it by the digest."""
    from landmark_emotion.report import summary as report
    from landmark_emotion.training import evaluation
    from landmark_emotion.training import fit as training

    try:
        table, too_few = training.usable(data.table, collect.wanted_emotions(args))
    except TrainingError as error:
        say("\n".join(report.left_out_text(data.left_out, data.skipped)))
        raise TrainingError(str(error).replace("data set", str(data.path), 1)) from error
    left_out = report.left_out_text(data.left_out + too_few, data.skipped)
    account = [*report.counts_text(table), *left_out]
    introduce(account)
    lines: list[str] = []

    def tell(*texts: str) -> None:
        lines.extend(texts)
        print("\n".join(texts), flush=True)

    where = " of drawn faces" if table.drawn else ""
    tell(f"shuffled splits{where}, {args.test_size:.0%} held out, seed {args.seed}")
    options = {"runs": args.runs, "test_size": args.test_size, "seed": args.seed}
    runs = []
    for accuracy in evaluation.shuffled_splits(table, **options):
        runs.append(accuracy)
        tell(f"  run {len(runs)}: accuracy {accuracy:.4f}")
    tell(f"  {report.runs_text(runs)}")
    apart: list[float] = []
    n_shared = evaluation.shared_sequences(table)
    if n_shared:
        apart = list(evaluation.shuffled_splits(table, **options, keep_sequences=True))
        tell(
            f"  warning: {n_shared} sequences give several near-equal frames, which lie on both "
            f"sides of these splits; with each on one side only: {report.runs_text(apart)}"
        )

    search = evaluation.SEARCHED if args.search else ()
    static, calibrated = evaluation.cross_validate(
        table, folds=args.folds, seed=args.seed, search=search, jobs=args.jobs or -1
    )
    who = "people" if table.subjects_known else "samples"
    tell(f"{who} not in training{where}: {static.protocol}", *report.evaluation_text(static))
    if table.subjects_known:
        tell(f"  {report.UNSEEN_PEOPLE}")
    else:
        tell(f"  {report.UNKNOWN_SUBJECTS}")
    if calibrated is None and table.subjects_known:
        tell(
            "not scored or learned: how faces differ from the person's own neutral one; that takes "
            "people with two or more neutral faces, and two of each emotion among them"
        )
    if calibrated is not None:
        tell(
            f"the same{where}, compared with the person's own neutral face "
            f"({calibrated.calibrated.sum()} of {len(table)} have another one, the rest as above)",
            *report.evaluation_text(calibrated),
        )

    samples = training.TrainingSet.of(table)
    recipe, temperatures = evaluation.choose(
        samples, search or (training.Recipe(),), seed=args.seed
    )
    summary = report.summarize(
        table=table,
        data=_description(data),
        recipe=recipe,
        runs=runs,
        runs_apart=apart,
        static=static,
        calibrated=calibrated,
    )
    model = training.fit_model(
        samples, recipe, temperatures=temperatures, info=report.without_people(summary)
    )
    evaluations = (vars(static), vars(calibrated) if calibrated is not None else None)
    return _Learned(account, lines, summary, model, evaluations)


def _digest(args: argparse.Namespace, data: collect.Collected, versions: dict[str, str]) -> str:
    """Compute a SHA-256 of all that scores and model depend on, the program itself included."""
    options = {
        name: getattr(args, name)
        for name in ("contempt", "runs", "test_size", "folds", "seed", "search")
    }
    left_out = sorted(data.left_out.items()), [(str(path), why) for path, why in data.skipped]
    settings = [options, left_out, _description(data), versions, version("scipy")]
    digest = hashlib.sha256(json.dumps(settings).encode())
    digest.update(data.table.digest().encode())
    for file in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _description(data: collect.Collected) -> dict[str, Any]:
    return {"name": data.path.name, "layout": data.layout, "drawn": data.table.drawn}


def _report(
    args: argparse.Namespace,
    data: collect.Collected,
    learned: _Learned,
    summary: dict[str, Any],
    model: EmotionModel,
) -> None:
    from landmark_emotion.training import fit as training
    from landmark_emotion.training.metrics import Evaluation

    table, too_few = training.usable(data.table, collect.wanted_emotions(args))
    static, calibrated = learned.evaluations
    written = {
        **summary,
        "path": str(data.path),
        "left_out": dict(data.left_out + too_few),
        "skipped": [{"path": str(image), "reason": why} for image, why in data.skipped],
        "from_cache": data.from_cache,
    }
    write_report(
        args.report,
        written,
        table=table,
        model=model,
        static=Evaluation(**static),
        calibrated=Evaluation(**calibrated) if calibrated is not None else None,
    )


def _spare_real_model(output: Path, drawn: bool) -> Path:
    """Return where to write to, so that a toy never replaces a model of real faces unasked."""
    if not drawn or output != TRAINED_HERE or not output.is_file():
        return output
    try:
        data = load_model(output).info.get("data")
    except ModelError:
        return output
    if isinstance(data, dict) and data.get("drawn") is True:
        return output
    spare = output.with_name("drawn.npz")
    say(f"note: {output} was trained on real faces and stays; this toy goes to {spare}")
    return spare


def _find_dataset() -> Path:
    """Return the data set in data/; otherwise draw one there."""
    candidates = []
    refused = []
    if DATA_FOLDER.is_dir():
        children = sorted(DATA_FOLDER.iterdir(), key=lambda path: natural_order(path.name))
        candidates = [path for path in children if path != SAMPLE_FOLDER]
    for path in [*candidates, *([DATA_FOLDER] if candidates else [])]:
        if path.suffix.lower() == ".zip":
            refused.append(f"note: {path}: is packed; unpack it to train on it")
            continue
        if path.suffix.lower() in (".md", ".txt") or path.name.startswith("."):
            continue
        if path.suffix.lower() != ".npz":
            try:
                read_dataset(path)
            except DatasetError as error:
                if path.is_dir() and path != DATA_FOLDER:
                    refused.append(f"note: not used: {error}")
                continue
        say(f"no data set was named; using {path}")
        return path
    for line in refused:
        say(line)
    if not SAMPLE_FOLDER.is_dir():
        say(f"no data set was named and none is in data/; drawing sample faces in {SAMPLE_FOLDER}")
        draw_dataset(SAMPLE_FOLDER)
    else:
        say(f"no data set was named and none is in data/; using the drawn {SAMPLE_FOLDER}")
    return SAMPLE_FOLDER


def _versions() -> dict[str, str]:
    import cv2
    import numpy as np

    from landmark_emotion.faces.detector import detector_version

    return {
        "landmark_emotion": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scikit-learn": version("scikit-learn"),
        "opencv": cv2.__version__,
        "detector": detector_version(),
    }


def _circumstances(predictor: Path | None, versions: dict[str, str]) -> dict[str, Any]:
    from landmark_emotion.faces.predictor import find_predictor, predictor_digest

    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "versions": versions,
        "predictor_sha256": predictor_digest(find_predictor(predictor).resolve()),
    }


def _how_to_run(model: Path) -> str:
    script = Path(sys.argv[0]).name == "train.py"
    command = "python run_webcam.py" if script else "landmark-emotion webcam"
    return command if model == TRAINED_HERE else f"{command} --model {model}"
