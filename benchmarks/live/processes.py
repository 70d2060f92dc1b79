"""What is measured in processes of their own: start-up, imports, memory."""

import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict

import numpy as np

# What must not be needed to recognize.
UNWANTED = ("sklearn", "scipy", "matplotlib", "pandas")

# What takes how long until the first answer, and how much memory; nothing else is imported there.
WATCH = """
import time
times = [time.time()]
import json, sys
from landmark_emotion.model.classifier import default_model, load_model
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.sources.video import frames
times.append(time.time())
model = load_model(default_model())
times.append(time.time())
recognizer = Recognizer(model)
times.append(time.time())

def megabytes(what):
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith(what))
    except OSError:
        return None

memory = {}
for n, frame in enumerate(frames(sys.argv[1]), start=1):
    recognizer.recognize(frame.image, frame.time)
    if n == 1:
        times.append(time.time())
    if n <= 10:
        memory["after 10 frames"] = megabytes("VmRSS")
    if n == int(sys.argv[2]):
        break
memory["at the end"] = megabytes("VmRSS")
memory["of it private"] = megabytes("RssAnon")
memory["of it files"] = megabytes("RssFile")
memory["most"] = megabytes("VmHWM")
unwanted = [name for name in sys.argv[3:] if name in sys.modules]
print(json.dumps({"times": times, "memory": memory, "frames": n, "unwanted": unwanted}))
"""
PARTS = ("python", "imports", "model", "predictor", "first frame")


def start_up(video, effort):
    """Measure what passes until the first answer, in fresh processes; seconds."""
    runs, shell = [], []
    for _ in range(effort.starts):
        begin = time.time()
        watched = watch(video, 1)
        runs.append(np.diff([begin, *watched["times"]]))
        command = [sys.executable, "-m", "landmark_emotion", "webcam", "--source", str(video)]
        begin = time.time()
        with subprocess.Popen(
            [*command, "--max-frames", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            process.stdout.readline()
            shell.append(time.time() - begin)
            process.communicate()
    return {
        "parts": dict(zip(PARTS, np.median(runs, axis=0).tolist(), strict=True)),
        "first_answer": float(np.median(np.sum(runs, axis=1))),
        "first_line_of_the_command": statistics.median(shell),
        "unwanted_modules": watched["unwanted"],
    }


def watch(video, frames):
    """Recognize so many frames in a process of its own."""
    arguments = [str(video), str(frames), *UNWANTED]
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *arguments], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def imports(effort):
    """Measure imports in fresh processes, beyond what Python itself takes; seconds."""
    codes = {
        "nothing": "pass",
        "landmark_emotion": "import landmark_emotion",
        "landmark_emotion.live.recognizer": "import landmark_emotion.live.recognizer",
        "numpy, cv2 and dlib alone": "import numpy, cv2, dlib",
    }
    taken = defaultdict(list)
    for _ in range(effort.imports):
        for name, code in codes.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            taken[name].append(time.perf_counter() - begin)
    bare = statistics.median(taken["nothing"])
    return {name: statistics.median(t) - bare * (name != "nothing") for name, t in taken.items()}
