# ruff: noqa: E402  (without the extra there is nothing to import)
import contextlib
import json
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import cv2
import numpy as np
import pytest

for package in ("fastapi", "uvicorn", "websockets"):
    pytest.importorskip(package, reason="the extra 'web' is not installed")

from serving import Server, ask, jpeg, receive
from websockets.exceptions import ConnectionClosed, InvalidStatus

from landmark_emotion import __version__
from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.drawn.people import random_subject
from landmark_emotion.emotions import COLORS
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import load_model
from landmark_emotion.show.rows import COLUMNS
from landmark_emotion.web import limits


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels."""
    header = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.fixture(scope="module")
def server(model):
    server = Server(model)
    yield server
    server.close()


@pytest.fixture
def client(server):
    with server.live() as client:
        yield client


def calibrate(client, frame: bytes) -> dict:
    """Calibrate on a frame and return the reference that the server sends."""
    ask(client, frame)
    ask(client, {"type": "calibrate", "seconds": 0.5})
    while (answer := ask(client, frame))["calibrating"]:
        assert 0 <= answer["remaining"] <= 0.5
    assert receive(client)["type"] == "calibration"
    return receive(client)


def test_a_frame_is_answered_with_its_faces(client, face, nobody):
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
    with_nobody = [ask(client, jpeg(nobody)) for _ in range(3)]
    assert with_nobody[-1]["faces"] == []


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"not a picture",
        png_header(5000, 5000),
        b"\xff\xd8\xff\xd9",
        b"GIF89a" + b"\0" * 99,
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
        '{"type": "' + "x" * 1000 + '"}',
        '{"type": "reference", "features": [0, 1], "n": 1}',
        json.dumps({"type": "reference", "features": [0.0] * 136, "n": 0}),
        json.dumps({"type": "reference", "features": [1e9] * 136, "n": 1}),
        json.dumps({"type": "reference", "features": [float("nan")] * 136, "n": 1}),
    ],
)
def test_a_bad_message_is_answered_and_the_connection_stays_open(client, face, bad):
    client.send(bad)
    answer = receive(client)
    assert answer["type"] == "error"
    assert ": " in answer["error"]
    assert "; " in answer["error"]
    assert len(answer["error"]) < 300
    assert ask(client, jpeg(face))["type"] == "frame"


def test_a_frame_that_is_too_large_is_answered(client, face):
    answer = ask(client, jpeg(face) + b"\0" * limits.MAX_MESSAGE)
    assert "2 MB" in answer["error"]
    assert ask(client, jpeg(face))["type"] == "frame"


def test_a_huge_message_ends_the_connection_but_not_the_server(server, client, caplog):
    with contextlib.suppress(ConnectionClosed):
        client.send(b"\0" * (5 * 2**20))
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=30)
    server.wait_until_nobody_is_left()
    assert not [record for record in caplog.records if record.name != "websockets.client"]


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
    outcome = receive(client)
    assert (outcome["type"], outcome["people"], outcome["warning"]) == ("calibration", 1, "")
    reference = receive(client)
    assert (reference["type"], reference["face"]) == ("reference", 1)
    assert np.shape(reference["features"]) == (136,)
    assert reference["n"] >= 2
    assert ask(client, {"type": "automatic", "on": True})["automatic"]
    assert ask(client, frame)["faces"][0]["calibration"] in ("static", "automatic")


def test_a_reference_given_back_after_a_reconnect_is_used_for_that_person_only(server):
    rng = np.random.default_rng(0)
    people = [random_subject(rng) for _ in range(4)]
    anna, ben = (jpeg(draw_face(people[index], "neutral")) for index in (0, 3))
    with server.live() as client:
        reference = calibrate(client, anna)
    with server.live() as client:
        assert ask(client, reference)["type"] == "state"
        assert ask(client, anna)["faces"][0]["calibration"] == "calibrated"
        assert ask(client, {"type": "undo"})["undone"] is False
        assert receive(client) == reference
    with server.live() as client:
        ask(client, reference)
        assert ask(client, ben)["faces"][0]["calibration"] == "static"


def test_a_calibration_that_went_wrong_warns_and_can_be_undone(client, face):
    calibrate(client, jpeg(face))
    client.send(json.dumps({"type": "calibrate", "seconds": 0.5}))
    while (answer := receive(client))["type"] != "calibration":
        client.send(jpeg(face))
    assert "looks like happiness" in answer["warning"]
    receive(client)  # the reference
    receive(client)  # the answer to the last frame
    assert ask(client, {"type": "undo"})["undone"] is True
    assert receive(client)["type"] == "reference"  # that of the first calibration
    assert ask(client, jpeg(face))["faces"][0]["calibration"] == "calibrated"
    assert ask(client, {"type": "undo"})["undone"] is False


def test_a_new_frame_replaces_one_that_waits_and_each_is_answered(server, face, monkeypatch):
    go = threading.Event()
    recognize = Recognizer.recognize

    def slow(*arguments):
        go.wait(10)
        return recognize(*arguments)

    monkeypatch.setattr(Recognizer, "recognize", slow)
    with server.live() as client:
        for _ in range(4):
            client.send(jpeg(face))
        client.send(b"not a picture")
        answers = [receive(client) for _ in range(3)]
        go.set()
        answers += [receive(client) for _ in range(2)]
    found = [(answer["type"], answer["id"]) for answer in answers]
    assert found == [("dropped", 1), ("dropped", 2), ("dropped", 3), ("frame", 0), ("error", 4)]


def test_explanations_are_added_on_request(client, face):
    assert ask(client, {"type": "explain", "on": True})["explain"]
    explanation = ask(client, jpeg(face))["faces"][0]["explanation"]
    assert explanation["emotion"] == "happiness"
    assert len(explanation["landmarks"]) == 68
    assert np.shape(explanation["reference"]) == (68, 2)
    total = explanation["base"] + sum(explanation["regions"].values())
    assert total == pytest.approx(explanation["score"])
    network = explanation["network"]
    assert network["sentence"].startswith("happiness ")
    assert network["occlusion"] is None, "it takes too long for frames"
    ask(client, {"type": "explain", "on": False})
    assert "explanation" not in ask(client, jpeg(face))["faces"][0]


def test_each_client_has_its_own_calibration_and_face_numbers(server, client, face):
    frame = jpeg(face)
    calibrate(client, frame)
    with server.live() as other:
        answer = ask(other, frame)
    assert answer["frame"] == 0
    assert answer["faces"][0]["calibration"] == "static"
    assert ask(client, frame)["faces"][0]["calibration"] == "calibrated"


def test_reset_starts_again(client, face):
    ask(client, jpeg(face))
    ask(client, {"type": "reset"})
    answer = ask(client, jpeg(face))
    assert (answer["frame"], answer["time"], answer["faces"][0]["face"]) == (0, 0, 1)


def test_a_client_that_is_too_fast_is_slowed_down(server, monkeypatch):
    monkeypatch.setattr(limits, "MAX_FRAMES_PER_SECOND", 20)
    with server.live() as client:
        start = time.monotonic()
        for _ in range(6):
            ask(client, {"type": "reset"})
        assert time.monotonic() - start > 0.2


def test_clients_are_counted_and_limited(server, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PAGES", 2)
    with server.live(), server.live():
        assert server.request("/api/health").json["clients"] == 2
        with server.live(open_timeout=10) as late:
            # Old versions of the client discard the message when the connection closes.
            with contextlib.suppress(ConnectionClosed):
                assert "too many" in receive(late)["error"]
            with pytest.raises(ConnectionClosed, match="too many pages are open"):
                late.recv(timeout=30)
    server.wait_until_nobody_is_left()


def test_a_silent_client_is_disconnected(server, monkeypatch):
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.1)
    with server.live() as client, pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=30)
    assert closed.value.rcvd.code == 1013


def broken(*_: object) -> None:
    raise RuntimeError("a bug")


def test_a_bug_in_recognition_closes_the_connection_and_is_logged(
    server, client, face, monkeypatch, caplog
):
    monkeypatch.setattr(Recognizer, "recognize", broken)
    client.send(jpeg(face))
    assert "internal error" in receive(client)["error"]
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=30)
    assert closed.value.rcvd.code == 1011
    assert "RuntimeError: a bug" in caplog.text
    monkeypatch.undo()
    with server.live() as another:
        assert ask(another, jpeg(face))["faces"]


def test_a_bug_in_the_api_is_answered_with_500_and_logged(model, face, capfd):
    with contextlib.closing(Server(model, min_face="bug")) as server:
        answer = server.recognize(jpeg(face))
    assert answer.status == 500
    assert "internal error" in answer.json["error"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "TypeError" in capfd.readouterr().err


def test_a_photo_that_takes_too_long_is_given_up(server, face, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(limits, "PHOTO_SECONDS", 0.01)
        answer = server.recognize(jpeg(face))
        assert (answer.status, answer.json["error"][:17]) == (413, "image: takes too ")
    assert server.recognize(jpeg(face)).json["faces"]


def test_a_client_that_leaves_during_an_answer_is_not_an_error(server, face, monkeypatch, caplog):
    begun, left = threading.Event(), threading.Event()
    recognize = Recognizer.recognize

    def slow(*arguments):
        begun.set()
        left.wait(10)
        return recognize(*arguments)

    monkeypatch.setattr(Recognizer, "recognize", slow)
    with server.live() as client:
        client.send(jpeg(face))
        begun.wait(10)
        client.socket.shutdown(socket.SHUT_RDWR)
    left.set()
    server.wait_until_nobody_is_left()
    assert not [record for record in caplog.records if record.name != "websockets.client"]


def test_photos_of_many_sizes_from_many_clients_while_pages_are_open(server, face):
    rng = np.random.default_rng(0)
    scales = rng.uniform(0.3, 1.5, 16)
    bodies = [jpeg(cv2.resize(face, None, fx=scale, fy=scale)) for scale in scales]
    frames = [jpeg(face), jpeg(cv2.resize(face, (321, 241)))]
    done = threading.Event()

    def post(body: bytes) -> int:
        while (answer := server.recognize(body)).status == 503:
            time.sleep(0.05)
        return len(answer.json["faces"])

    def watch() -> int:
        answers = 0
        with server.live() as client:
            while not done.is_set():
                assert ask(client, frames[answers % 2])["faces"]
                answers += 1
        return answers

    with ThreadPoolExecutor(2) as pages, ThreadPoolExecutor(8) as clients:
        watching = [pages.submit(watch) for _ in range(2)]
        try:
            assert set(clients.map(post, bodies)) == {1}
        finally:
            done.set()
        assert all(page.result(timeout=30) > 10 for page in watching)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1", ""]
)
def test_pages_of_other_sites_are_refused(server, face, origin):
    assert server.recognize(jpeg(face), Origin=origin).status == 403
    with pytest.raises(InvalidStatus) as refused, server.live(origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_the_scheme_of_the_page_counts(server, face):
    assert server.recognize(jpeg(face), Host="localhost", Origin="http://localhost").status == 200
    assert server.recognize(jpeg(face), Host="localhost", Origin="https://localhost").status == 403


def test_two_origins_are_refused(server):
    own = f"Origin: {server.address}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        request = f"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{own}{own}\r\n"
        connection.sendall(request.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 403")


def test_its_own_page_is_accepted(server, face):
    assert server.recognize(jpeg(face), Origin=server.address).status == 200
    with server.live(origin=server.address) as client:
        assert receive(client)["type"] == "state"


def test_without_an_origin_the_fetch_metadata_of_the_browser_decides(server):
    for site, mode, status in (
        ("cross-site", "no-cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
    ):
        answer = server.request("/api/model", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)
        assert answer.status == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("evil.example:8000", 403),
        ("localhost.evil.example", 403),
        ("evil.example@localhost", 403),
        ("[", 403),
        ("", 403),
        ("user@127.0.0.1", 403),
        ("127.0.0.1:80@evil.example", 403),
        ("localhost/", 403),
        ("localhost/x", 403),
        ("local\thost", 403),
        ("localhost?x", 403),
        ("localhost#x", 403),
        ("localhost.", 403),
        ("localhost:", 403),
        ("127.1", 403),
        ("[127.0.0.1]", 403),
        ("::1", 403),
        ("localhost", 200),
        ("LOCALHOST:9", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
    ],
)
def test_only_names_of_this_machine_are_accepted(server, host, status):
    assert server.request("/", Host=host).status == status


def test_an_image_is_recognized_over_http(server, face, png):
    answer = server.recognize(jpeg(face))
    assert answer.status == 200
    assert set(answer.json) == {"width", "height", "faces"}
    (found,) = answer.json["faces"]
    assert found["emotion"] == "happiness"
    assert "explanation" not in found
    explained = server.recognize(png, "?explain=true", Content_Type="image/png").json
    (found,) = explained["faces"]
    assert found["explanation"]["sentence"].endswith(".")
    network = found["explanation"]["network"]
    assert network["share"] == pytest.approx(found["network_share"], abs=1e-3)
    assert network["occlusion"]["regions"].keys() > {"brows", "eyes", "nose", "mouth", "jaw"}


BAD_REQUESTS = [
    (b"", "", "image/jpeg", 400),
    (b"nonsense", "", "application/octet-stream", 400),
    (b"\xff\xd8\xff", "", "image/jpeg", 400),
    (b"GIF89a" + b"\0" * 99, "", "image/gif", 400),
    (png_header(100_000, 100_000), "", "image/png", 413),
    (png_header(5000, 5000), "", "image/png", 413),
    (b"\0" * (limits.MAX_BODY + 1), "", "image/jpeg", 413),
    (b"x", "", "text/html", 415),
    (b"x", "", "multipart/form-data; boundary=x", 415),
    (b"x", "?explain=maybe", "image/jpeg", 400),
]


@pytest.mark.parametrize(("body", "query", "kind", "status"), BAD_REQUESTS)
def test_bad_requests_are_answered_with_the_reason(server, body, query, kind, status):
    answer = server.recognize(body, query, Content_Type=kind)
    assert answer.status == status
    assert ": " in answer.json["error"]
    assert "; " in answer.json["error"]


def test_a_body_without_a_length_is_limited_too(server):
    parts = (b"\0" * 2**20 for _ in range(12))
    headers = {"Content-Type": "image/jpeg"}
    request = urllib.request.Request(f"{server.address}/api/recognize", parts, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    with refused.value as answer:
        assert answer.code == 413
    assert server.request("/api/health").status == 200


def test_a_body_that_does_not_arrive_is_answered_in_time(server, monkeypatch):
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(
            b"POST /api/recognize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")


def test_unknown_addresses_and_methods_are_answered_with_the_reason(server):
    for path in ("/nothing", "/static/../server.py", "/static/%2e%2e/server.py", "/emoji/"):
        answer = server.request(path)
        assert (answer.status, answer.json["error"][:7]) == (404, "address")
    answer = server.request("/api/recognize")
    assert (answer.status, answer.json["error"][:6]) == (405, "method")


def test_the_model_is_described(server, model):
    answer = server.request("/api/model").json
    assert answer["version"] == __version__
    assert tuple(answer["emotions"]) == load_model(model).emotions
    assert tuple(answer["columns"]) == COLUMNS
    assert answer["colors"] == COLORS


def test_the_description_names_every_address_and_status(server):
    description = server.request("/openapi.json").json
    assert description["servers"] == [{"url": server.address}]
    assert f"{server.address}/api/recognize" in description["info"]["description"]
    paths = description["paths"]
    assert set(paths) == {"/api/recognize", "/api/health", "/api/model"}
    statuses = {str(status) for *_, status in BAD_REQUESTS} | {
        "200",
        "401",
        "403",
        "408",
        "500",
        "503",
    }
    assert set(paths["/api/recognize"]["post"]["responses"]) - {"default"} == statuses


def test_everything_the_pages_need_comes_from_the_server(server):
    seen = []
    for path in ("/", "/api"):
        text = server.request(path).body.decode()
        for part in text.replace("href=", "src=").split('src="')[1:]:
            address = part.partition('"')[0]
            if not address.startswith("#"):
                assert address.startswith("/")
                assert server.request(address).status == 200
                seen.append(address)
    assert {"/static/app.js", "/static/api.js"} <= set(seen)
    static = resources.files("landmark_emotion.web") / "static"
    names = [file.name for file in static.iterdir() if file.name.endswith(".js")]
    assert {"app.js", "encoder.js"} < set(names)
    for name in names:
        script = server.request(f"/static/{name}")
        assert script.headers["content-type"].startswith("text/javascript")
        assert b"://" not in script.body.replace(b"}://${", b"").replace(b"http://localhost", b"")
    emoji = [
        server.request(f"/emoji/{name}.png").body for name in ("happiness", "bored", "eyes%20shut")
    ]
    assert all(picture.startswith(b"\x89PNG") for picture in emoji)
    assert emoji[0] != emoji[1] == emoji[2]


@pytest.mark.parametrize("path", ["/", "/api", "/api/health", "/nothing", "/static/app.js"])
def test_every_answer_has_security_headers(server, path):
    headers = server.request(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in headers
