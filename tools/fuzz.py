"""Fuzz a reader, guided by coverage: ``python -m tools.fuzz READER --seconds N``.

Needs atheris (``pip install atheris``; Linux only). A file that raises anything but a
LandmarkEmotionError, or exceeds the limits of time or memory, is written to the current folder and
ends the run with a nonzero exit status.

Atheris leaks memory, with images so much that a run should last at most two minutes. A further run
with the same ``--corpus`` continues.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

# OpenCV reads it when it is imported.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import atheris

with atheris.instrument_imports(
    include=["landmark_emotion", "zipfile", "json", "csv", "numpy.lib._format_impl"],
    exclude=["landmark_emotion.drawn.drawing"],
):
    from landmark_emotion.errors import LandmarkEmotionError
    from tools.fuzzing.readers import DECODE, READERS

SECONDS_EACH = 20
MEGABYTES = 3072
MAX_BYTES = 64 * 1024


def main() -> None:
    """Run the fuzzer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="FOLDER",
        help="files to start from; interesting ones are added",
    )
    parser.add_argument("--photos", type=Path, nargs="*", default=[], metavar="PHOTO")
    args = parser.parse_args()
    reader = DECODE if args.reader == "image" else READERS[args.reader]
    with tempfile.TemporaryDirectory() as scratch:
        corpus = args.corpus or Path(scratch, "corpus")
        corpus.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(reader.seeds(args.photos)):
            (corpus / f"seed-{number}").write_bytes(data)
        file = Path(scratch, "file")

        def read(data: bytes) -> None:
            file.write_bytes(data)
            try:
                reader.read(file)
            except LandmarkEmotionError as error:
                text = str(error)
                assert ": " in text, text
                assert "; " in text, text
                assert "\n" not in text, text

        def mutate(data: bytes, longest: int, seed: int) -> bytes:
            """Keep the checksums of half of the files valid; hardly any would pass otherwise."""
            rng = random.Random(seed)
            structured = READERS[args.reader].mutate
            if structured is not None and rng.random() < 0.5:
                try:
                    changed = structured(data, rng)
                # The file may be too damaged to be parsed.
                except Exception:
                    changed = data
                if changed != data and len(changed) <= longest:
                    return changed
            return atheris.Mutate(data, longest)

        options = [
            f"-max_total_time={args.seconds}",
            f"-max_len={MAX_BYTES}",
            f"-timeout={SECONDS_EACH}",
            f"-rss_limit_mb={MEGABYTES}",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], read, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
