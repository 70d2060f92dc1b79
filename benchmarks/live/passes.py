"""One pass through a video: what it takes, and what it sees."""

import itertools
import json
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np


@dataclass
class Pass:
    """What one way through a video took, milliseconds per frame, and saw."""

    wall: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    decode: list = field(default_factory=list)
    seen: dict = field(default_factory=dict)  # by frame
    times: list = field(default_factory=list)  # seconds, of all frames


def go_through(path, recognize, wanted=None, threads=1):
    """Go through a video with one way; `wanted` are the frames it gets, by default all."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads])
    fps = capture.get(cv2.CAP_PROP_FPS)
    result = Pass()
    for index in itertools.count() if wanted is None else range(max(wanted) + 1):
        if wanted is not None and index not in wanted:
            capture.grab()
            continue
        begin = time.perf_counter()
        good, image = capture.read()
        read = time.perf_counter()
        if not good:
            break
        cpu = time.process_time()
        start = time.perf_counter()
        seen = recognize(image, index / fps)
        end = time.perf_counter()
        result.cpu.append(1000 * (time.process_time() - cpu))
        result.wall.append(1000 * (end - start))
        result.decode.append(1000 * (read - begin))
        result.seen[index] = seen
        result.times.append(index / fps)
    capture.release()
    return result


def spread(n, wanted):
    """Choose frames evenly."""
    return {round(i) for i in np.linspace(0, n - 1, min(n, wanted))}


def facemesh(python, path):
    """Go through a video with MediaPipe's FaceMesh, on a Python that has it."""
    script = Path(__file__).with_name("facemesh.py")
    done = subprocess.run([python, script, path], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return Pass(wall=found["wall"], cpu=found["cpu"], seen=dict(enumerate(found["faces"])))


def summary(passes):
    """Condense passes: milliseconds per frame of wall time and of processor time."""
    return {what: condensed(passes, what) for what in ("wall", "cpu")} | {
        "frames": len(passes[0].wall)
    }


def condensed(passes, what):
    """Condense one time: the mean is the median of the passes' means."""
    values = [getattr(one, what) for one in passes]
    every = np.concatenate(values)
    return {
        "mean": statistics.median(float(np.mean(value)) for value in values),
        "median": float(np.median(every)),
        "p95": float(np.percentile(every, 95)),
    }
