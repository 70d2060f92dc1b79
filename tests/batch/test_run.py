import csv
import dataclasses
import json
import os
import shutil

import pytest

from landmark_emotion.batch import TABLES, make_settings, run_batch
from landmark_emotion.errors import DatasetError, OutputError, SourceError
from landmark_emotion.model.neutral import NeutralReference

pytestmark = pytest.mark.usefixtures("batch_in_process")


@pytest.fixture
def folder(tmp_path, png):
    """A folder of images and videos, some damaged or with odd names, and other files."""
    folder = tmp_path / "recordings"
    (folder / "ü, 'b'").mkdir(parents=True)
    for name in ("10.png", "9.png", "ü, 'b'/a \"\n.png"):
        (folder / name).write_bytes(png)
    (folder / "broken.jpg").write_bytes(png[:99])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "notes.txt").write_text("no image")
    return folder


@pytest.fixture
def batch(folder, tmp_path, settings):
    """Run a batch; returns the rows of its table and the number of files recognized."""

    def run(**options):
        n_done = []
        options = {"settings": settings, "format": "json"} | options
        options["progress"] = lambda items, total: (n_done.append(1) or item for item in items)
        summary = run_batch(folder, tmp_path / "results", **options)
        rows = read(summary.table)
        if summary.written:
            assert summary.rows == len(rows)
            assert summary.files == len({row["source"] for row in rows})
        return rows, len(n_done)

    return run


@pytest.fixture
def failing(monkeypatch):
    """Let the system fail to open the files of these names."""
    from landmark_emotion.batch import recognition

    names = set()
    original = recognition.open_regular

    def open_(path):
        if path.name in names:
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(recognition, "open_regular", open_)
    return names


def read(table):
    if table.suffix == ".jsonl":
        return [json.loads(line) for line in table.read_text().splitlines()]
    with table.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def parts(tmp_path):
    return sorted((tmp_path / "results" / "parts").iterdir())


def test_every_file_has_rows_in_natural_order_and_none_is_recognized_twice(batch):
    rows, n_done = batch()
    assert n_done == 5
    assert [row["source"] for row in rows] == [
        "9.png",
        "10.png",
        "broken.jpg",
        "empty.mp4",
        "ü, 'b'/a \"\n.png",
    ]
    assert [row["face"] for row in rows] == [1, 1, None, None, 1]
    assert ["error" in row for row in rows] == [False, False, True, True, False]
    assert rows[3]["error"] == "the file is empty; replace it"
    assert batch() == (rows, 0)
    assert batch(restart=True) == (rows, 5)


def test_added_changed_and_removed_files(batch, folder, tmp_path, png):
    before, _ = batch()
    (folder / "broken.jpg").write_bytes(png)
    (folder / "9.png").unlink()
    (folder / "z.avi").write_bytes(b"no video")
    after, _ = batch()
    assert [row["source"] for row in after] == [
        *("10.png", "broken.jpg", "empty.mp4", "z.avi", before[-1]["source"])
    ]
    assert [row["face"] for row in after] == [1, 1, None, None, 1]
    assert len(parts(tmp_path)) == 3  # one of images, two of videos; none of before


def test_faults_of_the_system_are_tried_again_and_faults_of_the_content_are_not(batch, failing):
    failing |= {"10.png", "empty.mp4"}
    rows, n_done = batch()
    assert n_done == 5
    assert rows[1]["error"] == "cannot be read (Permission denied); check its permissions"
    assert [row["face"] for row in rows] == [1, None, None, None, 1]
    assert batch() == (rows, 2)
    failing.clear()
    rows, n_done = batch()
    assert n_done == 2
    assert [row["face"] for row in rows] == [1, 1, None, None, 1]
    assert batch() == (rows, 0)


def test_a_run_that_could_read_nothing_keeps_the_old_table(batch, folder, failing):
    rows, _ = batch()
    failing |= {path.name for path in folder.rglob("*.*")}
    assert batch(restart=True) == (rows, 5)
    failing.clear()
    assert batch() == (rows, 5)


def test_rows_before_a_break_are_kept(folder, settings, video, monkeypatch):
    from landmark_emotion.live.recognizer import Recognizer

    original = Recognizer.stream

    def breaks(self, path, *arguments, **options):
        for number, item in enumerate(original(self, path, *arguments, **options)):
            if number == 3:
                raise SourceError(f"{path}: breaks off after 3 frames; get the file again")
            yield item

    shutil.copy(video, folder / "empty.mp4")
    monkeypatch.setattr(Recognizer, "stream", breaks)
    summary = run_batch(folder, folder.parent / "results", settings, format="json")
    rows = [row for row in read(summary.table) if row["source"] == "empty.mp4"]
    assert [row["face"] for row in rows] == [1, 1, 1, None]
    assert rows[-1]["error"] == "breaks off after 3 frames; get the file again"
    assert (summary.unreadable, summary.incomplete) == (1, 1)


def test_only_a_part_of_each_video_is_recognized(folder, settings, video):
    shutil.copy(video, folder / "short.avi")
    images = [name for name in sorted(p.name for p in folder.iterdir()) if name.endswith(".png")]
    part = make_settings(settings.model, start=1.5, end=2)
    rows = read(run_batch(folder, folder.parent / "results", part, format="json").table)
    assert [row["frame"] for row in rows if row["source"] == "short.avi"] == list(range(15, 20))
    assert set(images) <= {row["source"] for row in rows if row["frame"] == 0}
    late = make_settings(settings.model, start=9)
    rows = read(run_batch(folder, folder.parent / "late", late, format="json").table)
    (row,) = (row for row in rows if row["source"] == "short.avi")
    assert row["error"] == "ends at 3.9 s, before 9 s; begin earlier"


def test_what_was_left_out_is_reported(batch, folder):
    notes = []
    for name in ("a.TXT", "Makefile"):
        (folder / name).touch()
    (folder / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    rows, _ = batch(notify=notes.append)
    assert notes == [
        "5 images and 1 video; left out 3 files of other kinds: 2 .txt, 1 without suffix"
    ]
    (row,) = (row for row in rows if row["source"] == "a.heic")
    assert "HEIC" in row["error"]


def test_a_subfolder_that_cannot_be_listed_is_reported_and_its_rows_are_kept(
    batch, folder, monkeypatch
):
    rows, _ = batch()
    hidden = folder / "ü, 'b'"
    original = os.scandir

    def scandir(path="."):
        if str(path) == str(hidden):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    notes = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        assert len(batch(notify=notes.append)[0]) == len(rows) - 1
    assert notes[0] == f"{hidden}: cannot be listed (Permission denied); check its permissions"
    assert batch() == (rows, 0)


def test_a_moved_folder_resumes_and_another_is_refused(batch, folder, tmp_path, settings, png):
    rows, _ = batch()
    moved = folder.rename(tmp_path / "moved")
    summary = run_batch(moved, tmp_path / "results", settings, format="json")
    assert read(summary.table) == rows
    other = tmp_path / "other"
    other.mkdir()
    (other / "new.png").write_bytes(png)
    with pytest.raises(OutputError, match=r"holds results of .*moved; choose another folder"):
        run_batch(other, tmp_path / "results", settings)
    assert run_batch(moved, tmp_path / "results", settings, format="json").rows == len(rows)


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"every": 1.0}, "every 0.0, now 1.0"),
        ({"start": 2.0, "end": 3.0}, "from None, now 2.0; to None, now 3.0"),
        ({"min_probability": 0.5, "tracking": False}, "min_probability 0.0, now 0.5; tracking"),
        ({"neutral": "mean"}, "another neutral"),
    ],
)
def test_other_settings_are_refused(batch, settings, options, change):
    rows, _ = batch()
    if "neutral" in options:
        options = {"neutral": NeutralReference(settings.model.mean, 1)}
    others = make_settings(settings.model, **options)
    with pytest.raises(OutputError, match=f"other settings \\({change}.*--restart"):
        batch(settings=others)
    assert batch() == (rows, 0)
    assert batch(settings=others, restart=True)[1] == 5


def test_settings_are_equal_if_model_and_predictor_are(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "landmark_emotion.batch.settings.predictor_digest", lambda path: path.read_text()
    )
    model = settings.model
    for name in "ab":
        (tmp_path / name).write_text("a predictor")
    first = make_settings(model, tmp_path / "a")
    other_info = dataclasses.replace(model, info={"trained": "at another time"})
    assert make_settings(other_info, tmp_path / "b") == first != settings
    other_prior = dataclasses.replace(model, prior=model.prior / 2)
    assert make_settings(other_prior, tmp_path / "b") != first
    with pytest.raises(ValueError, match=r"options must be among .*, got \['speed'\]"):
        make_settings(model, speed=2)


def test_results_may_be_in_the_folder_itself(folder, settings):
    results = folder / "results"
    first = run_batch(folder, results, settings)
    (results / "seen.png").write_bytes((folder / "9.png").read_bytes())
    assert run_batch(folder, results, settings) == first


def test_a_folder_of_something_else_is_refused(batch, tmp_path):
    table = tmp_path / "results" / "results.csv"
    table.parent.mkdir()
    table.write_text("mine")
    for restart in (False, True):
        with pytest.raises(OutputError, match=r"holds 'results\.csv', but not from a batch"):
            batch(restart=restart)
    assert table.read_text() == "mine"


def test_a_damaged_record_is_refused_until_restart(batch, tmp_path):
    rows, _ = batch()
    (tmp_path / "results" / "batch.json").write_text("[]")
    with pytest.raises(OutputError, match=r"damaged, or not from a batch.*--restart"):
        batch()
    assert batch(restart=True) == (rows, 5)


@pytest.mark.parametrize("damage", [lambda part: part[:-9], lambda part: b"", lambda part: b"x"])
def test_damaged_rows_are_made_again_by_the_next_run(batch, tmp_path, damage):
    rows, _ = batch()
    part = max(parts(tmp_path), key=lambda path: path.stat().st_size)
    table = (tmp_path / "results" / "results.jsonl").read_bytes()
    part.write_bytes(damage(part.read_bytes()))
    with pytest.raises(OutputError, match="was damaged and has been removed; run the same command"):
        batch()
    assert (tmp_path / "results" / "results.jsonl").read_bytes() == table
    again, n_done = batch()
    assert again == rows
    assert 0 < n_done < 5


@pytest.mark.parametrize("landmarks", [False, True])
def test_every_format_has_the_same_content(folder, tmp_path, settings, landmarks):
    settings = make_settings(settings.model, landmarks=landmarks)
    results = tmp_path / "results"
    as_json, as_csv = (
        read(run_batch(folder, results, settings, format=format).table)
        for format in ("json", "csv")
    )
    for nested, flat in zip(as_json, as_csv, strict=True):
        assert flat["source"] == nested["source"]
        assert flat["error"] == nested.get("error", "")
        box = [flat[name] for name in ("left", "top", "width", "height")]
        assert box == ([""] * 4 if nested["box"] is None else [str(x) for x in nested["box"]])
        for name, prefix in (("probabilities", "p_"), ("raw_probabilities", "raw_")):
            named = {key: float(flat[f"{prefix}{key}"]) for key in nested[name] or ()}
            assert named == (nested[name] or {})
        assert ("x_0" in flat) == ("landmarks" in nested) == landmarks
        if landmarks and nested["face"] is not None:
            assert [float(flat["x_67"]), float(flat["y_67"])] == nested["landmarks"][67]
    pq = pytest.importorskip("pyarrow.parquet")
    table = run_batch(folder, results, settings, format="parquet").table
    assert table.name == TABLES["parquet"]
    as_parquet = pq.read_table(table).to_pylist()
    for typed, flat in zip(as_parquet, as_csv, strict=True):
        assert {k: "" if v is None else str(v) for k, v in typed.items()} == flat


@pytest.mark.skipif(os.name == "nt", reason="file names are text there")
def test_names_that_are_not_text_and_broken_links(batch, folder, png):
    odd = os.fsdecode(b"\xff.png")
    try:
        (folder / odd).write_bytes(png)
    except OSError:
        pytest.skip("the file system refuses the name")
    (folder / "gone.png").symlink_to("nowhere")
    rows, _ = batch()
    assert [row["face"] for row in rows if row["source"] == odd] == [1]
    assert ["error" in row for row in rows if row["source"] == "gone.png"] == [True]
    rows, _ = batch(format="csv")
    assert [row["face"] for row in rows if row["source"] == odd] == ["1"]


def test_a_folder_without_images_is_refused(tmp_path, settings):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DatasetError, match="contains neither images nor videos"):
        run_batch(tmp_path, tmp_path / "results", settings)
    assert not (tmp_path / "results").exists()


def test_a_folder_that_goes_away_is_no_error_of_its_files(batch, folder, tmp_path):
    def unmount(message):
        folder.rename(tmp_path / "elsewhere")

    with pytest.raises(SourceError, match=r"cannot be read on .*No such file or directory"):
        batch(notify=unmount)
    (tmp_path / "elsewhere").rename(folder)
    rows, n_done = batch()
    assert n_done == 5
    assert sum("error" in row for row in rows) == 2


def test_other_versions_on_a_worker_are_refused(batch, settings):
    known = {**dict(settings.known), "versions": "of last year"}
    with pytest.raises(SourceError, match="instead of of last year; install the same"):
        batch(settings=dataclasses.replace(settings, known=tuple(known.items())))
