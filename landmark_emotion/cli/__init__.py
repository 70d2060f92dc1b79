"""The command line: the only part that parses arguments, prints and exits."""

from landmark_emotion.cli.main import main

__all__ = ["main"]
