"""Make the pictures of the README and of this folder: ``python docs/make_pictures.py [CKPLUS]``.

CKPLUS is a landmark table of CK+, from which the picture of a report is made; without it that
picture stays as it is. So does that of the page in the browser where Chromium is not installed.

The faces are drawn by the program. The predictions are those of the shipped model, which was
trained on real faces, after a calibration on the neutral face of each drawn person. The people were
chosen so that the predictions are right: the pictures show what the output looks like, not how
often it is right.
"""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

# NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
from numpy.typing import NDArray

from landmark_emotion import Recognizer, draw_predictions, explain
from landmark_emotion.cli import main as command
from landmark_emotion.drawn.drawing import (
    Subject,
    View,
    draw_background,
    draw_face,
    expose,
    paint_face,
    random_subject,
)
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.model.classifier import SHIPPED
from landmark_emotion.model.neutral import reference_from
from landmark_emotion.show.explanation_picture import draw_panels

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.browser import Chromium, Server, find_chromium, write_camera

IMAGES = Path(__file__).resolve().parent / "images"
MAX_BYTES = 300_000

SIZE = (640, 480)
SHRUNK = 0.75  # scale of the four pictures of faces.png
GAP = 6  # pixels between them
PAPER = 255
PAGE = (1440, 880)  # windows that are photographed
REPORT = (1000, 765)
FILM = (("neutral", 90), ("happiness", 150), ("neutral", 60), ("surprise", 120))  # frames

Image = NDArray[np.uint8]
Scene = Sequence[tuple[int, str, float, float, float, float]]
"""For each person: number, emotion, x, y, height of the face in pixels, roll."""

FOUR: Sequence[Scene] = (
    [(0, "happiness", 0.39, 0.53, 300.0, -3.0)],
    [(13, "surprise", 0.39, 0.53, 300.0, 2.0)],
    [(9, "anger", 0.39, 0.53, 300.0, 0.0)],
    [(5, "happiness", 0.27, 0.62, 185.0, -4.0), (7, "sadness", 0.73, 0.62, 185.0, 3.0)],
)
EXPLAINED = 0
FILMED = 4


def person(number: int) -> Subject:
    """Return the drawn person of a number."""
    return random_subject(np.random.default_rng((2024, number)))


def draw_scene(scene: Scene, intensity: float) -> Image:
    """Draw a scene, from resting faces, 0, to the peaks, 1."""
    picture = draw_background(SIZE, person(scene[0][0]).backdrop)
    for number, emotion, x, y, height, roll in scene:
        center = (x * SIZE[0], y * SIZE[1])
        view = View(roll=roll)
        paint_face(
            picture, person(number), emotion, intensity, view=view, center=center, height=height
        )
    return expose(picture, View())


def watched(recognizer: Recognizer, scene: Scene) -> Image:
    """Calibrate on half a second of neutral faces, then draw the predictions for the peaks."""
    recognizer.reset()
    recognizer.calibrate(0.5)
    resting = draw_scene(scene, 0.0)
    for frame in range(6):
        recognizer.recognize(resting, time=frame / 10)
    picture = draw_scene(scene, 1.0)
    return draw_predictions(picture, recognizer.recognize(picture, time=0.6))


def four_pictures(recognizer: Recognizer) -> Image:
    """Draw four annotated pictures, two by two."""
    parts = [
        cv2.resize(watched(recognizer, scene), None, None, SHRUNK, SHRUNK, cv2.INTER_AREA)
        for scene in FOUR
    ]
    height, width = parts[0].shape[:2]
    sheet = np.full((2 * height + GAP, 2 * width + GAP, 3), PAPER, np.uint8)
    for index, part in enumerate(parts):
        top, left = index // 2 * (height + GAP), index % 2 * (width + GAP)
        sheet[top : top + height, left : left + width] = part
    return sheet


def explanation(recognizer: Recognizer) -> Image:
    """Draw the panel of ``landmark-emotion explain`` with the person's own neutral face."""
    (resting,) = recognizer.recognize_still(draw_face(person(EXPLAINED)))
    own = reference_from(resting.face.landmarks[np.newaxis])
    picture = draw_face(person(EXPLAINED), "happiness")
    (prediction,) = Recognizer(recognizer.model, neutral=own).recognize_still(picture)
    explained = explain(recognizer.model, prediction.face.landmarks, prediction.reference)
    return draw_panels(picture, [(prediction, explained, None)])


def over_time(model: Path) -> bytes:
    """Plot a drawn video as ``landmark-emotion plot`` does."""
    with tempfile.TemporaryDirectory() as scratch:
        video, rows, plot = (Path(scratch, name) for name in ("drawn.mp4", "drawn.csv", "plot.png"))
        run("draw", "--video", video, "--seed", FILMED)
        run("video", video, "--model", model, "--calibrate", "auto", "-o", rows)
        run("plot", rows, "-o", plot)
        return plot.read_bytes()


def page() -> bytes:
    """Photograph the page in the browser, which watches a drawn face."""
    film = [
        picture
        for emotion, frames in FILM
        for picture in (draw_face(person(EXPLAINED), emotion),) * frames
    ]
    with tempfile.TemporaryDirectory() as scratch:
        camera = write_camera(Path(scratch, "drawn.mjpeg"), film)
        with Server() as server, Chromium(Path(scratch), camera) as browser:
            window = browser.page(window=True)
            window.resize(*PAGE)
            window.open(server.address + "#why&automatic")
            window.wait("document.querySelector('#bars li')")
            window.click("#start")
            shown = "document.querySelector('#emotion').textContent.startsWith('{}')".format
            for emotion in ("happiness", "surprise", "happiness"):  # fills the timeline
                window.wait(shown(emotion))
            window.run("new Promise(done => setTimeout(done, 1500))")  # bars reach their places
            return window.screenshot(whole=False)


def report(table: Path) -> bytes:
    """Photograph the upper part of the report of a training on a landmark table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, model = Path(scratch, "report"), Path(scratch, "model.npz")
        run("train", table, "--report", folder, "--output", model)
        with Chromium(Path(scratch), None) as browser:
            window = browser.page(window=True)
            window.resize(*REPORT)
            window.open((folder / "report.html").as_uri())
            return window.screenshot(whole=False)


def small(picture: bytes, scale: float) -> bytes:
    """Reduce a PNG."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    return png(cv2.resize(image, None, None, scale, scale, cv2.INTER_AREA))


def run(*arguments: object) -> None:
    """Run a command of the program without its output."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = command([str(argument) for argument in arguments])
    if status != 0:
        raise SystemExit(f"{arguments[0]} ended with status {status}")


def png(picture: Image) -> bytes:
    """Encode a picture as a small PNG."""
    return cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()


def pictures(table: Path | None) -> dict[str, bytes]:
    """Make all pictures; return their content by file name."""
    model = next(path for path in SHIPPED if path.is_file())
    recognizer = Recognizer(model, smoothing=0)
    made = {
        "faces.png": png(four_pictures(recognizer)),
        "why.png": png(explanation(recognizer)),
        "over-time.png": over_time(model),
    }
    if find_chromium() is not None:
        made["page.png"] = small(page(), 2 / 3)
        if table is not None:
            made["report.png"] = small(report(table), 0.75)
    return made


def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    table = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    for name, data in pictures(table).items():
        if len(data) > MAX_BYTES:
            raise SystemExit(f"{name}: {len(data)} bytes are more than {MAX_BYTES}")
        replace_atomically(IMAGES / name, data)
        print(f"docs/images/{name}: {len(data) // 1000} kB")


if __name__ == "__main__":
    main()
