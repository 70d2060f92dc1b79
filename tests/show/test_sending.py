import contextlib
import json
import math
import socket
import sys
import threading
import time

import pytest

import landmark_emotion as le
from landmark_emotion.errors import MissingPackageError, OutputError
from landmark_emotion.show.rows import flat_row, json_row, numeric_columns
from landmark_emotion.show.sending import Target, open_sending
from landmark_emotion.sources.frame import Frame


@pytest.fixture(scope="module")
def predictions(face):
    return le.recognize(face)


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(10)
        yield opened


def target(kind, receiver) -> Target:
    return Target(kind, "127.0.0.1", receiver.getsockname()[1])


@contextlib.contextmanager
def sending(*targets, **options):
    notes = []
    with open_sending(targets, notes.append, **options) as opened:
        yield opened
    assert notes == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("udp://localhost:9000", ("udp", "localhost", 9000)),
        ("osc://192.168.0.7:57120/", ("osc", "192.168.0.7", 57120)),
        ("udp://[::1]:9000", ("udp", "::1", 9000)),
        ("lsl", ("lsl", "", 0)),
    ],
)
def test_target_is_parsed_and_written_again(text, expected):
    assert Target.parse(text) == expected
    assert str(Target.parse(text)) == text.rstrip("/")


@pytest.mark.parametrize(
    "text",
    ["", "udp", "udp://", "udp://host", "udp://host:0", "udp://host:70000", "udp://:9000"]
    + ["tcp://host:9000", "host:9000", "udp://host:9000/a", "udp://a@host:9000", "udp://[::1:9"],
)
def test_anything_else_is_no_target(text):
    with pytest.raises(ValueError, match=r".+"):
        Target.parse(text)


def test_udp_message_is_the_json_row_with_number_of_faces_and_time_of_capture(
    receiver, face, predictions
):
    captured = time.monotonic() - 5
    frame = Frame(face, 7, 1.25, captured)
    with sending(target("udp", receiver)) as opened:
        opened.send("camera", frame, predictions, "anna")
        opened.send("camera", frame, [])
    seen, nobody = (json.loads(receiver.recv(65535)) for _ in range(2))
    assert time.time() - seen.pop("captured") == pytest.approx(5, abs=2)
    assert seen.pop("faces") == 1
    assert seen == json_row("camera", 7, 1.25, predictions[0], person="anna")
    assert nobody["faces"] == 0
    assert nobody["face"] is None
    assert nobody["frame"] == 7


def test_each_face_has_a_message(receiver, face, predictions):
    with sending(target("udp", receiver)) as opened:
        opened.send("camera", Frame(face, 0, 0.0), predictions * 2)
    assert [json.loads(receiver.recv(65535))["faces"] for _ in range(2)] == [2, 2]


def test_landmarks_are_sent_if_asked_for(receiver, face, predictions):
    with sending(target("udp", receiver), landmarks=True) as opened:
        opened.send("camera", Frame(face, 0, 0.0), predictions)
    assert len(json.loads(receiver.recv(65535))["landmarks"]) == 68


def test_receiver_that_is_gone_does_not_matter(receiver, face, predictions):
    gone = target("udp", receiver)
    receiver.close()
    with sending(gone) as opened:
        for index in range(20):  # the network reports the first as refused
            opened.send("camera", Frame(face, index, 0.0), predictions)


def test_what_the_network_does_not_take_is_lost_and_told_at_the_end(
    receiver, face, predictions, monkeypatch
):
    class Full(socket.socket):
        def sendto(self, data, address):
            raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("socket.socket", Full)
    notes = []
    with open_sending([target("udp", receiver)], notes.append) as opened:
        opened.send("camera", Frame(face, 0, 0.0), predictions)
    (note,) = notes
    assert note.startswith(f"note: {target('udp', receiver)}: 1 of 1 messages could not be sent")


def test_receiver_that_never_reads_does_not_slow_the_sender(receiver, face, predictions):
    with sending(target("udp", receiver)) as opened:
        start = time.monotonic()
        for index in range(5000):  # more than any buffer holds
            opened.send("camera", Frame(face, index, 0.0), predictions)
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".invalid"])
def test_unknown_host_is_an_error_at_once(host):
    with (
        pytest.raises(OutputError, match=rf"udp://{host}:9: the host cannot be found .+; check"),
        open_sending([Target("udp", host, 9)], print),
    ):
        pass


@pytest.mark.parametrize(("kind", "module"), [("osc", "pythonosc"), ("lsl", "pylsl")])
def test_missing_package_is_named_with_its_remedy(kind, module, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    told = pytest.raises(MissingPackageError, match=rf"^{kind}.* is not installed; run 'pip insta")
    with told, open_sending([Target(kind, "127.0.0.1", 9)], print):
        pass


def test_missing_library_of_lsl_is_named(monkeypatch, tmp_path):
    for name in [name for name in sys.modules if name.partition(".")[0] == "pylsl"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "pylsl.py").write_text("raise RuntimeError('LSL binary library was not found')")
    monkeypatch.syspath_prepend(tmp_path)
    told = pytest.raises(MissingPackageError, match=r"^lsl: the library liblsl is missing .+; ")
    with told, open_sending([Target("lsl")], print):
        pass


def test_osc_server_receives_every_value(face, predictions):
    dispatcher_module = pytest.importorskip("pythonosc.dispatcher")
    from pythonosc.osc_server import BlockingOSCUDPServer

    got = []
    dispatcher = dispatcher_module.Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: got.append((address, *values)))
    with BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        server.timeout = 10
        thread = threading.Thread(target=lambda: [server.handle_request() for _ in range(2)])
        thread.start()
        with sending(Target("osc", *server.server_address)) as opened:
            opened.send("camera", Frame(face, 7, 1.25, time.monotonic() - 5), predictions)
            opened.send("camera", Frame(face, 8, 1.5), [])
        thread.join(20)
    values = dict(got[:-4])
    flat = flat_row(json_row("camera", 7, 1.25, predictions[0]))
    sent = [name for name, value in flat.items() if value is not None]
    assert {address.rpartition("/")[2] for address in values} == (
        {"faces", "captured", *sent} - {"source", "face", "error"}
    )
    assert values["/faces"] == 1
    assert time.time() - values["/captured"] == pytest.approx(5, abs=2)
    assert values["/face/1/emotion"] == flat["emotion"]
    assert values["/face/1/left"] == flat["left"]
    assert values["/face/1/p_happiness"] == pytest.approx(flat["p_happiness"], abs=1e-6)
    assert [address for address, _ in got[-4:]] == ["/faces", "/captured", "/frame", "/time"]
    assert got[-4][1] == 0


@pytest.fixture
def lsl():
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:  # the library is missing
        pytest.skip(f"the Lab Streaming Layer is not usable: {error}")
    return pylsl


def test_lsl_stream_has_names_units_and_the_times_of_capture(lsl, face, predictions):
    name = f"test {time.monotonic()}"
    with sending(Target("lsl"), source=name) as opened:
        hostname = socket.gethostname()
        found = lsl.resolve_byprop("source_id", f"landmark_emotion {hostname} {name}", timeout=10)
        if not found:
            pytest.skip("this network does not let streams be found")
        inlet = lsl.StreamInlet(found[0])
        inlet.open_stream(timeout=10)
        at = lsl.local_clock() - 5
        captured = time.monotonic() - 5
        opened.send("camera", Frame(face, 7, 1.25, captured), predictions)
        opened.send("camera", Frame(face, 8, 1.5), [])
        (seen, stamp), (nobody, _) = (inlet.pull_sample(timeout=10) for _ in range(2))
        channel = inlet.info().desc().child("channels").child("channel")
        described = {}
        while not channel.empty():
            described[channel.child_value("label")] = channel.child_value("unit")
            channel = channel.next_sibling()
        inlet.close_stream()
    assert stamp == pytest.approx(at, abs=0.5)
    assert list(described) == ["faces", *numeric_columns(False)]
    assert described["left"] == "pixels"
    assert described["p_anger"] == "probability"
    assert described["yaw"] == "degrees"
    assert described["smile_width"] == "ratio"
    values, flat = (
        dict(zip(described, seen, strict=True)),
        flat_row(json_row("camera", 7, 1.25, predictions[0])),
    )
    assert values["faces"] == 1
    assert values["frame"] == 7
    assert values["p_happiness"] == flat["p_happiness"]
    empty = dict(zip(described, nobody, strict=True))
    assert empty["faces"] == 0
    assert empty["frame"] == 8
    assert math.isnan(empty["face"])
