"""Is an expression shown soon, and without flicker? ``python -m benchmarks.smoothing DATA``.

Landmarks move from a person's neutral face to the peak in a straight line, with the jitter that
landmarks have on a real video, and are judged by models of other people (twelve folds). The
constants of `landmark_emotion.live.smoothing` were chosen on these very ramps. The video is judged
by the shipped model and by those of the folds, calibrated by its first 50 frames.

DATA holds ``landmarks/ckplus_peaks_and_neutrals_subpixel.npz``, ``london/`` and ``video/``.
"""

import argparse
import csv
from itertools import product
from pathlib import Path

import numpy as np

from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.live.smoothing import Smoother
from landmark_emotion.model.classifier import default_model, load_model
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.head import softmax
from landmark_emotion.sources.images import read_image
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.landmark_table import LandmarkTable, load_table
from landmark_emotion.training.training_set import TrainingSet, usable

FOLDS = 12
REST, HOLD = 1.0, 0.5  # seconds before and after; HOLD is also the delay of what is never shown


def average(probabilities, fps, seconds=0.3, margin=0.1):
    """Average with a fixed time constant and margin, which `Smoother` replaced."""
    mean, labels = probabilities[0], [int(probabilities[0].argmax())]
    for row in probabilities[1:]:
        mean = mean + (1 - np.exp(-1 / (fps * seconds))) * (row - mean)
        ahead = mean.max() >= mean[labels[-1]] + margin
        labels.append(int(mean.argmax()) if ahead else labels[-1])
    return np.array(labels)


def smoothed(probabilities, fps):
    """Return what is shown."""
    smoother = Smoother()
    return np.array([smoother.update(1, p, i / fps)[1] for i, p in enumerate(probabilities)])


WAYS = {
    "frame alone": lambda probabilities, fps: probabilities.argmax(axis=1),
    "average, 0.3 s": average,
    "smoothing": smoothed,
}


def london_table(folder):
    """Measure the London photos."""
    detector = FaceDetector()
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    faces = [detector.faces(read_image(folder / row["path"]), thorough=True)[0] for row in rows]
    subject, emotion, path = np.array([[r["subject"], r["emotion"], r["path"]] for r in rows]).T
    landmarks = [face.landmarks for face in faces]
    return LandmarkTable(
        np.array(landmarks), emotion, np.char.add("London ", subject), subject, path
    )


def fold_models(tables, temperatures):
    """Yield a model and the subjects it has not learned from."""
    rng = np.random.default_rng(0)
    apart = [np.array_split(rng.permutation(np.unique(t.subject)), FOLDS) for t in tables]
    for tested in map(np.concatenate, zip(*apart, strict=True)):
        kept = [table.take(~np.isin(table.subject, tested)) for table in tables]
        yield fit_model(TrainingSet.of(*kept), temperatures=temperatures), tested


def filmed(path, model):
    """Return the features of the face in each frame of a video, their jitter and the frame rate."""
    stream = Recognizer(model, smoothing=0).stream(path)
    seen = [(frame.time, found[0].face.landmarks) for frame, found in stream if found]
    features = landmark_features(np.array([landmarks for _, landmarks in seen]))
    window = np.hanning(11)[1:-1]
    padded = np.pad(features, ((4, 4), (0, 0)), mode="edge")
    smooth = np.lib.stride_tricks.sliding_window_view(padded, 9, axis=0) @ (window / window.sum())
    return features, features - smooth, 1 / np.median(np.diff([time for time, _ in seen]))


def ramps(models, table, noise, seconds, fps, calibrated):
    """Yield probabilities for each frame of each ramp, the true index, and the peak's frame."""
    samples = TrainingSet.of(table)
    neutral = samples.emotion == "neutral"
    rng, count = np.random.default_rng(1), round(seconds * fps)
    way = np.clip(np.arange(1 - round(REST * fps), count + round(HOLD * fps) + 1) / count, 0, 1)
    for model, tested in models:
        for i in np.flatnonzero(np.isin(table.subject, tested) & samples.has_neutral & ~neutral):
            own = np.flatnonzero(neutral & (samples.subject == samples.subject[i]))
            start = samples.features[rng.choice(own)]
            moving = start + way[:, np.newaxis] * (samples.features[i] - start)
            first = rng.integers(len(noise) - len(way))
            own = model.blend(samples.neutral[i], samples.n_neutral[i]) if calibrated else None
            votes = model.votes(moving + noise[first : first + len(way)], own)
            yield softmax(votes), model.emotions.index(samples.emotion[i]), int(way.argmax())


def measure(name, cases, fps):
    """Print how soon and how steadily each way shows the expressions."""
    for label, way in WAYS.items():
        right, changes, delays = [], [], []
        for probabilities, truth, peak in cases:
            labels = way(probabilities, fps)
            alone, settled = (
                np.flatnonzero(np.append(True, row != truth))[-1]
                for row in (probabilities.argmax(axis=1), labels)
            )
            right.append(labels[peak] == truth)
            changes.append(np.count_nonzero(np.diff(labels)))
            if alone < len(labels):
                late = max(0, settled - alone) / fps
                delays.append(late if settled < len(labels) else HOLD)
        text = f"right at the peak {np.mean(right):.3f}  changes {np.mean(changes):.2f}"
        print(f"{name:<34} {label:<15} {text}  delay p95 {np.percentile(delays, 95):.3f} s")


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    data = parser.parse_args().data
    ckplus = load_table(data / "landmarks" / "ckplus_peaks_and_neutrals_subpixel.npz")
    tables = {"CK+": usable(ckplus, DEFAULT_EMOTIONS)[0], "London": london_table(data / "london")}
    shipped = load_model(default_model())
    temperatures = (shipped.static.temperature, shipped.calibrated.temperature)
    models = list(fold_models(tables.values(), temperatures))
    talking, noise, rate = filmed(data / "video" / "talking_head.mp4", shipped)
    speeds = (0.5, 30), (0.3, 30), (1.0, 30), (0.5, 10), (0.5, 60)
    for (seconds, fps), name, kind in product(speeds, tables, ("static", "calibrated")):
        cases = ramps(models, tables[name], noise, seconds, fps, kind == "calibrated")
        measure(f"{name}, {seconds} s, {fps} fps, {kind}", list(cases), fps)
    reference = shipped.blend(np.median(talking[:50], axis=0), 50)
    for (kind, own), label in product((("static", None), ("calibrated", reference)), WAYS):
        answers = (softmax(m.votes(talking, own)) for m in (shipped, *(m for m, _ in models)))
        counts = [np.count_nonzero(np.diff(WAYS[label](row, rate))) for row in answers]
        changes = np.array(counts) * 60 * rate / len(talking)
        text = "changes per minute {:.1f}, by the models of the folds {:.1f}"
        print(f"talking head, {kind:<20} {label:<15}", text.format(changes[0], changes[1:].mean()))


if __name__ == "__main__":
    main()
