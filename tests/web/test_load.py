"""What a server does while clients are slow, silent, many or costly."""

# ruff: noqa: E402  (without the extra there is nothing to import)
import contextlib
import socket
import struct
import threading
import time
import zlib

import cv2
import numpy as np
import pytest

for package in ("fastapi", "uvicorn", "websockets"):
    pytest.importorskip(package, reason="the extra 'web' is not installed")

from serving import Server, ask, jpeg

from landmark_emotion.web import limits

POST = b"POST /api/recognize HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def server(model):
    with contextlib.closing(Server(model)) as server:
        yield server


@contextlib.contextmanager
def connections(server, n, beginning=b""):
    """Open connections that say no more than a beginning."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(n):
            address = ("127.0.0.1", server.port)
            one = stack.enter_context(socket.create_connection(address, timeout=30))
            one.sendall(beginning)
            opened.append(one)
        yield opened


def answer_of(connection) -> bytes:
    """What a connection receives until it is closed."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(2**16):
            received += part
    return received


def test_slow_senders_keep_out_nobody(server, face):
    with connections(server, limits.MAX_PHOTOS + 4, POST % 1000 + b"xyz"):
        assert server.recognize(jpeg(face)).json["faces"]


def test_of_too_many_bodies_the_oldest_is_dropped(server, face, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UPLOADS", 3)
    with connections(server, 3, POST % 1000 + b"xyz") as slow:
        assert server.recognize(jpeg(face)).json["faces"]
        assert slow[0].recv(1000).startswith(b"HTTP/1.1 503")
        slow[1].settimeout(0.1)
        with pytest.raises(TimeoutError):
            slow[1].recv(1000)


def test_the_memory_of_all_bodies_is_limited(server, face, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UPLOAD_BYTES", 2**20)
    half = POST % 2**20 + bytes(2**19)
    with connections(server, 1, half) as first, connections(server, 2, half):
        answer = b""
        while not answer.endswith(b"}"):
            answer += first[0].recv(10_000)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b'{"error":"server: busy; try again in a second"}' in answer


def test_a_hopeless_length_is_refused_before_the_body_comes(server):
    with connections(server, 1, POST % (limits.MAX_BODY + 1)) as (one,):
        assert one.recv(1000).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("beginning", [b"", b"GET / HTTP/1.1\r\nHost: loc"])
def test_many_idle_connections_keep_out_nobody(server, monkeypatch, beginning):
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 20)
    with connections(server, 40, beginning) as idle:
        assert server.request("/api/health").status == 200
        assert answer_of(idle[0]) == b""  # the oldest was closed


def test_a_connection_without_a_whole_request_is_closed(server, monkeypatch):
    monkeypatch.setattr(limits, "HEADER_SECONDS", 0.2)
    with connections(server, 1) as (silent,), connections(server, 1, b"GET /") as (half,):
        assert answer_of(silent) == answer_of(half) == b""
    request = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connections(server, 1, request) as (kept,):
        assert kept.recv(1000).startswith(b"HTTP/1.1 200")
        kept.sendall(b"GET /")  # half of a second one
        answer_of(kept)
    with server.live() as client:
        time.sleep(0.4)
        assert ask(client, {"type": "reset"})["type"] == "state"


def test_a_client_that_does_not_take_its_answer_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(limits, "SEND_SECONDS", 0.2)
    request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connections(server, 1) as (one,), pytest.raises(ConnectionError):
        one.sendall(100_000 * request)


def test_what_is_not_http_is_answered_like_other_errors(server):
    with connections(server, 1, b"nonsense\r\n\r\n") as (one,):
        head, _, body = answer_of(one).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"application/json" in head
    assert body == b'{"error": "request: not valid HTTP; correct it"}'


def test_pages_go_on_while_large_photos_are_recognized(server, face):
    large = jpeg(cv2.resize(face, (4800, 3600)))
    server.recognize(jpeg(face))  # the process has started
    done = threading.Event()
    found = []

    def post():
        found.extend(server.recognize(large).json["faces"])
        done.set()

    thread = threading.Thread(target=post)
    delays = []
    with server.live() as client:
        ask(client, jpeg(face))
        thread.start()
        while not done.is_set():
            start = time.monotonic()
            assert ask(client, jpeg(face))["faces"]
            delays.append(time.monotonic() - start)
    thread.join()
    assert [face["emotion"] for face in found] == ["happiness"]
    assert len(delays) > 5  # a search of the photo takes as long as many frames


def test_a_large_photo_is_searched_smaller_and_answered_in_its_own_pixels(server, face):
    small = server.recognize(jpeg(face)).json
    for width, height in ((2400, 1800), (4800, 3600)):  # the second is decoded at half its size
        large = server.recognize(jpeg(cv2.resize(face, (width, height)))).json
        assert (large["width"], large["height"]) == (width, height)
        scale = width / small["width"]
        expected = (np.array(small["faces"][0]["landmarks"]) + 0.5) * scale - 0.5
        error = np.abs(np.array(large["faces"][0]["landmarks"]) - expected) / scale
        assert error.mean() < 1.0  # pixels of the small image


def png(width: int, height: int, kind: int, depth: int) -> bytes:
    """A transparent PNG of one color, as small as possible."""
    channels = {2: 3, 6: 4}[kind]
    pixels = zlib.compress(bytes((1 + width * channels * depth // 8) * height), 9)

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_small_files_that_would_cost_much_memory_are_refused(server, face):
    assert server.recognize(png(6000, 4000, 6, 16)).status == 413
    assert server.recognize(png(4000, 4000, 6, 8)).status == 413
    assert server.recognize(png(1000, 1000, 6, 16)).status == 200


def test_a_jpeg_with_many_scans_over_a_forged_size_is_refused(server, face):
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    data = bytearray(cv2.imencode(".jpg", face, options)[1].tobytes())
    place = data.find(b"\xff\xc2")
    scan = data[data.find(b"\xff\xda") : data.rfind(b"\xff\xd9")]
    data[place + 5 : place + 9] = struct.pack(">HH", 4000, 6000)
    answer = server.recognize(bytes(data[:-2] + 4 * scan + data[-2:]))
    assert (answer.status, answer.json["error"]) == (
        413,
        "image: too many scans; save it as a JPEG that is not progressive",
    )
