"""Which model and network a command uses, and what the user is told about them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from landmark_emotion.cli.options import choose_among, say
from landmark_emotion.errors import ModelError
from landmark_emotion.formatting import percent, plural
from landmark_emotion.live.opinion import network_file, opinion_of
from landmark_emotion.model.classifier import (
    SHIPPED,
    EmotionModel,
    default_model,
    load_model,
    shipped_model,
)

_FEWEST_PEOPLE = 30
"""A model of fewer people that is used by default is warned of."""


def choose_model(path: Path | None, emotions: Sequence[str] | None = None) -> EmotionModel:
    """Load a model, by default the one of `default_model`, for some of its emotions; say which."""
    named, path = path is not None, path or default_model()
    model = load_model(path)
    known = f"{len(model.emotions)} emotions"
    if emotions is not None:
        model = choose_among(model, emotions, str(path))
        known = f"{', '.join(model.emotions)} of its {known}"
    if path.resolve() in [shipped.resolve() for shipped in SHIPPED]:
        say(f"model: built-in, {known}")
        return model
    facts = [known, _training(model.info)] if emotions is not None else [_training(model.info)]
    say(f"model: {path} ({'' if named else 'yours: '}{', '.join(facts)}{_built_in()})")
    people = model.info.get("subjects")
    if not named and isinstance(people, int) and people < _FEWEST_PEOPLE:
        say(
            f"warning: {path} was trained on {plural(people, 'person')} only; use '--model "
            "default' for the built-in model"
        )
    return model


def _training(info: Mapping[str, Any]) -> str:
    """Say what a model was trained on and how good it is, as far as its header tells."""
    data, people, scores = (info.get(name) for name in ("data", "subjects", "static"))
    drawn = isinstance(data, dict) and data.get("drawn") is True
    if drawn:
        return "trained on drawn faces, not fit for real ones"
    facts = []
    if isinstance(people, int):
        facts.append(plural(people, "person"))
    if isinstance(scores, dict) and isinstance(accuracy := scores.get("accuracy"), float):
        unseen = "unseen people" if isinstance(people, int) else "unseen samples"
        facts.append(f"{percent(accuracy)} on {unseen}")
    return ", ".join(facts) or "training data unknown"


def _built_in() -> str:
    """Return how good the built-in model is, to compare with."""
    try:
        scores = load_model(shipped_model()).info["scores"]
        return f"; the built-in one: {percent(float(scores['static']['accuracy']))}"
    except (ModelError, KeyError, TypeError, ValueError):
        return ""


def choose_network(name: str, model: EmotionModel) -> Path | None:
    """Return the file of ``--network`` after checking it; name it unless it is the built-in one."""
    path = network_file(None if name == "none" else name, model)
    if path is not None:
        opinion_of(path, model)
        if name != "default":
            say(f"network: {path}, where no neutral face is known")
    return path
