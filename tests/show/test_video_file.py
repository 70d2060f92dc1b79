import contextlib
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
    """Return the mean gray level of every frame."""
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
def test_recorded_frames_can_be_read_again(tmp_path, name):
    with Recorder(tmp_path / name, 25) as recorder:
        for level in (20, 120, 220):
            recorder.write(picture(level))
    assert read(tmp_path / name) == pytest.approx([20, 120, 220], abs=6)
    capture = cv2.VideoCapture(str(tmp_path / name))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(25)


def test_old_file_is_replaced_only_at_the_end(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with Recorder(path, 25) as recorder:
        recorder.write(picture(20))
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["a.mp4"]
    assert len(read(path)) == 1
    assert os.listdir(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_empty_recording_leaves_the_old_file(tmp_path, error):
    (tmp_path / "a.mp4").write_bytes(b"old")
    with contextlib.suppress(KeyboardInterrupt), Recorder(tmp_path / "a.mp4", 25):
        if error is not None:
            raise error
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    with Recorder(tmp_path / "b.mp4", 25):
        pass
    assert not (tmp_path / "b.mp4").exists()


@pytest.mark.parametrize("partial", [True, False])
def test_interrupted_recording_is_kept_unless_only_all_of_it_is_useful(tmp_path, partial):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        interrupted(Recorder(path, 25, partial=partial))
    assert (path.read_bytes() == b"old") == (not partial)
    assert len(read(path)) == partial


def test_video_runs_at_the_right_speed_for_an_uneven_camera(tmp_path):
    times = [0.0, 0.1, 0.45, 0.46, 0.47, 1.0]
    with Recorder(tmp_path / "a.avi", 10) as recorder:
        for level, time in zip((10, 50, 90, 130, 170, 210), times, strict=True):
            recorder.write(picture(level), time)
    levels = read(tmp_path / "a.avi")
    assert len(levels) == 11  # one second at 10 fps, both ends included
    assert levels[0] == pytest.approx(10, abs=6)
    assert levels[-1] == pytest.approx(210, abs=6)


def test_long_gap_is_shortened(tmp_path):
    with Recorder(tmp_path / "a.avi", 10) as recorder:
        for time in (0.0, 0.1, 5000.0, 5000.1):
            recorder.write(picture(100), time)
    assert len(read(tmp_path / "a.avi")) == 2 + 100 + 1


def test_frame_of_another_size_is_fitted(tmp_path):
    with Recorder(tmp_path / "a.avi", 10) as recorder:
        recorder.write(picture(200))
        recorder.write(picture(200, (240, 160)))
    levels = read(tmp_path / "a.avi")
    assert levels[0] == pytest.approx(200, abs=6)
    assert levels[1] == pytest.approx(100, abs=8)  # half of it black


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a", r"end the name in \.mp4 or \.avi"),
        ("a.mkv", r"end the name in \.mp4 or \.avi"),
        ("folder.mp4", "it is a folder"),
    ],
)
def test_unwritable_path_is_an_error_before_recording(tmp_path, name, problem):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match=problem):
        Recorder(tmp_path / name, 25)
    with pytest.raises(ValueError, match="fps must be above 0"):
        Recorder(tmp_path / "a.mp4", 0)


@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
def test_full_disk_is_an_error_and_leaves_the_old_file(tmp_path, full_disk, name):
    (tmp_path / name).write_bytes(b"old")
    told = pytest.raises(OutputError, match=r"could not be recorded.+ (full|make room)")
    with full_disk(50_000), told:
        record(Recorder(tmp_path / name, 25), 20)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_recording_is_kept_if_its_target_cannot_be_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(OutputError, match=r"No space left.+; the video is kept as ") as told:
        record(Recorder(tmp_path / "seen.avi", 25), 3)
    kept = str(told.value).partition("is kept as ")[2]
    assert len(read(kept)) == 3
    if os.name != "nt":
        assert Path(kept).stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path) == ["tmp"]
    assert [kept] == [str(path) for path in (tmp_path / "tmp").iterdir()]
