import _thread
import queue
import threading
import time
from itertools import pairwise

import cv2
import numpy as np
import pytest

from landmark_emotion.errors import SourceError
from landmark_emotion.sources import camera as module
from landmark_emotion.sources.video import frames
from tools.mjpeg import MjpegServer

GONE = "camera 0: no longer delivers frames; trying to reopen it for 20 s"
BACK = "camera 0: is back"


def picture(number: int) -> np.ndarray:
    return np.full((4, 6, 3), number, dtype=np.uint8)


class FakeCamera:
    """A camera that returns what the test hands it; its reader waits for that."""

    def __init__(self):
        self.handed = queue.Queue()
        self.openings = []
        self.refused = 0  # of the next openings
        self.failing = False
        self.released = 0
        self.reads = self.n_handed = 0

    def __call__(self, *arguments):
        self.openings.append(arguments)
        self.opened = self.refused == 0
        self.refused -= not self.opened
        return self

    def isOpened(self):  # noqa: N802
        return self.opened

    def read(self):
        if self.failing:
            return False, None
        self.reads += 1
        item = self.handed.get()
        if isinstance(item, Exception):
            raise item
        return item is not None, item

    def get(self, _):
        return -1.0

    def release(self):
        self.released += 1

    def hand(self, *items):
        """Queue pictures (or their numbers), errors, or None for a failing read."""
        self.n_handed += len(items)
        for item in items:
            self.handed.put(picture(item) if isinstance(item, int) else item)

    def fail(self):
        """Make all reads fail from now on."""
        self.failing = True
        self.hand(None)

    def give(self, *items):
        """Queue items and wait until the reader has taken them all."""
        self.hand(*items)
        wait_for(lambda: self.reads == self.n_handed + 1)


def wait_for(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "the condition is never met"
        time.sleep(0.002)


def readers() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "camera 0" or "://" in t.name]


@pytest.fixture
def camera(monkeypatch):
    fake = FakeCamera()
    monkeypatch.setattr(cv2, "VideoCapture", fake)
    monkeypatch.setattr(module, "PAUSE", 0.01)
    yield fake
    for _ in range(3):
        fake.hand(None)  # frees a waiting reader
    wait_for(lambda: not readers())


@pytest.fixture
def watch(camera, monkeypatch):
    """Open the camera; it is closed at the end."""
    opened = []

    def start(source=0, notify=pytest.fail, reconnect=20.0):
        opened.append(frames(source, notify, reconnect))
        return opened[-1]

    yield start
    monkeypatch.setattr(module, "CLOSING", 0.01)
    for generator in opened:
        generator.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    monkeypatch.setattr(module, "CLOSING", 0.1)


# The newest frame


def test_a_slow_consumer_gets_the_newest_frame_and_none_twice(camera, watch):
    opened = watch()
    camera.hand(10)
    assert next(opened).index == 0
    camera.give(11, 12, 13, 14)
    frame = next(opened)
    assert (frame.index, frame.image[0, 0, 0]) == (4, 14)
    threading.Timer(0.05, camera.hand, [15]).start()
    frame = next(opened)
    assert (frame.index, frame.image[0, 0, 0]) == (5, 15)


def test_a_frame_has_its_time_of_capture(camera, watch):
    opened = watch()
    before = time.monotonic()
    camera.hand(0)
    first = next(opened)
    assert (first.index, first.time) == (0, 0.0)
    camera.give(1)
    given = time.monotonic()
    second = next(opened)
    assert before <= first.captured < second.captured <= given
    assert second.time == second.captured - first.captured


def test_failed_reads_of_a_camera_are_retried(camera, watch):
    camera.hand(None, None, 1, None)
    opened = watch()
    first = next(opened)
    camera.hand(2)
    second = next(opened)
    assert [first.index, second.index] == [0, 1]
    assert (first.time, second.image[0, 0, 0]) == (0.0, 2)
    assert len(camera.openings) == 1


def test_invalid_pictures_are_neither_yielded_nor_counted(camera, watch):
    opened = watch()
    camera.hand(
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((4, 6, 3), np.float32),
        np.zeros((4, 6), np.uint16),
        np.zeros((4, 6, 2), np.uint8),
        7,
    )
    frame = next(opened)
    assert (frame.index, frame.image[0, 0, 0]) == (0, 7)
    # Resolution and number of channels may change.
    for number, shape in enumerate([(8, 12, 3), (4, 6), (4, 6, 1)], start=1):
        camera.hand(np.full(shape, number, np.uint8))
        assert np.array_equal(next(opened).image, np.full((*shape[:2], 3), number))


# Disconnection and reconnection


def test_a_camera_that_goes_away_is_reopened(camera, watch, impatient):
    talk = []
    opened = watch(notify=talk.append)
    camera.hand(0)
    before = next(opened)
    camera.refused = 2
    camera.fail()

    def come_back():
        wait_for(lambda: len(camera.openings) == 4)
        camera.failing = False
        camera.hand(1)

    threading.Thread(target=come_back).start()
    after = next(opened)
    assert (after.index, after.image[0, 0, 0]) == (1, 1)
    assert after.time > before.time
    assert talk == [GONE, BACK]
    assert camera.openings == [(0,)] * 4
    assert camera.released == 3


@pytest.mark.parametrize("before", [[], [1]], ids=["nothing", "an old frame"])
def test_a_stall_is_reported_and_may_end_by_itself(camera, watch, impatient, before):
    talk = []

    def notify(line):
        talk.append(line)
        if line == GONE:
            camera.hand(9)

    opened = watch(notify=notify)
    camera.hand(0)
    next(opened)
    if before:
        camera.give(*before)
        time.sleep(0.4)  # the consumer works while nothing comes
    frame = next(opened)
    assert (frame.index, frame.image[0, 0, 0]) == (1 + len(before), 9)
    assert talk == [GONE, BACK]
    assert len(camera.openings) == 1


def test_a_stream_that_ends_is_reopened_at_once(camera, watch):
    talk = []
    opened = watch("rtsp://x", notify=talk.append)
    camera.hand(0)
    next(opened)
    camera.hand(None, 1)
    assert next(opened).index == 1
    assert len(camera.openings) == 2


def test_a_camera_that_stays_away_raises_an_error(camera, watch, impatient):
    talk = []
    opened = watch(notify=talk.append, reconnect=0.1)
    camera.hand(0)
    next(opened)
    camera.refused = 10**6
    camera.fail()
    with pytest.raises(SourceError, match="camera 0: stopped after 1 frames; plug it in again"):
        next(opened)
    assert talk == ["camera 0: no longer delivers frames; trying to reopen it for 0.1 s"]
    assert len(camera.openings) > 1
    wait_for(lambda: camera.released == len(camera.openings))


@pytest.mark.parametrize("source", [0, "rtsp://x"])
@pytest.mark.parametrize("stuck", [False, True])
def test_without_reconnection_the_error_comes_at_once(camera, watch, impatient, source, stuck):
    opened = watch(source, reconnect=0)
    camera.hand(0)
    next(opened)
    if not stuck:
        camera.fail()
    with pytest.raises(SourceError, match=r"stopped after 1 frames; (plug it in|check that it is)"):
        next(opened)
    assert len(camera.openings) == 1


@pytest.mark.parametrize("reconnect", [-1.0, float("nan")])
def test_negative_reconnect_is_refused(reconnect):
    with pytest.raises(ValueError, match="reconnect must be at least 0, got"):
        frames(0, reconnect=reconnect)


# Opening


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (0, "camera 0: cannot be opened; plug it in, close other"),
        ("rtsp://x", "rtsp://x: cannot be opened; check the address"),
    ],
)
def test_a_source_that_cannot_be_opened_raises_an_error(camera, watch, source, complaint):
    camera.refused = 10
    with pytest.raises(SourceError, match=complaint):
        next(watch(source))
    assert len(camera.openings) == camera.released == 1


@pytest.mark.parametrize("stuck", [False, True])
def test_a_camera_without_a_picture_raises_an_error(camera, watch, impatient, monkeypatch, stuck):
    camera.failing = not stuck
    monkeypatch.setattr(module, "FIRST_PICTURE", 0.1 if stuck else 100)
    with pytest.raises(SourceError, match="camera 0: delivers no frames; plug it in again"):
        next(watch())
    assert len(camera.openings) == 1


def test_the_first_picture_may_be_late(camera, watch, impatient):
    threading.Timer(0.5, camera.hand, [0]).start()
    assert next(watch()).index == 0


# Closing


def test_closing_releases_the_camera_and_ends_the_thread(camera, watch):
    opened = watch()
    camera.hand(0, 1)
    next(opened)
    threading.Timer(0.05, camera.hand, [2]).start()
    opened.close()
    assert camera.released == 1
    assert not readers()


def test_closing_does_not_wait_for_a_stuck_reader(camera, watch, monkeypatch):
    monkeypatch.setattr(module, "CLOSING", 0.05)
    opened = watch()
    camera.hand(0)
    next(opened)
    opened.close()
    assert camera.released == 0
    camera.hand(1)
    wait_for(lambda: not readers())
    assert camera.released == 1


def test_waiting_can_be_interrupted(camera, watch, monkeypatch):
    monkeypatch.setattr(module, "CLOSING", 0.05)
    opened = watch()
    camera.hand(0)
    next(opened)
    threading.Timer(0.1, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        next(opened)
    camera.hand(1)
    wait_for(lambda: camera.released == 1)


def test_errors_of_the_reader_reach_the_consumer(camera, watch):
    opened = watch()
    camera.hand(0)
    next(opened)
    camera.hand(MemoryError("too large"))
    with pytest.raises(MemoryError, match="too large"):
        next(opened)
    assert camera.released == 1


# OpenCV


def test_a_network_camera_is_reconnected(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.05)

    def jpeg(number):
        return cv2.imencode(".jpg", np.full((48, 64, 3), number % 250, np.uint8))[1].tobytes()

    with MjpegServer(jpeg) as server:
        talk = []
        opened = frames(server.url, talk.append, 30)
        before = [next(opened) for _ in range(5)]
        images = [frame.image.copy() for frame in before]
        server.stop()
        back = threading.Timer(0.3, server.start)
        back.start()
        after = [next(opened) for _ in range(5)]
        back.join()
        opened.close()
    seen = [*before, *after]
    for earlier, later in pairwise(seen):
        assert earlier.index < later.index
        assert earlier.captured < later.captured
        assert earlier.image[0, 0, 0] < later.image[0, 0, 0]
    assert all(np.array_equal(f.image, image) for f, image in zip(before, images, strict=True))
    assert talk == [
        f"{server.url}: no longer delivers frames; trying to reopen it for 30 s",
        f"{server.url}: is back",
    ]
    assert not readers()
