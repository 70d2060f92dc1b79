"""How long a new expression takes until it is shown."""

import csv
import statistics
import subprocess
import sys

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.live.answers import labels, ours, quantiles
from benchmarks.live.passes import go_through
from benchmarks.live.videos import FPS
from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.drawn.video import draw_video
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import default_model
from landmark_emotion.sources.images import read_image

LONDON_SECONDS, LONDON_SHAPE = 1.5, (640, 640, 3)  # of each photo


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
        **delay(raw, shown),
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
    now, raw, shown = 0.0, [], []
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
    return {**counts, **delay(raw, shown)}


def delay(raw, shown):
    """Condense how long it took until frames alone told an expression, and until it was shown."""
    return {
        "seen_after": quantiles(raw),
        "shown_after": quantiles(shown),
        "delay": quantiles([b - a for a, b in zip(raw, shown, strict=True)]),
    }


def jittered(image, count, noise, rng):
    """Hold a photo before a camera: noise, and tremor by parts of a pixel."""
    size = image.shape[1::-1]
    for frame in range(count):
        across, down = rng.normal(0, 0.3, 2)
        matrix = np.array([[1, 0, across], [0, 1, down]])
        moved = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        yield cv2.add(moved, noise[frame % len(noise)], dtype=cv2.CV_8U)
