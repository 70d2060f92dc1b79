"""Options and messages that several commands share."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def positive_int(text: str) -> int:
    """Read an option that must be a whole number above 0."""
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got '{text}'")
    return int(text)


def share(text: str) -> float:
    """Read an option that must lie between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and below 1, got '{text}'")
    return value


def add_predictor(parser: argparse.ArgumentParser) -> None:
    """Add ``--predictor``."""
    parser.add_argument(
        "--predictor",
        type=Path,
        metavar="FILE",
        help="another 68-point shape predictor than the one that was installed",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``."""
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="the model; otherwise models/emotion.npz, which training writes",
    )


def say(message: str) -> None:
    """Talk to the user beside the data."""
    print(message, file=sys.stderr, flush=True)


def progress(items: Iterable[Any], total: int, unit: str = "images") -> Iterable[Any]:
    """Show how far it is, with rate and time left, where someone is watching."""
    from tqdm import tqdm

    bar: Iterable[Any] = tqdm(
        items, total=total, unit=f" {unit}", disable=None, dynamic_ncols=True, leave=False
    )
    return bar
