import dataclasses
import json
import re
import shutil

import numpy as np
import pytest
import synthetic
from trees import ckplus, touch

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.model.classifier import SHIPPED, TRAINED_HERE, load_model
from landmark_emotion.training.landmark_table import LandmarkTable, load_table

QUICK = ("--runs", 2, "--jobs", 1)


@pytest.fixture
def table(here):
    """A small table of synthetic people whose expressions are hard to tell apart."""
    people = synthetic.table(n_subjects=8, emotions=("anger", "neutral", "surprise"), noise=3)
    people.save(here / "people.npz")
    return here / "people.npz"


@pytest.fixture
def instead_of_drawing(monkeypatch, drawn):
    """Copy three drawn people instead of drawing; record the targets."""
    copied = []

    def copy(folder, *_, **__):
        shutil.copytree(drawn, folder, ignore=shutil.ignore_patterns("S00[45]"))
        copied.append(folder)

    monkeypatch.setattr("landmark_emotion.cli.train.draw_dataset", copy)
    return copied


def accuracies(text: str) -> list[float]:
    runs = re.search(r"^  \d+ runs?: ([\d.\s]+) %", text, re.M)[1]
    return [float(run) / 100 for run in runs.split()]


def test_every_run_is_printed_with_mean_and_standard_deviation(trained):
    printed = accuracies(trained.result.out)
    assert len(printed) == 7
    found = re.search(r"mean ([\d.]+) %, SD ([\d.]+) %", trained.result.out.replace("\n    ", " "))
    mean, deviation = (float(number) / 100 for number in found.groups())
    assert mean == pytest.approx(np.mean(printed), abs=1e-3)
    assert deviation == pytest.approx(np.std(printed), abs=1e-3)


def test_the_output_fits_80_columns_unless_a_path_does_not(trained):
    lines = trained.result.out.splitlines()
    assert all(len(line) < 80 for line in lines if str(trained.model.parents[1]) not in line)


def test_the_verdict_is_the_score_on_unseen_people(trained):
    static = trained.report["static"]
    (line,) = (line for line in trained.result.out.splitlines() if line.startswith("expect "))
    numbers = [float(number) for number in re.findall(r"[\d.]+(?= )", line)]
    low, high = static["interval_95"]["accuracy"]
    expected = [static["accuracy"], low, high, static["majority_baseline"]]
    assert numbers == pytest.approx([100 * value for value in expected], abs=0.051)


def test_the_report_agrees_with_the_output(trained):
    report, out = trained.report, trained.result.out
    assert report["shuffled"]["accuracies"] == pytest.approx(accuracies(out), abs=6e-4)
    assert report["shuffled"]["mean"] == pytest.approx(np.mean(report["shuffled"]["accuracies"]))
    assert report["counts"]["neutral"] == 35
    assert report["subjects"] == 5
    assert report["left_out"]["contempt (use --contempt to include it)"] == 5
    assert report["left_out"]["sequence without an emotion file"] == 1
    assert report["skipped"] == []


def test_drawn_faces_are_always_labeled(trained, drawn):
    out = trained.result.out
    assert "(CK/CK+ tree), drawn faces read" in " ".join(out.split())  # wrapped
    assert out.count("(drawn faces)\n") == 3  # each table of scores
    assert "on drawn people" in out
    assert "these faces are drawn" in trained.result.err
    assert trained.report["data"]["drawn"] is True
    assert load_model(trained.model).info["data"]["drawn"] is True


def test_the_model_is_trained_on_all_samples(trained, drawn):
    loaded = load_model(trained.model)
    assert set(loaded.emotions) == set(trained.report["counts"])
    assert sum(loaded.info["counts"].values()) == 65
    words = trained.result.out.split()
    assert f"{trained.model}," in words
    assert words[-3:] == ["webcam", "--model", str(trained.model)]


def test_nothing_else_is_written(trained):
    assert sorted(path.name for path in trained.model.parent.iterdir()) == [
        "model.npz",
        "report.json",
    ]


def test_the_second_run_uses_cached_landmarks(trained, run, here, drawn):
    result = run("train", drawn, "--output", "m.npz", "--jobs", 1)
    assert result.status == 0
    assert "landmarks of 65 cached" in " ".join(result.out.split())
    assert accuracies(result.out) == accuracies(trained.result.out)  # the same seed


OWN = (*QUICK, "--cache", "own")  # the other tests share a cache
KNOWN = "scores: from the cache; data and options are those of an earlier run\n"


def test_cached_scores_are_printed_and_written_the_same(run, table, here):
    pytest.importorskip("matplotlib")
    first = run("train", table, *OWN, "--output", "first.npz", "--report", "first")
    again = run("train", table, *OWN, "--output", "again.npz", "--report", "again")
    assert again.status == 0
    assert again.out == first.out.replace("first", "again")
    assert KNOWN not in first.err
    assert KNOWN in again.err
    models = [load_model(name) for name in ("first.npz", "again.npz")]
    np.testing.assert_array_equal(models[0].static.weights, models[1].static.weights)
    reports = [json.loads((here / name / "report.json").read_text()) for name in ("first", "again")]
    for one, other in (reports, [dict(model.info) for model in models]):
        assert {**one, "date": ""} == {**other, "date": ""}
    pictures = [
        {path.name: path.read_bytes() for path in (here / name).glob("*.png")}
        for name in ("first", "again")
    ]
    assert pictures[0] == pictures[1] != {}


@pytest.mark.parametrize("option", [("--seed", 1), ("--folds", 3), ("--test-size", 0.4)])
def test_other_options_are_scored_again(run, table, option):
    run("train", table, *OWN)
    assert KNOWN not in run("train", table, *OWN, *option).err
    assert KNOWN in run("train", table, *OWN, *option).err


def test_a_table_gives_the_same_scores_as_its_images(trained, run, here, drawn):
    assert run("extract", drawn, "-o", "table.npz").status == 0
    result = run("train", "table.npz", "--output", "m.npz", "--report", "r.json", "--jobs", 1)
    assert result.status == 0
    assert "table.npz (landmark table), drawn faces\n" in result.out
    report = json.loads((here / "r.json").read_text())
    about_data = {"data", "date", "path", "left_out", "skipped", "from_cache"}
    for key in report.keys() - about_data:
        assert report[key] == trained.report[key], key
    probe = load_table("table.npz").landmarks
    models = [load_model(path) for path in ("m.npz", trained.model)]
    first, second = (model.probabilities(probe) for model in models)
    assert np.allclose(first, second)


def test_split_options(run, table):
    result = run("train", table, "--runs", 3, "--test-size", 0.5, "--folds", 2, "--jobs", 1)
    assert result.status == 0
    assert len(accuracies(result.out)) == 3
    assert "50 % held out, seed 0" in result.out
    assert "2 folds of 8 subjects" in result.out


def test_the_seed_determines_the_splits(run, table):
    first, again, other = (
        accuracies(run("train", table, "--jobs", 1, "--seed", seed).out) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_the_default_output_is_in_models(run, table, here):
    result = run("train", table, *QUICK)
    assert result.status == 0
    assert [path.name for path in (here / "models").iterdir()] == ["emotion.npz"]
    assert result.out.split()[-2:] == ["landmark-emotion", "webcam"]
    assert "drawn" not in result.out + result.err


def test_contempt_is_optional(run, here):
    synthetic.table(n_subjects=4, emotions=EMOTIONS).save("people.npz")
    without, taken_in = (
        run("train", "people.npz", *QUICK),
        run("train", "people.npz", "--contempt", *QUICK),
    )
    assert "4 x contempt (use --contempt to include it)\n" in without.out
    assert "left out" not in taken_in.out
    assert set(load_model("models/emotion.npz").emotions) == set(EMOTIONS)


@pytest.mark.parametrize("output", ["file/model.npz", "folder"])
def test_an_unwritable_model_is_refused_first(run, table, here, output):
    touch(here / "file")
    (here / "folder").mkdir()
    result = run("train", table, *QUICK, "--output", output)
    assert result.status == 1
    assert re.fullmatch(
        rf"error: {output}: cannot be written \(.*\); .*", result.err.splitlines()[-1]
    )
    assert sorted(path.name for path in here.rglob("*")) == ["file", "folder", "people.npz"]


@pytest.mark.parametrize(
    ("which", "complaint"),
    [
        (slice(0, 1), "training needs two or more faces"),
        (slice(0, 0), "people.npz: no usable face (it is empty)"),
    ],
)
def test_too_few_samples_are_refused(run, table, which, complaint):
    whole = load_table(table)
    whole.take(np.arange(len(whole))[which]).save(table)
    result = run("train", table, *QUICK)
    assert (result.status, result.out) == (1, "")
    assert complaint in result.err.splitlines()[-1]
    assert result.err.count("error:") == 1


@pytest.mark.parametrize("name", ["none", "none.npz", "none.csv"])
def test_a_missing_data_set_is_refused(run, here, name):
    result = run("train", name)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"error: {name}: no such ")
    assert result.err.count("\n") == 1


def test_faces_are_drawn_without_a_data_set(run, here, instead_of_drawing):
    for when in ("first", "second"):
        result = run("train", *QUICK)
        assert result.status == 0, when
        assert len(instead_of_drawing) == 1, when  # not drawn again
        assert "no data set was named and none is in data/" in result.err
        assert "drawn-faces (CK/CK+ tree), drawn faces\n" in result.out
    assert load_model("models/emotion.npz").info["data"]["drawn"] is True


@pytest.mark.parametrize("layout", ["table", "folder", "itself", "manifest"])
def test_the_data_set_in_data_is_found(run, here, drawn, instead_of_drawing, layout):
    images = [*sorted(drawn.rglob("*_001_*03.png"))[:3], *sorted(drawn.rglob("*_007_*03.png"))[:3]]
    place = {"folder": "data/mine", "itself": "data", "manifest": "data"}.get(layout)
    touch(here / "data" / "README.md", here / "data" / ".DS_Store", here / "data" / "film.mp4")
    if layout == "table":
        synthetic.table(n_subjects=3).save(here / "data" / "mine.npz")
    else:
        for image in images:
            emotion = "anger" if "_001_" in image.name else "surprise"
            touch(here / place / emotion / image.name, content=image.read_bytes())
    if layout == "manifest":
        names = [path.relative_to(here / "data") for path in (here / "data").rglob("*.png")]
        lines = [f"{name.as_posix()},{name.parts[0]}" for name in names]
        (here / "data" / "list.csv").write_text("\n".join(["path,emotion", *lines]))
    # Faces drawn earlier are ignored.
    shutil.copytree(drawn, here / "data" / "drawn-faces")
    result = run("train", *QUICK, "--test-size", 0.4)
    assert result.status == 0, result.err
    expected = {"table": "mine.npz", "folder": "mine", "itself": "data", "manifest": "list.csv"}
    assert re.search(rf"no data set was named; using \S*{expected[layout]}\n", result.err)
    assert "drawn faces\n" not in result.out.replace("folder of drawn faces\n", "")
    assert not instead_of_drawing


def test_unusable_folders_in_data_are_reported(run, here, instead_of_drawing):
    ckplus(here / "data" / "CK", {"S005_001": ([1, 2], None)}, labels="none")
    result = run("train", *QUICK)
    assert result.status == 0
    note, drawing, *_ = result.err.splitlines()
    assert "frames of CK but no emotion files" in note
    assert "drawing sample faces" in drawing


def test_unknown_subjects_are_not_called_unseen(run, table, here):
    people = load_table(table)
    LandmarkTable(**(vars(people) | {"subject": np.full(len(people), "")})).save(table)
    result = run("train", table, *QUICK)
    assert result.status == 0
    assert not re.search("(unseen|new) people", result.out)
    assert "on unseen samples" in result.out


def test_shared_sequences_cause_a_warning(run, here):
    synthetic.table(n_subjects=4, frames=3).save("people.npz")
    assert "warning: " in run("train", "people.npz", *QUICK).out


def test_the_shipped_model_is_never_replaced(run, drawn):
    before = SHIPPED[-1].read_bytes()
    result = run("train", drawn, "--output", SHIPPED[-1])
    assert result.status == 1
    assert "is the built-in model; choose another name" in result.err
    assert SHIPPED[-1].read_bytes() == before


def test_drawn_faces_never_replace_a_model_of_real_ones(run, drawn, here, model):
    dataclasses.replace(load_model(model), info={"data": {"drawn": False}}).save(TRAINED_HERE)
    before = TRAINED_HERE.read_bytes()
    result = run("train", drawn, *QUICK)
    assert result.status == 0
    assert TRAINED_HERE.read_bytes() == before
    assert "is kept; this model is written to" in result.err
    assert TRAINED_HERE.with_name("drawn.npz").is_file()


def test_skipped_images_are_listed_if_too_few_are_left(run, here, png):
    for name, content in (("happy/a.jpg", b"text"), ("neutral/a.png", png), ("neutral/b.png", png)):
        path = here / "faces" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    result = run("train", "faces")
    assert result.status == 1
    assert "a.jpg: not an image or damaged" in result.err
    assert result.err.splitlines()[-1].startswith("error: faces: training needs two or more faces")


def test_archives_in_data_are_reported(run, here, instead_of_drawing):
    (here / "data").mkdir()
    (here / "data" / "Emotion_labels.zip").write_bytes(b"PK")
    result = run("train", *QUICK, "--folds", "2")
    assert "Emotion_labels.zip: is an archive; unpack it" in result.err


def test_models_store_no_subjects(trained):
    people = trained.report["counts_per_subject"]
    assert people.keys() == trained.report["static"]["subjects"].keys()
    assert load_model(trained.model).info["static"]["accuracy"] > 0
    header = str(dict(load_model(trained.model).info))
    assert not any(person in header for person in people)


CLASSES = ("bored", "drowsy", "eyes shut", "neutral")


def test_classes_of_any_name_are_trained(run, here):
    synthetic.table(8, CLASSES).save("own.npz")
    result = run("train", "own.npz", "--output", "own-model.npz", "--folds", 4, "--runs", 1)
    assert result.status == 0
    assert load_model("own-model.npz").emotions == CLASSES
    assert "eyes shut" in result.out
    assert "no neutral" not in result.err


def test_some_classes_are_trained(run, here):
    synthetic.table(8, CLASSES).save("own.npz")
    names = "Bored, drowsy,pain".lower()
    result = run("train", "own.npz", "--output", "x.npz", "--folds", 4, "--emotions", names)
    assert load_model("x.npz").emotions == ("bored", "drowsy")
    assert "8 x eyes shut" in result.out
    assert "warning: no faces of pain; check the names" in result.err
    assert "warning: no neutral faces: every face at rest will get one" in result.err
    evaluated = run("evaluate", "x.npz", "own.npz", "--emotions", "bored,drowsy", "--json")
    assert set(evaluated.json["recall"]) == {"bored", "drowsy"}


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ("0:anger", "must be pairs such as 0=anger, or one of affectnet, ckplus, fer2013, rafdb"),
        ("0=", "'' is no name for a class"),
        ("=anger", "must be pairs"),
    ],
)
def test_wrong_meanings_are_refused(run, here, labels, complaint):
    result = run("train", "data", "--labels", labels)
    assert result.status == 2
    assert complaint in result.err


def test_the_meaning_of_labels_is_the_users(run, here, png):
    for number, name in enumerate("121"):
        touch(here / "faces" / name / f"{number}.png", content=png + bytes([number]))
    result = run("extract", "faces", "-o", "t.npz", "--jobs", 1)
    assert result.status == 1
    assert "are numbers, which mean something else in every data set; say" in result.err
    run("extract", "faces", "-o", "t.npz", "--jobs", 1, "--labels", "1=bored,2=happy")
    assert load_table("t.npz").emotion.tolist() == ["bored", "bored", "happiness"]
    run("extract", "faces", "-o", "t.npz", "--jobs", 1, "--labels", "rafdb")
    assert load_table("t.npz").emotion.tolist() == ["surprise", "surprise", "fear"]
