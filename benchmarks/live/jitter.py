"""How much landmarks tremble where nothing moves."""

import cv2
import numpy as np

from benchmarks.live.videos import FPS, VGA
from benchmarks.live.ways import Baseline
from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import default_model, load_model
from landmark_emotion.sources.images import read_image

NOISE = 3.0  # gray levels, standard deviation


def jitter(data, effort):
    """Film photos of faces with camera noise; return pixels by (a) and by (c), medians."""
    model = load_model(default_model())
    baseline, found = Baseline(model), []
    rng = np.random.default_rng(0)
    for photo in photos(data, effort.still_photos):
        following, full, followed = Recognizer(model), [], []
        for frame in range(effort.still_frames):
            noisy = photo + rng.normal(0, NOISE, photo.shape)
            image = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
            full += [seen.landmarks for seen in baseline.recognize(image)[:1]]
            followed += [p.face.landmarks for p in following.recognize(image, frame / FPS)[:1]]
        if full and followed:
            found.append((trembling(full), trembling(followed)))
    by_a, by_c = np.median(found, axis=0)
    return {"photos": len(found), "a": float(by_a), "c": float(by_c)}


def trembling(landmarks):
    """Compute the RMS distance of landmarks from their places on average, in pixels."""
    apart = np.array(landmarks) - np.mean(landmarks, axis=0)
    return float(np.sqrt(np.square(apart).sum(axis=-1).mean()))


def photos(data, most):
    """Fit photos of faces into a frame; drawn ones if there are none."""
    if data is None:
        yield from (draw_face(Subject(), emotion) for emotion in ("neutral", "happiness")[:most])
        return
    paths = sorted((data / "london").rglob("*.jpg"))
    for path in paths[:: max(1, len(paths) // most)][:most]:
        image = read_image(path)
        by = VGA[1] / image.shape[0]
        image = cv2.resize(image, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)[:, : VGA[0]]
        yield cv2.copyMakeBorder(
            image, 0, 0, 0, max(0, VGA[0] - image.shape[1]), cv2.BORDER_REPLICATE
        )
