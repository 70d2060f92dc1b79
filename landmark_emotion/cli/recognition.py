"""Make a recognizer from the options of a command."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.cli.models import choose_model, choose_network
from landmark_emotion.errors import Notify, ProfileError
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.predictor import find_predictor
from landmark_emotion.faces.search import WINDOW, smallest_searched
from landmark_emotion.files.folders import user_folder
from landmark_emotion.live.recognizer import Recognizer, reference_from_image
from landmark_emotion.model.neutral import load_profile
from landmark_emotion.sources.images import read_image


def open_recognizer(args: argparse.Namespace) -> Recognizer:
    """Make the recognizer for the options of `options.add_recognition`."""
    return recognizer_maker(args)()


def recognizer_maker(args: argparse.Namespace) -> Callable[[], Recognizer]:
    """Load what the options name; each call makes a recognizer that shares it."""
    detector = FaceDetector(args.predictor)
    options = {**recognizer_options(args, detector), "predictor": detector}
    return lambda: Recognizer(**options)


def recognizer_options(
    args: argparse.Namespace, detector: FaceDetector | None = None
) -> dict[str, Any]:
    """Return the arguments of `Recognizer`, with the path of the predictor.

    They are checked, except for the content of that file. The detector is for ``--neutral``.
    """
    calibrate = getattr(args, "calibrate", None)
    # Not every command has the options of tracking. The recognizer knows the defaults.
    names = ("smoothing", "detect_every", "min_face", "max_faces")
    tracking: dict[str, Any] = {
        name: value for name in names if (value := getattr(args, name, None)) is not None
    }
    model = choose_model(args.model, args.emotions)
    network = choose_network(args.network, model)
    predictor = find_predictor(args.predictor)
    neutral = None
    if args.neutral is not None:
        detector = detector or FaceDetector(predictor)
        neutral = reference_from_image(read_image(args.neutral), str(args.neutral), detector)
    elif args.profile is not None and not isinstance(calibrate, float):  # else it is to be made
        neutral = load_profile(profile_path(args.profile))
    return {
        "model": model,
        "network": network,
        "predictor": predictor,
        "neutral": neutral,
        "automatic": calibrate == "auto",
        "min_probability": args.min_probability,
        "min_quality": args.min_quality,
        "tracking": not getattr(args, "no_tracking", False),
        **tracking,
    }


def note_unsearched(
    source: str, image: NDArray[np.uint8], min_face: int | None, notify: Notify
) -> None:
    """Tell the user from which size faces are found, if an image is too large for all of them."""
    wanted = min_face or WINDOW
    smallest = smallest_searched(image.shape[:2], wanted)
    if smallest > wanted:
        notify(
            f"note: {source}: too large to search for faces below {smallest:.0f} pixels; crop it "
            "to find smaller ones"
        )


def profile_path(name: str) -> Path:
    """Return the file of a profile: in the user's settings, or `name` itself if it is a .json."""
    if name.lower().endswith(".json"):
        return Path(name)
    if not re.fullmatch(r"[\w][\w .-]{0,60}", name):
        raise ProfileError(f"{name}: not a name for a profile; use letters and digits")
    folder = user_folder("settings")
    if folder is None:
        raise ProfileError(f"{name}: there is no home directory for it; name a .json file instead")
    return folder / "profiles" / f"{name}.json"
