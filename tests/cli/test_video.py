import csv
import io
import os
import shutil
import sys

import cv2
import numpy as np
import pytest

from landmark_emotion.show.rows import COLUMNS, LANDMARK_COLUMNS


@pytest.fixture
def look(run, model):
    return lambda *arguments: run("video", *arguments, "--model", model)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_frame_of_a_video_has_a_row(look, video, here):
    result = look(video, "-o", "r.csv")
    assert (result.status, result.out) == (0, "")
    rows = rows_of(here / "r.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["frame"]) for row in rows] == list(range(40))
    assert [float(row["time"]) for row in rows] == pytest.approx(np.arange(40) / 10)
    assert {row["face"] for row in rows[-9:]} == {""}
    assert result.err.splitlines()[-1].startswith(f"{video}: 40 frames, ")
    assert os.listdir(here) == ["r.csv"]


@pytest.mark.parametrize("format_", ["json", "csv"])
def test_a_disk_that_becomes_full_leaves_whole_rows(look, video, here, full_disk, format_):
    with full_disk(30_000):
        result = look(video, "-o", f"r.{format_}", "--landmarks")
    assert result.status == 1
    assert f"error: r.{format_}: cannot be written (" in result.err.splitlines()[-1]
    lines = (here / f"r.{format_}").read_text().splitlines(keepends=True)
    assert 1 < len(lines) < 35
    assert lines[-1].endswith("}\n" if format_ == "json" else "\n")
    assert len({line.count(",") for line in lines}) == 1
    assert os.listdir(here) == [f"r.{format_}"]


def test_it_says_the_same_as_watching_does(look, run, model, video):
    assert look(video).out == run("webcam", "--source", video, "--model", model).out


def test_every_so_many_seconds_one_frame(look, video):
    rows = look(video, "--every", 0.5, "--format", "json").rows
    assert [row["frame"] for row in rows] == [0, 5, 10, 15, 20, 25, 30, 35]
    assert [row["time"] for row in rows] == pytest.approx(np.arange(8) / 2)


def test_a_folder_of_videos_is_taken_one_by_one_each_from_the_start(look, video, here):
    for name in ("10.avi", "9.avi"):
        shutil.copy(video, here / name)
    (here / "broken.avi").write_bytes(b"no video" * 100)
    (here / "notes.txt").write_text("text")
    result = look(here, "--format", "json")
    assert result.status == 0
    rows = result.rows
    assert list(dict.fromkeys(row["source"] for row in rows)) == [
        str(here / name) for name in ("9.avi", "10.avi", "broken.avi")
    ]
    halves = [
        [{**row, "source": ""} for row in rows if row["source"].endswith(name)]
        for name in ("/9.avi", "/10.avi")
    ]
    assert halves[0] == halves[1]
    assert "not a video" in rows[-1]["error"]


def test_landmarks_are_added_where_asked_for(look, video):
    rows = list(
        csv.DictReader(
            io.StringIO(look(video, "--format", "csv", "--landmarks", "--max-frames", 2).out)
        )
    )
    assert tuple(rows[0]) == COLUMNS + LANDMARK_COLUMNS
    assert 0 < float(rows[0]["x_30"]) < 400
    (row, _) = look(video, "--format", "json", "--landmarks", "--max-frames", 2).rows
    assert np.array(row["landmarks"]).shape == (68, 2)
    assert row["landmarks"][30][0] == float(rows[0]["x_30"])


def test_the_annotated_video_has_the_same_frames_and_rate(look, video, here):
    assert look(video, "--record", "out.mp4", "-o", "r.csv").status == 0
    original, drawn = (cv2.VideoCapture(str(path)) for path in (video, here / "out.mp4"))
    assert drawn.get(cv2.CAP_PROP_FPS) == original.get(cv2.CAP_PROP_FPS)
    n_frames = 0
    while (answer := drawn.read())[0]:
        _, clean = original.read()
        assert answer[1].shape == clean.shape
        changed = np.abs(answer[1].astype(int) - clean).max(axis=2) > 60
        if n_frames < 28:
            assert changed.sum() > 2000
        n_frames += 1
    assert n_frames == 40
    assert sorted(os.listdir(here)) == ["out.mp4", "r.csv"]


def test_only_one_video_can_be_recorded(look, video, here):
    result = look(video, video, "--record", "out.mp4")
    assert result.status == 2
    assert "takes one video, there are 2" in result.err


def test_parquet_needs_a_file(look, video):
    result = look(video, "--format", "parquet")
    assert result.status == 2
    assert "name it with -o" in result.err


def test_a_pyarrow_that_cannot_be_loaded_is_told_before_the_work(look, video, here, monkeypatch):
    (here / "pyarrow").mkdir()
    (here / "pyarrow" / "__init__.py").write_text("raise ImportError('it wants NumPy 2')")
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(here)
    result = look(video, "-o", "r.parquet")
    assert result.status == 1
    assert result.err.splitlines()[-1] == (
        "error: pyarrow: cannot be loaded (it wants NumPy 2); run 'pip install -U pandas pyarrow "
        "numpy' or choose another format"
    )
    assert not list(here.glob("*.parquet"))


def test_parquet_can_be_read_by_pandas(look, video, here):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    assert look(video, "-o", "r.parquet").status == 0
    assert look(video, "-o", "r.csv").status == 0
    one, other = pandas.read_parquet(here / "r.parquet"), pandas.read_csv(here / "r.csv")
    assert list(one.columns) == list(COLUMNS)
    assert one["emotion"].fillna("").tolist() == other["emotion"].fillna("").tolist()
    assert one["p_happiness"].fillna(-1).tolist() == other["p_happiness"].fillna(-1).tolist()


def test_a_video_that_breaks_off_keeps_its_rows(look, video, here):
    (here / "half.avi").write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    result = look("half.avi", "-o", "r.json")
    assert result.status == 0
    text = (here / "r.json").read_text().splitlines()
    assert len(text) > 5
    assert "breaks off" in text[-1] or "40 frames" not in result.err


@pytest.mark.parametrize("name", ["none.mp4", "text.mp4"])
def test_what_is_no_video_is_one_line_and_status_1(look, here, name):
    (here / "text.mp4").write_bytes(b"text " * 500)
    result = look(name)
    assert result.status == 1
    assert result.err.count(name) == 1
    assert "Traceback" not in result.err


def test_calibration_begins_anew_with_each_video(look, video):
    result = look(video, video, "--calibrate", 1, "--format", "json")
    modes = [row["calibration"] for row in result.rows if row["face"]]
    assert modes[0] == "calibrating"
    assert modes[: len(modes) // 2] == modes[len(modes) // 2 :]
    assert result.err.count("calibrated on 1 face") == 2
