"""Run one recognizer for a long time: ``python -m tools.soak [DATA] [--frames N] [--json FILE]``.

The frames are those of a day in front of a camera: one face, two, none, faces that come and go,
other sizes, pauses. They are decoded or drawn in advance. Memory and rate are recorded every 5,000
frames; the exit status is 1 if memory grows by more than 5 MB after the first 5,000. DATA contains
``video/talking_head.mp4`` and ``video/single_face.mp4``; without it the faces are drawn.
"""

import argparse
import contextlib
import gc
import itertools
import json
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from landmark_emotion.drawn.drawing import draw_face
from landmark_emotion.drawn.people import View, random_subject
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.sources import video

FPS = 25
FRAMES = 100_000
EVERY = 5_000
ALLOWED = 5.0  # MB
SHOTS = (25, 150)  # shortest and longest run of one scene, in frames
PAUSE, PAUSES = 10.0, 0.3  # seconds, after which faces are forgotten; share of shots with one


def scenes(data, each):
    """Return the frames of every scene by name, at most `each` per scene."""
    if data is None:
        one, other = drawn(each, seed=0), drawn(each, seed=1)
    else:
        one = read(data / "video" / "talking_head.mp4", each)
        other = read(data / "video" / "single_face.mp4", each)
    two = [
        np.concatenate([a[:, 160:480], b[:, 160:480]], axis=1)
        for a, b in zip(one, other, strict=False)
    ]
    few = slice(0, max(1, each // 4))
    return {
        "one": one,
        "another": other,
        "two": two,
        "one of two": [blanked(image, slice(320, None)) for image in two[few]],
        "the other of two": [blanked(image, slice(0, 320)) for image in two[few]],
        "nobody": [np.full_like(one[0], 205)],
        "a black frame": [np.zeros_like(one[0])],
        "small": [cv2.resize(image, (320, 240)) for image in one[few]],
        "large": [cv2.resize(image, (1280, 960)) for image in one[few]],
    }


def drawn(count, seed):
    """Draw a person who becomes happy, 640x480."""
    subject = random_subject(np.random.default_rng(seed))
    return [
        draw_face(subject, "happiness", n / count, View(noise=1.5, noise_seed=n))
        for n in range(count)
    ]


def read(path, count):
    """Read the first frames of a video, their middle cut out and resized to 640x480."""
    images = []
    with contextlib.closing(video.frames(path)) as opened:
        for frame in itertools.islice(opened, count):
            height, width = frame.image.shape[:2]
            left = max(0, width - height * 4 // 3) // 2
            images.append(cv2.resize(frame.image[:, left : width - left], (640, 480)))
    return images


def blanked(image, columns):
    """Return a copy with some columns gray."""
    image = image.copy()
    image[:, columns] = 128
    return image


def shots(shown, rng):
    """Yield (name, frame, seconds) of random scenes, played forward and backward, without end."""
    names, to_come = list(shown), []
    now = 0.0
    while True:
        to_come = to_come or rng.permutation(names).tolist()
        name = to_come.pop()
        frames = [*shown[name], *shown[name][-2:0:-1]]
        start = int(rng.integers(len(frames)))
        # A shift makes it another face for the tracker.
        moved = int(rng.integers(-40, 41))
        pause = PAUSE if rng.random() < PAUSES else 0.0
        for i in range(int(rng.integers(*SHOTS))):
            now += 1 / FPS + (pause if i == 10 else 0.0)
            yield name, np.roll(frames[(start + i) % len(frames)], moved, axis=1), now


def resident():
    """Return the memory in use, in MB; None if the system has no /proc."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return next(
        int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")
    )


def soak(shown, frames, every):
    """Recognize frames; return the records of memory and rate, and counts."""
    recognizer = Recognizer(automatic=True)
    rows, seen = [], dict.fromkeys(shown, 0)
    begin, faces, highest = time.perf_counter(), 0, 0
    source = shots(shown, np.random.default_rng(0))
    for n in tqdm(range(1, frames + 1), unit=" frames", disable=None):
        name, image, now = next(source)
        seen[name] += 1
        for prediction in recognizer.recognize(image, now):
            faces += 1
            highest = max(highest, prediction.number)
        if n % every == 0:
            gc.collect()
            end = time.perf_counter()
            rows.append({"frames": n, "megabytes": resident(), "per_second": every / (end - begin)})
            begin = time.perf_counter()
    return {"rows": rows, "shown": seen, "faces": faces, "numbers": highest}


def main():
    """Run, print a table, and exit with 1 if memory grew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA")
    parser.add_argument("--frames", type=int, default=FRAMES, metavar="N")
    parser.add_argument("--every", type=int, default=EVERY, metavar="N", help="frames per record")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    if not 1 <= args.every <= args.frames:
        parser.error(f"--every must be from 1 to {args.frames}, got {args.every}")
    cv2.setNumThreads(1)
    shown = scenes(args.data, min(100, max(1, args.frames // 4)))
    result = soak(shown, args.frames, args.every)
    rows = result["rows"]
    memory = [row["megabytes"] for row in rows]
    grown = None if None in memory else max(memory) - memory[0]
    rates = [row["per_second"] for row in rows]
    some = max(1, len(rates) // 4)
    last_to_first = statistics.median(rates[-some:]) / statistics.median(rates[:some])
    result |= {
        "grown_megabytes": grown,
        "allowed_megabytes": ALLOWED,
        "rate_last_to_first_quarter": last_to_first,
        "flat": None if grown is None else grown <= ALLOWED,
    }
    print("   frames  memory (MB)  frames/s")
    for row in rows:
        size = "-" if row["megabytes"] is None else f"{row['megabytes']:.1f}"
        print(f"{row['frames']:>9}  {size:>11}  {row['per_second']:>8.0f}")
    print(
        f"\n{result['faces']} faces, highest number {result['numbers']}; "
        + ", ".join(f"{name} {n}" for name, n in result["shown"].items())
    )
    print(f"rate in the last quarter: {last_to_first:.0%} of that in the first")
    if grown is None:
        print("memory was not measured: this system has no /proc")
    else:
        print(f"memory grew by {grown:.1f} MB (limit {ALLOWED:.0f} MB)")
    if args.json:
        replace_atomically(args.json, (json.dumps(result, indent=2) + "\n").encode())
    if result["flat"] is False:
        sys.exit(1)


if __name__ == "__main__":
    main()
