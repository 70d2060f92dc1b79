"""The command `video`."""

import csv
import errno
import json
import os
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.video import draw_video
from landmark_emotion.show.rows import COLUMNS


@pytest.fixture
def watch(run, model):
    return lambda *arguments: run("video", *arguments, "--model", model)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def json_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_frame_has_a_row(watch, video, here):
    result = watch(video, "-o", "r.csv")
    assert (result.status, result.out) == (0, "")
    rows = rows_of(here / "r.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["frame"]) for row in rows] == list(range(40))
    assert [float(row["time"]) for row in rows] == pytest.approx(np.arange(40) / 10)
    assert {row["face"] for row in rows[-9:]} == {""}
    summary, results = result.err.splitlines()[-2:]
    assert summary.startswith(f"{video}: 40 frames, ")
    assert results == "results: r.csv, 1 video"
    assert os.listdir(here) == ["r.csv"]


@pytest.mark.parametrize("format_", ["json", "csv"])
def test_full_disk_leaves_whole_rows(watch, video, here, full_disk, format_):
    with full_disk(30_000):
        result = watch(video, "-o", f"r.{format_}", "--landmarks")
    assert result.status == 1
    assert f"error: r.{format_}: cannot be written (" in result.err.splitlines()[-1]
    lines = (here / f"r.{format_}").read_text().splitlines(keepends=True)
    assert 1 < len(lines) < 35
    assert lines[-1].endswith("}\n" if format_ == "json" else "\n")
    assert len({line.count(",") for line in lines}) == 1
    assert os.listdir(here) == [f"r.{format_}"]


def test_full_disk_does_not_replace_a_parquet_file(watch, video, here, full_disk):
    pytest.importorskip("pyarrow")
    (here / "r.parquet").write_text("earlier results")
    with full_disk(10_000):
        assert watch(video, "-o", "r.parquet", "--landmarks").status == 1
    assert (here / "r.parquet").read_text() == "earlier results"


def test_prints_the_same_as_webcam(watch, run, model, video):
    assert watch(video).out == run("webcam", "--source", video, "--model", model).out


def test_every_skips_frames(watch, video):
    rows = watch(video, "--every", 0.5, "--format", "json").rows
    assert [row["frame"] for row in rows] == [0, 5, 10, 15, 20, 25, 30, 35]
    assert [row["time"] for row in rows] == pytest.approx(np.arange(8) / 2)


def test_only_a_part_is_recognized(watch, video, here):
    whole = watch(video, "--format", "json").rows
    result = watch(video, "--from", "0:01.2", "--to", 2, "--format", "json")
    assert [row["frame"] for row in result.rows] == list(range(12, 20))
    assert [row["time"] for row in result.rows] == pytest.approx(np.arange(12, 20) / 10)
    assert [row["box"] for row in result.rows] != [None] * 8
    assert {row["face"] for row in result.rows} == {1}
    assert len(whole) == 40
    assert f"{video}: 8 frames, " in result.err


def test_a_part_outside_a_video_costs_a_line_and_the_others_go_on(watch, video, here):
    draw_video(here / "long.avi", emotions=("fear",), seconds_each=5, fps=10, size=(400, 300))
    result = watch(video, here / "long.avi", "--from", 5, "-o", "r.csv")
    assert result.status == 0
    assert f"error: {video}: ends at 3.9 s, before 5 s; begin earlier" in result.err.splitlines()
    *seen, _ = rows_of(here / "r.csv")[1:]
    assert {row["source"] for row in seen} == {str(here / "long.avi")}
    assert result.err.splitlines()[-1] == "results: r.csv, 2 videos, 1 could not be read"


def test_a_part_that_ends_before_it_begins_is_refused(watch, video, run, here):
    for result in (
        watch(video, "--from", "0:03", "--to", 3),
        run("batch", here, "-o", "results", "--to", 0),
    ):
        assert result.status == 2
        assert "argument --to: must be after --from" in result.err


@pytest.mark.parametrize("argument", [".", "*.avi"])
def test_folder_or_pattern_of_videos(watch, video, here, argument):
    for name in ("10.avi", "9.avi"):
        shutil.copy(video, here / name)
    (here / "broken.avi").write_bytes(b"no video" * 100)
    (here / "notes.txt").write_text("text")
    result = watch(argument, "-o", "r.json", "--max-frames", 12)
    assert result.status == 0
    rows = json_lines(here / "r.json")
    names = ["9.avi", "10.avi", "broken.avi"]
    assert list(dict.fromkeys(row["source"] for row in rows)) == names
    first, second = ([{**r, "source": ""} for r in rows if r["source"] == n] for n in names[:2])
    assert first == second  # each video starts afresh
    assert "not a video" in rows[-1]["error"]
    assert f"error: broken.avi: {rows[-1]['error']}" in result.err.splitlines()
    assert result.err.splitlines()[-1] == "results: r.json, 3 videos, 1 could not be read"


def test_folder_that_cannot_be_listed_does_not_stop_the_others(watch, video, here, monkeypatch):
    def listed(folder, iterdir=Path.iterdir):
        if folder.name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return iterdir(folder)

    (here / "locked").mkdir()
    monkeypatch.setattr(Path, "iterdir", listed)
    result = watch("locked", video, "--max-frames", 1)
    assert result.status == 0
    assert "error: locked: cannot be read (Permission denied); check its permissions" in result.err
    assert result.err.splitlines()[-1] == "2 videos, 1 could not be read"


@pytest.mark.parametrize("command", [["video"], ["webcam", "--source"]])
@pytest.mark.parametrize("output", ["r.csv", "r.json", "r.txt", "r.parquet"])
def test_existing_results_survive_a_run_without_a_result(run, model, here, command, output):
    pytest.importorskip("pyarrow")
    (here / output).write_text("earlier results")
    result = run(*command, "none.mp4", "--model", model, "-o", output)
    assert result.status == 1
    assert result.err.splitlines()[-1] == f"{output}: not written, as there is no result"
    assert result.err.count("none.mp4: ") == 1
    assert (here / output).read_text() == "earlier results"
    assert os.listdir(here) == [output]


@pytest.mark.parametrize("command", [["video"], ["webcam", "--source"]])
def test_existing_recording_survives_a_run_without_a_result(run, model, here, command):
    (here / "r.avi").write_text("earlier recording")
    assert run(*command, "none.mp4", "--model", model, "--record", "r.avi").status == 1
    assert (here / "r.avi").read_text() == "earlier recording"


def test_recording_has_the_frames_and_rate_of_the_video(watch, video, here):
    assert watch(video, "--record", "out.mp4", "-o", "r.csv").status == 0
    original, drawn = (cv2.VideoCapture(str(path)) for path in (video, here / "out.mp4"))
    assert drawn.get(cv2.CAP_PROP_FPS) == original.get(cv2.CAP_PROP_FPS)
    n_frames = 0
    while (answer := drawn.read())[0]:
        _, clean = original.read()
        assert answer[1].shape == clean.shape
        if n_frames < 28:
            changed = np.abs(answer[1].astype(int) - clean).max(axis=2) > 60
            assert changed.sum() > 2000
        n_frames += 1
    assert n_frames == 40
    assert sorted(os.listdir(here)) == ["out.mp4", "r.csv"]


@pytest.mark.parametrize(
    "options", [["--record", "out.mp4"], ["--calibrate", "1", "--profile", "anna"]]
)
def test_what_holds_one_video_is_refused_for_two(watch, video, here, options):
    result = watch(video, video, *options)
    assert result.status == 2
    assert "takes one video, got 2" in result.err
    assert not os.listdir(here)


def test_parquet_needs_a_file(watch, video):
    result = watch(video, "--format", "parquet")
    assert result.status == 2
    assert "name one with -o" in result.err


def test_unusable_pyarrow_is_reported_before_the_work(watch, video, here, monkeypatch):
    (here / "pyarrow").mkdir()
    (here / "pyarrow" / "__init__.py").write_text("raise ImportError('it wants NumPy 2')")
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(here)
    result = watch(video, "-o", "r.parquet")
    assert result.status == 1
    assert "error: pyarrow: cannot be loaded (it wants NumPy 2)" in result.err.splitlines()[-1]
    assert not list(here.glob("*.parquet"))


def test_interrupted_run_keeps_its_rows(watch, video, here, monkeypatch):
    from landmark_emotion.cli.status import Status

    def interrupt(self, frame, count=Status.count):
        if frame.index == 5:
            raise KeyboardInterrupt
        count(self, frame)

    monkeypatch.setattr(Status, "count", interrupt)
    result = watch(video, "-o", "r.csv", "--record", "r.avi")
    assert result.status == 130
    assert result.err.splitlines()[-1] == "results: r.csv, 1 video"
    assert len(rows_of(here / "r.csv")) == 5
    assert sorted(os.listdir(here)) == ["r.avi", "r.csv"]


def test_incomplete_video_has_a_last_row_with_the_reason(watch, video, here):
    whole = video.read_bytes()
    (here / "cut.avi").write_bytes(whole[: len(whole) // 2])
    result = watch("cut.avi", "-o", "r.csv")
    assert result.status == 0
    assert result.err.splitlines()[-1] == "results: r.csv, 1 video, 1 incomplete"
    *_, before, last = rows_of(here / "r.csv")
    assert "is cut off after" in last["error"]
    assert int(last["frame"]) == int(before["frame"]) + 1
    assert last["time"] == before["time"]


def test_passwords_appear_nowhere(run, model, here):
    address = "http://anna:secret@127.0.0.1:9/video"
    for command in (["video", address], ["webcam", "--source", address]):
        result = run(*command, "--model", model, "--format", "json")
        assert result.status == 1
        assert "127.0.0.1:9" in result.err
        assert "secret" not in result.out + result.err


def test_calibration_starts_afresh_with_each_video(watch, video):
    result = watch(video, video, "--calibrate", 1, "--format", "json", "--max-frames", 15)
    modes = [row["calibration"] for row in result.rows if row["face"]]
    assert modes[0] == "calibrating"
    assert modes[-1] == "calibrated"
    assert modes[: len(modes) // 2] == modes[len(modes) // 2 :]
    assert result.err.count("calibrated 1 face") == 2
