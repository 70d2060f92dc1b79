"""Cost of hostile bodies: ``python -m tools.web_bodies [--frames] [--only WORD]``.

Posts images of every format, size and depth, most of them made to cost as much as possible for
their bytes, to ``/api/recognize``, or sends them as frames of a page. Prints the CPU time and the
memory that each one took in the processes of the server, the worst at the end. Linux only. Exits
with 1 if one costs more than `GOAL_SECONDS` of CPU time or `GOAL_MEGABYTES`.
"""

import argparse
import contextlib
import itertools
import json
import os
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from websockets.sync.client import ClientConnection, connect

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.web import limits
from tools.browser import Server

GOAL_SECONDS, GOAL_MEGABYTES = 2.0, 300.0
_PASSES = (  # of Adam7: first column and row, and steps
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8)),
    *((2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
Body = tuple[str, Callable[[], bytes]]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, kind: int, depth: int, *, interlaced: bool = False, extra: bytes = b""
) -> bytes:
    """A PNG of one color, as small as possible; `kind` is the color type."""
    deflate = zlib.compressobj(9)
    parts = []
    for left, top, across, down in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            row = bytes(1 + -(-columns * _CHANNELS[kind] * depth // 8))
            parts += [deflate.compress(row) for _ in range(rows)]
    pixels = b"".join([*parts, deflate.flush()])
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    palette = _chunk(b"PLTE", bytes(3 * 2 ** min(depth, 8))) if kind == 3 else b""
    chunks = (_chunk(b"IHDR", header), palette, extra, _chunk(b"IDAT", pixels))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")


def exif(orientation: int) -> bytes:
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    return _chunk(b"eXIf", b"II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0")


def forged(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    data = bytearray(jpeg)
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        if (place := data.find(marker)) >= 0:
            data[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def encoded(suffix: str, image: np.ndarray, *options: int) -> bytes:
    return cv2.imencode(suffix, image, list(options))[1].tobytes()


def mosaic(side: int, face: int) -> np.ndarray:
    """As many faces as fit."""
    one = cv2.resize(draw_face(Subject(), "happiness"), (face * 4 // 3, face))
    n = side // face + 1
    return np.ascontiguousarray(np.tile(one, (n, n, 1))[:side, :side])


def noise(height: int, width: int, channels: int = 3, kind: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, np.iinfo(kind).max, (height, width, channels), dtype=kind)


def bodies() -> Iterator[Body]:
    """Yield a name and what makes the body."""
    plain = np.full((4000, 6000, 3), 128, np.uint8)
    smooth = cv2.resize(noise(40, 60), (6000, 4000), interpolation=cv2.INTER_CUBIC)
    progressive = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    for kind, depth in ((0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 8), (4, 8), (4, 16)):
        yield f"PNG 24 MP kind {kind}, {depth} bits", lambda k=kind, d=depth: png(6000, 4000, k, d)
    for (width, height), interlaced in itertools.product(
        ((6000, 4000), (4500, 4000), (4000, 3000), (3000, 3000), (2400, 2400), (2000, 2000)),
        (False, True),
    ):
        for depth in (8, 16):
            yield (
                f"PNG RGBA {width}x{height}, {depth} bits{', interlaced' * interlaced}",
                lambda w=width, h=height, d=depth, i=interlaced: png(w, h, 6, d, interlaced=i),
            )
    yield "PNG 2000x2000, 16 bits", lambda: png(2000, 2000, 2, 16)
    yield "PNG 16384x240", lambda: png(16384, 240, 2, 8)
    yield "PNG 24 MP interlaced", lambda: png(6000, 4000, 2, 8, interlaced=True)
    yield (
        "PNG RGBA 4242x4242, EXIF turned",
        lambda: png(4242, 4242, 6, 8, extra=exif(6)),
    )
    yield "PNG RGBA16 3000x3000, EXIF turned", lambda: png(3000, 3000, 6, 16, extra=exif(5))
    yield "PNG 16384x1464", lambda: png(16384, 1464, 2, 8)
    yield "PNG 1464x16384", lambda: png(1464, 16384, 2, 8)
    yield "PNG noise 1800x1800", lambda: encoded(".png", noise(1800, 1800))
    yield "PNG noise RGBA16 1100x1100", lambda: encoded(".png", noise(1100, 1100, 4, np.uint16))
    yield "JPEG 24 MP plain", lambda: encoded(".jpg", plain)
    yield "JPEG 24 MP smooth", lambda: encoded(".jpg", smooth)
    yield "JPEG 24 MP smooth progressive", lambda: encoded(".jpg", smooth, *progressive)
    yield (
        "JPEG 24 MP 4:4:4",
        lambda: encoded(".jpg", smooth, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    )
    yield (
        "JPEG 24 MP 4:4:4 progressive",
        lambda: encoded(".jpg", smooth, *progressive, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    )
    four = cv2.resize(smooth, (2000, 2000))
    yield "JPEG 2000x2000 progressive", lambda: encoded(".jpg", four, *progressive)
    yield "JPEG 3 MP noise", lambda: encoded(".jpg", noise(1700, 2300))
    yield "JPEG noise progressive", lambda: encoded(".jpg", noise(1700, 2300), *progressive)
    small = encoded(".jpg", plain[:64, :64])
    small_progressive = encoded(".jpg", smooth[:256, :256], *progressive)
    for width, height in ((6000, 4000), (16384, 1464), (16384, 16384)):
        yield f"JPEG forged {width}x{height}", lambda w=width, h=height: forged(small, w, h)
        yield (
            f"JPEG forged progressive {width}x{height}",
            lambda w=width, h=height: forged(small_progressive, w, h),
        )
    yield "WebP 24 MP lossy", lambda: encoded(".webp", smooth, cv2.IMWRITE_WEBP_QUALITY, 50)
    yield "WebP 24 MP lossless", lambda: encoded(".webp", plain, cv2.IMWRITE_WEBP_QUALITY, 101)
    transparent = np.dstack([plain, np.full(plain.shape[:2], 7, np.uint8)])
    yield "WebP 24 MP with alpha", lambda: encoded(".webp", transparent)
    yield "WebP 16 MP with alpha", lambda: encoded(".webp", transparent[:, :4000])
    yield "WebP 16383x1464", lambda: encoded(".webp", np.zeros((1464, 16383, 3), np.uint8))
    for suffix in (".bmp", ".tiff", ".ppm"):
        yield f"{suffix[1:].upper()} 3 MP", lambda s=suffix: encoded(s, plain[:1700, :1800])
    yield "TIFF 16 bits 24 MP", lambda: encoded(".tiff", plain.astype(np.uint16))
    for side, face in ((4800, 80), (4800, 160), (2400, 80), (2400, 160), (1600, 80), (1000, 60)):
        yield (
            f"JPEG {side}x{side} of faces of {face}",
            lambda s=side, f=face: encoded(".jpg", mosaic(s, f)),
        )


class Meter:
    """CPU time and peak memory of a process and its children."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def _processes(self) -> list[int]:
        found, n = [self._pid], 0
        while n < len(found):
            for task in Path(f"/proc/{found[n]}/task").glob("*/children"):
                found += map(int, task.read_text().split())
            n += 1
        return found

    def cpu(self) -> float:
        tick = os.sysconf("SC_CLK_TCK")
        return sum(
            sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
            / tick
            for pid in self._processes()
        )

    def memory(self, name: str) -> float:
        """Sum ``VmRSS`` or ``VmHWM`` (the peak), in megabytes."""
        return sum(
            int(line.split()[1]) / 1024
            for pid in self._processes()
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith(name)
        )

    def reset_peak(self) -> None:
        for pid in self._processes():
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def post(address: str, body: bytes) -> tuple[int, str]:
    headers = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(f"{address}api/recognize?explain=true", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, f"{answer.read().count(b'probability')} faces"
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()[:90]


def send(client: ClientConnection, frame: bytes) -> tuple[str, str]:
    client.send(frame)
    answer = json.loads(client.recv(timeout=120))
    return answer["type"], str(answer.get("error", len(answer.get("faces", ()))))[:90]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--frames", action="store_true")
    args = parser.parse_args()
    worst_cpu = worst_memory = (0.0, "nothing")
    most = limits.MAX_MESSAGE if args.frames else limits.MAX_BODY
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server())
        meter = Meter(server.process.pid)
        measured: Callable[[bytes], tuple[object, str]] = partial(post, server.address)
        if args.frames:
            address = f"ws://127.0.0.1:{server.port}/live"
            client = stack.enter_context(connect(address, compression=None))
            client.recv()
            measured = partial(send, client)
        measured(encoded(".jpg", mosaic(800, 160)))  # loads what is loaded once
        for name, make in bodies():
            if args.only not in name:
                continue
            body = make()
            if len(body) > most:
                print(f"{name}: {len(body) / 2**20:.1f} MB, too large a body")
                continue
            meter.reset_peak()
            cpu, before, start = meter.cpu(), meter.memory("VmRSS"), time.perf_counter()
            status, text = measured(body)
            wall = time.perf_counter() - start
            cpu, memory = meter.cpu() - cpu, meter.memory("VmHWM") - before
            worst_cpu = max(worst_cpu, (cpu, name))
            worst_memory = max(worst_memory, (memory, name))
            print(
                f"{name} ({len(body) / 1000:.0f} kB): {status} {text} {wall:.2f} s, CPU {cpu:.2f} "
                f"s, {memory:.0f} MB",
                flush=True,
            )
    print(f"worst: CPU {worst_cpu[0]:.2f} s ({worst_cpu[1]}), ", end="")
    print(f"memory {worst_memory[0]:.0f} MB ({worst_memory[1]})")
    return 0 if worst_cpu[0] <= GOAL_SECONDS and worst_memory[0] <= GOAL_MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
