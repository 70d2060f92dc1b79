"""What recognition costs and what it is worth: ``python -m benchmarks.live [DATA] [--json FILE]``.

Three ways to recognize the same frames, each in passes of its own, on one core:

(a) dlib's detector on the whole frame, then landmarks, features and model, for every frame;
(b) the same with the frame enlarged once, as the usual program does it;
(c) `Recognizer.recognize` as it comes.

DATA holds ``video/talking_head.mp4``, ``video/single_face.mp4`` and the London set in ``london/``;
without it there are drawn faces only. Times are means per frame, the median of the passes. Takes
some six minutes; ``--quick`` takes a few frames of little, for trying the benchmark itself out.
"""

import argparse
import contextlib
import csv
import functools
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

# As the command line does; numpy reads it when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import dlib
import numpy as np
from tqdm import tqdm

from landmark_emotion import detection, recognizer, tracking
from landmark_emotion.datasets.drawing import (
    View,
    draw_background,
    expose,
    paint_face,
    random_subject,
)
from landmark_emotion.datasets.drawn import draw_dataset, draw_video
from landmark_emotion.detection import FaceDetector, find_predictor
from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.face import REGIONS
from landmark_emotion.features import landmark_features
from landmark_emotion.files import replace_atomically
from landmark_emotion.images import read_image
from landmark_emotion.model import EmotionModel, default_model, load_model, softmax
from landmark_emotion.recognizer import Recognizer
from landmark_emotion.records import COLUMNS, csv_row

FPS = 25.0
VGA, HD, FULL_HD = (640, 480), (1280, 720), (1920, 1080)
PEOPLE = (0, 1, 2, 5)
STABLE = 0.5  # seconds; an expression by each frame alone that holds for so long is a new one
LONDON_SECONDS, LONDON_SHAPE = 1.5, (640, 640, 3)  # of each photo
EYES = [np.arange(68)[REGIONS[eye]] for eye in ("right_eye", "left_eye")]

# What must not be needed to recognize.
UNWANTED = ("sklearn", "scipy", "matplotlib", "pandas")

# Run in a process of its own: what takes how long until the first answer, and how much memory.
WATCH = """
import time
times = [time.time()]
import json, sys
from landmark_emotion.model import default_model, load_model
from landmark_emotion.recognizer import Recognizer
from landmark_emotion.video import frames
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
memory["most"] = megabytes("VmHWM")
unwanted = [name for name in sys.argv[3:] if name in sys.modules]
print(json.dumps({"times": times, "memory": memory, "frames": n, "unwanted": unwanted}))
"""
PARTS = ("python", "imports", "model", "predictor", "first frame")


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    passes: int = 3
    timed_pixels: float = 12e6  # of (a) in a pass
    drawn: int = 30  # frames, which are then shown to and fro
    drawn_rounds: int = 4
    sizes: tuple = (VGA, HD, FULL_HD)
    real: int | None = None  # frames of a video; None for all
    larger: int = 300  # of those enlarged to more than 640x480
    london: int | None = None  # people
    starts: int = 5
    imports: int = 7
    drawn_subjects: int = 5  # to train a model on; 0 takes the shipped one
    emotions: tuple = DEFAULT_EMOTIONS  # of the drawn video


QUICK = Effort(
    passes=1,
    timed_pixels=6e5,
    drawn=4,
    drawn_rounds=2,
    sizes=(VGA,),
    real=12,
    larger=4,
    london=2,
    starts=1,
    imports=1,
    drawn_subjects=0,
    emotions=("happiness",),
)


@dataclass(frozen=True)
class Case:
    """A video, and what is in it."""

    name: str
    path: Path
    size: tuple  # of a frame
    content: tuple  # of what is not black border
    people: int
    judged: int = 1  # every so many frames the answers are compared


@dataclass(frozen=True)
class Seen:
    """A face by one frame alone."""

    landmarks: np.ndarray
    emotion: str
    number: int = 0
    shown: str = ""  # smoothed


@dataclass
class Pass:
    """What one way through a video took, milliseconds per frame, and saw."""

    wall: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    decode: list = field(default_factory=list)
    seen: dict = field(default_factory=dict)  # by frame
    times: list = field(default_factory=list)  # seconds, of all frames


class Baseline:
    """Searches every frame in full."""

    def __init__(self, model):
        self._model = model
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(find_predictor()))

    def recognize(self, image, upsample=0):
        """Recognize the faces of a frame."""
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        boxes, _, _ = self._detector.run(gray, upsample, 0.0)
        if not boxes:
            return []
        parts = [self._predictor(gray, box).parts() for box in boxes]
        landmarks = np.array([[(part.x, part.y) for part in face] for face in parts], dtype=float)
        probabilities = softmax(self._model.votes(landmark_features(landmarks)))
        emotions = [self._model.emotions[i] for i in probabilities.argmax(axis=1)]
        return [Seen(*face) for face in zip(landmarks, emotions, strict=True)]

    def recognize_shifted(self, image):
        """Recognize the frame moved by one pixel, which is as good a frame as the other."""
        moved = np.concatenate([image[:, :1], image[:, :-1]], axis=1)
        return [Seen(f.landmarks - (1.0, 0.0), f.emotion) for f in self.recognize(moved)]


def ours(predictions):
    """Turn predictions into what the other ways give."""
    return [
        Seen(p.face.landmarks, p.emotions[int(p.raw_probabilities.argmax())], p.number, p.likeliest)
        for p in predictions
    ]


# Videos


def drawn_frames(size, people, count, seed=0):
    """Draw people side by side who move a little while their faces change."""
    rng = np.random.default_rng(seed)
    subjects = [random_subject(rng) for _ in range(people)]
    phases = rng.uniform(0, 2 * np.pi, (people, 3))
    cell = size[0] / max(people, 1)
    height = min(0.6 * size[1], 1.05 * cell)
    emotions = [emotion for emotion in DEFAULT_EMOTIONS if emotion != "neutral"]
    for frame in range(count):
        canvas = draw_background(size)
        rise = (frame + 0.5) / count
        for person, subject in enumerate(subjects):
            roll, across, down = np.sin(phases[person] + frame / FPS * np.array([1.1, 0.8, 1.3]))
            view = View(roll=2 * roll, shift=(0.04 * across, 0.02 * down))
            centre = ((person + 0.5) * cell, 0.52 * size[1])
            intensity = rise * rise * (3 - 2 * rise)
            emotion = emotions[person % len(emotions)]
            paint_face(canvas, subject, emotion, intensity, view, centre, height)
        yield expose(canvas, View(noise=1.5, noise_seed=frame))


def to_and_fro(frames, rounds):
    """Show the frames forwards and backwards in turn."""
    for turn in range(rounds):
        yield from frames[:: -1 if turn % 2 else 1]


def enlarged(frames, size):
    """Fit frames into a size, with black borders where the aspect ratio is another."""
    for image in frames:
        height, width = image.shape[:2]
        by = min(size[0] / width, size[1] / height)
        inner = round(width * by), round(height * by)
        image = cv2.resize(image, inner, interpolation=cv2.INTER_CUBIC)
        left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
        right, bottom = size[0] - inner[0] - left, size[1] - inner[1] - top
        yield cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT)


def encode(path, frames, size, codec="mp4v"):
    """Write a video."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), FPS, size)
    try:
        if not writer.isOpened():
            raise SystemExit(f"error: {path}: OpenCV cannot write {codec} video here")
        for image in frames:
            writer.write(image)
    finally:
        writer.release()
    return path


def images_of(path, most=None):
    """Read a video."""
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise SystemExit(f"error: {path}: not a video that can be read; check DATA")
    n = 0
    while most is None or n < most:
        good, image = capture.read()
        if not good:
            break
        n += 1
        yield image
    capture.release()


def real_cases(data, folder, effort):
    """Make videos of real faces; the first is the main one."""
    talking = data / "video" / "talking_head.mp4"
    for size, judged in ((VGA, 1), (HD, 4), (FULL_HD, 8)):
        most = effort.real if size == VGA or effort.real else effort.larger
        path = folder / f"talking-{size[0]}.mp4"
        encode(path, enlarged(images_of(talking, most), size), size)
        content = (size[1] * 4 // 3, size[1])  # of 400x300
        yield Case(f"talking head {named(size)}", path, size, content, 1, judged)
    single = data / "video" / "single_face.mp4"
    yield Case("single face 640x360", single, (640, 360), (640, 360), 1)


def drawn_cases(folder, effort):
    """Make videos of drawn faces."""
    for size in effort.sizes:
        for people in PEOPLE:
            frames = list(drawn_frames(size, people, effort.drawn))
            path = folder / f"drawn-{size[0]}-{people}.mp4"
            encode(path, to_and_fro(frames, effort.drawn_rounds), size)
            yield Case(f"drawn {named(size)}, faces: {people}", path, size, size, people)


def named(size):
    """Write a size."""
    return f"{size[0]}x{size[1]}"


# Passes


def go_through(path, recognize, wanted=None, threads=1, most=None):
    """Go through a video with one way; `wanted` are the frames it gets, in order."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads])
    fps = capture.get(cv2.CAP_PROP_FPS)
    result = Pass()
    wanted_set = None if wanted is None else set(wanted)
    last = max(wanted) if wanted else None
    index = 0
    while most is None or index < most:
        if wanted_set is not None and index not in wanted_set:
            if index > last or not capture.grab():
                break
            index += 1
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
        index += 1
    capture.release()
    return result


def spread(n, wanted):
    """Choose frames evenly."""
    return sorted({round(i) for i in np.linspace(0, n - 1, min(n, wanted))})


class Ways:
    """The three ways through a video, and what they are measured against."""

    def __init__(self, model, effort):
        self.model = model
        self.baseline = Baseline(model)
        self.effort = effort

    def ours(self, path, threads=1):
        """Follow the faces through every frame."""
        following = Recognizer(self.model)
        return go_through(path, lambda image, at: following.recognize(image, at), threads=threads)

    def full(self, path, wanted, upsample=0, threads=1):
        """Search some frames in full."""
        return go_through(
            path, lambda image, at: self.baseline.recognize(image, upsample), wanted, threads
        )

    def shifted(self, path, wanted):
        """Search some frames in full that were moved by one pixel."""
        return go_through(path, lambda image, at: self.baseline.recognize_shifted(image), wanted)

    def gray(self, path, threads=1):
        """Decode and convert every frame."""

        def convert(image, at):
            cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)

        return go_through(path, convert, threads=threads)

    def costs(self, case, threads=1):
        """Measure what each way takes, in passes one after the other."""
        passes = defaultdict(list)
        few = max(1, round(self.effort.timed_pixels / np.prod(case.size)))
        for _ in range(self.effort.passes):
            passes["gray"].append(self.gray(case.path, threads))
            n = len(passes["gray"][0].wall)
            passes["a"].append(self.full(case.path, spread(n, few), threads=threads))
            passes["c"].append(self.ours(case.path, threads))
            fewer = spread(n, max(1, few // 6))
            passes["b"].append(self.full(case.path, fewer, 1, threads))
        costs = {way: summary(passes[way]) for way in ("a", "b", "c", "gray")}
        costs["decode"] = summary(passes["gray"], "decode")
        costs["decode_beside_ours"] = summary(passes["c"], "decode")
        gray = costs["decode"]["mean"] + costs["gray"]["mean"]
        mean = costs["c"]["mean"]
        costs["ratios"] = {
            "a/c": costs["a"]["mean"] / mean,
            "b/c": costs["b"]["mean"] / mean,
            "c/(decode+gray)": mean / gray,
        }
        return costs, passes["c"][0]

    def measure(self, case):
        """Measure everything about a case."""
        costs, followed = self.costs(case)
        for frame, predictions in followed.seen.items():
            followed.seen[frame] = ours(predictions)
        n = len(followed.wall)
        few = max(1, round(self.effort.timed_pixels / np.prod(case.size)))
        real = not case.name.startswith("drawn")
        judged = list(range(0, n, case.judged)) if real else spread(n, few)
        reference = self.full(case.path, judged).seen
        return {
            "name": case.name,
            "size": case.size,
            "content": case.content,
            "people": case.people,
            "frames": n,
            "judged_frames": len(judged),
            "milliseconds": costs,
            "stages": self.stages(case),
            "agreement": agreement(reference, followed.seen),
            "moved_by_a_pixel": agreement(reference, self.shifted(case.path, judged).seen),
            "labels": labels(followed),
        }

    def stages(self, case):
        """Tell where the time of (c) goes; times are measured apart, as measuring costs some."""
        watch = Stopwatch()
        output = csv.DictWriter(io.StringIO(), COLUMNS)
        row = functools.partial(csv_row, case.path.name)

        def write(predictions, at):
            for prediction in predictions or [None]:
                output.writerow(row(round(at * FPS), at, prediction))

        write = watch.wrap("output", write)
        methods = [name for name in vars(tracking.Detector) if not name.startswith("_")]
        with contextlib.ExitStack() as stack:
            for owner, name, stage in (
                *((FaceDetector, name, name) for name in methods),
                (tracking, "prepare", "gray"),
                (recognizer, "landmark_features", "features, model"),
                (recognizer, "softmax", "features, model"),
                (EmotionModel, "votes", "features, model"),
                (Recognizer, "recognize", "rest"),
            ):
                timed = watch.wrap(stage, getattr(owner, name))
                stack.enter_context(patch.object(owner, name, timed))
            following = Recognizer(self.model)
            through = go_through(
                case.path, lambda image, at: write(following.recognize(image, at), at)
            )
        spent = {"decode": sum(through.decode)}
        for stage in ("gray", *methods, "features, model", "rest", "output"):
            spent[stage] = 1000 * watch.spent[stage]
        whole = sum(spent.values())
        n = len(through.wall)
        return {
            stage: {"milliseconds": value / n, "share": value / whole}
            for stage, value in spent.items()
        }


def summary(passes, what="wall"):
    """Condense passes: the mean is the median of their means."""
    values = [getattr(one, what) for one in passes]
    every = np.concatenate(values)
    return {
        "mean": statistics.median(float(np.mean(value)) for value in values),
        "median": float(np.median(every)),
        "p95": float(np.percentile(every, 95)),
        "cpu": statistics.median(float(np.mean(one.cpu)) for one in passes),
        "frames": len(values[0]),
    }


class Stopwatch:
    """Adds up time by stage; what one stage calls of another counts for the other only."""

    def __init__(self):
        self.spent = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, stage, function):
        """Make the function count for a stage."""

        @functools.wraps(function)
        def timed(*arguments, **options):
            self._inner.append(0.0)
            begin = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                took = time.perf_counter() - begin
                self.spent[stage] += took - self._inner.pop()
                self._inner[-1] += took

        return timed


# Answers


def agreement(reference, other):
    """Compare the faces of the same frames: how far landmarks lie apart, emotions, lost faces."""
    distances, same, lost, gained = [], [], 0, 0
    for frame, faces in reference.items():
        free = list(other.get(frame, []))
        for face in faces:
            first, second = (face.landmarks[eye].mean(axis=0) for eye in EYES)
            unit = np.hypot(*(first - second))
            apart = [np.hypot(*(f.landmarks - face.landmarks).mean(axis=0)) for f in free]
            if not apart or min(apart) > unit:
                lost += 1
                continue
            match = free.pop(int(np.argmin(apart)))
            distances.append(np.hypot(*(match.landmarks - face.landmarks).T).mean() / unit)
            same.append(match.emotion == face.emotion)
        gained += len(free)
    found = bool(distances)
    return {
        "faces": len(distances) + lost,
        "lost": lost,
        "gained": gained,
        "distance_mean": 100 * float(np.mean(distances)) if found else None,  # % of inter-ocular
        "distance_median": 100 * float(np.median(distances)) if found else None,
        "distance_p95": 100 * float(np.percentile(distances, 95)) if found else None,
        "same_emotion": float(np.mean(same)) if found else None,
    }


def labels(followed):
    """Count how often the emotion of a face changes, by each frame alone and smoothed."""
    faces = defaultdict(list)
    for at, seen in zip(followed.times, followed.seen.values(), strict=True):
        for face in seen:
            faces[face.number].append((at, face.emotion, face.shown))
    raw, shown, delays, missed, seconds = 0, 0, [], 0, 0.0
    for rows in faces.values():
        raw += sum(before[1] != after[1] for before, after in pairwise(rows))
        shown += sum(before[2] != after[2] for before, after in pairwise(rows))
        seconds += rows[-1][0] - rows[0][0]
        found, not_shown = delays_of(rows)
        delays += found
        missed += not_shown
    minutes = seconds / 60
    return {
        "numbers": len(faces),
        "minutes": minutes,
        "changes_raw": raw,
        "changes_shown": shown,
        "per_minute_raw": raw / minutes if minutes else None,
        "per_minute_shown": shown / minutes if minutes else None,
        "factor": raw / shown if shown else None,
        "delay": quantiles(delays) | {"never": missed},
    }


def delays_of(rows):
    """How long after the frames alone have settled on something new it is shown; seconds.

    Rows are (seconds, emotion by the frame alone, emotion shown) of one face.
    """
    starts = [0] + [i for i in range(1, len(rows)) if rows[i][1] != rows[i - 1][1]]
    ends = [*starts[1:], len(rows)]
    delays, missed = [], 0
    for start, end in zip(starts[1:], ends[1:], strict=True):
        began, emotion = rows[start][0], rows[start][1]
        new = rows[start - 1][2] != emotion
        if not new or rows[end - 1][0] - began < STABLE:
            continue
        shown = [at for at, _, label in rows[start:end] if label == emotion]
        missed += not shown
        delays += [shown[0] - began] if shown else []
    return delays, missed


def quantiles(values):
    """Median and 95th percentile."""
    return {
        "n": len(values),
        "median": statistics.median(values) if values else None,
        "p95": float(np.percentile(values, 95)) if values else None,
    }


def drawn_expressions(folder, effort, seconds_each=2.0):
    """Show a drawn video of all emotions to a model that knows drawn faces."""
    video = folder / "expressions.mp4"
    known = draw_video(video, seed=1, emotions=effort.emotions, seconds_each=seconds_each)
    path = default_model()
    if effort.drawn_subjects:
        path = folder / "drawn.npz"
        draw_dataset(folder / "drawn", effort.drawn_subjects, seed=3)
        command = [sys.executable, "-m", "landmark_emotion", "train", str(folder / "drawn")]
        options = ["--output", str(path), "--no-cache", "--runs", "1", "--folds", "2"]
        subprocess.run([*command, *options], check=True, capture_output=True)
    following = Recognizer(path)
    followed = go_through(video, lambda image, at: ours(following.recognize(image, at)))
    rows = [
        (at, *((seen[0].emotion, seen[0].shown) if seen else ("", "")))
        for at, seen in zip(followed.times, followed.seen.values(), strict=True)
    ]
    raw, shown = [], []
    for begin, emotion in known:
        within = [row for row in rows if begin <= row[0] < begin + seconds_each]
        if emotion != "neutral" and all(any(r[i] == emotion for r in within) for i in (1, 2)):
            raw.append(next(r[0] for r in within if r[1] == emotion) - begin)
            shown.append(next(r[0] for r in within if r[2] == emotion) - begin)
    return {
        "expressions": sum(emotion != "neutral" for _, emotion in known),
        "seen_after": quantiles(raw),
        "shown_after": quantiles(shown),
        "delay": quantiles([b - a for a, b in zip(raw, shown, strict=True)]),
        "labels": labels(followed),
    }


def london_expressions(folder, model, people):
    """Cut from the neutral photo of a person to the smiling one, as a video would show it."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    photos = {(row["subject"], row["emotion"]): folder / row["path"] for row in rows}
    subjects = sorted({row["subject"] for row in rows})[:people]
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 2, (4, *LONDON_SHAPE)).astype(np.int8)
    following = Recognizer(model)
    each = round(LONDON_SECONDS * FPS)
    now, raw, shown, delays = 0.0, [], [], []
    counts = dict.fromkeys(("people", "same", "unsettled", "never shown", "lost sight of"), 0)
    for subject in tqdm(subjects, unit=" people", disable=None, desc="London"):
        pair = [photos.get((subject, emotion)) for emotion in ("neutral", "happiness")]
        if None in pair:
            continue
        counts["people"] += 1
        # Nobody, and long enough to be forgotten.
        now += 10
        following.recognize(np.full(LONDON_SHAPE, 128, np.uint8), now)
        now += 10
        seen = []
        for path in pair:
            for image in jittered(read_image(path), each, noise, rng):
                seen.append((now, ours(following.recognize(image, now))))
                now += 1 / FPS
        begin = seen[each][0]
        numbers = {face.number for _, faces in seen for face in faces}
        counts["lost sight of"] += len(numbers) != 1
        track = [(at, faces[0].emotion, faces[0].shown) for at, faces in seen if faces]
        before = [row for row in track if row[0] < begin][-10:]
        after = [row for row in track if row[0] >= begin]
        last = [emotion for _, emotion, _ in after][-round(FPS) :]
        settled = max(set(last), key=last.count) if last else ""
        if not before or last.count(settled) < 0.8 * len(last):
            counts["unsettled"] += 1
        elif settled in (before[-1][2], statistics.mode(row[1] for row in before)):
            counts["same"] += 1
        elif all(label != settled for _, _, label in after):
            counts["never shown"] += 1
        else:
            raw.append(next(at for at, emotion, _ in after if emotion == settled) - begin)
            shown.append(next(at for at, _, label in after if label == settled) - begin)
            delays.append(shown[-1] - raw[-1])
    return {
        **counts,
        "seen_after": quantiles(raw),
        "shown_after": quantiles(shown),
        "delay": quantiles(delays),
    }


def jittered(image, count, noise, rng):
    """Hold a photo before a camera: noise, and tremor by parts of a pixel."""
    size = image.shape[1::-1]
    for frame in range(count):
        across, down = rng.normal(0, 0.3, 2)
        matrix = np.array([[1, 0, across], [0, 1, down]])
        moved = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        yield cv2.add(moved, noise[frame % len(noise)], dtype=cv2.CV_8U)


# Processes of their own


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
        "landmark_emotion.recognizer": "import landmark_emotion.recognizer",
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


# The whole


def use_cores(cores):
    """Run on these cores only, where the system can do that."""
    cv2.setNumThreads(len(cores))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def measure(data, effort, folder):
    """Measure everything."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
    model = load_model(default_model())
    result = {"machine": machine(), "cases": []}
    result["drawn_expressions"] = drawn_expressions(folder, effort)
    result["london"] = london_expressions(data / "london", model, effort.london) if data else None
    use_cores({max(cores)})
    ways = Ways(model, effort)
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
        "decode": summary([through], "decode")["mean"],
        "gray": summary([through])["mean"],
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


def goals(result):
    """Compare what was measured with what is wanted; a goal without a figure was not measured."""
    cases = {case["name"]: case for case in result["cases"]}
    main = cases[result["main"]]
    name = main["name"].replace(named(VGA), "{}")
    large = cases.get(name.format(named(FULL_HD)))
    cost = main["milliseconds"]

    def mean(size, people):
        case = cases.get(f"drawn {named(size)}, faces: {people}")
        return case and case["milliseconds"]

    growth, empty = [], []
    for size in (VGA, HD, FULL_HD):
        if alone := mean(size, 1):
            growth += [mean(size, n)["c"]["mean"] / alone["c"]["mean"] / n for n in PEOPLE if n > 1]
            empty.append(1 / mean(size, 0)["ratios"]["a/c"])
    larger = large and large["milliseconds"]
    factor = main["labels"]["factor"]
    if factor is None and main["labels"]["changes_raw"]:
        factor = float("inf")
    shown = [
        part["delay"]["median"]
        for part in (result["london"], result["drawn_expressions"], main["labels"])
        if part and part["delay"]["n"]
    ]
    listed = [
        ("640x480, one face: (a) / (c)", cost["ratios"]["a/c"], ">=", 15),
        ("  (c) / (decode + gray)", cost["ratios"]["c/(decode+gray)"], "<=", 1),
        ("1920x1080, one face: (a) / (c)", larger and larger["ratios"]["a/c"], ">=", 30),
        ("  (c) / (c) at 640x480", larger and larger["c"]["mean"] / cost["c"]["mean"], "<", 2),
        (
            "landmarks: % of inter-ocular from (a)",
            main["agreement"]["distance_mean"],
            "<=",
            1,
        ),
        ("same emotion as (a)", main["agreement"]["same_emotion"], ">=", 0.98),
        ("n faces: (c) / (n times (c) of one), worst", max(growth, default=None), "<=", 1),
        ("nobody: (c) / (a), worst", max(empty, default=None), "<=", 1 / 3),
        ("smoothing: label changes without / with", factor, ">=", 5),
        ("  delay (s), worst median", max(shown, default=None), "<=", 0.3),
        ("start-up until the first answer (s)", result["start_up"]["first_answer"], "<", 1.5),
        ("import landmark_emotion (s)", result["imports"]["landmark_emotion"], "<", 0.15),
        (
            "  landmark_emotion.recognizer (s)",
            result["imports"]["landmark_emotion.recognizer"],
            "<",
            0.15,
        ),
        ("unwanted modules imported", len(result["start_up"]["unwanted_modules"]), "<=", 0),
    ]
    compare = {">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b, "<": lambda a, b: a < b}
    return [
        {
            "goal": text.strip(),
            "figure": figure,
            "wanted": f"{sign} {limit:.4g}",
            "reached": None if figure is None else bool(compare[sign](figure, limit)),
        }
        for text, figure, sign, limit in listed
    ]


# Tables


def show(result):
    """Print all tables."""
    print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))
    print("\nmilliseconds per frame on one core; (a) and (b) on some of the frames\n")
    way = "  mean median    p95    cpu"
    print(f"{'':<26}  frames  |{'(a)':>9}{'':>17}  |{'(b)':>9}{'':>17}  |{'(c)':>9}")
    print(f"{'':<26}  a/b/c   |{way}  |{way}  |{way}  |decode gray   a/c   b/c  c/(d+g)")
    for case in result["cases"]:
        show_costs(case["name"], case["milliseconds"])
    if result["two_cores"]:
        show_costs("main on two cores", result["two_cores"])
    mjpeg = result["main_as_mjpeg"]
    print(f"\nthe main video as MJPEG: decode {mjpeg['decode']:.2f}, gray {mjpeg['gray']:.2f}")
    for case in result["cases"]:
        if case["content"] != case["size"]:
            print(f"{case['name']}: the picture itself is {named(case['content'])}")

    print("\n(c): share of the time\n")
    stages = list(result["cases"][0]["stages"])
    print(f"{'':<26}" + "".join(f"{stage:>17}" for stage in stages))
    for case in result["cases"]:
        shares = (f"{case['stages'][stage]['share']:>17.1%}" for stage in stages)
        print(f"{case['name']:<26}" + "".join(shares))

    print("\n(c) compared with (a), and (a) with itself on frames moved by one pixel\n")
    head = "   faces   lost gained  distance (%)   same"
    print(f"{'':<26}{head}  |{head}\n{'':<26}{'mean   p95  emotion':>44}  |{'mean   p95':>35}")
    for case in result["cases"]:
        halves = (agreement_text(case[key]) for key in ("agreement", "moved_by_a_pixel"))
        print(f"{case['name']:<26}" + "  |".join(halves))

    print("\nlabel changes a minute, and seconds until what each frame says is shown\n")
    print(f"{'':<26}  raw  smoothed  factor  |  delay: n  median   p95  never")
    for case in result["cases"]:
        show_labels(case["name"], case["labels"])
    show_labels("drawn expressions", result["drawn_expressions"]["labels"])

    print("\nseconds from a new expression until it is seen in frames alone, and shown\n")
    for name in ("drawn_expressions", "london"):
        if result[name]:
            show_expressions(name.replace("_", " "), result[name])

    start, memory = result["start_up"], result["memory"]
    print("\nstart-up (s): " + ", ".join(f"{k} {v:.3f}" for k, v in start["parts"].items()))
    print(
        f"  first answer {start['first_answer']:.3f}; first line of 'landmark-emotion webcam' "
        f"{start['first_line_of_the_command']:.3f}; "
        f"unwanted modules: {', '.join(start['unwanted_modules']) or 'none'}"
    )
    print("import (s): " + ", ".join(f"{k} {v:.3f}" for k, v in result["imports"].items()))
    print("memory (MB): " + ", ".join(f"{k} {number(v, 0, 0)}" for k, v in memory.items()))

    print("\ngoals, by " + result["main"] + "\n")
    for goal in result["goals"]:
        reached = {True: "reached", False: "missed", None: "not measured"}[goal["reached"]]
        print(f"{goal['goal']:<46}{number(goal['figure'], 8, 3)}   {goal['wanted']:<9}  {reached}")


def show_costs(name, costs):
    """Print a line of the first table."""
    ways = (
        "".join(f"{costs[way][k]:7.2f}" for k in ("mean", "median", "p95", "cpu"))
        for way in ("a", "b", "c")
    )
    frames = "/".join(str(costs[way]["frames"]) for way in ("a", "b", "c"))
    ratios = costs["ratios"]
    print(
        f"{name:<26}  {frames:<8}|{'  |'.join(ways)}  |{costs['decode']['mean']:6.2f}"
        f"{costs['gray']['mean']:5.2f}{ratios['a/c']:6.1f}{ratios['b/c']:6.1f}"
        f"{ratios['c/(decode+gray)']:9.2f}"
    )


def agreement_text(part):
    """Write half a line of the third table."""
    return (
        f"{part['faces']:8d}{part['lost']:7d}{part['gained']:7d}"
        f"{number(part['distance_mean'], 8, 2)}{number(part['distance_p95'], 6, 2)}"
        f"{number(part['same_emotion'] and 100 * part['same_emotion'], 7, 1)}"
    )


def show_labels(name, part):
    """Print a line of the fourth table."""
    delay = part["delay"]
    print(
        f"{name:<26}{number(part['per_minute_raw'], 5, 1)}{number(part['per_minute_shown'], 10, 1)}"
        f"{number(part['factor'], 8, 1)}  |{delay['n']:10d}{number(delay['median'], 8, 2)}"
        f"{number(delay['p95'], 6, 2)}{delay['never']:7d}"
    )


def show_expressions(name, part):
    """Print what became of new expressions."""
    counts = ", ".join(f"{key} {value}" for key, value in part.items() if isinstance(value, int))
    print(f"{name}: {counts}")
    for key in ("seen_after", "shown_after", "delay"):
        row = part[key]
        print(
            f"  {key.replace('_', ' '):<12} n {row['n']:3d}  median {number(row['median'], 5, 2)}  "
            f"p95 {number(row['p95'], 5, 2)}"
        )


def number(value, width, digits):
    """Write a number, or that there is none."""
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def rounded(value):
    """Round all numbers to four digits after the point."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="a few frames of little")
    args = parser.parse_args()
    load = functools.cache(dlib.shape_predictor)
    with TemporaryDirectory() as folder, patch.object(detection.dlib, "shape_predictor", load):
        result = measure(args.data, QUICK if args.quick else Effort(), Path(folder))
    show(result)
    if args.json:
        text = json.dumps(rounded(result), indent=2) + "\n"
        replace_atomically(args.json, text.encode())


if __name__ == "__main__":
    main()
