import subprocess

import cv2
import numpy as np
import pytest

from landmark_emotion import window as module
from landmark_emotion.errors import DisplayError
from landmark_emotion.window import Window

PICTURE = np.zeros((30, 40, 3), dtype=np.uint8)


@pytest.fixture
def screen(monkeypatch):
    """A screen that notes what happens on it; its ``key`` and ``visible`` can be set."""

    class Screen:
        key = -1
        visible = 1.0
        happened: list = []  # noqa: RUF012

    screen = Screen()
    screen.happened = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(module, "_screen_answers", lambda: True)

    def note(name):
        return lambda *arguments: screen.happened.append((name, *arguments))

    for name in ("namedWindow", "resizeWindow", "imshow", "destroyAllWindows"):
        monkeypatch.setattr(cv2, name, note(name))
    monkeypatch.setattr(cv2, "waitKey", lambda _: screen.key)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: screen.visible)
    return screen


def test_frames_are_shown_in_their_size(screen):
    with Window("title") as window:
        assert window.show(PICTURE)
        assert window.show(PICTURE)
    names = [name for name, *_ in screen.happened]
    assert names == ["namedWindow", "resizeWindow", "imshow", "imshow", "destroyAllWindows"]
    assert screen.happened[1] == ("resizeWindow", "title", 40, 30)


@pytest.mark.parametrize("key", [ord("q"), ord("Q"), 27, 0x100000 + ord("q")])
def test_q_and_escape_end_it(screen, key):
    screen.key = key
    with Window("title") as window:
        assert not window.show(PICTURE)


def test_other_keys_do_not(screen):
    screen.key = ord("x")
    with Window("title") as window:
        assert window.show(PICTURE)


def test_closing_the_window_ends_it(screen):
    screen.visible = 0.0
    with Window("title") as window:
        assert not window.show(PICTURE)


def test_the_window_goes_away_after_an_error_too(screen):
    with pytest.raises(ZeroDivisionError), Window("title"):
        raise ZeroDivisionError
    assert screen.happened[-1] == ("destroyAllWindows",)


def test_opencv_without_windows_is_told(screen, monkeypatch):
    def fail(*_):
        raise cv2.error("The function is not implemented")

    monkeypatch.setattr(cv2, "namedWindow", fail)
    with pytest.raises(DisplayError, match="install opencv-python instead of"):
        Window("title")


@pytest.mark.skipif("sys.platform != 'linux'", reason="other systems always have a screen")
@pytest.mark.parametrize("display", ["", ":987", "nowhere.invalid:0"])
def test_without_a_screen_that_answers_there_is_an_error_and_no_crash(monkeypatch, display):
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(DisplayError, match="window: there is no screen here; leave --show out"):
        Window("title")


@pytest.mark.skipif("sys.platform != 'linux'", reason="other systems always have a screen")
def test_a_screen_that_takes_for_ever_counts_as_none(monkeypatch):
    def hang(*_, timeout, **__):
        raise subprocess.TimeoutExpired("python", timeout)

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(DisplayError, match="no screen"):
        Window("title")
