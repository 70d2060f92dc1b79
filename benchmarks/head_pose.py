"""How well are heads measured, and from when do they harm? ``python -m benchmarks.head_pose DATA``.

Prints the rigid face of `landmark_emotion.model.pose` as this data give it, the error of the angles
on drawn heads, jitter on a face at rest, recall of CK+ people who are not in training when their
landmarks are turned in three dimensions, and the share of faces that are marked: good ones, and
ones that were hidden in part or cut off. With FER-2013, also how often answers are right by yaw,
pitch and disagreement, and what the factorization of turned heads gives for the depth of a face.

DATA holds ``landmarks/ckplus_peaks_and_neutrals_subpixel.npz``, ``london/``, ``video/`` and, if
there is one, ``fer2013/fer2013_train_publictest.npz``.
"""

import argparse
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from landmark_emotion.drawn.drawing import View, draw_face, random_subject
from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.faces.detector import BOXES, FaceDetector
from landmark_emotion.faces.tracker import FaceTracker
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import default_model, load_model
from landmark_emotion.model.face import MIRROR_ORDER, Face
from landmark_emotion.model.features import landmark_features, normalize_landmarks
from landmark_emotion.model.pose import _INDEX, _SHAPE, head_pose
from landmark_emotion.model.quality import MIN_QUALITY, disagreement, rate
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.preparation import prepare
from landmark_emotion.sources.video import frames
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.landmark_table import load_table
from landmark_emotion.training.training_set import TrainingSet, usable

DEPTH_SCALE = 0.85  # of the video's factorization, by that of FER-2013
STILL = slice(0, 5)  # of BOXES, whose landmarks still images average


def cameras(landmarks, shape):
    """Fit a camera, scale and two rows of a rotation, to the rigid part of each face."""
    x = shape[_INDEX] - shape[_INDEX].mean(axis=0)
    p = landmarks[:, _INDEX] - landmarks[:, _INDEX].mean(axis=1, keepdims=True)
    mixed, gram = np.einsum("nij,ik->njk", p, x), x.T @ x
    largest = np.linalg.eigvalsh(gram)[-1]
    rows = mixed @ np.linalg.inv(gram)
    for _ in range(100):
        u, _, v = np.linalg.svd(rows, full_matrices=False)
        turn = u @ v
        fit = np.einsum("njk,njk->n", mixed, turn)
        scale = fit / np.einsum("njk,kl,njl->n", turn, gram, turn)
        rows = mixed / scale[:, None, None] + turn @ (largest * np.eye(3) - gram)
    return scale, turn


def factorize(landmarks, shape, rounds=60):
    """Refine a symmetric shape (68, 3) so that turned copies of it fit all faces."""
    for _ in range(rounds):
        scale, turn = cameras(landmarks, shape)
        offsets = landmarks - landmarks[:, _INDEX].mean(axis=1, keepdims=True)
        rows = (scale[:, None, None] * turn).reshape(-1, 3)
        shape = np.linalg.lstsq(rows, offsets.transpose(0, 2, 1).reshape(-1, 68), rcond=None)[0].T
        shape = (shape + shape[MIRROR_ORDER] * [-1, 1, 1]) / 2
        shape /= np.linalg.norm(shape[36] - shape[45])
    return shape


def frontal(shape, flat):
    """Turn a shape so that it projects best to the frontal face `flat`; return its depths."""
    for _ in range(5):
        _, (turn,) = cameras(flat[np.newaxis], shape)
        shape = shape @ np.vstack([turn, np.cross(*turn)]).T
    return shape[:, 2] - shape[_INDEX, 2].mean()


def turned(landmarks, depth, yaw, pitch):
    """Turn faces (n, 68, 2) by degrees, given depths in distances of the outer eye corners."""
    unit = np.linalg.norm(landmarks[:, 36] - landmarks[:, 45], axis=-1)[:, np.newaxis]
    x, y = np.moveaxis(landmarks - landmarks.mean(axis=1, keepdims=True), -1, 0)
    z, a, b = depth * unit, np.radians(yaw), np.radians(pitch)
    y, z = y * np.cos(b) - z * np.sin(b), y * np.sin(b) + z * np.cos(b)
    return np.stack([x * np.cos(a) + z * np.sin(a), y], axis=-1)


def show_drawn(detector):
    """Print the error of the angles on drawn heads, and how often their emotion stays the same."""
    rng, model = np.random.default_rng(1), load_model(default_model())
    cast = [(random_subject(rng), emotion) for emotion in DEFAULT_EMOTIONS for _ in range(2)]

    def answers(faces):
        return [
            model.votes(landmark_features(face[0].landmarks)).argmax() if face else -1
            for face in faces
        ]

    def draw(**view):
        pictures = [draw_face(*person, view=View(**view)) for person in cast]
        return [detector.faces(picture, thorough=True) for picture in pictures]

    ahead = answers(draw())
    for axis, angles in (("yaw", range(-40, 41, 10)), ("pitch", range(-25, 26, 5))):
        errors = []
        for angle in angles:
            faces = draw(**{axis: angle})
            found = [getattr(head_pose(face[0].landmarks), axis) for face in faces if face]
            errors.append(np.mean(found) - angle)
            same = np.mean(np.array(answers(faces)) == ahead)
            print(f"drawn {axis} {angle:+3d}: {np.mean(found):+6.1f}, same emotion {same:.2f}")
        print(f"drawn {axis}: mean absolute error {np.abs(errors).mean():.1f} degrees")


def show_turned(table, depth):
    """Print the recall of people who are not in training, by how far they are turned."""
    subjects = np.unique(table.subject)
    views = [(yaw, 0) for yaw in range(-40, 41, 10)]
    views += [(0, pitch) for pitch in (-30, -20, -10, 10, 20, 30)]
    right = {view: np.zeros(len(table), bool) for view in views}
    seen = {view: [] for view in views}
    for fold in range(4):
        tested = np.isin(table.subject, subjects[fold::4])
        model = fit_model(TrainingSet.of(table.take(~tested)))
        for view in views:
            landmarks = turned(table.landmarks[tested].astype(float), depth, *view)
            answers = np.array(model.emotions)[model.votes(landmark_features(landmarks)).argmax(1)]
            right[view][tested] = answers == table.emotion[tested]
            seen[view] += [head_pose(face) for face in landmarks]
    for view in views:
        recalls = [right[view][table.emotion == emotion].mean() for emotion in DEFAULT_EMOTIONS]
        poses = [(pose.yaw, pose.pitch) for pose in seen[view]]
        measured = np.mean(poses, axis=0).round(0)
        print(f"CK+ turned by {view}: measured {measured}, recall {np.mean(recalls):.3f}")


def hide(image, landmarks, how):
    """Return a photo whose face is hidden in part, or cut off."""
    image, unit = image.copy(), np.linalg.norm(landmarks[36] - landmarks[45])
    mouth, eyes = landmarks[48:68].mean(axis=0), landmarks[36:48].mean(axis=0)
    if how in ("bar over the mouth", "bar over the eyes"):
        middle, half, level = (mouth, 0.28, 128) if "mouth" in how else (eyes, 0.16, 30)
        low = (middle - unit * np.array([0.7, half])).astype(int)
        high = (middle + unit * np.array([0.7, half])).astype(int)
        image[max(0, low[1]) : high[1], max(0, low[0]) : high[0]] = level
    elif how == "hand before the mouth":
        x, y = (landmarks[29] + unit * np.array([-0.35, 0.1])).astype(int)
        skin = image[y - 5 : y + 5, x - 5 : x + 5].reshape(-1, 3).mean(axis=0).tolist()
        for finger in range(4):
            start = mouth + unit * np.array([-0.55, -0.3 + 0.19 * finger])
            end = start + unit * np.array([1.85, 0.25])
            ends = start.astype(int).tolist(), end.astype(int).tolist()
            cv2.line(image, *ends, [0.7 * c for c in skin], int(0.19 * unit))
            cv2.line(image, *ends, skin, int(0.16 * unit))
    elif how == "left half hidden":
        image[:, int(landmarks[28, 0]) :] = 90
    elif how == "left half outside":
        return np.ascontiguousarray(image[:, : int(landmarks[28, 0])])
    elif how == "left eye and beyond outside":
        return np.ascontiguousarray(image[:, : int(landmarks[42:48, 0].mean())])
    elif how == "below the mouth outside":
        return np.ascontiguousarray(image[: int(mouth[1])])
    return image


HIDDEN = ("nothing", "hand before the mouth", "left half hidden", "left half outside")
HIDDEN += ("left eye and beyond outside", "below the mouth outside")
HIDDEN += ("bar over the eyes", "bar over the mouth")


def show_marked(detector, folder):
    """Print the share of London photos that are marked, good ones and hidden ones."""
    marked = {how: Counter() for how in (*HIDDEN, "no face")}
    for path in sorted(folder.glob("*/*.jpg")):
        photo = read_image(path)
        (face, *_) = detector.faces(photo, thorough=True)
        for how in marked:
            image, box = hide(photo, face.landmarks, how), face.box
            if how == "no face":
                box = type(box)(0, 0, 150, 150)
            gray = prepare(image).gray
            found = detector._measure(gray, box, BOXES[STILL], mirrored=True)
            landmarks = found.mean(axis=0)
            still = Face(box, landmarks, 1.0, None, disagreement(found[STILL]))
            apart = detector.disagreement(gray, box, found[0])
            for kind, seen in (
                ("image", still),
                ("video", Face(box, found[0], 1.0, None, apart)),
            ):
                quality, concern = rate(head_pose(seen.landmarks), seen, image.shape)
                marked[how][kind, concern if quality < MIN_QUALITY else "good"] += 1
    for how, counts in marked.items():
        n = sum(counts.values()) / 2
        shares = {kind: 1 - counts[kind, "good"] / n for kind in ("image", "video")}
        print(f"{how}: marked {shares['image']:.3f} as image, {shares['video']:.3f} as video")


def show_videos(folder):
    """Print the share of video frames that are marked, and jitter."""
    for path in sorted(folder.glob("*.mp4")):
        seen = [p for _, predictions in Recognizer().stream(path) for p in predictions]
        angles = np.array([(p.pose.yaw, p.pose.pitch, p.pose.roll) for p in seen])
        steps = np.abs(np.diff(angles, axis=0))
        print(f"{path.name}: {Counter(p.issue or 'good' for p in seen)}")
        print(f"  median change from frame to frame {np.median(steps, axis=0).round(2)} degrees")
        starts = [b.time for a, b in pairwise(seen) if b.blink and not a.blink]
        print(f"  blinks begin at {starts} s")


def show_jitter(detector, path, n=200):
    """Print the jitter of a photo that is followed with noise of 4 gray levels, moved by pixels."""
    photo, rng = read_image(path), np.random.default_rng(0)
    tracker, seen = FaceTracker(detector), []
    for frame in range(n):
        noisy = np.roll(photo, rng.integers(-2, 3, 2), axis=(0, 1)) + rng.normal(0, 4, photo.shape)
        ((_, face),) = tracker.update(np.clip(noisy, 0, 255).astype(np.uint8), frame / 25)
        seen.append(head_pose(face.landmarks))
    angles = np.array([(pose.yaw, pose.pitch, pose.roll) for pose in seen])
    print(f"still photo, noise, moved by up to 2 pixels: SD {angles.std(axis=0).round(2)} degrees")


def show_wild(detector, path):
    """Print how often answers are right on FER-2013 PublicTest, where FER+ voters agree."""
    with np.load(path) as data:
        chosen = data["usage"] == "PublicTest"
        images, votes = data["images"][chosen], data["ferplus_votes"][chosen]
        names = data["ferplus_columns"].astype(str)
    model, rows, landmarks = load_model(default_model()), [], []
    for image, ballot in zip(images, votes, strict=True):
        faces = detector.faces(image, thorough=True)
        label = names[ballot.argmax()]
        if faces and ballot.max() >= 5 and label in model.emotions:
            (face, *_) = faces
            pose = head_pose(face.landmarks)
            answer = model.emotions[model.votes(landmark_features(face.landmarks)).argmax()]
            quality, _ = rate(pose, face, image.shape)
            angles = abs(pose.yaw), abs(pose.pitch)
            rows.append((answer == label, *angles, face.disagreement, quality))
            landmarks.append(face.landmarks)
    right, yaw, pitch, apart, quality = np.array(rows).T
    bins = {
        "yaw": (yaw, (0, 5, 10, 15, 20, 25, 30, 90)),
        "pitch": (pitch, (0, 5, 10, 15, 20, 25, 90)),
        "disagreement": (apart, (0, 0.01, 0.015, 0.02, 0.03, 0.06, 9)),
        "quality": (quality, (0, 0.25, 0.5, 0.75, 0.999, 1.1)),
    }
    for name, (values, edges) in bins.items():
        for low, high in pairwise(edges):
            inside = (values >= low) & (values < high)
            print(f"FER-2013, {name} {low} to {high}: {right[inside].mean():.3f} of {inside.sum()}")
    good = quality >= MIN_QUALITY
    print(f"FER-2013, marked {1 - good.mean():.3f}: right {right[~good].mean():.3f}, ", end="")
    print(f"others {right[good].mean():.3f}, all {right.mean():.3f}")
    return np.array(landmarks)[apart < 0.03]


def main():
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    data = parser.parse_args().data
    path = data / "landmarks" / "ckplus_peaks_and_neutrals_subpixel.npz"
    detector = FaceDetector()
    table = usable(load_table(path), DEFAULT_EMOTIONS)[0]
    portraits = [
        detector.faces(read_image(p), thorough=True)[0].landmarks
        for p in sorted((data / "london" / "neutral").glob("*.jpg"))
    ]
    neutral = np.concatenate([table.landmarks[table.emotion == "neutral"], portraits])
    flat = normalize_landmarks(neutral).mean(axis=0)
    flat = (flat + flat[MIRROR_ORDER] * [-1, 1]) / 2
    flat = (flat - flat[_INDEX].mean(axis=0)) / np.linalg.norm(flat[36] - flat[45])
    x, y = flat.T
    start = np.column_stack([flat, 0.5 * np.sqrt(np.maximum(1 - x**2 - y**2 / 2, 0))])

    tracker = FaceTracker(detector)
    video = frames(data / "video" / "talking_head.mp4")
    moving = [face.landmarks for f in video for _, face in tracker.update(f.image, f.time)]
    depth = DEPTH_SCALE * frontal(factorize(np.array(moving[::3]), start), flat)
    rigid = np.column_stack([flat, depth])[_INDEX]
    print("rigid face, as measured here and as in model/pose.py:")
    for index, point, kept in zip(_INDEX, rigid, _SHAPE, strict=True):
        print(f"  {index}: {point.round(3)} {kept}")

    show_drawn(detector)
    show_jitter(detector, min((data / "london" / "neutral").glob("*.jpg")))
    show_videos(data / "video")
    show_turned(table, depth)
    with np.load(path) as arrays:
        good = [
            rate(head_pose(m[0]), Face(None, m[0], 1.0, None, disagreement(m[STILL])))[0]
            for m in arrays["measured"].astype(float)
        ]
        peaks = arrays["emotion"] != "neutral"
    for name, chosen in (("peaks", peaks), ("neutral faces", ~peaks)):
        print(f"CK+ {name}: marked {np.mean(np.array(good)[chosen] < MIN_QUALITY):.3f}")
    show_marked(detector, data / "london")
    wild = data / "fer2013" / "fer2013_train_publictest.npz"
    if wild.exists():
        depths = frontal(factorize(show_wild(detector, wild), start, 40), flat)
        tip, bridge, corner = depths[30], depths[27], depths[36]
        print(f"FER-2013: nose {tip - corner:.2f}, bridge {bridge - corner:.2f} before the eyes")
        print(
            f"video: nose {depth[30] - depth[36]:.2f}, bridge {depth[27] - depth[36]:.2f}, scaled"
        )


if __name__ == "__main__":
    main()
