"""``python -m landmark_emotion`` is the command ``landmark-emotion``."""

import sys

from landmark_emotion.cli import main

if __name__ == "__main__":
    sys.exit(main())
