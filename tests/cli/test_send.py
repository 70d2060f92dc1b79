import json
import socket
import time

import pytest


@pytest.fixture
def receivers():
    opened = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for receiver in opened:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
    yield opened
    for receiver in opened:
        receiver.close()


def targets(receivers) -> list[str]:
    addresses = [f"udp://127.0.0.1:{receiver.getsockname()[1]}" for receiver in receivers]
    return [word for address in addresses for word in ("--send", address)]


@pytest.mark.parametrize("command", [["video"], ["webcam", "--source"]])
def test_every_frame_is_sent_to_every_target_at_the_speed_of_the_recording(
    run, video, model, receivers, command
):
    start = time.monotonic()
    result = run(
        *command, video, "--model", model, "--format", "json", "--changes-only", *targets(receivers)
    )
    # 40 frames at 10 per second
    assert time.monotonic() - start > 3.5
    assert result.status == 0
    for receiver in receivers:
        messages = [json.loads(receiver.recv(65535)) for _ in range(40)]
        assert [message["frame"] for message in messages] == list(range(40))
        assert messages[0]["face"] == 1
        assert messages[-1]["face"] is None
        assert messages[0] | result.rows[0] == messages[0]


def test_unknown_host_is_an_error_before_any_frame(run, video, model):
    result = run("video", video, "--model", model, "--send", "udp://no-such-host.invalid:9000")
    assert result.status == 1
    assert "error: udp://no-such-host.invalid:9000: the host cannot be found" in result.err
    assert not result.out


def test_wrong_target_is_wrong_usage(run):
    result = run("webcam", "--send", "tcp://localhost:9000")
    assert result.status == 2
    assert "argument --send: must be udp://HOST:PORT, osc://HOST:PORT or lsl" in result.err
