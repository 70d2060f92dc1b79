"""A video of a drawn face."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from landmark_emotion.drawn.drawing import (
    View,
    draw_background,
    draw_face,
    expose,
    random_subject,
)
from landmark_emotion.emotions import DEFAULT_EMOTIONS, EMOTIONS
from landmark_emotion.show.canvas import Picture
from landmark_emotion.show.video_file import Recorder


def draw_video(
    path: Path,
    seed: int = 0,
    *,
    emotions: Sequence[str] = DEFAULT_EMOTIONS,
    seconds_each: float = 2.0,
    fps: float = 25.0,
    size: tuple[int, int] = (640, 480),
) -> list[tuple[float, str]]:
    """Draw a video of one person who shows one emotion after the other.

    Each emotion rises from neutral to its peak and falls back. The last second shows no face. The
    file appears, or is replaced, only when it is complete.

    Parameters
    ----------
    path : Path
        Path of the video; ends in ``.mp4`` or ``.avi``.
    seed : int
        The same seed gives the same person and movements.
    emotions : sequence of str
        Emotions to show.
    seconds_each : float
        Duration of each, in seconds.
    fps : float
        Frames per second.
    size : tuple of int
        Width and height, in pixels.

    Returns
    -------
    list of (float, str)
        Start of each emotion, in seconds, and its name.

    Raises
    ------
    OutputError
        If the suffix is another one, or the file cannot be written.
    ValueError
        If an emotion is unknown or a number is not above 0.
    """
    unknown = [emotion for emotion in emotions if emotion not in EMOTIONS]
    if unknown:
        raise ValueError(f"emotions must be among {', '.join(EMOTIONS)}, got {unknown[0]!r}")
    if not (seconds_each > 0 and fps > 0 and min(size) > 0):
        raise ValueError(
            f"seconds_each, fps and size must be above 0, got {seconds_each}, {fps} and {size}"
        )
    frames_each = max(1, round(seconds_each * fps))
    with Recorder(path, fps, partial=False) as recorder:
        for frame in _frames(np.random.default_rng(seed), emotions, frames_each, fps, size):
            recorder.write(frame)
    return [(i * frames_each / fps, emotion) for i, emotion in enumerate(emotions)]


def _frames(
    rng: np.random.Generator,
    emotions: Sequence[str],
    frames_each: int,
    fps: float,
    size: tuple[int, int],
) -> Iterator[Picture]:
    subject = random_subject(rng)
    phase = rng.uniform(0.0, 2 * np.pi, 5)
    for frame in range(len(emotions) * frames_each + max(1, round(fps))):
        # Slow movements of different periods.
        roll, yaw, right, down, near = np.sin(
            phase + frame / fps * np.array([1.1, 0.7, 0.8, 1.3, 0.5])
        )
        view = View(
            roll=3 * roll,
            yaw=4 * yaw,
            shift=(0.08 * right, 0.03 * down),
            scale=1 + 0.04 * near,
            noise=1.5,
            noise_seed=frame,
        )
        shown, within = divmod(frame, frames_each)
        if shown < len(emotions):
            rise = min(1.0, 3 * min(within, frames_each - within) / frames_each)
            intensity = rise * rise * (3 - 2 * rise)
            yield draw_face(subject, emotions[shown], intensity, view, size)
        else:
            yield expose(draw_background(size, subject.backdrop), view)
