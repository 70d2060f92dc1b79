"""``landmark-emotion train-network``: learn to recognize emotions from the pictures of faces."""

import argparse
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.cli import collect
from landmark_emotion.cli.help import INPUT, OUTPUT, TUNING, examples, group
from landmark_emotion.cli.options import (
    positive_int,
    print_table,
    progress,
    say,
    share,
    whole_number,
)
from landmark_emotion.cli.reporting import (
    add_report,
    check_report,
    report_file,
    write_network_report,
)
from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.errors import OutputError, TrainingError
from landmark_emotion.files.writing import check_writable, replace_atomically
from landmark_emotion.formatting import percent
from landmark_emotion.training.datasets.labels import Labels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from landmark_emotion.training.metrics import Evaluation
    from landmark_emotion.training.network import Epoch, Training
    from landmark_emotion.training.parts import Parts
    from landmark_emotion.training.pictures import FacePictures, LoadedPictures

_WRITTEN = Path("models") / "my_network.onnx"

_MOST_ERRORS = 36
_SCORES = ("n", "accuracy", "balanced_accuracy", "macro_f1", "log_loss", "calibration_error")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "train-network",
        help="train a small network on the pictures of faces",
        description="Train a small convolutional network on pictures of faces and write it as an "
        "ONNX file, which OpenCV runs. Safe to interrupt: the same command resumes after the last "
        "finished epoch. Needs the extra 'network'.",
        epilog=examples(
            "train-network fer2013.csv --report report",
            "train-network my-faces/ -o models/faces.onnx --epochs 20",
            "train-network fer2013.csv --size full",
        ),
    )
    add = group(parser, INPUT).add_argument
    text = "fer2013.csv, or pictures in any layout that train reads"
    add("dataset", type=Path, metavar="DATASET", help=text)
    text = f"the ONNX file to write (default: {_WRITTEN.as_posix()})"
    group(parser, OUTPUT).add_argument(
        "-o", "--output", type=Path, default=_WRITTEN, metavar="FILE", help=text
    )
    text = "votes of FER+ for the rows of fer2013.csv (default: fer2013new.csv beside it, if any)"
    add("--votes", type=Path, metavar="FILE", help=text)
    add = group(parser, TUNING).add_argument
    text = "how often each picture is seen (default: half an hour of processor time)"
    add("--epochs", type=positive_int, metavar="N", help=text)
    text = (
        "small for a CPU, or full, the architecture of the built-in network, for a GPU "
        "(default: small)"
    )
    add("--size", choices=("small", "full"), default="small", help=text)
    text = "seed of all random choices (default: 0)"
    add("--seed", type=whole_number, default=0, metavar="N", help=text)
    text = "size of the parts for validation and test if the data set lacks them (default: 0.1)"
    add("--test-size", type=share, default=0.1, metavar="SHARE", help=text)
    add_report(parser)
    text = "show pictures of the worst errors in the report; they show people"
    group(parser, OUTPUT).add_argument("--show-images", action="store_true", help=text)
    collect.add_arguments(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.networks.keras import keras
    from landmark_emotion.networks.network import SHIPPED

    check_report(args.report)
    if args.show_images and args.report is None:
        args.usage_error("argument --show-images: needs --report FOLDER")
    if args.output.resolve() in SHIPPED:
        raise OutputError(f"{args.output}: is the built-in network; choose another name")
    check_writable(args.output)
    keras()
    data, parts = _read(args)
    training = _train(args, parts)
    _finish(args, data, parts, training)
    return 0


def _read(args: argparse.Namespace) -> "tuple[LoadedPictures, Parts]":
    """Read the pictures and print what is in them."""
    from landmark_emotion.report.summary import left_out_text
    from landmark_emotion.training.parts import divide
    from landmark_emotion.training.pictures import load_pictures

    data = load_pictures(
        args.dataset,
        args.emotions,
        votes=args.votes,
        contempt=args.contempt,
        labels=Labels(args.emotions or (), args.labels, usage=args.usage),
        peak_frames=args.peak_frames,
        predictor=args.predictor,
        jobs=args.jobs or -1,
        cache=collect.cache_folder(args),
        progress=progress,
        notify=say,
    )
    try:
        parts = divide(data.pictures, share=args.test_size, seed=args.seed)
    except TrainingError as error:
        raise TrainingError(str(error).replace("data set", str(data.path), 1)) from error
    print(f"data set: {data.path} ({data.layout})" + (", drawn faces" if data.drawn else ""))
    divided = (parts.learn, parts.choose, parts.test)
    counts = [Counter(part.emotion.tolist()) for part in divided]
    table = [(f"  {emotion}", *(f"{n[emotion]}" for n in counts)) for emotion in parts.emotions]
    total = ("  all", *(f"{len(part)}" for part in divided))
    print_table([("  ", "training", "validation", "test"), *table, total])
    for note in parts.notes:
        print(f"  {note}")
    if data.whole:
        print(f"  {data.whole:,} small pictures without a face found are taken as they are")
    for line in left_out_text(data.left_out + parts.left_out, data.skipped):
        print(line)
    return data, parts


def _train(args: argparse.Namespace, parts: "Parts") -> "Training":
    """Learn until the last epoch, or resume that."""
    from landmark_emotion.networks.architecture import Architecture
    from landmark_emotion.training.network import (
        SMALL,
        Settings,
        Training,
        default_dtype,
        usual_schedule,
    )

    schedule = usual_schedule(len(parts.learn), args.epochs)
    epochs = schedule.epochs
    settings = Settings(
        SMALL if args.size == "small" else Architecture(),
        schedule,
        args.seed,
        default_dtype(),
    )
    file = args.output.with_suffix(".state.npz")
    training = Training(parts, settings, file, say)
    done = len(training.history)
    if done == epochs:
        say(f"{file}: all {epochs} epochs are done; delete the file to train anew")
        return training
    if done:
        say(f"{file}: resuming after epoch {done} of {epochs}")
    on_gpu = settings.dtype != "float32"
    say(
        f"learning on the {'GPU' if on_gpu else 'CPU'}; it is compiled first, and may be "
        "interrupted at any time"
    )
    try:
        with _bar(training.done) as bar:
            for epoch in training.epochs(bar.move):
                say(_epoch_text(epoch, epochs, bar.left()))
    except KeyboardInterrupt:
        n = len(training.history)
        say(f"interrupted after {n} of {epochs} epochs; run the same command to resume")
        raise
    return training


class _Bar:
    """Progress over the whole training, and the time that is left."""

    def __init__(self, bar: Any, start: float) -> None:
        self._bar = bar
        self._begin: tuple[float, float] | None = None  # after the first step, which is compiled
        self._now = (time.monotonic(), start)

    def move(self, done: float) -> None:
        """Show that a share of the work is done."""
        self._now = (time.monotonic(), done)
        self._begin = self._begin or self._now
        self._bar.set_postfix_str(self.left(), refresh=False)
        self._bar.update(done - self._bar.n)

    def left(self) -> str:
        """Return the time that is left as text."""
        from landmark_emotion.formatting import duration

        since, first = self._begin or self._now
        now, done = self._now
        if done <= first:
            return ""
        return f"{duration((now - since) * (1 - done) / (done - first))} left"


@contextlib.contextmanager
def _bar(start: float) -> Iterator[_Bar]:
    """Show a bar that also moves while nothing else does."""
    from tqdm import tqdm

    form = "{percentage:3.0f} %|{bar}| {elapsed} {postfix}"
    end = threading.Event()
    with tqdm(
        total=1.0, initial=start, bar_format=form, disable=None, dynamic_ncols=True, leave=False
    ) as shown:

        def tick() -> None:
            while not end.wait(1.0):
                shown.refresh()

        ticking = threading.Thread(target=tick, daemon=True)
        ticking.start()
        try:
            yield _Bar(shown, start)
        finally:
            end.set()
            ticking.join()


def _epoch_text(epoch: "Epoch", epochs: int, left: str) -> str:
    return (
        f"epoch {epoch.number:>{len(str(epochs))}}/{epochs}: validation accuracy "
        f"{percent(epoch.accuracy)}, macro F1 {percent(epoch.macro_f1)}, loss {epoch.loss:.2f}; "
        f"training accuracy {percent(epoch.learned_accuracy)}, loss {epoch.learned_loss:.2f}"
        + (f"; {left}" if left and epoch.number < epochs else "")
    )


def _finish(
    args: argparse.Namespace, data: "LoadedPictures", parts: "Parts", training: "Training"
) -> None:
    """Write the network and print how it does on the pictures it has not learned from."""
    from landmark_emotion.networks.network import Network
    from landmark_emotion.report.summary import evaluation_text, line
    from landmark_emotion.training.network import predictions

    result = training.result()
    network = Network(result.onnx({}))
    chosen = predictions(network, parts.choose, "validation, which chose the epoch")
    tested = predictions(network, parts.test, "test, which took no part in training")
    mirrored = predictions(network, parts.test, tested.protocol, mirrored=True)
    content = _content(data, parts, training)
    content |= {
        "temperature": result.temperature,
        "network": {
            "file": args.output.name,
            "parameters": network.cost.parameters,
            "multiply_adds": network.cost.multiply_adds,
        },
        "validation": chosen.scores,
        "test": tested.scores,
        "test_mirrored": _brief(mirrored),
    }
    replace_atomically(args.output, result.onnx(_info(content)))
    drawn = " of drawn faces" if data.drawn else ""
    print(
        f"\nValidation{drawn}: it chose epoch {training.best} and the temperature, so these\n"
        "scores are too high"
    )
    print("\n".join(evaluation_text(chosen)))
    print(f"\nTest{drawn}: it took no part in training")
    print("\n".join(evaluation_text(tested)))
    both = mirrored.scores
    print(
        "  with the mean over each picture and its mirror image, as for photos:\n"
        f"  accuracy {percent(both['accuracy'])}, macro F1 {percent(both['macro_f1'])}"
    )
    cost = network.cost
    print(
        f"\nnetwork     {args.output}, {cost.parameters:,} parameters, "
        f"{cost.multiply_adds / 1e6:.1f} million multiply-adds"
    )
    if args.report is not None:
        worst = _worst(tested)
        content["errors"] = [_error(parts.test, tested, index) for index in worst]
        pictures = list(parts.test.crops[worst]) if args.show_images else []
        write_network_report(args.report, content, chosen, tested, pictures)
        print("\n".join(line("report", str(report_file(args.report)))))
    if len(set(parts.emotions) & set(EMOTIONS)) > 1:
        print("\n".join(line("next", f"landmark-emotion webcam --network {args.output}")))


def _content(data: "LoadedPictures", parts: "Parts", training: "Training") -> dict[str, Any]:
    """Return what a report says about data and training, as JSON values."""
    about = collect.circumstances()
    about["versions"] |= {name: version(name) for name in ("keras", "jax")}
    divided = {"training": parts.learn, "validation": parts.choose, "test": parts.test}
    subjects = {name for part in divided.values() for name in part.subject.tolist()}
    return about | {
        "data": {"name": data.path.name, "layout": data.layout, "drawn": data.drawn},
        "path": str(data.path),
        "notes": list(parts.notes),
        "votes": data.votes,
        "subjects": None if "" in subjects else len(subjects),
        "counts": {
            name: {e: int((part.emotion == e).sum()) for e in parts.emotions}
            for name, part in divided.items()
        },
        "whole": data.whole,
        "left_out": dict(data.left_out + parts.left_out),
        "skipped": [{"path": image, "reason": why} for image, why in data.skipped],
        "settings": asdict(training.settings),
        "history": [asdict(epoch) for epoch in training.history],
        "best": training.best,
    }


def _info(content: dict[str, Any]) -> dict[str, Any]:
    """Return what the network's file says of its training: nothing about single people."""
    kept = ("data", "counts", "subjects", "settings", "best", "date", "versions")
    scores = {
        name: {key: content[name][key] for key in _SCORES}
        for name in ("validation", "test", "test_mirrored")
    }
    return {name: content[name] for name in kept} | scores


def _brief(evaluation: "Evaluation") -> dict[str, Any]:
    return {name: evaluation.scores[name] for name in _SCORES}


def _worst(tested: "Evaluation") -> "NDArray[np.intp]":
    """Return the indices of the most confident wrong predictions, the most confident first."""
    import numpy as np

    wrong = np.flatnonzero(~tested.right)
    return wrong[np.argsort(-tested.confidence[wrong], kind="stable")][:_MOST_ERRORS]


def _error(pictures: "FacePictures", tested: "Evaluation", index: int) -> dict[str, Any]:
    return {
        "source": str(pictures.source[index]),
        "emotion": str(tested.truth[index]),
        "predicted": str(tested.predicted[index]),
        "probability": float(tested.confidence[index]),
    }
