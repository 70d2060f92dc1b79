"""Load on the server: ``python -m tools.web_stress [DATA] [--seconds N]``.

Eight clients post photos of many sizes to ``/api/recognize`` while four others send frames of
changing sizes over WebSockets. Exits with 1 if the server dies, answers wrongly or logs an error.
DATA contains ``london/``; without it the faces are drawn.
"""

import argparse
import itertools
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from websockets.sync.client import connect

from tools.browser import Server, drawn_film

CLIENTS, PAGES = 8, 4
SIZES = (80, 2400)  # shortest and longest side of a photo, in pixels


def photos(data: Path | None) -> list[np.ndarray]:
    if data is None:
        return list(itertools.islice(drawn_film(0.1), 4))
    return [cv2.imread(str(file)) for file in sorted((data / "london").glob("*/*.jpg"))[::9]]


def resized(image: np.ndarray, rng: np.random.Generator) -> bytes:
    scale = np.exp(rng.uniform(*np.log(SIZES))) / max(image.shape)
    stretch = rng.uniform(0.8, 1.25)
    changed = cv2.resize(image, None, fx=scale * stretch, fy=scale)
    return cv2.imencode(".jpg", changed)[1].tobytes()


def post(address: str, images: list[np.ndarray], seed: int, done: threading.Event) -> int:
    rng = np.random.default_rng(seed)
    answers = 0
    while not done.is_set():
        body = resized(images[rng.integers(len(images))], rng)
        headers = {"Content-Type": "image/jpeg"}
        request = urllib.request.Request(f"{address}api/recognize", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                json.load(answer)["faces"]
                answers += 1
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 503:
                    raise
            time.sleep(0.05)
    return answers


def watch(port: int, images: list[np.ndarray], seed: int, done: threading.Event) -> int:
    rng = np.random.default_rng(seed)
    answers = 0
    with connect(f"ws://127.0.0.1:{port}/live", compression=None) as client:
        client.recv()
        while not done.is_set():
            client.send(resized(images[rng.integers(len(images))], rng))
            if json.loads(client.recv(timeout=60))["type"] == "frame":  # some are too large
                answers += 1
    return answers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    images = photos(args.data)
    done = threading.Event()
    with Server() as server, ThreadPoolExecutor(CLIENTS + PAGES) as pool:
        posting = [pool.submit(post, server.address, images, n, done) for n in range(CLIENTS)]
        watching = [pool.submit(watch, server.port, images, n, done) for n in range(PAGES)]
        try:
            time.sleep(args.seconds)
        finally:
            done.set()
        n_photos = sum(job.result() for job in posting)
        n_frames = sum(job.result() for job in watching)
        alive = server.process.poll() is None
        server.process.terminate()
        log = server.process.communicate(timeout=20)[1]
    print(f"{n_photos} photos, {n_frames} frames; server {'alive' if alive else 'DEAD'}")
    print(log, end="")
    return 0 if alive and not log else 1


if __name__ == "__main__":
    sys.exit(main())
