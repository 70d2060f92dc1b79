"""Speed of the browser page: ``python -m benchmarks.web [DATA] [--clients N ...] [--json FILE]``.

With 1, 4 and 8 clients at once, for ``--seconds`` each, it measures

- pages, each in a headless Chromium of its own with a fake camera of 30 frames per second: the
  share of the camera's frames that is answered, the delay from capturing a frame to drawing its
  landmarks, the time from starting the camera to the first answer, and the use of processor and
  network;
- bare connections, which send the next JPEG frame when the previous one is answered: the frame
  rate and memory of the server when no browser competes for the cores.

DATA contains ``video/single_face.mp4``; without it the face is drawn. Linux only. Figures depend on
what else the machine does, so the load is reported, too. Takes about three minutes.
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

CLIENTS = [1, 4, 8]
WARM_UP = 4.0  # seconds

_LISTEN = """
window.delays = [];
window.bytes = 0;
document.addEventListener("frame-drawn", (event) => window.delays.push(event.detail.delay));
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  window.bytes += data.size ?? data.length;
  send.call(this, data);
};
"""
_FIRST = """
new Promise((done) => {
  const begun = performance.now();
  document.addEventListener("frame-drawn", () => done(performance.now() - begun), {once: true});
  document.querySelector("#start").click();
})
"""
_RESET = """
window.delays = [];
window.bytes = 0;
window.since = performance.now();
window.before = document.querySelector("#video").getVideoPlaybackQuality().totalVideoFrames;
"""
_TAKE = """({
  delays, bytes, passed: performance.now() - since,
  shown: document.querySelector("#video").getVideoPlaybackQuality().totalVideoFrames - before,
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS, metavar="N")
    parser.add_argument("--json", type=Path, help="write all figures to a file")
    args = parser.parse_args()
    film = list(drawn_film())
    if args.data is not None:
        there = [frame.image for frame in frames(args.data / "video" / "single_face.mp4")]
        film = there + there[::-1]
    report: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    report["weight"] = weight()
    print("page weight: {bytes} bytes in {requests} requests".format(**report["weight"]))
    report["bare"] = [bare(film, n, args.seconds) for n in args.clients]
    if find_chromium() is None:
        print("there is no Chromium")
    else:
        report["chromium"] = [in_browser(film, n, args.seconds) for n in args.clients]
    print(
        f"load of the machine: {report['load_before']:.1f} before, {os.getloadavg()[0]:.1f} after"
    )
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
        browsers, pages, first = [], [], []
        for number in range(n):
            # Pages that share one fake camera get two frames per second.
            place = folder / str(number)
            place.mkdir()
            browsers.append(stack.enter_context(Chromium(place, camera)))
            page = browsers[-1].page()
            pages.append(page)
            page.resize(1280, 900)
            page.call("Page.addScriptToEvaluateOnNewDocument", source=_LISTEN)
            page.open(server.address)
            page.wait("document.querySelector('#connection').dataset.state === 'ready'")
            first.append(float(page.run(_FIRST)))
        time.sleep(WARM_UP)
        for page in pages:
            page.run(_RESET)
        pids = [server.process.pid, *(browser.process.pid for browser in browsers)]
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(seconds)
        taken = [page.run(_TAKE) for page in pages]
        used = [cpu_seconds(pid) - old for pid, old in zip(pids, before, strict=True)]
    passed = statistics.mean(one["passed"] for one in taken) / 1000
    figures = summary("pages", [one["delays"] for one in taken], passed) | {
        "share_answered": [round(len(one["delays"]) / max(1, one["shown"]), 3) for one in taken],
        "first_answer_ms": [round(one) for one in first],
        "bytes_per_frame": round(sum(one["bytes"] for one in taken) / total(taken)),
        "server_cores": round(used[0] / passed, 2),
        "browser_cores_each": round(statistics.mean(used[1:]) / passed, 2),
    }
    print(
        f"  {100 * statistics.mean(figures['share_answered']):.0f} % of the camera's frames "
        f"answered, the first after {statistics.mean(first):.0f} ms; "
        f"{figures['bytes_per_frame']} bytes per frame; server {figures['server_cores']} cores, "
        f"browser {figures['browser_cores_each']} cores each"
    )
    return figures


def total(taken: list[dict[str, Any]]) -> int:
    return max(1, sum(len(one["delays"]) for one in taken))


def cpu_seconds(leader: int) -> float:
    """Return the processor time of a process and of all processes of its session."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(") ")[2].split()
            if leader in (int(stat.parent.name), int(fields[3])):
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


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
