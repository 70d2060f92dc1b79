import json

import cv2
import numpy as np
import pytest
from trees import touch

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.model.classifier import SHIPPED, load_model
from landmark_emotion.training.landmark_table import load_table


@pytest.fixture
def table(run, drawn, tmp_path):
    path = tmp_path / "table.npz"
    assert run("extract", drawn, "-o", path, "--jobs", 1).status == 0
    return path


def test_json_has_scores_confusion_and_what_was_skipped(run, model, here, png):
    touch(here / "faces" / "joy" / "1.png", content=png)
    touch(here / "faces" / "joy" / "broken.png", content=png[:100])
    touch(here / "faces" / "sad" / "2.png", content=png + b"other")
    result = run("evaluate", model, "faces", "--json", "--jobs", 1)
    assert result.status == 0
    scores = result.json
    assert scores["n"] == 2
    assert scores["accuracy"] == scores["balanced_accuracy"] == 0.5
    assert scores["recall"] == {"happiness": 1.0, "sadness": 0.0}
    assert scores["confusion"] == {
        "happiness": {"happiness": 1, "sadness": 0},
        "sadness": {"happiness": 1, "sadness": 0},
    }
    (skipped,) = scores["skipped"]
    assert skipped["path"].endswith("broken.png")
    assert skipped["reason"] == "the image is cut off"


def test_the_scores_are_those_of_the_predictions(run, model, table):
    faces, loaded = load_table(table), load_model(model)
    known = np.isin(faces.emotion, loaded.emotions)
    likeliest = loaded.probabilities(faces.landmarks[known]).argmax(axis=1)
    right = np.array(loaded.emotions)[likeliest] == faces.emotion[known]
    scores = run("evaluate", model, table, "--json").json
    assert scores["n"] == known.sum()
    assert scores["accuracy"] == pytest.approx(right.mean())
    assert sum(sum(row.values()) for row in scores["confusion"].values()) == scores["n"]


def test_images_and_their_table_give_the_same(run, model, drawn, table):
    first, second = (run("evaluate", model, data, "--json").json for data in (drawn, table))
    assert first.pop("left_out")["sequence without an emotion file"] == 1
    assert second.pop("left_out").keys() == {"contempt (use --contempt to include it)"}
    for where in ("path", "from_cache"):
        del first[where], second[where]
    assert first == second


def test_contempt_is_counted_if_left_out(run, model, table):
    without, taken_in = run("evaluate", model, table), run("evaluate", model, table, "--contempt")
    assert " 5 x contempt (use --contempt to include it)\n" in without.out
    assert "left out" not in taken_in.out
    assert "\n  contempt " in taken_in.out


def test_text_names_model_and_data(run, model, table):
    result = run("evaluate", model, table)
    words = " ".join(result.out.split())
    assert words.startswith(f"model {model} data set {table} (landmark table), drawn faces")
    assert "balanced accuracy" in result.out


@pytest.mark.parametrize("which", ["model", "dataset"])
def test_missing_files_are_refused(run, model, table, which):
    missing = table.with_name("none.npz")
    arguments = (missing, table) if which == "model" else (model, missing)
    result = run("evaluate", *arguments)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"error: {missing}: no such")
    assert result.err.count("\n") == 1


def test_real_photos_can_be_evaluated(run, model, photos, here):
    for emotion in ("happiness", "neutral"):
        for path in sorted((photos / emotion).glob("*.jpg"))[:3]:
            touch(here / "few" / emotion / path.name, content=path.read_bytes())
    assert run("evaluate", model, "few", "--json", "--jobs", 1).json["n"] == 6


def likeliest(row):
    return max(row["probabilities"], key=row["probabilities"].get)


@pytest.fixture
def shipped():
    return next(path for path in SHIPPED if path.is_file())


def test_answers_with_the_network_are_those_of_image(run, shipped, here, face):
    """Two drawn faces: what is counted must be what `image` says of the same files."""
    for emotion in ("happiness", "surprise"):
        picture = cv2.imencode(".png", draw_face(Subject(), emotion))[1].tobytes()
        touch(here / "faces" / emotion / "1.png", content=picture)
    result = run("evaluate", shipped, "faces", "--json", "--jobs", 1).json
    images = [here / "faces" / name / "1.png" for name in ("happiness", "surprise")]
    rows = run("image", *images, "--model", shipped, "--format", "json").rows
    right = [
        likeliest(row) == name for row, name in zip(rows, ("happiness", "surprise"), strict=True)
    ]
    both = result["with_network"]
    assert both["accuracy"] == np.mean(right)
    shares = [row["network_share"] for row in rows]
    assert both["network_share"] == pytest.approx(np.mean(shares), abs=0.02)


def test_a_table_knows_what_the_network_saw(run, shipped, here, png):
    touch(here / "faces" / "happiness" / "1.png", content=png)
    run("extract", "faces", "-o", "table.npz", "--jobs", 1)
    pictures, table = (run("evaluate", shipped, data) for data in ("faces", "table.npz"))
    assert "with the network" in pictures.out
    at = pictures.out.index("landmarks alone")
    assert pictures.out[at:] == table.out[table.out.index("landmarks alone") :]
    alone = run("evaluate", shipped, "table.npz", "--network", "none")
    assert "network" not in alone.out + alone.err


def test_a_table_without_what_the_network_saw_is_judged_by_landmarks(run, shipped, table):
    result = run("evaluate", shipped, table)
    assert "network" not in result.out
    assert result.err.count("note: the table has features of no network") == 1
    assert run("evaluate", shipped, table, "--json").json["with_network"] is None


def test_the_report_has_both(run, shipped, here, png):
    touch(here / "faces" / "happiness" / "1.png", content=png)
    assert run("evaluate", shipped, "faces", "--report", "r.json", "--jobs", 1).status == 0
    written = json.loads((here / "r.json").read_text())
    assert written["static"]["n"] == written["with_network"]["n"] == 1
