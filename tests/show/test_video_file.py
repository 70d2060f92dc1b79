import errno
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import OutputError
from landmark_emotion.show.video_file import Recorder


def picture(level: int, size=(120, 160)) -> np.ndarray:
    return np.full((*size, 3), level, dtype=np.uint8)


def read(path) -> list[float]:
    """The gray level of every frame, roughly."""
    capture = cv2.VideoCapture(str(path))
    levels = []
    while (answer := capture.read())[0]:
        levels.append(float(answer[1].mean()))
    capture.release()
    return levels


def record(recorder, n_frames) -> None:
    random = np.random.default_rng(0)
    with recorder:
        for _ in range(n_frames):
            recorder.write(random.integers(0, 255, (240, 320, 3), dtype=np.uint8))


def interrupted(recorder) -> None:
    with recorder:
        recorder.write(picture(20))
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["a.mp4", "b.avi", "ü ñ.MP4", "new/folder/c.avi"])
def test_what_is_recorded_can_be_read_again(tmp_path, name):
    with Recorder(tmp_path / name, 25) as recorder:
        for level in (20, 120, 220):
            recorder.write(picture(level))
    assert read(tmp_path / name) == pytest.approx([20, 120, 220], abs=6)
    capture = cv2.VideoCapture(str(tmp_path / name))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(25)


def test_nothing_is_at_its_place_before_it_is_whole(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with Recorder(path, 25) as recorder:
        recorder.write(picture(20))
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["a.mp4"]
    assert len(read(path)) == 1
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_nothing_recorded_leaves_no_file(tmp_path):
    with Recorder(tmp_path / "a.mp4", 25):
        pass
    assert not os.listdir(tmp_path)


def test_ctrl_c_keeps_what_there_is(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        interrupted(Recorder(tmp_path / "a.mp4", 25))
    assert len(read(tmp_path / "a.mp4")) == 1


def test_or_leaves_nothing_where_only_all_of_it_is_of_use(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        interrupted(Recorder(tmp_path / "a.mp4", 25, partial=False))
    assert not os.listdir(tmp_path)


def test_the_video_keeps_time_with_a_camera_that_does_not(tmp_path):
    times = [0.0, 0.1, 0.45, 0.46, 0.47, 1.0]
    with Recorder(tmp_path / "a.avi", 10) as recorder:
        for level, time in zip((10, 50, 90, 130, 170, 210), times, strict=True):
            recorder.write(picture(level), time)
    levels = read(tmp_path / "a.avi")
    assert len(levels) == 11  # a second at ten a second, and its last frame
    assert levels[0] == pytest.approx(10, abs=6)
    assert levels[-1] == pytest.approx(210, abs=6)


def test_a_camera_that_was_gone_for_long_does_not_fill_the_disk(tmp_path):
    with Recorder(tmp_path / "a.avi", 10) as recorder:
        for time in (0.0, 0.1, 5000.0, 5000.1):
            recorder.write(picture(100), time)
    assert len(read(tmp_path / "a.avi")) == 2 + 100 + 1


def test_another_size_is_fitted_in(tmp_path):
    with Recorder(tmp_path / "a.avi", 10) as recorder:
        recorder.write(picture(200))
        recorder.write(picture(200, (240, 160)))
    levels = read(tmp_path / "a.avi")
    assert levels[0] == pytest.approx(200, abs=6)
    assert levels[1] == pytest.approx(100, abs=8)  # half of it black


def test_odd_sizes_can_be_written(tmp_path):
    with Recorder(tmp_path / "a.mp4", 10) as recorder:
        recorder.write(picture(200, (101, 77)))
    assert len(read(tmp_path / "a.mp4")) == 1


@pytest.mark.parametrize("name", ["a.webm", "a", "a.mkv"])
def test_another_kind_is_refused_before_the_work(tmp_path, name):
    with pytest.raises(OutputError, match=r"end it in \.mp4 or \.avi"):
        Recorder(tmp_path / name, 25)


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        Recorder(tmp_path / "folder.mp4", 25)


def test_a_rate_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="fps must be above 0"):
        Recorder(tmp_path / "a.mp4", 0)


@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
def test_a_disk_that_becomes_full_is_told_and_nothing_broken_is_left(tmp_path, full_disk, name):
    (tmp_path / name).write_bytes(b"old")
    told = pytest.raises(OutputError, match=r"could not be recorded, .+ seems to be full")
    with full_disk(50_000), told:
        record(Recorder(tmp_path / name, 25), 20)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_what_was_recorded_is_kept_where_its_place_has_become_full(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left.+; the video is kept as ") as told:
        record(Recorder(tmp_path / "seen.avi", 25), 3)
    kept = str(told.value).partition("is kept as ")[2]
    assert len(read(kept)) == 3
    if os.name != "nt":
        assert Path(kept).stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path) == ["tmp"]
    assert [kept] == [str(path) for path in (tmp_path / "tmp").iterdir()]
