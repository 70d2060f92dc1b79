"""Non-blocking stdout."""

import contextlib
import os

import cv2
import pytest

from landmark_emotion.cli import nonblocking
from landmark_emotion.cli.nonblocking import nonblocking_stdout
from tools.mjpeg import MjpegServer


@contextlib.contextmanager
def stdout_as_pipe():
    """Redirect stdout to a pipe; yield its other end."""
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb") as reader,
        os.fdopen(writing, "w", encoding="utf-8") as stdout,
        contextlib.redirect_stdout(stdout),
    ):
        yield reader


def test_everything_arrives_if_it_is_read():
    messages = []
    with stdout_as_pipe() as pipe:
        with nonblocking_stdout(messages.append):
            for number in range(100):
                print(f"line {number} ü")
        arrived = pipe.read1()
    assert arrived.decode() == "".join(f"line {number} ü\n" for number in range(100))
    assert not messages


def test_lines_that_are_not_read_are_dropped_and_counted(monkeypatch):
    monkeypatch.setattr(nonblocking, "FLUSH_TIMEOUT", 0.1)
    messages = []
    with stdout_as_pipe() as pipe:
        with nonblocking_stdout(messages.append):
            for number in range(50_000):
                print(f"line {number:50d}")
        arrived = pipe.read1(10**6).splitlines()
    (message,) = messages
    n_missing = int(message.split()[5].replace(",", ""))
    assert message == f"note: stdout was not read; {n_missing:,} lines were dropped"
    assert arrived[:2] == [f"line {number:50d}".encode() for number in (0, 1)]
    assert {len(line) for line in arrived[:-1]} == {55}
    assert 50_000 - n_missing <= len(arrived) < 30_000


def test_closed_pipe_is_an_error():
    def write():
        with stdout_as_pipe() as pipe:
            pipe.close()
            with nonblocking_stdout(print):
                while True:
                    print("line")

    with pytest.raises(BrokenPipeError):
        write()


def test_recording_goes_on_if_nobody_reads_the_rows(spawn, tmp_path, face):
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
