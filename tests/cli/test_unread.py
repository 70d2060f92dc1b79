import contextlib
import os

import cv2
import pytest

from landmark_emotion.cli import unread
from landmark_emotion.cli.unread import stdout_that_never_waits
from tools.mjpeg import MjpegServer


@contextlib.contextmanager
def stdout_as_pipe():
    """Give the other end."""
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb") as reader,
        os.fdopen(writing, "w", encoding="utf-8") as stdout,
        contextlib.redirect_stdout(stdout),
    ):
        yield reader


def test_what_is_read_arrives():
    talk = []
    with stdout_as_pipe() as pipe:
        with stdout_that_never_waits(talk.append):
            for number in range(100):
                print(f"line {number} ü")
        arrived = pipe.read1()
    assert arrived.decode() == "".join(f"line {number} ü\n" for number in range(100))
    assert not talk


def test_what_is_not_read_stops_nobody_and_is_counted(monkeypatch):
    monkeypatch.setattr(unread, "PATIENCE", 0.1)
    talk = []
    with stdout_as_pipe() as pipe:
        with stdout_that_never_waits(talk.append):
            for number in range(50_000):
                print(f"line {number:50d}")
        arrived = pipe.read1(10**6).splitlines()
    (message,) = talk
    n_missing = int(message.split()[5].replace(",", ""))
    assert message == f"note: stdout was not read; {n_missing:,} lines are missing there"
    assert arrived[:2] == [f"line {number:50d}".encode() for number in (0, 1)]
    assert {len(line) for line in arrived[:-1]} == {55}
    assert 50_000 - n_missing <= len(arrived) < 30_000


def test_a_reader_that_goes_away_is_an_error_as_ever():
    def write():
        with stdout_as_pipe() as pipe:
            pipe.close()
            with stdout_that_never_waits(print):
                while True:
                    print("line")

    with pytest.raises(BrokenPipeError):
        write()


def test_recording_a_camera_goes_on_where_nobody_reads_the_rows(spawn, tmp_path, face):
    jpeg = cv2.imencode(".jpg", face)[1].tobytes()
    options = ["--format", "json", "--landmarks", "--record", "seen.avi", "--max-frames", 80]
    with MjpegServer(lambda _: jpeg, 50) as server:
        process = spawn(
            *("-m", "landmark_emotion", "webcam", "--source", server.url),
            *options,
        )
        assert process.wait() == 0
    capture = cv2.VideoCapture(str(tmp_path / "seen.avi"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) >= 20
    capture.release()
    out, err = process.communicate()
    assert "note: stdout was not read; " in err
    assert out.startswith('{"source": ')
