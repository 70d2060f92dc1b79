"""How long messages take from the capture of a frame to their receipt, on one computer.

``python -m benchmarks.sending [VIDEO]``; without a video a drawn one is used.
"""

import argparse
import json
import multiprocessing
import socket
import tempfile
import time
from pathlib import Path

import numpy as np

from landmark_emotion.drawn.video import draw_video
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.show.sending import Target, open_sending

PORT = 50_431


def receive_udp(note):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", PORT))
        note("ready")
        while True:
            data = receiver.recv(65535)
            note((json.loads(data)["frame"], time.perf_counter()))


def receive_osc(note):
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.osc_server import BlockingOSCUDPServer

    dispatcher = Dispatcher()
    dispatcher.map("/frame", lambda _, frame: note((frame, time.perf_counter())))
    with BlockingOSCUDPServer(("127.0.0.1", PORT), dispatcher) as server:
        note("ready")
        server.serve_forever()


def receive_lsl(note):
    import pylsl

    (stream,) = pylsl.resolve_byprop("name", "landmark_emotion", timeout=30)
    inlet = pylsl.StreamInlet(stream)
    inlet.open_stream()
    note("ready")
    while True:
        sample, _ = inlet.pull_sample()
        note((int(sample[1]), time.perf_counter()))


RECEIVERS = {"udp": receive_udp, "osc": receive_osc, "lsl": receive_lsl}


def measure(kind, video, recognizer):
    """Return the delays of all frames in ms, from recognition and from capture, and how many."""
    messages = multiprocessing.Queue()
    child = multiprocessing.Process(target=RECEIVERS[kind], args=(messages.put,), daemon=True)
    target = Target(kind) if kind == "lsl" else Target(kind, "127.0.0.1", PORT)
    with open_sending([target], print) as sending:
        child.start()
        assert messages.get(timeout=60) == "ready"
        recognized, captured = {}, {}
        start = time.monotonic()
        for frame, predictions in recognizer.stream(video):
            recognized[frame.index] = time.perf_counter()
            captured[frame.index] = recognized[frame.index] - (time.monotonic() - frame.captured)
            sending.send("", frame, predictions)
            time.sleep(max(0.0, start + frame.time - time.monotonic()))
        time.sleep(1)
    received = {}
    while not messages.empty():
        frame, when = messages.get()
        received.setdefault(frame, when)
    child.terminate()
    child.join()
    delays = [
        [1000 * (when - since[frame]) for frame, when in received.items()]
        for since in (recognized, captured)
    ]
    return *delays, len(recognized)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path, nargs="?")
    video = parser.parse_args().video
    with tempfile.TemporaryDirectory() as folder:
        if video is None:
            video = Path(folder) / "drawn.avi"
            draw_video(video, fps=25)
        recognizer = Recognizer()
        print("ms: median and 95 % from recognition to receipt | from capture to receipt")
        for kind in RECEIVERS:
            *delays, sent = measure(kind, video, recognizer)
            numbers = " | ".join(
                "{:6.2f} {:6.2f}".format(*np.percentile(d, [50, 95])) for d in delays
            )
            print(f"{kind}: {numbers} | {len(delays[0])} of {sent} frames received", flush=True)


if __name__ == "__main__":
    main()
