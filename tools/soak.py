"""Does it last? ``python -m tools.soak [DATA] [--frames N] [--json FILE]``.

Frames go through one recognizer as a day before a camera brings them: one face, two, nobody,
faces that come and go, other sizes, pauses. They are decoded or drawn once, so that nearly all of
the time is recognition. Every 5,000 frames the memory and the rate are noted; ends with status 1
where memory has grown by more than 5 MB since the first 5,000. DATA holds
``video/talking_head.mp4`` and ``video/single_face.mp4``; without it faces are drawn.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.live.videos import FPS, HD, VGA, drawn_frames, enlarged, images_of
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.live.recognizer import Recognizer

FRAMES = 100_000
EVERY = 5_000
ALLOWED = 5.0  # MB
SHOTS = (25, 150)  # frames; the shortest and longest stretch of one scene
PAUSE, PAUSES = 10.0, 0.3  # seconds, and the share of shots with one; who is away is forgotten


def scenes(data, each):
    """Make what is shown, by name: lists of at most `each` frames."""
    if data is None:
        one = list(drawn_frames(VGA, 1, each))
        other = list(drawn_frames(VGA, 1, each, seed=1))
        two = list(drawn_frames(VGA, 2, each))
    else:
        video = data / "video"
        one = list(enlarged(images_of(video / "talking_head.mp4", each), VGA))
        other = list(enlarged(images_of(video / "single_face.mp4", each), VGA))
        two = [
            np.concatenate([a[:, 160:480], b[:, 160:480]], axis=1)
            for a, b in zip(one, other, strict=False)
        ]
    few = slice(0, max(1, each // 4))
    empty = list(drawn_frames(VGA, 0, 4))
    half = VGA[0] // 2
    return {
        "one": one,
        "another": other,
        "two": two,
        "one of two": [blanked(image, slice(half, None)) for image in two[few]],
        "the other of two": [blanked(image, slice(0, half)) for image in two[few]],
        "nobody": empty,
        "a black picture": [np.zeros_like(empty[0])],
        "small": list(enlarged(one[few], (320, 240))),
        "large": list(enlarged(one[few], HD)),
    }


def blanked(image, columns):
    """Take away what is in some columns."""
    image = image.copy()
    image[:, columns] = 128
    return image


def shots(shown, rng):
    """Show one scene after the other for ever, to and fro: (name, frame, seconds)."""
    names, to_come = list(shown), []
    now = 0.0
    while True:
        to_come = to_come or rng.permutation(names).tolist()
        name = to_come.pop()
        frames = [*shown[name], *shown[name][-2:0:-1]]
        start = int(rng.integers(len(frames)))
        # Faces elsewhere are other faces.
        moved = int(rng.integers(-40, 41))
        pause = PAUSE if rng.random() < PAUSES else 0.0
        for i in range(int(rng.integers(*SHOTS))):
            now += 1 / FPS + (pause if i == 10 else 0.0)
            yield name, np.roll(frames[(start + i) % len(frames)], moved, axis=1), now


def resident():
    """Tell the memory in use in MB; None where the system has no /proc."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return next(
        int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")
    )


def soak(shown, frames, every):
    """Recognize so many frames; returns a row every so many of them, and the count of faces."""
    following = Recognizer(automatic=True)
    rows, seen = [], dict.fromkeys(shown, 0)
    begin, faces, highest = time.perf_counter(), 0, 0
    source = shots(shown, np.random.default_rng(0))
    for n in tqdm(range(1, frames + 1), unit=" frames", disable=None):
        name, image, now = next(source)
        seen[name] += 1
        for prediction in following.recognize(image, now):
            faces += 1
            highest = max(highest, prediction.number)
        if n % every == 0:
            gc.collect()
            end = time.perf_counter()
            rows.append({"frames": n, "megabytes": resident(), "per_second": every / (end - begin)})
            begin = time.perf_counter()
    return {"rows": rows, "shown": seen, "faces": faces, "numbers": highest}


def main():
    """Soak, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA")
    parser.add_argument("--frames", type=int, default=FRAMES, metavar="N")
    parser.add_argument("--every", type=int, default=EVERY, metavar="N", help="frames in a row")
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
        f"\n{result['faces']} faces under {result['numbers']} numbers; "
        + ", ".join(f"{name} {n}" for name, n in result["shown"].items())
    )
    print(f"the rate in the last quarter is {last_to_first:.0%} of that in the first")
    if grown is None:
        print("memory was not measured, as this system has no /proc")
    else:
        print(f"memory has grown by {grown:.1f} MB ({ALLOWED:.0f} MB allowed)")
    if args.json:
        replace_atomically(args.json, (json.dumps(result, indent=2) + "\n").encode())
    if result["flat"] is False:
        sys.exit(1)


if __name__ == "__main__":
    main()
