"""Are two faces the same person's? ``python -m benchmarks.same_person DATA [--write]``.

Measures how often `landmark_emotion.model.same_person` errs: on CK+ with subjects left out of the
fit (five folds), on the London photos, to which neither projection nor threshold was fitted, and on
a video of one person who talks and moves. ``--write`` fits the projection on CK+ and chooses the
threshold: 1 % of the pairs of different people, left out of the fit, are taken for one person.

DATA holds ``landmarks/ckplus_peaks_and_neutrals_subpixel.npz``, ``london/`` and ``video/``.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_curve
from sklearn.model_selection import GroupKFold

from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.tracker import FaceTracker
from landmark_emotion.live.calibration import ARRIVAL, RecentShape
from landmark_emotion.model.face import MIRROR_ORDER
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.neutral import NeutralReference
from landmark_emotion.model.same_person import DIFFERENT, PROJECTION, SAME, face_shape
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.video import frames

# Less shrinkage separates large faces a little better, but suffers more from the noise of landmarks
# of small faces (seen on reduced London photos).
SHRINKAGE, DIMENSIONS = 0.1, 30
FALSE_ACCEPTANCE = 0.01  # on CK+, at distance 1
GALLERY = 3.0  # seconds of a video that are compared with the rest
ARRIVE_EVERY = 1.0  # seconds between the frames of a video at which a face is taken to arrive


def symmetric(features):
    """Average faces with their mirror images."""
    x, y = features[..., :68], features[..., 68:]
    return np.concatenate([x - x[..., MIRROR_ORDER], y + y[..., MIRROR_ORDER]], axis=-1) / 2


def fit(features, subject):
    """Return the projection, (136, DIMENSIONS)."""
    discriminant = LinearDiscriminantAnalysis(solver="eigen", shrinkage=SHRINKAGE)
    discriminant.fit(symmetric(features), subject)
    return symmetric(np.eye(136)) @ discriminant.scalings_[:, :DIMENSIONS]


def distances(neutral, neutral_subject, other, other_subject):
    """Compare every neutral face with every other: distances of one person, and of two."""
    apart = np.linalg.norm(neutral[:, np.newaxis] - other, axis=-1)
    same = neutral_subject[:, np.newaxis] == other_subject
    return apart[same], apart[~same]


def left_out_distances(features, neutral, subject):
    """Distances on CK+ between people whom the projection was not fitted on."""
    same, different = [], []
    for train, test in GroupKFold(5, shuffle=True, random_state=0).split(features, None, subject):
        shapes = features[test] @ fit(features[train], subject[train])
        rest = neutral[test]
        pair = distances(shapes[rest], subject[test][rest], shapes[~rest], subject[test][~rest])
        same.append(pair[0])
        different.append(pair[1])
    return np.concatenate(same), np.concatenate(different)


def show(name, same, different):
    """Print a line of error rates."""
    labels = np.repeat([1, 0], [len(same), len(different)])
    accepted, found, _ = roc_curve(labels, -np.concatenate([same, different]))
    equal = np.argmin(np.abs(accepted - (1 - found)))
    print(
        f"{name:<44} pairs {len(same):>5} {len(different):>6}  "
        f"false rejection {np.mean(same >= SAME):6.1%}  "
        f"false acceptance {np.mean(different < SAME):6.2%}  "
        f"equal error rate {(accepted[equal] + 1 - found[equal]) / 2:5.1%}  "
        f"clearly different: one person {np.mean(same > DIFFERENT):5.1%}, "
        f"two {np.mean(different > DIFFERENT):5.1%}"
    )


def photo_features(folder, detector, side=None):
    """Measure the faces of a folder, on photos reduced to so many pixels."""
    features, subjects = [], []
    for path in sorted(folder.glob("*.jpg")):
        image = read_image(path)
        if side is not None:
            image = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        faces = detector.faces(image)
        if faces:
            features.append(landmark_features(faces[0].landmarks))
            subjects.append(path.name.partition("_")[0])
    return np.array(features), np.array(subjects)


def video_features(path, detector):
    """Follow the face of a video: times and features."""
    tracker = FaceTracker(detector)
    seen = [(frame.time, tracker.update(frame.image, frame.time)) for frame in frames(path)]
    return (
        np.array([time for time, faces in seen if faces]),
        landmark_features(np.array([faces[0][1].landmarks for _, faces in seen if faces])),
    )


def reference(features):
    """Make a neutral reference of one face."""
    return NeutralReference(features, 1)


def arrivals(times, features, neutral):
    """Let the face of a video arrive again and again: whether it is taken for `neutral`'s."""
    taken = []
    for start in np.arange(times[0], times[-1] - ARRIVAL, ARRIVE_EVERY):
        face = RecentShape()
        which = (times >= start) & (times <= start + ARRIVAL)
        distances = []
        for time, row in zip(times[which], features[which], strict=True):
            face.update(row, time)
            distances.append(face.distance(neutral))
        taken.append(min(distances) < SAME)
    return taken


def estranged(times, features, neutral):
    """Follow the face of a video without a gap: the share of frames that look like another's."""
    face, away = RecentShape(), []
    for time, row in zip(times, features, strict=True):
        face.update(row, time)
        away.append(face.distance(neutral) > DIFFERENT)
    return np.mean(away)


def main():
    """Fit if asked to, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    with np.load(args.data / "landmarks" / "ckplus_peaks_and_neutrals_subpixel.npz") as table:
        # One measurement each, as in a video.
        features = landmark_features(table["measured"][:, 0])
        neutral, subject = table["emotion"] == "neutral", table["subject"]
    same, different = left_out_distances(features, neutral, subject)
    threshold = np.quantile(different, FALSE_ACCEPTANCE)
    if args.write:
        projection = (fit(features, subject) / threshold).astype(np.float32)
        np.savez_compressed(PROJECTION, projection=projection)
    show("CK+, neutral and peak, subjects left out", same / threshold, different / threshold)
    detector = FaceDetector()
    for side in (None, 300, 200):
        pair = [
            photo_features(args.data / "london" / kind, detector, side)
            for kind in ("neutral", "happiness")
        ]
        (rest, who), (smile, whose) = pair
        name = "London, neutral and smile" + (f", {side} pixels wide" if side else "")
        show(name, *distances(face_shape(rest), who, face_shape(smile), whose))
        if side is None:
            strangers = [reference(row) for row in (*rest, *features[neutral])]
    times, seen = video_features(args.data / "video" / "talking_head.mp4", detector)
    again, away = [], []
    for start in np.arange(0, times[-1] - GALLERY, GALLERY):
        shown = (times >= start) & (times < start + GALLERY)
        own = reference(np.median(seen[shown], axis=0))
        again += arrivals(times[~shown], seen[~shown], own)
        away.append(estranged(times, seen, own))
    other = [taken for one in strangers for taken in arrivals(times, seen, one)]
    print(
        f"talking_head: of {len(again)} arrivals {1 - np.mean(again):.1%} not recognized within "
        f"{ARRIVAL:g} s; {np.mean(other):.2%} of {len(other)} taken for one of {len(strangers)} "
        f"others; {np.mean(away):.1%} of frames clearly different from their own neutral face"
    )


if __name__ == "__main__":
    main()
