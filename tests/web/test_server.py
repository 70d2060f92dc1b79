# ruff: noqa: E402  (without the extra there is nothing to import)
import contextlib
import json
import signal
import socket
import struct
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

for package in ("starlette", "uvicorn", "websockets"):
    pytest.importorskip(package, reason="the extra 'web' is not installed")

import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.emotions import COLORS
from landmark_emotion.errors import ImageError, TooLargeError
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import load_model
from landmark_emotion.show.rows import COLUMNS
from landmark_emotion.sources.image_headers import image_size
from landmark_emotion.web import limits
from landmark_emotion.web.server import configuration, create_app, listen


def jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises much and holds nothing."""
    header = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IEND\xaeB`\x82"


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Server:
    """The application on a port of its own."""

    def __init__(self, model, detector) -> None:
        self.taken = listen("127.0.0.1", 0)
        self.port = self.taken.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        loaded = load_model(model)
        app = create_app(lambda: Recognizer(loaded, detector, smoothing=0))
        self.uvicorn = uvicorn.Server(configuration(app))
        self.thread = threading.Thread(target=self.uvicorn.run, kwargs={"sockets": [self.taken]})
        self.thread.start()

    def request(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data=body, headers=named)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def recognize(self, body: bytes, query: str = "", **headers: str) -> Answer:
        headers = {"Content_Type": "image/jpeg"} | headers
        return self.request(f"/api/recognize{query}", body, **headers)

    @contextlib.contextmanager
    def live(self, **options):
        address = f"ws://127.0.0.1:{self.port}/live"
        with connect(address, compression=None, **options) as client:
            yield client

    def stop(self) -> None:
        self.uvicorn.should_exit = True
        self.thread.join(timeout=20)
        self.taken.close()


@pytest.fixture(scope="module")
def server(model, detector):
    server = Server(model, detector)
    yield server
    server.stop()


@pytest.fixture
def client(server):
    with server.live() as client:
        assert receive(client)["type"] == "state"
        yield client


def receive(client) -> dict:
    return json.loads(client.recv(timeout=30))


def ask(client, message: bytes | dict) -> dict:
    client.send(message if isinstance(message, bytes) else json.dumps(message))
    return receive(client)


def test_a_frame_is_answered_with_its_faces(client, face):
    answer = ask(client, jpeg(face))
    assert (answer["type"], answer["frame"]) == ("frame", 0)
    assert (answer["width"], answer["height"]) == (640, 480)
    (found,) = answer["faces"]
    assert found["emotion"] == "happiness"
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert np.shape(found["landmarks"]) == (68, 2)
    assert found["calibration"] == "static"
    assert "explanation" not in found
    assert ask(client, jpeg(face))["frame"] == 1


def test_no_face_is_an_empty_list(client, nobody):
    assert ask(client, jpeg(nobody))["faces"] == []


@pytest.mark.parametrize(
    "bad",
    [b"", b"not a picture", png_header(5000, 5000), b"\xff\xd8\xff\xd9", b"GIF89a" + b"\0" * 99],
)
def test_a_bad_frame_is_told_and_the_connection_lives_on(client, face, bad):
    answer = ask(client, bad)
    assert answer["type"] == "error"
    assert ": " in answer["error"]
    assert ask(client, jpeg(face))["type"] == "frame"


def test_a_frame_that_is_too_large_is_told(client, face):
    answer = ask(client, jpeg(face) + b"\0" * limits.MAX_MESSAGE)
    assert "2 MB" in answer["error"]
    assert ask(client, jpeg(face))["type"] == "frame"


def test_what_is_far_too_large_ends_the_connection_but_not_the_server(server, client):
    with contextlib.suppress(ConnectionClosed):
        client.send(b"\0" * (5 * 2**20))
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=30)
    assert server.request("/api/health").status == 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        "[" * 100_000,
        '{"type": "calibrate"}',
        '{"type": "calibrate", "seconds": NaN}',
        '{"type": "calibrate", "seconds": true}',
        '{"type": "calibrate", "seconds": 1' + "0" * 400 + "}",
        '{"type": "explain", "on": 1}',
        '{"type": ["reset"]}',
    ],
)
def test_a_bad_message_is_told_and_the_connection_lives_on(client, face, text):
    client.send(text)
    assert receive(client)["type"] == "error"
    assert ask(client, jpeg(face))["type"] == "frame"


def test_calibration_takes_the_face_as_neutral(client):
    frame = jpeg(draw_face(Subject(), "neutral"))
    ask(client, frame)
    assert ask(client, {"type": "calibrate", "seconds": 0.5})["calibrating"]
    answer = ask(client, frame)
    while answer["calibrating"]:
        assert answer["faces"][0]["calibration"] == "calibrating"
        answer = ask(client, frame)
    assert answer["faces"][0]["calibration"] == "calibrated"
    assert answer["faces"][0]["emotion"] == "neutral"
    assert ask(client, {"type": "automatic", "on": True})["automatic"]
    assert ask(client, frame)["faces"][0]["calibration"] in ("static", "automatic")


def test_explanations_come_when_asked_for(client, face):
    assert ask(client, {"type": "explain", "on": True})["explain"]
    explanation = ask(client, jpeg(face))["faces"][0]["explanation"]
    assert explanation["emotion"] == "happiness"
    assert len(explanation["landmarks"]) == 68
    assert np.shape(explanation["reference"]) == (68, 2)
    total = explanation["base"] + sum(explanation["regions"].values())
    assert total == pytest.approx(explanation["score"])
    ask(client, {"type": "explain", "on": False})
    assert "explanation" not in ask(client, jpeg(face))["faces"][0]


def test_each_client_has_its_own_calibration_and_numbers(server, client, face):
    frame = jpeg(face)
    ask(client, frame)
    ask(client, {"type": "calibrate", "seconds": 0.5})
    while ask(client, frame)["calibrating"]:
        pass
    with server.live() as other:
        receive(other)
        answer = ask(other, frame)
    assert answer["frame"] == 0
    assert answer["faces"][0]["calibration"] == "static"
    assert ask(client, frame)["faces"][0]["calibration"] == "calibrated"


def test_reset_begins_anew(client, face):
    ask(client, jpeg(face))
    ask(client, {"type": "reset"})
    answer = ask(client, jpeg(face))
    assert (answer["frame"], answer["time"], answer["faces"][0]["face"]) == (0, 0, 1)


def test_clients_are_counted_and_too_many_are_sent_away(server):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.live()) for _ in range(limits.MAX_CONNECTIONS)]
        for one in clients:
            receive(one)
        assert server.request("/api/health").json["clients"] == limits.MAX_CONNECTIONS
        with server.live() as late:
            # Old versions of the client forget the message when the connection closes.
            with contextlib.suppress(ConnectionClosed):
                assert "too many" in receive(late)["error"]
            with pytest.raises(ConnectionClosed, match="too many pages are open"):
                late.recv(timeout=30)
    end = time.monotonic() + 10
    while server.request("/api/health").json["clients"]:
        assert time.monotonic() < end


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1"]
)
def test_pages_from_elsewhere_are_refused(server, face, origin):
    assert server.recognize(jpeg(face), Origin=origin).status == 403
    with pytest.raises(InvalidStatus) as refused, server.live(origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_its_own_page_is_not_refused(server, face):
    assert server.recognize(jpeg(face), Origin=server.address).status == 200
    with server.live(origin=server.address) as client:
        assert receive(client)["type"] == "state"


def test_requests_without_an_origin_are_told_apart_by_what_the_browser_says(server):
    for site, mode, status in (
        ("cross-site", "no-cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
    ):
        answer = server.request("/api/model", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)
        assert answer.status == status


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "["]
)
def test_foreign_names_are_refused(server, host):
    assert server.request("/", Host=host).status == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1:8000", "[::1]:8000"])
def test_names_of_this_machine_are_not(server, host):
    assert server.request("/", Host=host).status == 200


def test_an_image_is_recognized_over_http(server, face, png):
    answer = server.recognize(jpeg(face))
    assert answer.status == 200
    assert answer.json["faces"][0]["emotion"] == "happiness"
    assert "explanation" not in answer.json["faces"][0]
    explained = server.recognize(png, "?explain=true", Content_Type="image/png").json
    assert explained["faces"][0]["explanation"]["sentence"].endswith(".")


@pytest.mark.parametrize(
    ("body", "query", "kind", "status"),
    [
        (b"", "", "image/jpeg", 400),
        (b"nonsense", "", "application/octet-stream", 400),
        (b"\xff\xd8\xff", "", "image/jpeg", 400),
        (png_header(100_000, 100_000), "", "image/png", 413),
        (png_header(5000, 5000), "", "image/png", 413),
        (b"\0" * (limits.MAX_BODY + 1), "", "image/jpeg", 413),
        (b"x", "", "text/html", 415),
        (b"x", "?explain=maybe", "image/jpeg", 400),
    ],
)
def test_bad_requests_are_told_why(server, body, query, kind, status):
    answer = server.recognize(body, query, Content_Type=kind)
    assert answer.status == status
    assert ": " in answer.json["error"]


def test_a_body_without_a_length_is_limited_too(server):
    def parts():
        for _ in range(12):
            yield b"\0" * 2**20

    headers = {"Content-Type": "image/jpeg"}
    request = urllib.request.Request(f"{server.address}/api/recognize", parts(), headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    with refused.value as answer:
        assert answer.code == 413
    assert server.request("/api/health").status == 200


def test_what_is_not_there_is_told(server):
    for path in ("/nothing", "/static/../server.py", "/static/%2e%2e/server.py", "/emoji/x.png"):
        answer = server.request(path)
        assert (answer.status, answer.json["error"][:7]) == (404, "address")
    assert server.request("/api/recognize").status == 405


def test_the_model_is_described(server, model):
    answer = server.request("/api/model").json
    assert tuple(answer["emotions"]) == load_model(model).emotions
    assert tuple(answer["columns"]) == COLUMNS
    assert answer["colors"] == COLORS


def test_the_description_names_every_address_of_the_api(server):
    described = server.request("/openapi.json").json
    assert set(described["paths"]) == {"/api/recognize", "/api/health", "/api/model"}
    page = server.request("/api")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path in described["paths"]:
        assert path in page.body.decode()


def test_everything_the_page_needs_comes_from_the_server(server):
    page = server.request("/")
    text = page.body.decode()
    seen = []
    for part in text.replace("href=", "src=").split('src="')[1:]:
        address = part.partition('"')[0]
        if not address.startswith("#"):
            assert address.startswith("/")
            assert server.request(address).status == 200
            seen.append(address)
    assert "/static/app.js" in seen
    for name in ("app", "link", "overlay", "source", "table", "timeline"):
        script = server.request(f"/static/{name}.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert b"://" not in script.body.replace(b"}://${", b"").replace(b"http://localhost", b"")
    assert server.request("/emoji/happiness.png").body.startswith(b"\x89PNG")


@pytest.mark.parametrize("path", ["/", "/api/health", "/nothing", "/static/app.js"])
def test_browsers_are_told_to_be_careful(server, path):
    headers = server.request(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("shape", [(30, 50), (321, 33)])
def test_the_size_is_read_from_the_header(suffix, shape):
    data = cv2.imencode(suffix, np.zeros((*shape, 3), np.uint8))[1].tobytes()
    assert image_size(data) == (shape[1], shape[0])
    assert limits.decode(data, "x", 30 * 1000).shape == (*shape, 3)
    for end in range(0, len(data), 7):
        size = image_size(data[:end])
        assert size in (None, (shape[1], shape[0]))
    with pytest.raises(TooLargeError, match="pixels"):
        limits.decode(data, "x", shape[0] * shape[1] - 1)


def test_the_size_of_a_lossless_webp_is_read(face):
    data = cv2.imencode(".webp", face, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    assert image_size(data) == (640, 480)


def test_a_jpeg_of_countless_scans_is_refused(face):
    data = jpeg(face)
    scans = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 100
    with pytest.raises(TooLargeError, match="scans"):
        limits.decode(data[:-2] + scans + data[-2:], "x", 10**6)


def test_a_png_whose_parts_claim_to_be_larger_than_the_file_is_refused(face):
    data = bytearray(cv2.imencode(".png", face)[1].tobytes())
    place = data.index(b"IDAT") - 4
    data[place : place + 4] = struct.pack(">I", 2**31 - 1)
    with pytest.raises(ImageError, match="damaged"):
        limits.decode(bytes(data), "x", 10**6)


def test_nothing_but_common_pictures_is_decoded(face):
    for suffix in (".bmp", ".tiff", ".ppm"):
        with pytest.raises(ImageError, match="JPEG, PNG or WebP"):
            limits.decode(cv2.imencode(suffix, face)[1].tobytes(), "x", 10**6)


def test_the_pace_is_kept():
    now = [100.0]
    pace = limits.Pace(10, lambda: now[0])
    waits = []
    for _ in range(5):
        waits.append(pace.wait())
        now[0] += waits[-1]
    assert waits == pytest.approx([0, 0.1, 0.1, 0.1, 0.1])
    now[0] += 60  # what was not used is not saved up
    assert [pace.wait(), pace.wait()] == pytest.approx([0, 0.1])


def test_the_command_says_where_the_page_is_and_ends_with_ctrl_c(spawn, model):
    process = spawn("-m", "landmark_emotion", "web", "--no-open", "--port", 0, "--model", model)
    lines = [process.stderr.readline() for _ in range(2)]
    assert lines[0].startswith("model: ")
    address = lines[1].split()[1]
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert b"<title>" in answer.read()
    process.send_signal(signal.CTRL_C_EVENT if sys.platform == "win32" else signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


def test_a_port_in_use_is_told_in_one_line(run, model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("web", "--no-open", "--port", port, "--model", model)
    assert result.status == 1
    expected = f"error: 127.0.0.1:{port}: the port is in use; choose another with --port\n"
    assert result.err == expected


def test_an_address_of_elsewhere_is_told_in_one_line(run, model):
    result = run("web", "--no-open", "--host", "192.0.2.1", "--port", 0, "--model", model)
    assert (result.status, result.err) == (
        1,
        "error: 192.0.2.1:0: not an address of this machine; check --host\n",
    )


def test_letting_others_in_is_warned_of(run, model, monkeypatch):
    monkeypatch.setattr("landmark_emotion.web.server.serve", lambda app, taken: None)
    result = run("web", "--no-open", "--host", "0.0.0.0", "--port", 0, "--model", model)
    assert result.status == 0
    assert "warning: everyone who can reach 0.0.0.0" in result.err
    assert "warning" not in run("web", "--no-open", "--port", 0, "--model", model).err


def test_the_browser_is_opened_where_there_is_a_screen(run, model, monkeypatch):
    opened = []
    monkeypatch.setattr("landmark_emotion.web.server.serve", lambda app, taken: time.sleep(0.2))
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    run("web", "--port", 0, "--model", model, "--no-open")
    assert opened == []
    run("web", "--port", 0, "--model", model)
    assert opened[0].startswith("http://127.0.0.1:")


def test_a_missing_extra_is_told_in_one_line(run, monkeypatch):
    for name in ("landmark_emotion.web.server", "landmark_emotion.web.guard"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run("web", "--no-open")
    assert result.status == 1
    expected = "error: uvicorn: not installed; run \"pip install 'landmark-emotion[web]'\"\n"
    assert result.err == expected
