import re
import subprocess

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import DisplayError
from landmark_emotion.show import window as module
from landmark_emotion.show.window import Window

PICTURE = np.zeros((30, 40, 3), dtype=np.uint8)


@pytest.fixture
def screen(monkeypatch):
    """A fake screen that records calls; its ``key`` and ``visible`` can be set."""

    class Screen:
        key = -1
        visible = 1.0
        happened: list
        waited: list

    screen = Screen()
    screen.happened, screen.waited = [], []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(module, "_screen_answers", lambda: True)

    def note(name):
        return lambda *arguments: screen.happened.append((name, *arguments))

    def wait_key(milliseconds):
        screen.waited.append(milliseconds)
        return screen.key

    for name in ("namedWindow", "resizeWindow", "imshow", "destroyAllWindows"):
        monkeypatch.setattr(cv2, name, note(name))
    monkeypatch.setattr(cv2, "waitKeyEx", wait_key)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: screen.visible)
    return screen


def test_window_gets_the_size_of_the_first_frame(screen):
    with Window("title") as window:
        assert window.show(PICTURE)
        assert window.show(PICTURE)
    names = [name for name, *_ in screen.happened]
    assert names == ["namedWindow", "resizeWindow", "imshow", "imshow", "destroyAllWindows"]
    assert screen.happened[1] == ("resizeWindow", "title", 40, 30)


@pytest.mark.parametrize("key", [ord("q"), ord("Q"), 27, 0x100000 + ord("q"), 0xFF1B])
def test_q_and_escape_close_the_window(screen, key):
    screen.key = key
    with Window("title") as window:
        assert not window.show(PICTURE)
        assert not window.wait(10)


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (-1, ""),
        (ord("x"), "x"),
        (ord("C"), "c"),
        (ord(" "), " "),
        (0x100000 + ord("c"), "c"),  # with Num Lock
        (0xFF51, ""),  # an arrow, whose lowest byte is a Q
        (0x250000, ""),  # the same on Windows
        (0xFFE1, ""),  # Shift
    ],
)
def test_other_keys_are_returned(screen, code, key):
    screen.key = code
    with Window("title") as window:
        assert window.show(PICTURE)
        assert window.key == key
        assert window.wait(10)
        assert window.key == key


def test_wait_always_has_a_time_limit(screen):
    with Window("title") as window:
        window.show(PICTURE)
        assert window.wait(250)
        assert window.wait(0)  # OpenCV would wait forever
    assert screen.waited == [1, 250, 1]


@pytest.mark.parametrize("answer", [0.0, cv2.error("NULL guiReceiver (please create a window)")])
def test_closed_window_is_reported_by_any_opencv(screen, monkeypatch, answer):
    def look(*_):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(cv2, "getWindowProperty", look)
    with Window("title") as window:
        assert not window.show(PICTURE)
        assert not window.wait(10)


def test_opencv_without_windows_is_an_error(screen, monkeypatch):
    def fail(*_):
        raise cv2.error("The function is not implemented")

    monkeypatch.setattr(cv2, "namedWindow", fail)
    with pytest.raises(DisplayError, match="install opencv-python instead of"):
        Window("title")


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux can lack a screen")
@pytest.mark.skipif(
    re.search(r"GUI: +NONE", cv2.getBuildInformation()) is not None,
    reason="this OpenCV has no windows",
)
@pytest.mark.parametrize("display", ["", ":987", "nowhere.invalid:0"])
def test_missing_screen_is_an_error_and_no_crash(monkeypatch, display):
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(DisplayError) as caught:
        Window("title")
    assert str(caught.value) == (
        "window: no screen is available; omit --show, or write the video with "
        "--record FILE.mp4 instead"
    )


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux can lack a screen")
def test_screen_that_does_not_answer_is_an_error(monkeypatch):
    def hang(*_, timeout, **__):
        raise subprocess.TimeoutExpired("python", timeout)

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(DisplayError, match="no screen"):
        Window("title")
