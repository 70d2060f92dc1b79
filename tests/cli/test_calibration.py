"""Calibration, profiles and photos as reference, by all commands that take them."""

import json

import cv2
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face


@pytest.fixture(autouse=True)
def settings(here, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here / "settings"))
    monkeypatch.setenv("APPDATA", str(here / "settings"))
    return here / "settings"


@pytest.fixture(scope="module")
def shown():
    """A neutral and a smiling face of one person, as PNG."""
    return [
        cv2.imencode(".png", draw_face(Subject(), emotion))[1].tobytes()
        for emotion in ("neutral", "happiness")
    ]


@pytest.fixture
def photos(here, shown):
    """Ten neutral pictures of a person, then five smiling ones."""
    folder = here / "photos"
    folder.mkdir()
    for number in range(15):
        (folder / f"{number:02}.png").write_bytes(shown[number >= 10])
    return folder


def _modes(result):
    return [row["calibration"] for row in result.rows]


def test_calibration_lasts_for_the_given_seconds(run, model, photos):
    result = run(
        "webcam", "--source", photos, "--model", model, "--format", "json", "--calibrate", "0.5"
    )
    assert _modes(result) == ["calibrating"] * 13 + ["calibrated"] * 2
    assert "look neutral for 0.5 seconds" in result.err
    assert "calibrated 1 face" in result.err


def test_profile_is_stored_and_used_again(run, model, photos, settings):
    options = ("webcam", "--source", photos, "--model", model, "--format", "json")
    first = run(*options, "--calibrate", "0.5", "--profile", "anna")
    (saved,) = settings.rglob("anna.json")
    assert f"profile: {saved}" in first.err
    assert len(json.loads(saved.read_text())["features"]) == 136
    again = run(*options, "--profile", "anna")
    assert set(_modes(again)) == {"profile"}
    image = run(
        "image", photos / "14.png", "--model", model, "--format", "json", "--profile", saved
    )
    assert _modes(image) == ["profile"]


def test_photo_is_the_reference(run, model, photos):
    options = ("image", photos / "12.png", "--model", model, "--format", "json")
    (static,), (compared,) = run(*options).rows, run(*options, "--neutral", photos / "00.png").rows
    assert compared["calibration"] == "profile"
    assert static["smile_width"] < 1 < compared["smile_width"]
    assert compared["emotion"] == "happiness"
    text = run(*options[:4], "--neutral", photos / "00.png").out
    assert text.rstrip().endswith("profile")


def test_estimate_takes_over_after_a_second(run, model, video):
    options = ("--model", model, "--format", "json", "--calibrate", "auto")
    result = run("webcam", "--source", video, *options)
    modes = [mode for mode in _modes(result) if mode]
    assert modes[0] == "static"
    assert modes[-1] == "automatic"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--profile", "nobody"), "no such profile"),
        (("--profile", "../../etc/passwd"), "not a name for a profile"),
        (("--neutral", "none.jpg"), "no such file"),
        (("--neutral", "photos/empty.png"), "no face found"),
    ],
)
def test_unusable_reference_is_an_error(run, model, photos, nobody, options, complaint):
    cv2.imwrite(str(photos / "empty.png"), nobody)
    result = run("image", photos / "00.png", "--model", model, *options)
    assert result.status == 1
    assert complaint in result.err.splitlines()[-1]


@pytest.mark.parametrize("command", [["webcam", "--source"], ["video"]])
def test_source_that_ends_during_calibration(run, model, photos, settings, command):
    options = (*command, photos, "--model", model, "--calibrate", "5", "--max-frames", 2)
    result = run(*options, "--profile", "bob")
    assert result.status == 1
    assert "ended during calibration" in result.err
    assert not list(settings.rglob("bob.json"))
    assert run(*options).status == 0


@pytest.mark.parametrize("command", [["webcam", "--source"], ["video"]])
def test_calibration_without_a_face_leaves_the_profile_as_it_was(run, model, here, nobody, command):
    (here / "empty").mkdir()
    for number in range(14):
        cv2.imwrite(str(here / "empty" / f"{number:02}.png"), nobody)
    (here / "anna.json").write_text("earlier profile")
    options = (*command, "empty", "--model", model, "--calibrate", "0.5")
    result = run(*options, "--profile", "anna.json")
    assert result.status == 1
    assert "no face was seen from the front" in result.err
    assert (here / "anna.json").read_text() == "earlier profile"
    assert run(*options).status == 0


@pytest.mark.parametrize("command", [["webcam"], ["video", "a.mp4"]])
@pytest.mark.parametrize("reference", [["--profile", "anna"], ["--neutral", "anna.jpg"]])
def test_auto_excludes_other_references(run, command, reference):
    result = run(*command, "--calibrate", "auto", *reference)
    assert result.status == 2
    assert "'auto' cannot be used with --profile or --neutral" in result.err


@pytest.mark.parametrize("command", [["webcam", "--source"], ["video"]])
def test_profile_that_cannot_be_stored_is_reported_before_the_work(
    run, model, photos, here, command
):
    (here / "file").write_text("x")
    options = ("--calibrate", "0.5", "--profile", "file/anna.json")
    result = run(*command, photos, "--model", model, *options)
    assert (result.status, result.out) == (1, "")
    assert "cannot be written" in result.err.splitlines()[-1]


def test_improbable_emotion_is_called_uncertain(run, model, photos):
    options = ("image", photos / "12.png", "--model", model)
    (row,) = run(*options, "--format", "json", "--min-probability", "0.9999999").rows
    assert row["emotion"] == "uncertain"
    assert max(row["probabilities"].values()) == pytest.approx(row["probability"])
    assert "uncertain" in run(*options, "--min-probability", "0.9999999").out
    assert "uncertain" not in run(*options, "--min-probability", "0.01").out
    assert "uncertain" not in run(*options, "--min-probability", 0, "--min-quality", 0).out


def test_evaluate_with_own_neutral_faces(run, model, drawn):
    plain = run("evaluate", model, drawn, "--json").json
    compared = run("evaluate", model, drawn, "--json", "--calibrate", "neutral").json
    assert plain["n_with_own_neutral"] == 0
    assert compared["n_with_own_neutral"] == compared["n"] == plain["n"]


def test_evaluate_needs_neutral_faces(run, model, here):
    (here / "anger").mkdir()
    cv2.imwrite(str(here / "anger" / "a.png"), draw_face(Subject(), "anger"))
    result = run("evaluate", model, here, "--calibrate", "neutral")
    assert result.status == 1
    assert "no subject has a neutral face" in result.err


def test_evaluate_with_estimates(run, model, drawn, here):
    compared = run("evaluate", model, drawn, "--json", "--calibrate", "auto").json
    assert compared["n_with_own_neutral"] == compared["n"]
    text = run("evaluate", model, drawn, "--calibrate", "auto").out
    assert "faces are compared with an estimate from all faces of the person" in text
    (here / "anger").mkdir()
    cv2.imwrite(str(here / "anger" / "a.png"), draw_face(Subject(), "anger"))
    result = run("evaluate", model, here, "--calibrate", "auto")
    assert result.status == 1
    assert "no subject has three faces" in result.err
