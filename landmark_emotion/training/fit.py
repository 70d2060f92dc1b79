"""Fit a model to samples; a model is plain arrays and needs no scikit-learn."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.features import mirror_features
from landmark_emotion.model.neutral import blend
from landmark_emotion.training.pipeline import fit_pipeline, fold_pipeline
from landmark_emotion.training.recipe import HeadRecipe, Recipe
from landmark_emotion.training.training_set import Features, TrainingSet


def fit_model(
    samples: TrainingSet,
    recipe: Recipe | None = None,
    *,
    temperatures: tuple[float, float] = (1.0, 1.0),
    calibrated: bool = True,
    info: dict[str, Any] | None = None,
) -> EmotionModel:
    """Fit a model to all samples.

    Parameters
    ----------
    samples : TrainingSet
        Two or more emotions.
    recipe : Recipe, optional
        How to fit.
    temperatures : tuple of float
        Temperatures of the static and the calibrated head (see `evaluation.choose`).
    calibrated : bool
        Whether to fit a calibrated head if there are neutral faces to compare with for two
        samples of every emotion.
    info : dict, optional
        JSON values to store in the model: what it was trained on.

    Returns
    -------
    EmotionModel
        Whitening and SVM are folded into one matrix product.

    Raises
    ------
    TrainingError
        If there is only one emotion.
    """
    recipe = recipe or Recipe()
    emotions = samples.emotions
    if len(emotions) < 2:
        raise TrainingError("data set: has only one emotion; add images of others")
    mean = average_face(samples)
    static = fold_pipeline(fit_static(samples, recipe, temperatures[0]), mean)
    model = EmotionModel(emotions, mean, static, prior=recipe.prior, info=info or {})
    known = Counter(samples.emotion[samples.has_neutral].tolist())
    if not calibrated or any(known[emotion] < 2 for emotion in emotions):
        return model
    pipeline = fit_calibrated(samples, recipe, temperatures[1])
    return replace(model, calibrated=fold_pipeline(pipeline, np.zeros_like(mean)))


def fit_static(samples: TrainingSet, recipe: Recipe, temperature: float = 1.0) -> Pipeline:
    """Fit the classifier of features."""
    return _fit(samples, samples.aligned(), recipe.static, recipe, temperature=temperature)


def fit_calibrated(samples: TrainingSet, recipe: Recipe, temperature: float = 1.0) -> Pipeline:
    """Fit the classifier of features minus `EmotionModel.blend` of the person's neutral ones.

    Samples of people without neutral faces are left out.
    """
    known = samples.select(samples.has_neutral)
    references = blend(average_face(samples), known.neutral, known.n_neutral, recipe.prior)
    features = samples.aligned()[samples.has_neutral]
    return _fit(known, features, recipe.calibrated, recipe, references, temperature=temperature)


def average_face(samples: TrainingSet) -> NDArray[np.float64]:
    """Return the mean features (136,) of neutral faces, of all faces if none is neutral.

    Only the first table counts, every person with the same weight.
    """
    ours = samples.origin == 0
    neutral = ours & (samples.emotion == "neutral")
    chosen = neutral if neutral.any() else ours
    people = samples.subject[chosen]
    faces = samples.features[chosen]
    means = [faces[people == person].mean(axis=0) for person in np.unique(people)]
    return np.asarray(np.mean(means, axis=0), dtype=np.float64)


def _fit(
    samples: TrainingSet,
    features: Features,
    head: HeadRecipe,
    recipe: Recipe,
    references: Features | None = None,
    *,
    temperature: float,
) -> Pipeline:
    """Fit to features minus references, with partway copies and mirror images."""
    shown = np.flatnonzero(samples.has_neutral & (samples.emotion != "neutral"))
    neutral, peak = samples.neutral[shown], features[shown]
    X = np.concatenate([features, *(neutral + part * (peak - neutral) for part in head.partway)])
    rows = np.concatenate([np.arange(len(features)), *([shown] * len(head.partway))])
    if references is not None:
        X = X - references[rows]
    weight = samples.weight[rows]
    weight[len(features) :] *= recipe.partway_weight
    return fit_pipeline(
        np.concatenate([X, mirror_features(X)]),
        np.tile(samples.emotion[rows], 2),
        np.tile(weight, 2),
        head,
        temperature=temperature,
    )
