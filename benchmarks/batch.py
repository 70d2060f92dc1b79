"""Speed and robustness of ``batch``: ``python -m benchmarks.batch [DATA] [--json FILE]``.

Measures rows per minute with one process, with two, and on a local Dask cluster whose two workers
are already running. The three alternate within each repeat and must write equal tables. Ratios are
medians of the ratios within the repeats.

Then a batch is killed (SIGKILL) at random moments and resumed until it completes, with ``--kills``
kills in all. Its table must equal that of an undisturbed run.

DATA contains photos in ``london/`` and videos in ``video/``; without it the faces are drawn.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from tqdm import tqdm

from landmark_emotion.drawn.dataset import draw_dataset
from landmark_emotion.drawn.video import draw_video
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.sources.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES, read_image

ONE, TWO, DASK = "1 process", "2 processes", "2 Dask workers"
TABLE = "results.csv"
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def main():
    """Measure, print and save; exit with 1 if a table is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save all figures to FILE")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="(default: 3)")
    parser.add_argument(
        "--copies", type=int, default=4, metavar="N", help="copies of each file (default: 4)"
    )
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="(default: 20)")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of the random moments"
    )
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        work = Path(name)
        once, many = work / "once", work / "many"
        prepare(args.data, work / "drawn", once, 1)
        prepare(args.data, work / "drawn", many, args.copies)
        figures = {
            "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
            "data": f"{count(many, IMAGE_SUFFIXES)} images, {count(many, VIDEO_SUFFIXES)} videos",
            **time_workers(many, work, args.repeats),
            **kill(once, work, args.kills, random.Random(args.seed)),
        }
    show(figures)
    if args.json is not None:
        replace_atomically(args.json, (json.dumps(figures, indent=2) + "\n").encode())
    if not (figures["same tables"] and figures["survived"]):
        sys.exit(1)


def prepare(data, drawn, folder, copies):
    """Fill a folder with copies of photos and videos; copies of photos get darker."""
    if data is None and not drawn.is_dir():
        draw_dataset(drawn / "london", subjects=20)
        (drawn / "video").mkdir()
        draw_video(drawn / "video" / "drawn.avi", seconds_each=4)
    data = drawn if data is None else data
    images = sorted(p for p in (data / "london").rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    videos = sorted(p for p in (data / "video").iterdir() if p.suffix.lower() in VIDEO_SUFFIXES)
    folder.mkdir()
    for copy in range(copies):
        for number, path in enumerate(images):
            darker = (read_image(path) * (1 - 0.05 * copy)).astype(np.uint8)
            encoded = cv2.imencode(".jpg", darker)[1].tobytes()
            (folder / f"{number}-{copy}.jpg").write_bytes(encoded)
        for number, path in enumerate(videos):
            shutil.copy(path, folder / f"{number}-{copy}{path.suffix}")


def count(folder, suffixes):
    """Count the files of a folder with given suffixes."""
    return sum(path.suffix in suffixes for path in folder.iterdir())


def time_workers(folder, work, repeats):
    """Time a batch with one process, with two and on a cluster."""
    seconds = {ONE: [], TWO: [], DASK: []}
    tables = set()
    with cluster(work) as address:
        options = {ONE: ["--jobs", "1"], TWO: ["--jobs", "2"], DASK: ["--dask", address]}
        for _ in tqdm(range(repeats), unit=" repeats", disable=None):
            for name, values in seconds.items():
                results = work / "results"
                begin = time.perf_counter()
                subprocess.run(command(folder, results, *options[name]), check=True, **SILENT)
                values.append(time.perf_counter() - begin)
                tables.add((results / TABLE).read_bytes())
                shutil.rmtree(results)
    rows = max(table.count(b"\n") for table in tables) - 1
    ratios = {
        name: [one / other for one, other in zip(seconds[ONE], seconds[name], strict=True)]
        for name in (TWO, DASK)
    }
    return {"rows": rows, "seconds": seconds, "ratios": ratios, "same tables": len(tables) == 1}


def command(folder, results, *options):
    """Return the command line of a batch."""
    return [sys.executable, "-m", "landmark_emotion", "batch", folder, "-o", results, *options]


@contextlib.contextmanager
def cluster(work):
    """Run a Dask scheduler and two workers; yield the address once they are ready."""
    from distributed import Client

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    worker = ["worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", work]
    with contextlib.ExitStack() as stack:
        for name, *options in (scheduler, worker, worker):
            module = ["-m", f"distributed.cli.dask_{name}", "--no-dashboard"]
            process = subprocess.Popen([sys.executable, *module, *options], **SILENT)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        with Client(address, timeout=30, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address


def kill(folder, work, kills, moments):
    """Kill and resume a batch; return the counts and whether its tables were right."""
    undisturbed, results = work / "undisturbed", work / "killed"
    begin = time.perf_counter()
    subprocess.run(command(folder, undisturbed), check=True, **SILENT)
    longest = time.perf_counter() - begin
    expected = (undisturbed / TABLE).read_bytes()
    survived, n_killed, n_compared = True, 0, 0
    with tqdm(total=kills, unit=" kills", disable=None) as bar:
        while n_killed < kills or results.exists():
            process = subprocess.Popen(command(folder, results), **SILENT)
            try:
                # After the last kill it runs to completion.
                patience = moments.uniform(0, longest) if n_killed < kills else None
                status = process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                n_killed += 1
                bar.update()
                continue
            table = results / TABLE
            survived &= status == 0 and table.read_bytes() == expected
            n_compared += 1
            shutil.rmtree(results)
    return {"kills": n_killed, "compared": n_compared, "survived": survived}


def show(figures):
    """Print the figures."""
    print(f"{figures['machine']}; {figures['data']}; {figures['rows']} rows")
    for name, values in figures["seconds"].items():
        middle = statistics.median(values)
        print(f"{name:<20} {middle:8.1f} s {60 * figures['rows'] / middle:9.0f} rows per minute")
    for name, values in figures["ratios"].items():
        spread = f"({min(values):.2f} to {max(values):.2f})"
        print(f"{name:<20} {statistics.median(values):6.2f} times as fast as {ONE} {spread}")
    print("all tables are equal" if figures["same tables"] else "the tables differ")
    print(
        f"killed {figures['kills']} times, completed {figures['compared']} times: "
        + ("same table as an undisturbed run" if figures["survived"] else "WRONG TABLE")
    )


if __name__ == "__main__":
    main()
