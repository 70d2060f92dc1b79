"""Search a reader for a file that breaks it: ``python -m tools.fuzz READER --seconds N``.

Coverage-guided, which takes atheris (``pip install atheris``; there are wheels for Linux). A file
that raises anything but a LandmarkEmotionError, or takes too long or too much memory, is written
into the current folder and ends the search with another exit status than 0.

Atheris loses some memory with each file, of images so much that two minutes at a time are enough;
started again with the same ``--corpus``, it goes on where it was.
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
LONGEST = 64 * 1024  # bytes of a file


def main() -> None:
    """Set the fuzzer up and let it run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="is kept and added to")
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
            """Let half of the files keep their checksums, else hardly any got past them."""
            rng = random.Random(seed)
            structured = READERS[args.reader].mutate
            if structured is not None and rng.random() < 0.5:
                try:
                    changed = structured(data, rng)
                # The file may be damaged beyond what can be taken apart.
                except Exception:
                    changed = data
                if changed != data and len(changed) <= longest:
                    return changed
            return atheris.Mutate(data, longest)

        options = [
            f"-max_total_time={args.seconds}",
            f"-max_len={LONGEST}",
            f"-timeout={SECONDS_EACH}",
            f"-rss_limit_mb={MEGABYTES}",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], read, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
