"""The keys of the window, with a window that presses them."""

import os

import cv2
import numpy as np
import pytest

from landmark_emotion.show.overlay import Overlay


class Window:
    """Presses one key per frame, then q."""

    keys: tuple[str, ...] = ()
    shown: list[np.ndarray]

    def __init__(self, title):
        self.left = list(self.keys)
        type(self).shown = []
        self.key = ""

    def show(self, image):
        self.shown.append(image)
        return self.wait(1)

    def wait(self, milliseconds):
        self.key = self.left.pop(0) if self.left else "q"
        return self.key != "q"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def press(run, video, model, here, monkeypatch):
    monkeypatch.setattr("landmark_emotion.show.window.Window", Window)
    monkeypatch.setattr("landmark_emotion.cli.view._LONGEST_WAIT", 0)
    # The frame rate differs from run to run.
    draw = Overlay.draw
    monkeypatch.setattr(Overlay, "draw", lambda *a, fps=None, **k: draw(*a, fps=fps and 20, **k))

    def keys(*pressed, arguments=()):
        monkeypatch.setattr(Window, "keys", pressed)
        result = run("webcam", "--source", video, "--model", model, "--show", *arguments)
        return result, Window.shown

    return keys


def difference(one, other) -> int:
    return int((np.abs(one.astype(int) - other) > 20).any(axis=2).sum())


def test_q_closes_the_window(press):
    result, shown = press("", "")
    assert result.status == 0
    assert len(shown) == 3
    assert len(result.out.splitlines()) == 3


@pytest.mark.parametrize("key", ["l", "p", "m", "h", "w"])
def test_keys_toggle_parts_of_the_overlay(press, key):
    _, plain = press("", "", "")
    _, changed = press(key, "", "")
    _, back = press(key, key, "")
    assert difference(plain[0], changed[0]) == 0
    assert difference(plain[1], changed[1]) > 100
    assert difference(changed[1], back[1]) == 0
    assert difference(changed[2], back[2]) > 100


def test_s_saves_the_frame(press, here):
    result, shown = press("s", "")
    (name,) = [name for name in os.listdir(here) if name.endswith(".png")]
    assert f"saved {name}" in result.err
    assert cv2.imread(str(here / name)).shape == shown[0].shape


def test_saved_and_recorded_pictures_have_no_frame_rate_message_or_help(press, here, video):
    press("h", "c", "s", "", arguments=["--record", "out.avi"])
    (name,) = [name for name in os.listdir(here) if name.endswith(".png")]
    source, recording = cv2.VideoCapture(str(video)), cv2.VideoCapture("out.avi")
    for _ in range(3):
        (_, plain), (_, recorded) = source.read(), recording.read()
    shown = Window.shown[2]
    # The face and its panel are in the middle.
    for corner in np.s_[:50, :80], np.s_[-60:, :80], np.s_[-60:, -80:]:
        assert difference(cv2.imread(name)[corner], plain[corner]) == 0
        assert difference(recorded[corner], plain[corner]) == 0
    assert difference(shown[:50, :80], plain[:50, :80]) > 100
    assert difference(shown, cv2.imread(name)) > 1000


def test_space_pauses_until_space(press):
    result, shown = press(" ", "", "", "", " ", "", "")
    # One more than the frames, with the message.
    assert len(shown) == len(result.out.splitlines()) + 1
    assert difference(shown[0], shown[1]) > 100


def test_q_closes_the_window_during_a_pause(press):
    result, _ = press(" ", "", "q")
    assert result.status == 0
    assert len(result.out.splitlines()) == 1


def test_c_calibrates(press):
    result, _ = press("c", *[""] * 35)
    assert "look neutral for 2 seconds" in result.err
    assert "calibrated 1 face" in result.err


def test_u_undoes_a_calibration_and_its_profile(press, here):
    (here / "anna.json").write_text("earlier profile")
    options = ["--calibrate", "0.5", "--profile", "anna.json", "--format", "json"]
    result, _ = press(*[""] * 10, "u", "", "", "u", arguments=options)
    assert "calibration undone" in result.err
    assert result.err.count("no calibration to undo") == 1
    modes = [row["calibration"] for row in result.rows]
    assert modes[7] == "calibrated"
    assert modes[-1] == "static"
    assert (here / "anna.json").read_text() == "earlier profile"


def test_a_warning_about_a_calibration_is_shown(press, monkeypatch):
    messages = []
    monkeypatch.setattr(
        "landmark_emotion.show.overlay.Overlay.draw",
        lambda self, image, *_, message="", **__: messages.append(message) or image,
    )
    monkeypatch.setattr("landmark_emotion.cli.view.CALIBRATION", 0.5)
    # The smile of the drawn video is broadest after three quarters of a second.
    result, _ = press(*[""] * 5, "c", *[""] * 12)
    assert "look neutral and calibrate again" in result.err
    assert any("look neutral and calibrate again" in message for message in messages)


def test_file_is_shown_at_its_own_speed(press, monkeypatch):
    waited = []
    monkeypatch.setattr("landmark_emotion.cli.view._LONGEST_WAIT", 60)
    monkeypatch.setattr(Window, "wait", lambda self, ms: waited.append(ms) or len(waited) < 12)
    result, _ = press()
    # Nothing really waits here, so the delays add up: a tenth of a second per frame.
    n_frames = len(result.out.splitlines())
    assert n_frames > 3
    assert 30 * n_frames < max(waited) <= 100 * n_frames


def test_shown_frames_are_recorded(press, here):
    press("", "", "", arguments=["--record", "out.avi"])
    capture = cv2.VideoCapture(str(here / "out.avi"))
    n_frames = 0
    while capture.read()[0]:
        n_frames += 1
    assert n_frames == 4
