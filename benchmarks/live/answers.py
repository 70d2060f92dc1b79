"""What was seen, compared: landmarks and emotions by two ways, labels over time."""

import statistics
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from landmark_emotion.model.face import REGIONS

STABLE = 0.5  # seconds; an expression by each frame alone that holds for so long is a new one
EYES = [np.arange(68)[REGIONS[eye]] for eye in ("right_eye", "left_eye")]


@dataclass(frozen=True)
class Seen:
    """A face by one frame alone."""

    landmarks: np.ndarray
    emotion: str
    number: int = 0
    shown: str = ""  # smoothed


def ours(predictions):
    """Turn predictions into what the other ways give."""
    return [
        Seen(p.face.landmarks, p.emotions[int(p.raw_probabilities.argmax())], p.number, p.likeliest)
        for p in predictions
    ]


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
