"""The command `explain`."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face

SHIPPED = Path(__file__).parents[2] / "models" / "default.npz"


def save(path, picture):
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


@pytest.fixture
def happy(here, face):
    return save(here / "happy.png", face)


@pytest.fixture
def explain(run, model):
    return lambda *arguments: run("explain", *arguments, "--model", model)


def test_text_explains_and_has_the_numbers_of_the_regions(explain, happy):
    result = explain(happy)
    assert result.status == 0
    first, *sentence, _, score, other = result.out.splitlines()
    sentence = " ".join(sentence)
    assert first.startswith(f"{happy}: face 1: happiness ")
    assert sentence.startswith("  Compared with the average neutral face, ")
    uncertain = explain(happy, "--min-probability", "0.9999999").out
    assert uncertain.startswith(f"{happy}: face 1: uncertain: happiness ")
    assert "which speaks for happiness." in sentence
    assert "mouth" in sentence
    assert score.startswith("    for happiness ")
    assert other.startswith("    against ")
    added = explain(happy, "--json").json["faces"][0]["explanation"]["regions"]
    numbers = [float(word) for word in score.split()[3::2]]
    assert numbers == pytest.approx(list(added.values()), abs=0.051)


def test_json_agrees_with_image(explain, run, model, happy):
    content = explain(happy, "--json").json
    (row,) = run("image", happy, "--format", "json", "--model", model).rows
    assert content["source"] == str(happy)
    (face,) = content["faces"]
    explanation = face.pop("explanation")
    assert face.items() <= row.items()
    assert explanation["emotion"] == face["emotion"] == "happiness"
    added = sum(explanation["landmarks"])
    assert explanation["base"] + added == pytest.approx(explanation["score"])


def test_emotion_option(explain, happy):
    (face,) = explain(happy, "--json", "--emotion", "anger").json["faces"]
    assert face["emotion"] == "happiness"
    assert face["explanation"]["emotion"] == "anger"
    assert face["explanation"]["rather_than"]["emotion"] == "happiness"
    text = explain(happy, "--emotion", "anger").out
    assert "face 1: happiness" in text
    assert "for anger" in text or "against anger" in text


def test_neutral_photo(explain, happy, here):
    rest = save(here / "rest.png", draw_face(Subject(), "neutral"))
    (face,) = explain(happy, "--json", "--neutral", rest).json["faces"]
    assert face["calibration"] == "profile"
    assert face["explanation"]["compared_with"] == "their own neutral face"
    assert "mouth" in face["explanation"]["sentence"]


def test_picture_is_written(explain, happy, here):
    target = here / "folder" / "wärum.PNG"
    result = explain(happy, "-o", target)
    assert result.status == 0
    assert f"picture: {target}" in result.err
    assert result.out.startswith(str(happy))
    picture = cv2.imdecode(np.frombuffer(target.read_bytes(), dtype=np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] == 1120
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_every_face_is_explained(explain, face, here):
    couple = save(here / "couple.png", np.hstack([face, face[:, ::-1]]))
    result = explain(couple, "-o", here / "why.png")
    assert f"{couple}: face 1: " in result.out
    assert f"{couple}: face 2: " in result.out
    assert cv2.imread(str(here / "why.png")).shape[0] > 1200
    assert len(explain(couple, "--json").json["faces"]) == 2


def test_existing_picture_survives_an_image_without_a_readable_face(explain, nobody, here):
    path = save(here / "nobody.png", nobody)
    (here / "why.png").write_text("earlier picture")
    result = explain(path, "-o", here / "why.png")
    assert (result.status, result.out) == (1, f"{path}: no face\n")
    assert (here / "why.png").read_text() == "earlier picture"
    result = explain(path, "--json")
    assert (result.status, result.json) == (1, {"source": str(path), "faces": []})
    result = explain(here / "none.png", "-o", here / "why.png")
    assert (result.status, result.out) == (1, "")
    assert f"error: {here / 'none.png'}: no such file; check the path\n" in result.err
    assert (here / "why.png").read_text() == "earlier picture"


def test_small_faces_are_searched_for_or_reported(explain, face, here, monkeypatch):
    small = save(here / "small.png", cv2.resize(face, None, fx=0.3, fy=0.3))
    assert explain(small, "--min-face", 40).status == 0
    assert explain(small, "--min-face", 200).status == 1
    monkeypatch.setattr("landmark_emotion.faces.search.MAX_SEARCHED", 1000)
    assert f"note: {small}: too large to search for faces below" in explain(small).err


@pytest.mark.parametrize("name", ["why", "why.doc", "happy.png/why.png"])
def test_unwritable_picture_is_reported_before_the_work(explain, happy, here, name):
    result = explain(happy, "-o", here / name)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"error: {here / name}: cannot be written")
    assert result.err.count("\n") == 1


def test_unknown_emotion_is_an_error(explain, happy):
    result = explain(happy, "--emotion", "contempt")
    assert (result.status, result.out) == (1, "")
    assert "error: contempt: not an emotion of the model; choose one of anger, " in result.err
    assert "error: boredom: not an emotion of" in explain(happy, "--emotion", "boredom").err
    assert explain(happy, "--emotion", "=1").status == 2


def test_text_says_what_landmarks_and_network_each_say(run, happy):
    lines = run("explain", happy, "--model", SHIPPED).out.splitlines()
    assert lines[1].startswith("  landmarks ")
    assert ", network " in lines[1]
    other = run("explain", happy, "--model", SHIPPED, "--emotion", "fear").out.splitlines()
    assert other[1].startswith("  fear ")
    told = " ".join(line.strip() for line in lines)
    assert "which speaks for happiness" in told
    assert "The network looks at" in told
    assert "add to the landmarks' score:" in told


def test_json_says_what_landmarks_and_network_each_say(run, happy):
    (face,) = run("explain", happy, "--model", SHIPPED, "--json").json["faces"]
    network = face["explanation"]["network"]
    share, emotion = network["share"], face["emotion"]
    mixed = (1 - share) * network["landmarks"][emotion] + share * network["network"][emotion]
    assert mixed == pytest.approx(face["probability"], abs=1e-5)
    assert network["occlusion"]["emotion"] == emotion
    (other,) = run("explain", happy, "--model", SHIPPED, "--json", "--emotion", "fear").json[
        "faces"
    ]
    assert other["explanation"]["network"]["sentence"].startswith("fear ")
    assert other["explanation"]["network"]["occlusion"]["emotion"] == "fear"


def test_without_a_network_nothing_is_said_of_it(run, happy, here):
    rest = save(here / "rest.png", draw_face(Subject(), "neutral"))
    for options in (["--network", "none"], ["--neutral", rest]):
        command = ["explain", happy, "--model", SHIPPED, *options]
        result = run(*command, "-o", here / "why.png")
        assert "(share" not in result.out
        assert "The network" not in result.out
        (face,) = run(*command, "--json").json["faces"]
        assert "network" not in face["explanation"]
        low = cv2.imread(str(here / "why.png")).shape[0]
        run("explain", happy, "--model", SHIPPED, "-o", here / "both.png")
        assert cv2.imread(str(here / "both.png")).shape[0] > low + 200
