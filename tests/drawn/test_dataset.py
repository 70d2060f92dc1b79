import os

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.drawn.video import draw_video
from landmark_emotion.emotions import DEFAULT_EMOTIONS, EMOTIONS
from landmark_emotion.errors import DatasetError, OutputError
from landmark_emotion.sources.images import read_image
from landmark_emotion.training.datasets import read_dataset
from landmark_emotion.training.datasets.samples import is_drawn


def test_data_set_is_read_as_ckplus_with_every_emotion_of_every_subject(drawn):
    dataset = read_dataset(drawn)
    assert dataset.layout == "CK/CK+ tree"
    assert dataset.drawn
    shown = {(sample.subject, sample.emotion) for sample in dataset.samples}
    assert shown == {(f"S{n:03}", emotion) for n in range(1, 6) for emotion in EMOTIONS}
    assert dataset.left_out == {"sequence without an emotion file": 1}


def test_most_faces_are_found_by_the_detector(drawn, detector):
    paths = [sample.path for sample in read_dataset(drawn).samples][::7]
    found = [len(detector.faces(read_image(path))) for path in paths]
    assert np.mean(np.array(found) == 1) > 0.9


def test_same_seed_draws_the_same_images(drawn, tmp_path):
    n_images = draw_dataset(tmp_path / "again", subjects=1, seed=3, frames=3)  # as the fixture
    paths = sorted((tmp_path / "again").rglob("*.png"))
    assert len(paths) == n_images
    for path in paths:
        assert path.read_bytes() == (drawn / path.relative_to(tmp_path / "again")).read_bytes()


def test_folder_that_is_not_empty_is_an_error(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DatasetError, match="exists and is not an empty folder; name a new one"):
        draw_dataset(tmp_path, subjects=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_interrupted_drawing_leaves_nothing(tmp_path):
    def stop(images, total):
        yield next(iter(images))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_dataset(tmp_path / "faces", subjects=1, progress=stop)
    assert not list(tmp_path.iterdir())


def test_unwritable_path_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((OutputError, DatasetError), match="file"):
        draw_dataset(tmp_path / "file" / "faces", subjects=1)
    with pytest.raises(OutputError, match="file"):
        draw_video(tmp_path / "file" / "x.avi", emotions=("fear",), seconds_each=0.1, fps=10)


def test_only_a_drawn_data_set_is_known_as_drawn(drawn, tmp_path):
    assert is_drawn(drawn)
    assert not is_drawn(tmp_path)
    assert not is_drawn(drawn / "README.txt")
    (tmp_path / "README.txt").write_bytes(b"\xff\xfe These faces are photos.")
    assert not is_drawn(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_named_readme_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "README.txt")
    assert not is_drawn(tmp_path)


@pytest.mark.parametrize("suffix", [".avi", ".MP4"])
def test_video_shows_a_face_and_then_nobody(tmp_path, detector, suffix):
    path = tmp_path / f"wäre{suffix}"
    starts = draw_video(path, emotions=("fear", "anger"), seconds_each=0.5, fps=4, size=(320, 240))
    assert starts == [(0.0, "fear"), (0.5, "anger")]
    capture = cv2.VideoCapture(str(path))
    found = []
    while (frame := capture.read()[1]) is not None:
        assert frame.shape == (240, 320, 3)
        found.append(len(detector.faces(frame)))
    capture.release()
    assert found == [1] * 4 + [0] * 4
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["film.mkv", "film", "film.txt"])
def test_unknown_video_format_is_an_error(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.mp4 or \.avi"):
        draw_video(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_invalid_arguments_are_errors(tmp_path):
    with pytest.raises(ValueError, match="at least 1 and 2, got 0, 6"):
        draw_dataset(tmp_path / "faces", subjects=0)
    with pytest.raises(ValueError, match="got 'joy'"):
        draw_video(tmp_path / "x.avi", emotions=("joy",))
    with pytest.raises(ValueError, match="above 0"):
        draw_video(tmp_path / "x.avi", emotions=DEFAULT_EMOTIONS, fps=0)
    assert not list(tmp_path.iterdir())
