"""--blur and --landmarks-only, wherever pictures are shown or written."""

import os

import cv2
import numpy as np
import pytest

from landmark_emotion.show.covering import PATTERN


def images_of(path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    images = []
    while (answer := capture.read())[0]:
        images.append(answer[1])
    return images


def nose(rows, frame) -> np.ndarray:
    """Return the pixels in the middle of the face of a frame, by the rows of a run."""
    left, top, width, height = next(row["box"] for row in rows if row["frame"] == frame)
    return np.s_[
        top + 4 * height // 10 : top + 6 * height // 10, left + 4 * width // 10 : left + width // 2
    ]


def is_gray(image) -> bool:
    """Return whether a part is covered by gray blocks, if it was encoded in between."""
    values = image.astype(int)
    spread = np.ptp(values, axis=2).max()
    return spread < 12 and PATTERN.min() - 12 < values.min() <= values.max() < PATTERN.max() + 12


@pytest.mark.parametrize("command", [["video"], ["webcam", "--source"]])
def test_recording_shows_no_face(run, video, model, here, command):
    arguments = ["--model", model, "--format", "json", "--record", "out.avi"]
    plain = run(*command, video, *arguments)
    for frame, image in enumerate(images_of("out.avi")[:30]):
        assert not is_gray(image[nose(plain.rows, frame)])
    result = run(*command, video, *arguments, "--blur")
    assert result.rows == plain.rows
    images = images_of("out.avi")
    assert len(images) == 40
    for frame, image in enumerate(images[:30]):
        assert is_gray(image[nose(result.rows, frame)])
    result = run(*command, video, *arguments, "--landmarks-only")
    assert result.rows == plain.rows
    assert all(image[-10:, :10].max() < 12 for image in images_of("out.avi"))


def test_recording_that_is_stopped_shows_no_face_either(run, video, model, here):
    arguments = ["--format", "json", "--record", "out.avi", "--blur", "--max-frames", 5]
    result = run("video", video, "--model", model, *arguments)
    images = images_of("out.avi")
    assert len(images) == 5
    assert all(is_gray(image[nose(result.rows, n)]) for n, image in enumerate(images))


@pytest.mark.parametrize("key", ["", "w", "p", "h"])
def test_window_and_saved_pictures_show_no_face(run, video, model, here, monkeypatch, key):
    shown = []

    class Window:
        key = ""

        def __init__(self, title):
            self.left = [key, "s", "", "q"]

        def show(self, image):
            shown.append(image)
            self.key = self.left.pop(0)
            return self.key != "q"

        def wait(self, milliseconds):
            return True

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr("landmark_emotion.show.window.Window", Window)
    result = run(
        "webcam", "--source", video, "--model", model, "--format", "json", "--show", "--blur"
    )
    (name,) = [name for name in os.listdir(here) if name.endswith(".png")]
    pictures = [*shown, cv2.imread(name)]
    assert len(pictures) == 5
    for picture in pictures:
        # Arrows of the explanation are drawn on the blocks.
        part = picture[nose(result.rows, 1)].astype(int)
        gray = np.ptp(part, axis=2) < 12
        assert gray.mean() > (0.5 if key == "w" else 0.99)


def test_annotated_images_show_no_face(run, model, here, face):
    cv2.imwrite("a.png", face)
    result = run("image", "a.png", "--model", model, "--format", "json", "--blur", "-o", "b.png")
    (row,) = result.rows
    middle = nose([row], 0)
    assert is_gray(cv2.imread("b.png")[middle])
    run("image", "a.png", "--model", model, "--landmarks-only", "--annotate", "seen")
    assert (cv2.imread("seen/a.png")[-10:, :10] == 0).all()


def test_image_without_a_face_is_told_not_to_be_covered(run, model, here, nobody):
    cv2.imwrite("a.png", nobody)
    result = run("image", "a.png", "--model", model, "--blur", "-o", "b.png")
    assert "note: b.png: no face found, so nothing is covered" in result.err


@pytest.mark.parametrize("options", [["--max-faces", "1"], ["--landmarks-only"]])
def test_blur_leaves_out_no_face(run, video, options):
    result = run("video", video, "--blur", *options)
    assert result.status == 2
    assert "--blur" in result.err
