"""From the options of a command to a recognizer."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from landmark_emotion.cli.options import say
from landmark_emotion.errors import ProfileError
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.files.folders import user_folder
from landmark_emotion.live.recognizer import Recognizer, reference_from_image
from landmark_emotion.model.classifier import EmotionModel, default_model, load_model
from landmark_emotion.model.neutral import NeutralReference, load_profile


def open_recognizer(args: argparse.Namespace) -> Recognizer:
    """Make the recognizer that the options of `options.add_recognition` ask for."""
    return recognizer_maker(args)()


def recognizer_maker(args: argparse.Namespace) -> Callable[[], Recognizer]:
    """Load what the options ask for; each call makes a recognizer that shares it."""
    calibrate = getattr(args, "calibrate", None)
    # Of `options.add_following`, which not every command has; the recognizer knows the defaults.
    names = ("smoothing", "detect_every", "min_face", "max_faces")
    following: dict[str, Any] = {
        name: value for name in names if (value := getattr(args, name, None)) is not None
    }
    model = choose_model(args.model)
    detector = FaceDetector(args.predictor)
    neutral = _reference(args, detector, will_be_made=isinstance(calibrate, float))
    return lambda: Recognizer(
        model,
        detector,
        neutral=neutral,
        automatic=calibrate == "auto",
        min_probability=args.min_probability,
        tracking=not getattr(args, "no_tracking", False),
        **following,
    )


def choose_model(path: Path | None) -> EmotionModel:
    """Load the model a user named or the default one, and say which it is."""
    path = path or default_model()
    model = load_model(path)
    data = model.info.get("data")
    drawn = isinstance(data, dict) and data.get("drawn") is True
    say(
        f"model: {path}, {len(model.emotions)} emotions"
        + ("; trained on drawn faces, so a toy on real ones" if drawn else "")
    )
    return model


def profile_path(name: str) -> Path:
    """Find where a profile is kept: by its name in the user's settings, or in a named file.

    Raises
    ------
    ProfileError
        If the name cannot be the name of a file.
    """
    if name.lower().endswith(".json"):
        return Path(name)
    if not re.fullmatch(r"[\w][\w .-]{0,60}", name):
        raise ProfileError(f"{name}: cannot name a profile; use letters and digits")
    folder = user_folder("settings")
    if folder is None:
        raise ProfileError(f"{name}: there is no home to keep it in; name a .json file instead")
    return folder / "profiles" / f"{name}.json"


def _reference(
    args: argparse.Namespace, detector: FaceDetector, *, will_be_made: bool
) -> NeutralReference | None:
    if args.neutral is not None:
        from landmark_emotion.sources.images import read_image

        return reference_from_image(read_image(args.neutral), str(args.neutral), detector)
    if args.profile is None or will_be_made:
        return None
    return load_profile(profile_path(args.profile))
