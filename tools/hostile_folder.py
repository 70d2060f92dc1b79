"""Recognize good images among hostile files: ``python -m tools.hostile_folder [PHOTO ...]``.

Fills a folder with good images, damaged ones, pipes, links and other files under odd names, and
runs the commands ``image`` and ``extract`` on it. Every good image must give a result.
"""

import argparse
import collections
import contextlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from landmark_emotion.sources.images import IMAGE_SUFFIXES
from tools.damage import MEGABYTE, Cases
from tools.fuzzing import pictures
from tools.fuzzing.readers import READERS

ODD_NAMES = (
    b"with space.png",
    b"'quotes' \"and\" $(more); *.png",
    b"new\nline.png",
    b"carriage\rreturn\ttab.png",
    b"\x1b[31mred.png",
    "\N{GRINNING FACE} gr\N{LATIN SMALL LETTER U WITH DIAERESIS}\u00dfe.png".encode(),
    "\u202eright to left.png".encode(),
    b"not \xff\xfe utf-8.png",
    b"-rf.png",
    b"n" * 251 + b".png",
)
ADDRESS_SPACE = 8 * 2**30  # bytes


def fill(folder: Path, photos: list[Path], files: int, seed: int, hostile: bool) -> set[Path]:
    """Fill a folder; return the good images in it."""
    rng = random.Random(seed)
    folder.mkdir(parents=True)
    whole = [photo.read_bytes() for photo in photos] or [
        pictures.encoded(pictures.face(emotion), ".png") for emotion in ("happiness", "surprise")
    ]
    good = [folder / os.fsdecode(name) for name in ODD_NAMES]
    good += [folder / f"good {number}.jpg" for number in range(10)]
    for number, path in enumerate(good):
        path.write_bytes(whole[number % len(whole)])
    cases = Cases(READERS["image"], photos, seed, hostile)
    suffixes = sorted(IMAGE_SUFFIXES)
    for number in range(files):
        name = f"{number:06}{rng.choice(suffixes)}"
        (folder / name).write_bytes(cases[number])
    (folder / "folder.png").mkdir()
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "nowhere.png").symlink_to("nowhere")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "up").symlink_to("..", target_is_directory=True)
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "README.txt")
    (folder / "notes.txt").write_text("no image")
    (folder / "unreadable.png").write_bytes(whole[0])
    (folder / "unreadable.png").chmod(0)
    if os.access(folder / "unreadable.png", os.R_OK):  # root may read it
        good.append(folder / "unreadable.png")
    return set(good)


def run(*arguments: object, cwd: Path) -> tuple[str, list[str]]:
    """Run a command with limited memory; print its cost; return stdout and the lines of stderr."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cwd / "cache")}
    start = time.perf_counter()
    with (cwd / "out").open("wb") as out, (cwd / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "landmark_emotion", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=cwd,
            env=environment,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE,) * 2),
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    print(
        f"{arguments[0]}: status {process.returncode}, {time.perf_counter() - start:.0f} s, "
        f"peak memory {used.ru_maxrss * 1024 / MEGABYTE:.0f} MB"
    )
    text = (cwd / "out").read_text(errors="surrogateescape")
    return text, (cwd / "err").read_text(errors="surrogateescape").splitlines()


def main() -> None:
    """Fill the folder, run the commands, check their results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO", help="good image")
    parser.add_argument("-n", "--files", type=int, default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hostile", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    bad = False
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        good = fill(here / "data" / "happiness", args.photos, args.files, args.seed, args.hostile)

        _, errors = run("image", "data", "-o", "rows.jsonl", "--format", "json", cwd=here)
        rows = [json.loads(line) for line in (here / "rows.jsonl").read_text().splitlines()]
        answered = {here / row["source"] for row in rows if row["emotion"] is not None}
        refused = collections.Counter(row["error"] for row in rows if row.get("error"))
        sources = {row["source"] for row in rows}
        print(f"  {len(sources)} images, {refused.total()} refused, {len(answered)} with a face")
        print(f"  good images with a result: {len(good & answered)} of {len(good)}")
        print(f"  lines on stderr: {len(errors)}")
        for line, count in collections.Counter(line[:50] for line in errors).most_common(6):
            print(f"    {count:6}  {line}")
        bad |= not good <= answered or any("\n" in text or ";" not in text for text in refused)

        text, errors = run("extract", "data", "-o", "table.npz", "--jobs", 1, cwd=here)
        with contextlib.suppress(FileNotFoundError), np.load(here / "table.npz") as table:
            found = {here / source for source in table["source"]}
            print(f"  good images in the table: {len(good & found)} of {len(good)}")
            bad |= not good <= found
        bad |= not (here / "table.npz").is_file()
        print(f"  lines on stdout: {len(text.splitlines())}, on stderr: {len(errors)}")
        print("\n".join(f"    {line[:110]}" for line in text.splitlines()[-25:]))
        bad |= any(line.startswith("Traceback") for line in errors)
    sys.exit(bad)


if __name__ == "__main__":
    main()
