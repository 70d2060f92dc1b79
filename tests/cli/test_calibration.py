import json

import cv2
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face


@pytest.fixture(autouse=True)
def settings(here, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here / "settings"))
    monkeypatch.setenv("APPDATA", str(here / "settings"))
    return here / "settings"


@pytest.fixture
def photos(here):
    """Ten pictures of a person at rest, then five of the same person smiling."""
    folder = here / "photos"
    folder.mkdir()
    for number in range(15):
        emotion = "neutral" if number < 10 else "happiness"
        cv2.imwrite(str(folder / f"{number:02}.png"), draw_face(Subject(), emotion))
    return folder


def _modes(result):
    return [row["calibration"] for row in result.rows]


def test_calibration_runs_for_its_seconds_and_then_counts(run, model, photos):
    result = run(
        "webcam", "--source", photos, "--model", model, "--format", "json", "--calibrate", "0.5"
    )
    # Image sequences run at 25 frames a second, but there are only 15.
    assert _modes(result) == ["calibrating"] * 13 + ["calibrated"] * 2
    assert "look neutral for 0.5 seconds" in result.err
    assert "calibrated on 1 face" in result.err


def test_a_profile_is_kept_and_used_again(run, model, photos, settings):
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


def test_a_photo_can_be_the_reference(run, model, photos):
    options = ("image", photos / "12.png", "--model", model, "--format", "json")
    (static,), (compared,) = run(*options).rows, run(*options, "--neutral", photos / "00.png").rows
    assert compared["calibration"] == "profile"
    assert compared["probabilities"] != static["probabilities"]
    assert compared["emotion"] == "happiness"


def test_the_estimate_takes_over_after_a_second(run, model, video):
    result = run(
        "webcam",
        "--source",
        video,
        "--model",
        model,
        "--format",
        "json",
        "--calibrate",
        "auto",
    )
    modes = [mode for mode in _modes(result) if mode]
    assert modes[0] == "static"
    assert modes[-1] == "automatic"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--profile", "nobody"), "no such profile"),
        (("--profile", "../../etc/passwd"), "cannot name a profile"),
        (("--neutral", "none.jpg"), "no such file"),
        (("--neutral", "photos/empty.png"), "no face found"),
    ],
)
def test_what_is_missing_gets_one_line(run, model, photos, nobody, options, complaint):
    cv2.imwrite(str(photos / "empty.png"), nobody)
    result = run("image", photos / "00.png", "--model", model, *options)
    assert result.status == 1
    assert complaint in result.err.splitlines()[-1]


def test_a_source_that_ends_too_early_is_told(run, model, photos, settings):
    options = ("webcam", "--source", photos, "--model", model, "--calibrate", "5")
    result = run(*options, "--profile", "bob")
    assert result.status == 1
    assert "ended before calibration did" in result.err
    assert not list(settings.rglob("bob.json"))
    assert run(*options).status == 0


def test_auto_and_a_profile_exclude_each_other(run):
    assert run("webcam", "--calibrate", "auto", "--profile", "anna").status == 2


def test_a_profile_that_could_not_be_kept_is_told_before_the_work(run, model, photos, here):
    (here / "file").write_text("x")
    options = ("--calibrate", "0.5", "--profile", "file/anna.json")
    result = run("webcam", "--source", photos, "--model", model, *options)
    assert (result.status, result.out) == (1, "")
    assert "cannot be written" in result.err.splitlines()[-1]


def test_text_says_what_was_compared_with(run, model, photos):
    plain = run("image", photos / "12.png", "--model", model)
    compared = run("image", photos / "12.png", "--model", model, "--neutral", photos / "00.png")
    assert "profile" not in plain.out
    assert compared.out.rstrip().endswith("profile")


def test_calibrating_on_nobody_says_so(run, model, here, nobody):
    folder = here / "empty"
    folder.mkdir()
    for number in range(20):
        cv2.imwrite(str(folder / f"{number:02}.png"), nobody)
    result = run("webcam", "--source", folder, "--model", model, "--calibrate", "0.5")
    assert "no face was seen while calibrating" in result.err


@pytest.mark.parametrize("seconds", ["0", "-1", "1e9", "soon", "nan"])
def test_odd_times_are_wrong_usage(run, seconds):
    assert run("webcam", f"--calibrate={seconds}").status == 2


def test_what_is_not_sure_enough_is_called_uncertain(run, model, photos):
    options = ("image", photos / "12.png", "--model", model)
    (row,) = run(*options, "--format", "json", "--min-probability", "0.9999999").rows
    assert row["emotion"] == "uncertain"
    assert max(row["probabilities"].values()) == pytest.approx(row["probability"])
    assert "uncertain" in run(*options, "--min-probability", "0.9999999").out
    assert "uncertain" not in run(*options, "--min-probability", "0.01").out


def test_evaluate_compares_with_the_persons_own_neutral_face(run, model, drawn):
    plain = run("evaluate", model, drawn, "--json").json
    compared = run("evaluate", model, drawn, "--json", "--calibrate", "neutral").json
    assert plain["n_with_own_neutral"] == 0
    assert compared["n_with_own_neutral"] == compared["n"] == plain["n"]


def test_evaluate_without_neutral_faces_says_so(run, model, here):
    (here / "anger").mkdir()
    cv2.imwrite(str(here / "anger" / "a.png"), draw_face(Subject(), "anger"))
    result = run("evaluate", model, here, "--calibrate", "neutral")
    assert result.status == 1
    assert "nobody has a neutral face" in result.err
