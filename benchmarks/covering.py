"""Does anything of a face survive `--blur`? ``python -m benchmarks.covering DATA``.

Counts in how many covered London photos and frames of the videos the detector still finds a face,
and how often a person's smile is closest to the same person's neutral photo, among those of all
people, by the pixels of the face (chance: one in their number). Hair and clothes are not compared.
The same is done for faces that are pixelated, and for those that are not covered.

DATA holds ``london/`` and ``video/``.
"""

import argparse
import functools
from pathlib import Path

import cv2
import numpy as np

from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.show import covering
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.video import frames

SIZE = 32  # of a compared face, in pixels


def found_again(detector, pictures):
    """Count pictures in which a face is found, from 40 pixels on."""
    return sum(bool(detector.faces(picture, min_face=40)) for picture in pictures)


def pixelated(image, faces, blocks):
    """Average the face and its surroundings over blocks."""
    result = image.copy()
    for face in faces:
        left, top, right, bottom = covering._place(face, 0.0).rect
        part = result[max(0, top) : bottom, max(0, left) : right]
        side = face.box.width / blocks
        few = round(part.shape[1] / side), round(part.shape[0] / side)
        averages = cv2.resize(part, few, interpolation=cv2.INTER_AREA)
        part[:] = cv2.resize(averages, part.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return result


def compared(picture, face):
    """Return the face itself in a standard size."""
    box = face.box
    part = picture[max(0, box.top) : box.top + box.height, max(0, box.left) : box.left + box.width]
    return cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(float).ravel()


def identified(neutral, smiling):
    """Return the share of smiles whose closest neutral photo is the same person's."""
    apart = np.linalg.norm(np.array(smiling)[:, np.newaxis] - np.array(neutral), axis=-1)
    return float(np.mean(apart.argmin(axis=1) == np.arange(len(neutral))))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    detector = FaceDetector()
    people = []
    for path in sorted((data / "london" / "neutral").iterdir()):
        smile = next((data / "london" / "happiness").glob(f"{path.name[:3]}_*"), None)
        if smile is not None:
            images = [read_image(path), read_image(smile)]
            people.append([(image, detector.faces(image)) for image in images])
    print(f"{len(people)} people; chance {1 / len(people):.1%}")
    ways = {
        "not covered": lambda image, faces: image,
        **{f"{n} blocks": functools.partial(pixelated, blocks=n) for n in (8, 4, 2)},
        "--blur": covering.cover,
    }
    for name, way in ways.items():
        done = [[way(*photo) for photo in person] for person in people]
        found = found_again(detector, [picture for person in done for picture in person])
        faces = [
            [compared(picture, faces[0]) for picture, (_, faces) in zip(*both, strict=True)]
            for both in zip(done, people, strict=True)
        ]
        share = identified(*zip(*faces, strict=True))
        print(f"{name}: a face in {found} of {2 * len(people)}, identified {share:.1%}", flush=True)
    for video in sorted((data / "video").glob("*.mp4")):
        recognizer, cover = Recognizer(), covering.Cover()
        covered = [
            cover.draw(frame, recognizer.recognize(frame.image, frame.time)).image
            for frame in frames(video)
        ]
        print(f"{video.name}: a face in {found_again(detector, covered)} of {len(covered)}")


if __name__ == "__main__":
    main()
