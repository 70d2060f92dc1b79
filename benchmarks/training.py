"""How long training takes: ``python -m benchmarks.training [DATA] [--json FILE]``.

Measures extraction and evaluation (leave-one-subject-out and seven shuffled runs) with one and two
jobs, and a first and a second ``train`` on the same data, in a new process and in this one. Both
sides of a comparison take turns in each repeat. Times are medians in seconds; ratios are medians
of the ratios within the repeats.

DATA contains the London set in ``london/`` and the table
``landmarks/ckplus_peaks_and_neutrals.npz``. By default, faces are drawn.
"""

import argparse
import contextlib
import csv
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from joblib.externals.loky import get_reusable_executor
from tqdm import tqdm

from landmark_emotion.cli import main as run_command
from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.faces.predictor import find_predictor, predictor_digest
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.sources.images import read_image
from landmark_emotion.training import extraction
from landmark_emotion.training.datasets import read_dataset
from landmark_emotion.training.evaluation import cross_validate, shuffled_splits
from landmark_emotion.training.landmark_table import load_table
from landmark_emotion.training.training_set import usable

MANIFEST = "manifest.csv"
JOBS = {"1 job": 1, "2 jobs": 2}
BRIGHTNESS = (1.0, 0.95, 0.9, 0.85)  # of the copies


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures to FILE")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="(default: 3)")
    parser.add_argument("--subjects", type=int, default=40, metavar="N", help="to draw")
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        photos, table, trained_on = prepare(args.data, args.subjects, Path(name))
        samples = [s for s in read_dataset(photos).samples if s.emotion in DEFAULT_EMOTIONS]
        faces, _ = usable(load_table(table), DEFAULT_EMOTIONS)
        predictor_digest(find_predictor().resolve())  # cached for all measurements alike
        seconds = {}
        for _ in tqdm(range(args.repeats), unit=" repeats", disable=None):
            measured = time_jobs(samples, faces)
            for data in trained_on:
                measured |= time_train(data)
            for what, value in measured.items():
                seconds.setdefault(what, []).append(value)
    figures = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "data": f"{len(samples)} photos; a table of {len(faces)} faces",
        "seconds": seconds,
        "ratios": ratios(seconds),
    }
    show(figures, len(samples))
    if args.json is not None:
        replace_atomically(args.json, (json.dumps(figures, indent=2) + "\n").encode())


def prepare(data, subjects, work):
    """Return a folder of photos, a landmark table, and the data sets to train on."""
    if data is None:
        photos, table = work / "drawn", work / "drawn.npz"
        draw_dataset(photos, subjects=subjects)
        with silence():
            run_command(["extract", str(photos), "-o", str(table), "--no-cache"])
        return photos, table, (photos, table)
    photos, many = data / "london", work / f"london times {len(BRIGHTNESS)}"
    table = data / "landmarks" / "ckplus_peaks_and_neutrals.npz"
    multiply(photos, many)
    return photos, table, (photos, many, table)


def multiply(folder, target):
    """Make a larger data set from darker copies of each photo."""
    with (folder / MANIFEST).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    target.mkdir()
    lines = ["path,emotion,subject"]
    for number, row in enumerate(rows):
        image = read_image(folder / row["path"])
        for factor in BRIGHTNESS:
            name = f"{number}-{round(100 * factor)}.jpg"
            darker = (image * factor).astype(np.uint8)
            (target / name).write_bytes(cv2.imencode(".jpg", darker)[1].tobytes())
            lines.append(f"{name},{row['emotion']},{row['subject']}")
    (target / MANIFEST).write_text("\n".join(lines) + "\n", encoding="utf-8")


def time_jobs(samples, faces):
    """Time extraction and evaluation with one and two jobs."""
    measured = {}
    for name, jobs in JOBS.items():
        stop_workers()
        extraction._detector.cache_clear()
        for what in ("extraction with all starting, ", "extraction, "):
            measured[what + name] = timed(extraction.extract, samples, jobs=jobs)
    for name, jobs in JOBS.items():
        stop_workers()
        measured[f"subjects left out and runs, {name}"] = timed(
            lambda jobs=jobs: [list(shuffled_splits(faces)), cross_validate(faces, jobs=jobs)]
        )
    return measured


def time_train(data):
    """Time ``train`` twice with the same cache, in a new process and in this one."""
    measured = {}
    for place, run in (("process", run_process), ("here", run_here)):
        with TemporaryDirectory() as folder:
            arguments = ["train", str(data), "--cache", folder, "--output", f"{folder}/model.npz"]
            for time_ in ("first", "second"):
                stop_workers()
                measured[f"train on {data.name}, {place}, {time_}"] = timed(run, arguments)
    return measured


def run_process(arguments):
    """Run a command in a new process."""
    command = [sys.executable, "-m", "landmark_emotion", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def run_here(arguments):
    """Run a command in this process."""
    with silence():
        run_command(arguments)


def timed(function, *arguments, **options):
    """Return how many seconds a call takes."""
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


@contextlib.contextmanager
def silence():
    """Suppress the output of a command."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def stop_workers():
    """End joblib's processes, so that the next call starts them."""
    get_reusable_executor().shutdown(wait=True)


def ratios(seconds):
    """Divide the two times of each comparison, repeat by repeat."""
    divided = {}
    for above in seconds:
        for end, other in (tuple(f" {name}" for name in JOBS), (" first", " second")):
            if above.endswith(end):
                name = f"{above.removesuffix(end)}{end} to{other}"
                below = seconds[above.removesuffix(end) + other]
                divided[name] = [a / b for a, b in zip(seconds[above], below, strict=True)]
    return divided


def show(figures, n):
    """Print a table."""
    print(f"{figures['machine']}; {figures['data']}")
    for name, values in figures["seconds"].items():
        middle = statistics.median(values)
        rate = f"{n / middle:8.1f} images/s" if name.startswith("extraction") else ""
        print(f"{name:<55} {middle:8.2f} s{rate}")
    for name, values in figures["ratios"].items():
        spread = f"({min(values):.2f} to {max(values):.2f})"
        print(f"{name:<65} {statistics.median(values):6.2f} {spread}")


if __name__ == "__main__":
    main()
