"""Kill commands at random moments: ``python -m tools.power_cut [--kills N] [JOB ...]``.

Each job is killed with SIGKILL while it replaces an earlier result. Afterwards that result must be
whole, the old one or the new one. The same command must then succeed and give the same result as an
undisturbed run. Temporary files that the kill left must be gone after a run a day later. All faces
are drawn.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.drawn.video import draw_video
from landmark_emotion.files.writing import PREFIX
from landmark_emotion.model.classifier import load_model


def arrays(path: Path) -> Any:
    """Read the arrays of an npz file."""
    with np.load(path) as archive:
        return {name: archive[name].tobytes() for name in archive.files}


def model(path: Path) -> Any:
    """Read a model without the time of its training."""
    read = load_model(path)
    heads = [head for head in (read.static, read.calibrated) if head is not None]
    return [read.emotions, *((head.weights.tobytes(), head.biases.tobytes()) for head in heads)]


def profile(path: Path) -> Any:
    """Read a profile."""
    return json.loads(path.read_bytes())


def pictures(path: Path) -> Any:
    """Count the frames of a video."""
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    return count


@dataclass(frozen=True)
class Job:
    """A command, the name of its result and the function that reads it.

    ``{faces}``, ``{video}``, ``{folder}`` and ``{result}`` in the command are replaced by paths.
    """

    arguments: str
    result: str
    read: Callable[[Path], Any]


JOBS = {
    "train": Job("train {faces} --output {result} --runs 2 --folds 3", "model.npz", model),
    "extract": Job("extract {faces} -o {result}", "table.npz", arrays),
    "record": Job("video {video} --record {result} -o {folder}/rows.csv", "seen.avi", pictures),
    "rows": Job("video {video} -o {result}", "rows.csv", lambda path: path.read_text()),
    "calibrate": Job(
        "webcam --source {video} --calibrate 0.6 --profile {result}", "anna.json", profile
    ),
}


class Place:
    """A folder in which a job runs, with its own temporary files and cache."""

    def __init__(self, root: Path, job: Job) -> None:
        self.root, self.job = root, job
        self.out = root / "out"
        self.result = self.out / job.result
        names = {"faces": root / "faces", "video": root / "video.avi"}
        self.command = [sys.executable, "-m", "landmark_emotion"]
        self.command += [
            part.format(**names, folder=self.out, result=self.result)
            for part in job.arguments.split()
        ]
        self.env = {**os.environ, "TMPDIR": str(root / "tmp"), "XDG_CACHE_HOME": str(root / "home")}
        draw_dataset(names["faces"], subjects=3)
        draw_video(names["video"], emotions=("happiness",), seconds_each=1.0, size=(320, 240))

    def begin(self) -> None:
        """Remove everything that earlier runs made."""
        for folder in ("out", "tmp", "home"):
            shutil.rmtree(self.root / folder, ignore_errors=True)
            (self.root / folder).mkdir()

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the job."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            self.command, env=self.env, stdin=quiet, stdout=quiet, stderr=quiet, cwd=self.root
        )

    def finish(self) -> None:
        """Run the job to completion."""
        if self.start().wait() != 0:
            raise SystemExit(f"error: failed: {' '.join(self.command)}")

    def wait_a_day(self) -> None:
        """Make the leftovers of a kill two days old, so that the next run removes them."""
        for folder in self.root.rglob(f"{PREFIX}*"):
            for path in (*folder.rglob("*"), folder):
                os.utime(path, (time.time() - 2 * 86400,) * 2)

    def leftovers(self) -> list[Path]:
        """Return all files that a completed job should not leave."""
        found = [*self.root.rglob(f"{PREFIX}*"), *self.root.rglob("*.thread-*")]
        found += (self.root / "tmp").iterdir()
        return found


def try_job(job: Job, kills: int, seed: int) -> dict[str, Any]:
    """Kill a job many times and count the outcomes."""
    rng = random.Random(seed)
    counts = {"kills": 0, "ended before": 0, "old": 0, "new": 0, "torn": 0}
    counts |= {"left by the kill": 0, "other result": 0, "left in the end": 0}
    with TemporaryDirectory() as name:
        place = Place(Path(name), job)
        place.begin()
        begin = time.monotonic()
        place.finish()
        duration = time.monotonic() - begin
        expected, before = job.read(place.result), place.result.read_bytes()
        for _ in tqdm(range(kills), desc=job.arguments.split()[0], disable=None):
            place.begin()
            place.result.write_bytes(before)
            process = place.start()
            try:
                process.wait(rng.uniform(0, duration))
                counts["ended before"] += 1
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            counts["kills"] += 1
            try:
                same = place.result.read_bytes() == before
                counts["old" if same else "new"] += job.read(place.result) == expected
            except Exception:
                counts["torn"] += 1
            counts["left by the kill"] += bool(place.leftovers())
            place.wait_a_day()
            place.finish()
            counts["other result"] += job.read(place.result) != expected
            counts["left in the end"] += bool(place.leftovers())
    bad = counts["torn"] + counts["other result"] + counts["left in the end"]
    return {**counts, "seconds": round(duration, 2), "bad": bad}


def main() -> None:
    """Kill all jobs, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=", ".join(JOBS))
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    args = parser.parse_args()
    bad = 0
    for name in args.jobs or JOBS:
        outcome = try_job(JOBS[name], args.kills, args.seed)
        bad += outcome["bad"]
        print(f"{name}: " + ", ".join(f"{what} {count}" for what, count in outcome.items()))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
