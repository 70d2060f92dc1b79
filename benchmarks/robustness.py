"""Does the emotion outlast changes of the picture? ``python -m benchmarks.robustness FOLDER``.

Every image below FOLDER is judged as it is and after each change; printed is the share of faces
that are found again and keep their emotion.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from landmark_emotion.files.folders import walk_files
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.sources.images import IMAGE_SUFFIXES, read_image

Image = NDArray[np.uint8]


def resized(factor: float) -> Callable[[Image], Image]:
    """Change the size."""
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return lambda image: cv2.resize(image, None, fx=factor, fy=factor, interpolation=way)


def rolled(degrees: float) -> Callable[[Image], Image]:
    """Turn about the middle, repeating the edge."""

    def turn(image: Image) -> Image:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)

    return turn


def exposed(factor: float) -> Callable[[Image], Image]:
    """Make darker or brighter."""
    return lambda image: np.clip(image * factor, 0, 255).astype(np.uint8)


def compressed(quality: int) -> Callable[[Image], Image]:
    """Save as JPEG and read again."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return lambda image: cv2.imdecode(cv2.imencode(".jpg", image, options)[1], cv2.IMREAD_COLOR)


def noisy(deviation: float) -> Callable[[Image], Image]:
    """Add normal noise of so many gray levels, the same for every picture of a size."""

    def add(image: Image) -> Image:
        noise = np.random.default_rng(0).normal(0, deviation, image.shape)
        return np.clip(image + noise, 0, 255).astype(np.uint8)

    return add


CHANGES: dict[str, Callable[[Image], Image]] = {
    "half the size": resized(0.5),
    "double the size": resized(2.0),
    "rolled by 15 degrees": rolled(15),
    "rolled by -15 degrees": rolled(-15),
    "half as bright": exposed(0.5),
    "brighter by half": exposed(1.5),
    "JPEG quality 30": compressed(30),
    "noise of 8 gray levels": noisy(8),
}


def emotion_of_largest(recognizer: Recognizer, image: Image) -> str | None:
    """Name the emotion of the largest face."""
    predictions = recognizer.recognize_still(image)
    return max(predictions, key=lambda p: p.face.box.area).emotion if predictions else None


def main() -> None:
    """Judge, change, judge again, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--model", type=Path, metavar="FILE")
    args = parser.parse_args()
    recognizer = Recognizer(args.model)
    kept = dict.fromkeys(CHANGES, 0)
    lost = dict.fromkeys(CHANGES, 0)
    n = 0
    images = [path for path in walk_files(args.folder) if path.suffix.lower() in IMAGE_SUFFIXES]
    for path in tqdm(images, unit=" images", disable=None):
        image = read_image(path)
        before = emotion_of_largest(recognizer, image)
        if before is None:
            continue
        n += 1
        for name, change in CHANGES.items():
            after = emotion_of_largest(recognizer, change(image))
            kept[name] += after == before
            lost[name] += after is None
    print(f"{n} faces")
    for name in CHANGES:
        print(f"{name:<22}  same emotion {kept[name] / n:6.1%}   not found {lost[name]}")


if __name__ == "__main__":
    main()
