import contextlib
import csv
import dataclasses
import json
import os
import shutil

import pytest

from landmark_emotion.batch import TABLES, make_settings, run_batch
from landmark_emotion.batch.parts import Parts
from landmark_emotion.batch.recognition import recognize_unit
from landmark_emotion.batch.recovery import WorkerDiedError, do_all
from landmark_emotion.batch.units import File, Unit, make_units
from landmark_emotion.errors import DatasetError, OutputError, SourceError
from landmark_emotion.model.classifier import default_model, load_model
from landmark_emotion.model.neutral import NeutralReference


@pytest.fixture(scope="module")
def settings():
    return make_settings(load_model(default_model()))


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Do without worker processes, which take seconds to start; test_cli_batch.py has them."""

    @contextlib.contextmanager
    def processes(folder, settings, jobs):
        yield lambda units: (recognize_unit(unit, folder, settings) for unit in units)

    monkeypatch.setattr("landmark_emotion.batch.run.processes", processes)


@pytest.fixture
def folder(tmp_path, png):
    """Faces, some with odd names, and what is none."""
    folder = tmp_path / "recordings"
    (folder / "ü, 'b'").mkdir(parents=True)
    for name in ("10.png", "9.png", "ü, 'b'/a \"\n.png"):
        (folder / name).write_bytes(png)
    (folder / "broken.jpg").write_bytes(png[:99])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "notes.txt").write_text("nothing to see")
    return folder


@pytest.fixture
def batch(folder, tmp_path, settings):
    """Run a batch; gives the rows of its table and how many files were done."""

    def run(**options):
        n_done = []
        options = {"settings": settings, "format": "json"} | options
        options["progress"] = lambda items, total: (n_done.append(1) or item for item in items)
        summary = run_batch(folder, tmp_path / "results", **options)
        rows = read(summary.table)
        assert summary.rows == len(rows)
        assert summary.files == len({row["source"] for row in rows})
        return rows, len(n_done)

    return run


def read(table):
    if table.suffix == ".jsonl":
        return [json.loads(line) for line in table.read_text().splitlines()]
    with table.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def parts(tmp_path):
    return sorted((tmp_path / "results" / "parts").iterdir())


def file(name, size=1):
    return File(name, size, 0)


def test_every_file_has_rows_in_natural_order(batch):
    rows, _ = batch()
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


def test_nothing_is_done_twice(batch):
    first, n_done = batch()
    assert n_done == 5
    assert batch() == (first, 0)
    assert batch(restart=True) == (first, 5)


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
    assert len(parts(tmp_path)) == 3  # images, and a video each; nothing of what was before


def test_a_moved_folder_goes_on_and_another_is_refused(
    batch, folder, tmp_path, settings, png, monkeypatch
):
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
        ({"min_probability": 0.5, "tracking": False}, "min_probability 0.0, now 0.5; tracking"),
        ({"neutral": "mean"}, "another neutral"),
    ],
)
def test_other_settings_are_refused(batch, tmp_path, settings, options, change):
    rows, _ = batch()
    if "neutral" in options:
        options = {"neutral": NeutralReference(settings.model.mean, 1)}
    others = make_settings(settings.model, **options)
    with pytest.raises(OutputError, match=f"other settings \\({change}.*--restart"):
        batch(settings=others)
    assert batch() == (rows, 0)
    _, n_done = batch(settings=others, restart=True)
    assert n_done == 5


def test_settings_are_equal_where_model_and_predictor_are(settings, tmp_path):
    model = dataclasses.replace(settings.model, info={"trained": "at another time"})
    copy = tmp_path / "predictor.dat"
    shutil.copy(settings.predictor, copy)
    assert make_settings(model, copy) == settings
    assert make_settings(dataclasses.replace(model, prior=model.prior / 2), copy) != settings
    with pytest.raises(ValueError, match=r"options must be among .*, got \['speed'\]"):
        make_settings(model, speed=2)


def test_results_may_lie_in_the_folder(folder, settings):
    results = folder / "results"
    first = run_batch(folder, results, settings)
    (results / "seen.png").write_bytes((folder / "9.png").read_bytes())
    assert run_batch(folder, results, settings) == first


def test_files_of_something_else_are_kept(batch, tmp_path):
    table = tmp_path / "results" / "results.csv"
    table.parent.mkdir()
    table.write_text("mine")
    for restart in (False, True):
        with pytest.raises(OutputError, match=r"holds 'results\.csv', which is of something else"):
            batch(restart=restart)
    assert table.read_text() == "mine"


def test_a_damaged_record_is_told_and_can_be_given_up(batch, tmp_path):
    rows, _ = batch()
    (tmp_path / "results" / "batch.json").write_text("[]")
    with pytest.raises(OutputError, match=r"damaged or of something else.*--restart"):
        batch()
    assert batch(restart=True) == (rows, 5)


@pytest.mark.parametrize("damage", [lambda part: part[:-9], lambda part: b"", lambda part: b"x"])
def test_a_damaged_part_is_done_again(batch, tmp_path, damage):
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


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_text(batch, folder, tmp_path, png):
    try:
        (folder / os.fsdecode(b"\xff.png")).write_bytes(png)
    except OSError:
        pytest.skip("not on this file system")
    (folder / "gone.png").symlink_to("nowhere")
    rows, _ = batch()
    odd = os.fsdecode(b"\xff.png")
    assert [row["face"] for row in rows if row["source"] == odd] == [1]
    assert ["error" in row for row in rows if row["source"] == "gone.png"] == [True]
    rows, n_done = batch(format="csv")
    assert n_done == 0
    assert [row["face"] for row in rows if row["source"] == odd] == ["1"]


def test_a_folder_without_images_is_refused(tmp_path, settings):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DatasetError, match="holds neither images nor videos"):
        run_batch(tmp_path, tmp_path / "results", settings)
    assert not (tmp_path / "results").exists()


def test_a_folder_that_goes_away_is_no_error_of_its_files(batch, folder, tmp_path):
    def unmount(message):
        folder.rename(tmp_path / "elsewhere")

    with pytest.raises(SourceError, match="cannot be seen by"):
        batch(tell=unmount)
    (tmp_path / "elsewhere").rename(folder)
    rows, n_done = batch()
    assert n_done == 5
    assert sum("error" in row for row in rows) == 2


def test_another_version_on_a_worker_is_refused(batch, settings):
    known = {**dict(settings.known), "versions": "of last year"}
    with pytest.raises(SourceError, match="instead of of last year; install the same"):
        batch(settings=dataclasses.replace(settings, known=tuple(known.items())))


def test_a_new_image_changes_one_unit_only():
    files = [file(f"{number:04}.png") for number in range(2000)]
    files.insert(1000, file("0999.mp4"))
    before = make_units(files)
    assert sorted(f.name for unit in before for f in unit.files) == sorted(f.name for f in files)
    assert Unit((file("0999.mp4"),)) in before
    assert max(len(unit.files) for unit in before) <= 96
    assert 20 < len(before) < 150
    after = make_units([*files[:500], file("0499b.png"), *files[500:]])
    assert len(set(before) - set(after)) <= 2


def test_parts_are_of_a_file_as_it_was(tmp_path, settings):
    kept = Parts(tmp_path, settings)
    kept.keep(Unit((file("a.png"),)), b"")
    assert Unit((file("a.png"),)) in kept
    for other in (file("b.png"), file("a.png", size=2), File("a.png", 1, 7)):
        assert Unit((other,)) not in kept
    assert Unit((file("a.png"),)) not in Parts(tmp_path, make_settings(settings.model, every=1))


def at_work(deadly, under_way=4):
    """Work that dies of some files, with others under way that are lost with it."""

    def work(units):
        for at, unit in enumerate(units):
            ahead = units[at : at + under_way]
            if any(f.name in deadly for other in ahead for f in other.files):
                raise WorkerDiedError
            yield unit, b"rows"

    return work


@pytest.mark.parametrize("deadly", [(), ("7.png",), ("0.png", "150.png", "199.png")])
def test_all_but_what_workers_die_of_is_done(deadly):
    files = [file(f"{number}.png") for number in range(200)]
    units = [Unit(tuple(files[at : at + 8])) for at in range(0, 200, 8)]
    outcomes = list(do_all(units, at_work(deadly)))
    done = [f.name for unit, part in outcomes if part is not None for f in unit.files]
    lost = [f.name for unit, part in outcomes if part is None for f in unit.files]
    assert sorted(lost) == sorted(deadly)
    assert sorted(done + lost) == sorted(f.name for f in files)


def test_a_death_that_was_not_the_units_loses_nothing():
    died = []

    def work(units):
        yield units[0], b"rows"
        if not died:
            died.append(True)
            raise WorkerDiedError
        for unit in units[1:]:
            yield unit, b"rows"

    units = [Unit((file("a.png"), file("b.png"))), Unit((file("c.mp4"),))]
    assert list(do_all(units, work)) == [(unit, b"rows") for unit in units]
    died.clear()
    assert list(do_all(units[:1], work)) == [(units[0], b"rows")]
