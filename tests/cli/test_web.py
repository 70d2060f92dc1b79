# ruff: noqa: E402  (without the extra there is nothing to import)
import contextlib
import re
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import cv2
import pytest

for package in ("fastapi", "uvicorn", "websockets"):
    pytest.importorskip(package, reason="the extra 'web' is not installed")

from websockets.sync.client import connect

from landmark_emotion.errors import ServerError
from landmark_emotion.web import limits
from landmark_emotion.web.listening import listen


@pytest.fixture(scope="module")
def model() -> Path:
    return Path(__file__).parents[2] / "models" / "default.npz"


def test_the_command_prints_the_address_and_ends_with_ctrl_c(spawn, model):
    process = spawn("-m", "landmark_emotion", "web", "--no-open", "--port", 0, "--model", model)
    lines = [process.stderr.readline() for _ in range(2)]
    assert lines[0].startswith("model: ")
    address = lines[1].split()[1]
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert b"<title>" in answer.read()
    assert interrupted(process) == (130, "", "stopped\n")


def interrupted(process):
    """Press Ctrl-C and return the exit status and what is printed from then on."""
    process.send_signal(signal.CTRL_C_EVENT if sys.platform == "win32" else signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_ctrl_c_ends_the_server_whatever_it_is_doing(spawn, model, face):
    process = spawn("-m", "landmark_emotion", "web", "--no-open", "--port", 0, "--model", model)
    for line in process.stderr:
        if line.startswith("page: "):
            port = int(line.split()[1].rstrip("/").rpartition(":")[2])
            break
    photo = cv2.imencode(".jpg", cv2.resize(face, (4800, 3600)))[1].tobytes()
    head = "POST /api/recognize HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for length, body in ((len(photo), photo), (10**6, b"half a body"), (0, b"GET / half")):
            opened = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            opened.sendall((head.format(length).encode() if length else b"") + body)
        live = stack.enter_context(connect(f"ws://127.0.0.1:{port}/live"))
        live.recv(timeout=30)
        live.send(photo[: limits.MAX_MESSAGE])
        live.send(cv2.imencode(".jpg", face)[1].tobytes())
        time.sleep(0.2)
        begun = time.monotonic()
        assert interrupted(process) == (130, "", "stopped\n")
        # Below one second, but machines that run tests are busy; the photo alone takes longer.
        assert time.monotonic() - begun < 5


def test_a_predictor_that_cannot_be_loaded_ends_the_server(spawn, model, tmp_path):
    (tmp_path / "bad.dat").write_bytes(b"nonsense")
    options = ("--model", model, "--predictor", "bad.dat")
    process = spawn("-m", "landmark_emotion", "web", "--no-open", "--port", 0, *options)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("error: bad.dat: ")
    assert len(err.splitlines()) == 3


def test_an_address_that_cannot_be_used_is_reported(run, model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("web", "--no-open", "--port", port, "--model", model)
    assert result.status == 1
    expected = f"error: 127.0.0.1:{port}: the port is in use; choose another with --port\n"
    assert result.err == expected
    result = run("web", "--no-open", "--host", "192.0.2.1", "--port", 0, "--model", model)
    assert (result.status, result.err) == (
        1,
        "error: 192.0.2.1:0: not an address of this machine; check --host\n",
    )


def test_a_password_in_the_host_is_not_repeated():
    with pytest.raises(ServerError) as refused:
        listen("http://user:secret@localhost", 0)
    assert "secret" not in str(refused.value)


@pytest.fixture
def unserved(monkeypatch):
    """Do not serve; return what would have been."""
    served = []
    monkeypatch.setattr("landmark_emotion.web.server.serve", lambda *given: served.append(given))
    return served


def test_other_machines_need_a_token_and_are_told_the_address(run, model, unserved):
    options = ("web", "--no-open", "--port", 0, "--model", model)
    result = run(*options, "--host", "0.0.0.0")
    assert result.status == 0
    (page,) = re.findall(r"^page: http://localhost:\d+/\?token=(\S+) ", result.err, re.MULTILINE)
    assert len(page) > 20
    assert all(token == page for token in re.findall(r"token=(\S+)", result.err))
    assert "warning: the connection is not encrypted" in result.err
    assert "everyone" not in result.err
    assert page not in run(*options, "--host", "0.0.0.0").err
    result = run(*options, "--host", "0.0.0.0", "--token", "none")
    assert "warning: everyone who can reach 0.0.0.0 can use this server" in result.err
    assert "token=" not in result.err


def test_this_machine_needs_no_token_unless_one_is_named(run, model, unserved):
    options = ("web", "--no-open", "--port", 0, "--model", model)
    result = run(*options)
    assert "token" not in result.err
    assert "warning" not in result.err
    assert "/?token=my-secret " in run(*options, "--token", "my-secret").err
    for bad in ("short", "with space", "x" * 200, "ümlauts-are-bad"):
        assert run(*options, "--token", bad).status == 2


def test_tls_takes_a_certificate_and_its_key(run, model, here, unserved):
    options = ("web", "--no-open", "--port", 0, "--model", model)
    for wrong in (["cert.pem"], ["auto", "key.pem"], ["a", "b", "c"]):
        assert run(*options, "--tls", *wrong).status == 2
    assert "no.pem: cannot be read" in run(*options, "--tls", "no.pem", "no.pem").err
    Path("bad.pem").write_text("nonsense")
    result = run(*options, "--tls", "bad.pem", "bad.pem")
    assert (result.status, unserved) == (1, [])
    assert "error: bad.pem: not a certificate in PEM format" in result.err


def test_the_browser_is_opened_if_there_is_a_screen(run, model, monkeypatch):
    opened = []
    monkeypatch.setattr("landmark_emotion.web.server.serve", lambda *given: time.sleep(0.2))
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    run("web", "--port", 0, "--model", model, "--no-open")
    assert opened == []
    run("web", "--port", 0, "--model", model)
    assert opened[0].startswith("http://127.0.0.1:")


def test_a_missing_extra_is_reported_in_one_line(run, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("landmark_emotion.web.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    result = run("web", "--no-open")
    assert result.status == 1
    expected = "error: fastapi: not installed; run \"pip install 'landmark-emotion[web]'\"\n"
    assert result.err == expected
