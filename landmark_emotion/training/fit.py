"""Fit a model to samples; a model is plain arrays and needs no scikit-learn."""

from collections import Counter
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.familiarity import familiarity_of
from landmark_emotion.model.head import Head
from landmark_emotion.model.neutral import blend
from landmark_emotion.training.heads import fit_head
from landmark_emotion.training.recipe import Recipe
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
        Of the static and the calibrated head (see `evaluation.choose`).
    calibrated : bool
        Whether to fit a calibrated head if there are neutral faces to compare with for two
        samples of every emotion.
    info : dict, optional
        JSON values to store in the model: what it was trained on.

    Raises
    ------
    TrainingError
        If there is only one emotion.
    """
    recipe = recipe or Recipe()
    emotions = samples.emotions
    if len(emotions) < 2:
        raise TrainingError("data set: has only one emotion; add images of others")
    mean, static = average_face(samples), fit_static(samples, recipe, temperatures[0])
    model = EmotionModel(
        emotions,
        mean,
        static,
        prior=recipe.prior,
        familiarity=familiarity_of(samples.features),
        info=info or {},
    )
    known = Counter(samples.emotion[samples.has_neutral].tolist())
    if not calibrated or any(known[emotion] < 2 for emotion in emotions):
        return model
    return replace(model, calibrated=_fit_calibrated(samples, recipe, temperatures[1]))


def fit_static(samples: TrainingSet, recipe: Recipe, temperature: float = 1.0) -> Head:
    """Fit the classifier of features minus `average_face`."""
    return _fit(samples, samples.offsets(), recipe, temperature, origin=average_face(samples))


def _fit_calibrated(samples: TrainingSet, recipe: Recipe, temperature: float) -> Head:
    """Fit the classifier of features minus `EmotionModel.blend` of the person's neutral ones."""
    known = samples.select(samples.has_neutral)
    references = blend(average_face(samples), known.neutral, known.n_neutral, recipe.prior)
    offsets = samples.offsets()[samples.has_neutral]
    head = _fit(known, offsets, recipe, temperature, references=references)
    return _favor_expressions(head, known.emotions, recipe.against_neutral)


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
    offsets: Features,
    recipe: Recipe,
    temperature: float,
    *,
    references: Features | None = None,
    origin: NDArray[np.float64] | None = None,
) -> Head:
    """Fit to all copies plus offsets, for the calibrated head minus references."""
    head = recipe.static if references is None else recipe.calibrated
    copies = samples.copies + offsets[:, np.newaxis]
    m = copies.shape[1]
    shown = np.flatnonzero(samples.has_neutral & (samples.emotion != "neutral"))
    neutral, peak = samples.neutral[shown, np.newaxis], copies[shown]
    X = np.concatenate([copies, *(neutral + part * (peak - neutral) for part in head.partway)])
    rows = np.concatenate([np.arange(len(copies)), *([shown] * len(head.partway))])
    if references is not None:
        X = X - references[rows, np.newaxis]
    weight = samples.weight[rows]
    weight[len(copies) :] *= recipe.partway_weight
    return fit_head(
        X.reshape(-1, X.shape[-1]),
        np.repeat(samples.emotion[rows], m),
        np.repeat(weight / m, m),
        head,
        temperature=temperature,
        origin=np.zeros(X.shape[-1]) if origin is None else origin,
    )


def _favor_expressions(head: Head, emotions: tuple[str, ...], by: float) -> Head:
    """Shift the biases of the pairs with neutral toward the other emotion."""
    toward = {"neutral": 1.0}
    signs = [
        toward.get(second, 0.0) - toward.get(first, 0.0)
        for first, second in combinations(emotions, 2)
    ]
    return replace(head, biases=head.biases + by * np.array(signs))
