"""Train the shipped network: ``python -m benchmarks.ship_network FER2013``.

FER2013 is ``fer2013.csv`` with ``fer2013new.csv``, the votes of FER+, beside it. Wide networks, the
teachers, learn from Training; then the student, of the architecture that is shipped, learns to
answer as they do, each quarter of a batch (with four teachers) as one of them (Hinton et al. 2015,
"Distilling the knowledge in a neural network"). PublicTest fits the temperature and is printed as
it goes; PrivateTest is left alone unless ``--test`` is given.

Made for a GPU: four teachers and the student take 8 to 10 minutes on an NVIDIA H200. The same
seeds give nearly, not exactly, the same network on other hardware. ``--minutes`` divides that time
among the networks and so sets their epochs.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.networks.keras import keras

keras()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from landmark_emotion.files.folders import user_folder  # noqa: E402
from landmark_emotion.networks.architecture import Architecture, build  # noqa: E402
from landmark_emotion.networks.learning import (  # noqa: E402
    Schedule,
    Teacher,
    evaluator,
    learn,
)
from landmark_emotion.networks.network import Network  # noqa: E402
from landmark_emotion.training.datasets.samples import CHOOSE, LEARN, TEST  # noqa: E402
from landmark_emotion.training.metrics import score  # noqa: E402
from landmark_emotion.training.network import (  # noqa: E402
    calibrated,
    default_dtype,
    predictions,
    to_learn,
)
from landmark_emotion.training.pictures import SIZE, VOTED, load_pictures  # noqa: E402

TEACHER = Architecture(
    stem=64,
    halve=False,
    blocks=((64, False), (128, True), (256, True), (512, True)),
    dropout=0.4,
)
TEACHING = Schedule(epochs=83, sizes=(SIZE,), mixup=0.5, smoothing=0.1)
STUDENT = Architecture(dropout=0.1)
STUDYING = Schedule(epochs=195, sizes=(40, SIZE), smoothing=0.0, mixup=0.3, average=0.9995)
STUDENT_SEED = 7
STUDENT_SHARE = 0.37  # of the time
TRIED = 128  # pictures of each part with --quick
NARROW = Architecture(stem=8, halve=False, blocks=((8, False), (16, True)))


def main():
    """Teach, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("data", type=Path, metavar="FER2013")
    add("-o", "--output", type=Path, default=Path("models", "network.onnx"), metavar="FILE")
    add("--teachers", type=int, default=4, metavar="N")
    add("--minutes", type=float, metavar="N", help="set epochs so that all take about this time")
    add("--test", action="store_true", help="print the score on PrivateTest")
    add("--quick", action="store_true", help="one epoch on a few pictures, to try the script")
    args = parser.parse_args()
    pictures = load_pictures(args.data, cache=user_folder("cache"), notify=print).pictures
    if pictures.votes is None:
        raise SystemExit("needs fer2013new.csv beside the data")
    learned, chosen = (part_of(pictures, name, args.quick) for name in (LEARN, CHOOSE))
    emotions = tuple(sorted(set(learned.emotion.tolist())))
    heads = [len(emotions), len(VOTED)]
    wide = NARROW if args.quick else TEACHER
    teacher = build(wide, heads, dtype=default_dtype())
    examples = to_learn(learned, emotions)
    shown = (chosen, emotions)
    taught = []
    for seed in range(args.teachers):
        share = (1 - STUDENT_SHARE) / args.teachers
        schedule = replace(TEACHING, epochs=1) if args.quick else TEACHING
        seconds = args.minutes and 60 * args.minutes * share
        name = f"teacher {seed}"
        state = run(name, teacher, examples, schedule, seed, shown, seconds=seconds)
        taught.append((state.averaged, state.averaged_statistics))
    student = build(STUDENT, heads, dtype=default_dtype())
    schedule = replace(STUDYING, epochs=1) if args.quick else STUDYING
    seconds = args.minutes and 60 * args.minutes * STUDENT_SHARE
    state = run(
        "student",
        student,
        examples,
        schedule,
        STUDENT_SEED,
        shown,
        seconds=seconds,
        teacher=Teacher(taught, lambda weights, x: targets(teacher, weights, x)),
    )
    kept = [np.array(a) for a in (*state.averaged, *state.averaged_statistics)]
    info = {
        "data": {"name": "FER-2013 (Training) with the votes of FER+", "drawn": False},
        "teachers": args.teachers,
        "epochs": schedule.epochs,
    }
    result = calibrated(STUDENT, emotions, kept, len(state.averaged), chosen)
    write(args, result, info, chosen, pictures)


def write(args, result, info, chosen, pictures):
    """Write the network and print its scores."""
    network = Network(result.onnx({}))
    parts = {"PublicTest (fitted the temperature)": chosen}
    if args.test:
        parts["PrivateTest"] = pictures.take(pictures.part == TEST)
    for name, part in parts.items():
        one, both = (predictions(network, part, name, mirrored=m) for m in (False, True))
        print(f"{name}: accuracy {one.scores['accuracy']:.4f}, with the mirror image "
              f"{both.scores['accuracy']:.4f}, log loss {one.scores['log_loss']:.3f}")  # fmt: skip
    replace_atomically(args.output, result.onnx(info))
    print(args.output)


def part_of(pictures, name, quick):
    """Return a part of the data set."""
    found = pictures.take(pictures.part == name)
    return found.take(np.arange(len(found)) < TRIED) if quick else found


def run(name, model, examples, schedule, seed, shown, *, seconds=None, teacher=None):
    """Learn, printing how it goes; return the last state.

    With ``seconds``, the first epochs are timed to set their number, then learning begins again.
    """
    if seconds:
        timed = learn(model, examples, replace(schedule, epochs=3), seed=seed, teacher=teacher)
        next(timed).step.block_until_ready()  # compiles
        start = time.monotonic()
        next(timed).step.block_until_ready()
        # Larger pictures, which come later, take longer.
        factor = np.mean(np.square(schedule.sizes)) / schedule.sizes[0] ** 2
        each = (time.monotonic() - start) * factor
        schedule = replace(schedule, epochs=max(2, int(seconds / each)))
        print(f"{name}: {each:.2f} s an epoch, so {schedule.epochs} epochs", flush=True)
    start = time.monotonic()
    states = learn(model, examples, schedule, seed=seed, teacher=teacher)
    for epoch, state in enumerate(states, start=1):
        if epoch % 30 == 0 and epoch < schedule.epochs:
            state.step.block_until_ready()
            print(f"{name}: epoch {epoch}, {time.monotonic() - start:.0f} s", flush=True)
    part, emotions = shown
    _, scores, _ = evaluator(model, SIZE)(state, to_learn(part, emotions))
    found = score(part.emotion, np.array(emotions)[scores.argmax(axis=1)])
    print(f"{name}: {schedule.epochs} epochs, {time.monotonic() - start:.0f} s, PublicTest "
          f"{found['accuracy']:.4f} with the mirror image", flush=True)  # fmt: skip
    return state


def targets(model, taught, x):
    """Return what the teachers answer for a batch, each for a part of it."""
    answers = []
    for (weights, statistics), part in zip(
        taught, jnp.split(x[..., None], len(taught)), strict=True
    ):
        (_, *scores), _ = model.stateless_call(weights, statistics, part, training=False)
        answers.append([jax.nn.softmax(score) for score in scores])
    return [jnp.concatenate(one) for one in zip(*answers, strict=True)]


if __name__ == "__main__":
    main()
