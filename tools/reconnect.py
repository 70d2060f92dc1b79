"""Measure recovery from network camera failures: ``python -m tools.reconnect [--json FILE]``.

A local server streams a drawn video as MJPEG and fails in several ways, while
`sources.video.frames` reads it and a consumer takes a while for each frame. Every frame carries its
number, which shows repeated and late frames. Takes half a minute.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

# Hides the errors of refused connections; OpenCV reads them when it is imported.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import numpy as np

from landmark_emotion.drawn.video import draw_video
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.sources.video import frames
from tools.mjpeg import MjpegServer

FPS = 25
WORK = 0.07  # seconds that the consumer takes per frame, like recognition
UP = 2.0  # seconds between two failures
BITS, BLOCK = 16, 16  # of a frame's number: bits, and pixels per black or white block


@dataclass
class Phase:
    """A failure and what followed until the next one; times in seconds."""

    fault: str
    down: float  # how long the server sent nothing
    began: float
    back: float = 0.0
    without_picture: float | None = None  # from the recovery to the first frame
    while_down: int = 0  # frames received while the server was down
    captured: int = 0
    seen: int = 0
    dropped: int = 0
    repeated: int = 0
    older: int = 0  # than an earlier frame
    median_age: float | None = None  # from sending to receiving
    greatest_age: float | None = None


def stamp(image, number):
    """Write a number into an image."""
    for bit in range(BITS):
        image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 * (number >> bit & 1)


def stamped(image):
    """Read the number of an image."""
    row = image[BLOCK // 2, BLOCK // 2 : BITS * BLOCK : BLOCK].mean(axis=1) > 127
    return int(row @ (1 << np.arange(BITS)))


def drawn_pictures():
    """Draw three seconds of video."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "drawn.avi")
        draw_video(path, emotions=("happiness", "surprise"), seconds_each=1.0, fps=FPS)
        return [frame.image for frame in frames(path)]


def sender(images):
    """Return a function that gives the server its frames: the video in a loop, numbered."""

    def jpeg(number):
        image = images[number % len(images)].copy()
        stamp(image, number)
        return cv2.imencode(".jpg", image)[1].tobytes()

    return jpeg


def fail(server, phases, over):
    """Make the server fail in every way in turn."""
    for fault, seconds, go, come in (
        ("none", 0.0, None, None),
        ("stalls", 1.0, server.stall, server.resume),
        ("stalls", 4.0, server.stall, server.resume),
        ("stalls", 7.0, server.stall, server.resume),
        ("closes the connection", 0.0, server.disconnect, None),
        ("goes away", 1.0, server.stop, server.start),
        ("goes away", 5.0, server.stop, server.start),
    ):
        phases.append(Phase(fault, seconds, time.monotonic()))
        if go:
            go()
        time.sleep(seconds)
        if come:
            come()
        phases[-1].back = time.monotonic()
        time.sleep(UP)
    over.set()


def watch(server):
    """Read frames meanwhile; return the phases and (time, index, number) of every frame."""
    phases, seen, over = [], [], threading.Event()
    begin = time.monotonic()

    def warn(line):
        print(f"{time.monotonic() - begin:6.2f} s  {line}", file=sys.stderr)

    with contextlib.closing(frames(server.url, warn)) as opened:
        next(opened)
        failing = threading.Thread(target=fail, args=(server, phases, over))
        failing.start()
        for frame in opened:
            seen.append((time.monotonic(), frame.index, stamped(frame.image)))
            if over.is_set():
                break
            time.sleep(WORK)
    failing.join()
    return phases, seen


def judge(server, phases, seen):
    """Fill in the results of each phase."""
    ends = [phase.began for phase in phases[1:]] + [float("inf")]
    newest = seen[0][2] - 1
    before = seen[0][1] - 1
    for phase, end in zip(phases, ends, strict=True):
        mine = [row for row in seen if phase.began <= row[0] < end]
        ages = [when - server.due(number) for when, _, number in mine]
        after = [when for when, _, _ in mine if when >= phase.back]
        phase.without_picture = after[0] - phase.back if after else None
        # Frames that were already sent may still arrive.
        phase.while_down = sum(phase.began + 0.2 < when < phase.back for when, _, _ in mine)
        phase.seen = len(mine)
        phase.captured = mine[-1][1] - before if mine else 0
        phase.dropped = phase.captured - phase.seen
        for _, index, number in mine:
            phase.repeated += number == newest
            phase.older += number < newest
            newest, before = max(newest, number), index
        phase.median_age = statistics.median(ages) if ages else None
        phase.greatest_age = max(ages, default=None)


def main():
    """Run the experiment and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    with MjpegServer(sender(drawn_pictures()), FPS) as server:
        phases, seen = watch(server)
        judge(server, phases, seen)
    print(
        f"{FPS} frames/s sent, {WORK * 1000:.0f} ms of work per frame\n\n"
        "                        down  recovery to first   while   captured  seen  dropped  seen   "
        "older  age (s)\n"
        "failure                  (s)         frame (s)     down                            twice  "
        "       median  most"
    )
    for p in phases:
        print(
            f"{p.fault:<22}  {p.down:4.1f}  {seconds(p.without_picture):>16}  {p.while_down:>7}  "
            f"{p.captured:>9}  {p.seen:>4}  {p.dropped:>7}  {p.repeated:>5}  {p.older:>5}  "
            f"{seconds(p.median_age):>6}  {seconds(p.greatest_age):>4}"
        )
    if args.json:
        result = {"fps": FPS, "work": WORK, "phases": [as_json(phase) for phase in phases]}
        replace_atomically(args.json, (json.dumps(result, indent=2) + "\n").encode())


def seconds(value):
    """Format a time, or None."""
    return "never" if value is None else f"{value:.2f}"


def as_json(phase):
    """Return a phase with rounded values and without clock times."""
    values = asdict(phase)
    del values["began"], values["back"]
    return {k: round(v, 3) if isinstance(v, float) else v for k, v in values.items()}


if __name__ == "__main__":
    main()
