"""Watch a camera: ``python run_webcam.py``, alias ``landmark-emotion webcam``."""

import sys

from landmark_emotion.cli import main

if __name__ == "__main__":
    sys.exit(main(["webcam", *sys.argv[1:]]))
