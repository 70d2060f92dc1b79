"""Train on a folder of faces: ``python train.py DATASET``, alias ``landmark-emotion train``."""

import sys

from landmark_emotion.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
