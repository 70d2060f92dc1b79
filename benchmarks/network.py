"""What networks cost on one core: ``python -m benchmarks.network FILE.onnx ...``.

Each file is also loaded in a process of its own, to see what memory it takes (Linux only).
Times are processor times of one thread, as other work disturbs the clock: the least of several
rounds, in which all files take turns with two baselines, our landmarks of a drawn face from one
box, and a convolution, 3x3 with 64 channels at 24x24 pixels. Ratios between them hold on other
machines too.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

# As the command line does; numpy reads it when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.faces.predictor import LandmarkPredictor
from landmark_emotion.networks.builder import Builder
from landmark_emotion.networks.network import load_network
from landmark_emotion.networks.onnx_file import serialize

ROUNDS = 15
BATCHES = (1, 8)
SIDE, CHANNELS = 24, 64


def convolution():
    """Return a function that evaluates the reference, and its multiply-adds."""
    rng = np.random.default_rng(0)
    b = Builder((1, CHANNELS, SIDE, SIDE))
    constants = (
        b.constant(rng.normal(size=(CHANNELS, CHANNELS, 3, 3))),
        b.constant(np.zeros(CHANNELS)),
    )
    window = {"kernel_shape": (3, 3), "strides": (1, 1), "dilations": (1, 1), "group": 1}
    x = b.add("Conv", "input", *constants, pads=(1, 1, 1, 1), **window)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(serialize(b.file({"y": x}, {})), np.uint8))
    picture = rng.normal(size=(1, CHANNELS, SIDE, SIDE)).astype(np.float32)

    def evaluate():
        net.setInput(picture)
        net.forward()

    return evaluate, CHANNELS * CHANNELS * 9 * SIDE * SIDE


def landmarks():
    """Return a function that measures the landmarks of a face once."""
    predictor = LandmarkPredictor()
    predictor.load_compiled()
    gray = cv2.cvtColor(draw_face(Subject(), "happiness"), cv2.COLOR_BGR2GRAY)
    boxes = np.array([[180, 120, 460, 400]])
    return lambda: predictor.landmarks(gray, boxes)


def evaluation(network, n):
    """Return a function that evaluates n faces."""
    spec = network.spec
    side = (spec.size, spec.size) if spec.channels == 1 else (spec.size, spec.size, 3)
    crops = np.random.default_rng(0).integers(0, 256, (n, *side), np.uint8)
    return lambda: network.evaluate(crops)


def milliseconds(functions):
    """Return the least processor time of a call of each function."""
    repeats = {}
    for name, function in functions.items():
        function()
        start = time.process_time()
        for _ in range(3):
            function()
        repeats[name] = max(1, round(0.06 / max(time.process_time() - start, 1e-4)))
    best = dict.fromkeys(functions, np.inf)
    for _ in range(ROUNDS):
        for name, function in functions.items():
            start = time.process_time()
            for _ in range(repeats[name]):
                function()
            seconds = (time.process_time() - start) / repeats[name]
            best[name] = min(best[name], 1000 * seconds)
    return best


def memory(path):
    """Return the megabytes that loading a network adds to the peak of a process."""
    command = [sys.executable, "-m", "benchmarks.network", "--memory", str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def memory_of(kind):
    """Return the memory of this process in megabytes: now (VmRSS) or at most so far (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) / 1024
    raise ValueError(kind)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.onnx")
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory:
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak
        before = memory_of("VmRSS")
        load_network(args.files[0])
        print(json.dumps(memory_of("VmHWM") - before))
        return
    cv2.setNumThreads(1)
    networks = {path: load_network(path) for path in args.files}
    reference, multiply_adds = convolution()
    functions = {"landmarks": landmarks(), "convolution": reference}
    for path, network in networks.items():
        functions |= {(path, n): evaluation(network, n) for n in BATCHES}
    times = milliseconds(functions)
    print(f"OpenCV {cv2.__version__}, one thread, processor time")
    speed = multiply_adds / times["convolution"] / 1e6
    print(f"landmarks of a face from one box   {times['landmarks']:7.3f} ms")
    print(f"convolution, {multiply_adds / 1e6:.1f} M multiply-adds  {times['convolution']:7.3f} ms"
          f"  {speed:5.1f} G/s")  # fmt: skip
    for path, network in networks.items():
        one, *_ = per_face = [times[path, n] / n for n in BATCHES]
        cost = network.cost
        size = f"{cost.multiply_adds / 1e6:.1f} M multiply-adds, {cost.parameters:,} parameters"
        print(f"{path.name}: {size}, loading takes {memory(path):.0f} MB")
        for n, each in zip(BATCHES, per_face, strict=True):
            print(f"  {n} at a time: {each:.3f} ms per face")
        share = cost.multiply_adds / one / 1e6 / speed
        print(f"  {one / times['landmarks']:.2f} times the landmarks, {share:.2f} of the speed of "
              "the convolution")  # fmt: skip


if __name__ == "__main__":
    main()
