"""Speed of the browser page: ``python -m benchmarks.web [DATA] [--json FILE]``.

With 1, 4 and 8 clients at once, for ``--seconds`` each, it measures

- pages, each in a headless Chromium of its own with a fake camera of 30 frames per second: the
  frame rate, and the delay from capturing a frame to drawing its landmarks;
- bare connections, which send the next JPEG frame when the previous one is answered: the frame
  rate and memory of the server when no browser competes for the cores.

DATA contains ``video/single_face.mp4``; without it the face is drawn. Linux only, on an otherwise
idle machine. Takes about three minutes.
"""

import argparse
import contextlib
import json
import os
import statistics
import threading
import time
import urllib.request
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from websockets.sync.client import connect

from landmark_emotion.emotions import COLORS
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.sources.video import frames
from tools.browser import Chromium, Server, drawn_film, find_chromium, write_camera

CLIENTS = (1, 4, 8)
WARM_UP = 4.0  # seconds

_LISTEN = """
window.delays = [];
document.addEventListener("frame-drawn", (event) => window.delays.push(event.detail.delay));
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    args = parser.parse_args()
    film = list(drawn_film())
    if args.data is not None:
        there = [frame.image for frame in frames(args.data / "video" / "single_face.mp4")]
        film = there + there[::-1]
    report: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    report["weight"] = weight()
    print("page weight: {bytes} bytes in {requests} requests".format(**report["weight"]))
    report["bare"] = [bare(film, n, args.seconds) for n in CLIENTS]
    if find_chromium() is None:
        print("there is no Chromium")
    else:
        report["chromium"] = [in_browser(film, n, args.seconds) for n in CLIENTS]
    if args.json is not None:
        replace_atomically(args.json, json.dumps(report, indent=2).encode())


def weight() -> dict[str, int]:
    """Return the size of all that a browser fetches to show the page, uncompressed."""
    emoji = [f"emoji/{emotion}.png" for emotion in COLORS]
    static = (resources.files("landmark_emotion.web") / "static").iterdir()
    files = [
        f"static/{file.name}" for file in static if not file.name.startswith(("api.", "index"))
    ]
    sizes = []
    with Server() as server:
        for path in ("", "api/model", *files, *emoji):
            with urllib.request.urlopen(server.address + path, timeout=10) as answer:
                sizes.append(len(answer.read()))
    return {"bytes": sum(sizes), "requests": len(sizes)}


def bare(film: list[np.ndarray], n: int, seconds: float) -> dict[str, Any]:
    """Measure bare connections."""
    jpegs = [cv2.imencode(".jpg", image, [1, 85])[1].tobytes() for image in film]
    delays: list[list[float]] = [[] for _ in range(n)]
    with Server() as server:
        with urllib.request.urlopen(server.address + "api/health", timeout=10):
            before = memory(server.process.pid)
        stop = time.monotonic() + WARM_UP + seconds

        def client(mine: list[float]) -> None:
            address = f"ws://127.0.0.1:{server.port}/live"
            with connect(address, compression=None) as socket:
                socket.recv()
                for index in range(10**9):
                    begun = time.monotonic()
                    if begun > stop:
                        return
                    socket.send(jpegs[index % len(jpegs)])
                    socket.recv()
                    if begun > stop - seconds:
                        mine.append(1000 * (time.monotonic() - begun))

        threads = [threading.Thread(target=client, args=(mine,)) for mine in delays]
        for thread in threads:
            thread.start()
        time.sleep(WARM_UP + seconds - 0.5)
        used = memory(server.process.pid)
        for thread in threads:
            thread.join()
    figures = summary("bare", delays, seconds) | {
        "server_mb": round(used, 1),
        "mb_per_client": round((used - before) / n, 1),
    }
    print(f"  server {used:.0f} MB, {figures['mb_per_client']} MB per client")
    return figures


def in_browser(film: list[np.ndarray], n: int, seconds: float) -> dict[str, Any]:
    """Measure pages."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
        camera = write_camera(folder / "camera.mjpeg", film)
        server = stack.enter_context(Server())
        pages = []
        for number in range(n):
            # Pages that share one fake camera get two frames per second.
            place = folder / str(number)
            place.mkdir()
            page = stack.enter_context(Chromium(place, camera)).page()
            pages.append(page)
            page.resize(1280, 900)
            page.open(server.address)
            page.wait("document.querySelector('#bars li')")
            page.run(_LISTEN)
            page.click("#start")
        for page in pages:
            page.wait("window.delays.length > 5")
        time.sleep(WARM_UP)
        for page in pages:
            page.run("void (window.delays = [], window.since = performance.now())")
        time.sleep(seconds)
        taken = [page.run("({delays, passed: performance.now() - since})") for page in pages]
    delays = [one["delays"] for one in taken]
    return summary("pages", delays, statistics.mean(one["passed"] for one in taken) / 1000)


def summary(what: str, delays: list[list[float]], seconds: float) -> dict[str, Any]:
    everything = [delay for mine in delays for delay in mine]
    p50, p95 = (float(value) for value in np.percentile(everything, (50, 95)))
    rates = [len(mine) / seconds for mine in delays]
    print(
        f"{len(delays)} {what}: {statistics.mean(rates):.1f} frames/s each "
        f"({min(rates):.1f} to {max(rates):.1f}), delay {p50:.0f} ms (p95 {p95:.0f} ms)",
        flush=True,
    )
    return {
        "clients": len(delays),
        "frames_per_second": rates,
        "delay_p50_ms": round(p50, 1),
        "delay_p95_ms": round(p95, 1),
    }


def memory(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
