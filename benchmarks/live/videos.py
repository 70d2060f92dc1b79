"""The videos: drawn ones, and real ones enlarged."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from landmark_emotion.drawn.drawing import (
    View,
    draw_background,
    expose,
    paint_face,
    random_subject,
)
from landmark_emotion.emotions import DEFAULT_EMOTIONS

FPS = 25.0
VGA, HD, FULL_HD = (640, 480), (1280, 720), (1920, 1080)
PEOPLE = (0, 1, 2, 5)


@dataclass(frozen=True)
class Case:
    """A video, and what is in it."""

    name: str
    path: Path
    size: tuple  # of a frame
    content: tuple  # of what is not black border
    people: int
    judged: int | None = None  # every so many frames answers are compared; None: as (a) is timed


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
    yield Case("single face 640x360", single, (640, 360), (640, 360), 1, 1)


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
            center = ((person + 0.5) * cell, 0.52 * size[1])
            intensity = rise * rise * (3 - 2 * rise)
            emotion = emotions[person % len(emotions)]
            paint_face(canvas, subject, emotion, intensity, view=view, center=center, height=height)
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
