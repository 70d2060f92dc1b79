# ruff: noqa: E402  (without the extra there is nothing to import)
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest

for package in ("fastapi", "uvicorn", "websockets"):
    pytest.importorskip(package, reason="the extra 'web' is not installed")

from landmark_emotion.errors import ServerError
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
    process.send_signal(signal.CTRL_C_EVENT if sys.platform == "win32" else signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "stopped\n")


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


def test_listening_for_other_machines_is_warned_of(run, model, monkeypatch):
    monkeypatch.setattr("landmark_emotion.web.server.serve", lambda app, taken: None)
    result = run("web", "--no-open", "--host", "0.0.0.0", "--port", 0, "--model", model)
    assert result.status == 0
    assert "warning: everyone who can reach 0.0.0.0" in result.err
    assert "warning" not in run("web", "--no-open", "--port", 0, "--model", model).err


def test_the_browser_is_opened_if_there_is_a_screen(run, model, monkeypatch):
    opened = []
    monkeypatch.setattr("landmark_emotion.web.server.serve", lambda app, taken: time.sleep(0.2))
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
