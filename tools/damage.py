"""Feed damaged files to a reader: ``python -m tools.damage READER [PHOTO ...]``.

A child process reads hostile files, then randomly damaged ones. Each must give a valid result or a
LandmarkEmotionError with a message of one line, within limits of time and memory. The counts per
outcome and the worst cases are printed.
"""

import argparse
import collections
import contextlib
import json
import os
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from landmark_emotion.errors import LandmarkEmotionError
from tools.fuzzing.mutations import damaged
from tools.fuzzing.readers import READERS, Reader

MEGABYTE = 2**20
ADDRESS_SPACE = 8 * 2**30  # bytes; hard limit of the child process


class Cases:
    """The files of a run, which depend on the seed only."""

    def __init__(self, reader: Reader, photos: list[Path], seed: int, hostile: bool) -> None:
        self._reader, self._seed = reader, seed
        self.hostile = reader.hostile() if hostile else []
        self.seeds = reader.seeds(photos)

    def __getitem__(self, number: int) -> bytes:
        known = [*self.hostile, *self.seeds]
        if number < len(known):
            return known[number]
        rng = random.Random(f"{self._seed} {number}")
        data = rng.choice(self.seeds)
        if self._reader.mutate is not None and rng.random() < 0.5:
            data = self._reader.mutate(data, rng)
            if rng.random() < 0.7:
                return data
        return damaged(data, rng, self.seeds)


def outcome(reader: Reader, path: Path) -> tuple[str, str]:
    """Read a file; return the outcome and its details."""
    try:
        reader.read(path)
    except LandmarkEmotionError as error:
        text = str(error)
        where, _, rest = text.partition(": ")
        good = "\n" not in text and "\r" not in text and where and "; " in rest and len(text) < 600
        return ("refused", rest) if good else ("malformed message", text)
    except Exception as error:
        return f"raised {type(error).__name__}", traceback.format_exc()
    return "read", ""


def peak() -> int:
    """Return the peak memory since `forget_peak`, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def forget_peak() -> int:
    """Reset the peak memory; return the memory in use, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def child(args: argparse.Namespace) -> None:
    """Read the cases from a given number on; answer each with a line of JSON."""
    reader = READERS[args.reader]
    cases = Cases(reader, args.photos, args.seed, args.hostile)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
        # Libraries write to the file descriptor, not to sys.stderr.
        os.dup2(errors.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        path = Path(folder, "file")
        for warm in (*cases.seeds[:1], b""):
            path.write_bytes(warm)
            outcome(reader, path)
        print("ready", file=answers)
        for number in range(args.child, args.files):
            path.write_bytes(cases[number])
            said, before = os.fstat(errors.fileno()).st_size, forget_peak()
            start = time.process_time()
            what, details = outcome(reader, path)
            seconds = time.process_time() - start
            answer = {
                "outcome": what,
                "details": details,
                "seconds": seconds,
                "bytes": peak() - before,
                "noise": os.fstat(errors.fileno()).st_size - said,
            }
            print(json.dumps(answer), file=answers)


def answers(args: argparse.Namespace) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and outcome of each case; a child that ends is replaced."""
    number = 0
    options = [f"--files={args.files}", f"--seed={args.seed}"]
    options += [] if args.hostile else ["--no-hostile"]
    environment = os.environ | {"OPENCV_LOG_LEVEL": "SILENT", "OPENBLAS_NUM_THREADS": "1"}
    while number < args.files:
        command = [sys.executable, "-m", "tools.damage", args.reader, *map(str, args.photos)]
        with subprocess.Popen(
            [*command, *options, f"--child={number}"],
            stdout=subprocess.PIPE,
            env=environment,
            bufsize=0,
        ) as process:
            assert process.stdout is not None
            waiting = process.stdout
            if waiting.readline() != b"ready\n":
                raise SystemExit("the child process did not start")
            while number < args.files:
                ready, _, _ = select.select([waiting], [], [], 3 * args.seconds)
                line = waiting.readline() if ready else b""
                if not line:
                    process.kill()
                    status = process.wait()
                    what = "timeout" if not ready else f"the process died, status {status}"
                    yield number, {"outcome": what, "details": "", "seconds": 0, "bytes": 0,
                                   "noise": 0}  # fmt: skip
                    number += 1
                    break
                yield number, json.loads(line)
                number += 1


def main() -> None:
    """Run the cases and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO", help="image to damage")
    parser.add_argument("-n", "--files", type=int, default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--hostile",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="start with hostile files (default: yes)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=20,
        help="limit of processor time per file; the limit of elapsed time is three times that",
    )
    parser.add_argument("--megabytes", type=float, default=3072, help="memory limit per file")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="write files that fail to FOLDER"
    )
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        child(args)
        return
    counts: collections.Counter[str] = collections.Counter()
    refusals: collections.Counter[str] = collections.Counter()
    failures = noisy = 0
    slowest: tuple[float, int] = (0.0, 0)
    largest: tuple[float, int] = (0.0, 0)
    # After Ctrl-C the counts so far are printed.
    with contextlib.suppress(KeyboardInterrupt):
        for number, answer in answers(args):
            megabytes = answer["bytes"] / MEGABYTE
            what = answer["outcome"]
            if answer["seconds"] > args.seconds:
                what = "too slow"
            if megabytes > args.megabytes:
                what = "too much memory"
            counts[what] += 1
            noisy += answer["noise"] > 0
            slowest = max(slowest, (answer["seconds"], number))
            largest = max(largest, (megabytes, number))
            if what == "refused":
                refusals[answer["details"][:60]] += 1
            elif what != "read":
                failures += 1
                print(f"case {number}: {what}, {answer['seconds']:.1f} s, {megabytes:.0f} MB")
                print(answer["details"][-1500:], flush=True)
                if args.keep is not None:
                    cases = Cases(READERS[args.reader], args.photos, args.seed, args.hostile)
                    args.keep.mkdir(parents=True, exist_ok=True)
                    (args.keep / f"{args.reader}-{args.seed}-{number}").write_bytes(cases[number])
    print(f"{args.reader}: {counts.total()} files")
    for what, count in counts.most_common():
        print(f"{count:7}  {what}")
    print("most frequent refusals:")
    for text, count in refusals.most_common(8):
        print(f"{count:7}  {text}")
    print(f"slowest: {slowest[0]:.2f} s of processor time, case {slowest[1]}")
    print(f"most memory: {largest[0]:.0f} MB, case {largest[1]}")
    print(f"files for which a library wrote to stderr: {noisy}")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
