"""One training: the scores of a recipe on a landmark table, and the model fitted to all of it.

`run` is a pure function, so its results can be cached. This module imports scikit-learn only when
something is computed; a cached result is loaded without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from landmark_emotion.files.cache import open_cache, recall, remember
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import Evaluation
from landmark_emotion.training.parallel import Progress
from landmark_emotion.training.recipe import Recipe

VERSION = 3
"""Raise it if the same settings give other scores or models, or if a class of `Result` changes."""

LIBRARIES = ("numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Settings:
    """What the result depends on besides the landmark table.

    Attributes
    ----------
    runs, test_size, folds, seed
        See `evaluation.shuffled_splits` and `evaluation.cross_validate`.
    candidates : tuple of Recipe
        The recipe, or those to choose from.
    versions : tuple of str
        Versions of the computation and of the libraries that may change its results.
    """

    runs: int = 7
    test_size: float = 0.2
    folds: int | None = None
    seed: int = 0
    candidates: Sequence[Recipe] = (Recipe(),)
    versions: Sequence[str] = field(
        default_factory=lambda: (str(VERSION), *map(version, LIBRARIES))
    )


@dataclass(frozen=True)
class Result:
    """Scores and model.

    Attributes
    ----------
    accuracies, accuracies_apart : list of float
        Accuracy of each shuffled split, and with the frames of each sequence on one side.
    shared_sequences : int
        Number of sequences with several frames of one emotion; without any, `accuracies_apart` is
        empty.
    static, calibrated : Evaluation and Evaluation or None
        Cross-validated predictions (see `evaluation.cross_validate`).
    recipe : Recipe
        The one that the model was fitted with.
    model : EmotionModel
        Fitted to all samples.
    """

    accuracies: list[float]
    accuracies_apart: list[float]
    shared_sequences: int
    static: Evaluation
    calibrated: Evaluation | None
    recipe: Recipe
    model: EmotionModel


def run(
    table: LandmarkTable, settings: Settings, jobs: int = -1, progress: Progress | None = None
) -> Result:
    """Evaluate the recipe and fit the model.

    The result depends on `table`, from `training_set.usable`, and on `settings` alone. `jobs` and
    `progress` are those of `cross_validate`.

    Raises
    ------
    TrainingError
        If there are too few samples.
    """
    from landmark_emotion.training import evaluation
    from landmark_emotion.training.fit import fit_model
    from landmark_emotion.training.training_set import TrainingSet

    def accuracies(keep_sequences: bool) -> list[float]:
        splits = evaluation.shuffled_splits(
            table,
            runs=settings.runs,
            test_size=settings.test_size,
            seed=settings.seed,
            keep_sequences=keep_sequences,
        )
        return list(splits if progress is None else progress(splits, settings.runs))

    shuffled = accuracies(keep_sequences=False)
    shared = evaluation.shared_sequences(table)
    apart = accuracies(keep_sequences=True) if shared else []
    static, calibrated = evaluation.cross_validate(
        table,
        settings.candidates,
        folds=settings.folds,
        seed=settings.seed,
        jobs=jobs,
        progress=progress,
    )
    samples = TrainingSet.of(table)
    recipe, temperatures = evaluation.choose(samples, settings.candidates, seed=settings.seed)
    model = fit_model(samples, recipe, temperatures=temperatures)
    return Result(shuffled, apart, shared, static, calibrated, recipe, model)


def run_cached(
    table: LandmarkTable,
    settings: Settings,
    *,
    cache: Path | None,
    jobs: int = -1,
    progress: Progress | None = None,
) -> tuple[Result, bool]:
    """Return the result of `run`, and whether it came from the cache."""
    memory, _ = open_cache(cache)
    cached = memory.cache(run, ignore=["jobs", "progress"])
    # Moved images change nothing.
    call = (replace(table, source=np.full(len(table), "")), settings, jobs, progress)
    known = recall(cached, *call)
    if known is not None:
        return known, True
    return remember(cached, *call), False
