"""The receivers of docs/examples print what is sent to them."""

import socket
import threading
import time
from pathlib import Path

import pytest

import landmark_emotion as le
from landmark_emotion.show.sending import Target, open_sending
from landmark_emotion.sources.frame import Frame

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"
PACKAGES = {"osc": "pythonosc", "lsl": "pylsl"}


@pytest.mark.parametrize("kind", ["udp", "osc", "lsl"])
def test_receiver_prints_what_is_sent(kind, spawn, face):
    if kind in PACKAGES:
        try:
            pytest.importorskip(PACKAGES[kind])
        except RuntimeError as error:
            pytest.skip(f"the Lab Streaming Layer is not usable: {error}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    receiver = spawn(EXAMPLES / f"receive_{kind}.py", port)
    printed = []
    read = lambda: [printed.append(line) for line in receiver.stdout]  # noqa: E731
    threading.Thread(target=read, daemon=True).start()
    target = Target(kind) if kind == "lsl" else Target(kind, "127.0.0.1", port)
    predictions = le.recognize(face)
    probability = predictions[0].probabilities[predictions[0].emotions.index("happiness")]
    expected = {"no face", f"face 1: {probability:.2f}"}
    with open_sending([target], print) as sending:
        for index in range(600):  # the receiver takes a moment to start
            sending.send("camera", Frame(face, index, index / 20), predictions if index % 2 else [])
            time.sleep(0.05)
            missing = {text for text in expected if not any(text in line for line in printed)}
            if not missing or receiver.poll() is not None:
                break
    assert not missing, receiver.poll()
