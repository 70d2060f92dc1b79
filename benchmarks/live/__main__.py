"""What recognition costs and what it is worth: ``python -m benchmarks.live [DATA] [--json FILE]``.

Three ways to recognize the same frames, each in passes of its own, on one core:

(a) dlib's detector on the whole frame, dlib's predictor, features and model, for every frame;
(b) the same with the frame enlarged once, as the usual program does it;
(c) `Recognizer.recognize` as it comes.

``--facemesh PYTHON`` adds MediaPipe's FaceMesh, which finds landmarks only. Decoding never counts.

DATA holds ``video/talking_head.mp4``, ``video/single_face.mp4`` and the London set in ``london/``;
without it there are drawn faces only. Times are per frame; means are the median of the passes.
Processor time counts, as other work disturbs the clock. Takes some six minutes; ``--quick`` takes a
few frames of little, for trying the benchmark itself out.
"""

import argparse
import json
import os
import platform
from pathlib import Path
from tempfile import TemporaryDirectory

# As the command line does; numpy reads it when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import dlib
import numpy as np
from tqdm import tqdm

from benchmarks.live.effort import QUICK, Effort
from benchmarks.live.expressions import drawn_expressions, london_expressions
from benchmarks.live.goals import goals
from benchmarks.live.jitter import jitter
from benchmarks.live.passes import condensed
from benchmarks.live.processes import imports, start_up, watch
from benchmarks.live.tables import rounded, show
from benchmarks.live.videos import VGA, drawn_cases, encode, images_of, real_cases
from benchmarks.live.ways import Ways
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.model.classifier import default_model, load_model


def measure(data, effort, folder, facemesh_python=None):
    """Measure everything."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
    model = load_model(default_model())
    result = {"machine": machine(), "cases": []}
    result["drawn_expressions"] = drawn_expressions(folder, effort)
    result["london"] = london_expressions(data / "london", model, effort.london) if data else None
    use_cores({max(cores)})
    ways = Ways(model, effort, facemesh_python)
    cases = [*(real_cases(data, folder, effort) if data else ()), *drawn_cases(folder, effort)]
    for case in (progress := tqdm(cases, unit=" cases", disable=None)):
        progress.set_description(case.name)
        result["cases"].append(ways.measure(case))
    main = next(case for case in cases if case.size == VGA and case.people == 1)
    result["main"] = main.name
    result["main_as_mjpeg"] = as_mjpeg(ways, main, folder)
    result["two_cores"] = None
    if len(cores) > 1:
        use_cores(set(sorted(cores)[-2:]))
        result["two_cores"] = ways.costs(main, threads=2)[0]
    use_cores(cores)
    result["jitter"] = jitter(data, effort)
    result["start_up"] = start_up(main.path, effort)
    result["imports"] = imports(effort)
    watched = watch(main.path, effort.real or 10**6)
    result["memory"] = {"frames": watched["frames"], **watched["memory"]}
    result["goals"] = goals(result)
    return result


def as_mjpeg(ways, case, folder):
    """Measure decoding of what most cameras send."""
    path = encode(folder / "main.avi", images_of(case.path, 100), case.size, "MJPG")
    through = ways.gray(path)
    return {
        "decode": condensed([through], "decode")["mean"],
        "gray": condensed([through], "cpu")["mean"],
    }


def machine():
    """Name what the times depend on."""
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "dlib": dlib.__version__,
        "numpy": np.__version__,
    }


def use_cores(cores):
    """Run on these cores only, where the system can do that."""
    cv2.setNumThreads(len(cores))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def main():
    """Measure and print."""
    about = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser("python -m benchmarks.live", description=about)
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--facemesh", metavar="PYTHON", help="a Python that has mediapipe 0.10.21")
    parser.add_argument("--quick", action="store_true", help="a few frames of little")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        effort = QUICK if args.quick else Effort()
        result = measure(args.data, effort, Path(folder), args.facemesh)
    show(result)
    if args.json:
        text = json.dumps(rounded(result), indent=2) + "\n"
        replace_atomically(args.json, text.encode())


if __name__ == "__main__":
    main()
