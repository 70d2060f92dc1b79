"""What estimated baselines gain: ``python -m benchmarks.baselines DATA``.

DATA contains the sub-pixel tables of CK+ in ``landmarks/``. People are divided into ten folds; each
fold is judged by a model that was fitted to the others. Some pictures of a person are drawn at
random, without looking at their labels, and all of them are compared with the estimate from them.
Scores are means over people, their intervals are bootstrapped over people. The constants are chosen
once more for each fold, by folds of the other people. Takes some minutes.
"""

import argparse
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np

from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.head import softmax
from landmark_emotion.model.neutral import AUTO_FLOOR, AUTO_LOWERED
from landmark_emotion.training.evaluation import choose
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.landmark_table import load_table
from landmark_emotion.training.recipe import Recipe
from landmark_emotion.training.training_set import TrainingSet, usable

FOLDS, INNER, DRAWS, BOOTSTRAP = 10, 4, 20, 2000
CONSTANTS = tuple(product((0.1, 0.2, 0.3), (0.0, 0.125, 0.25, 0.5)))  # floor, lowered
TABLES = ("ckplus_peaks_and_neutrals_subpixel.npz", "ckplus_last_three_frames_subpixel.npz")


def main():
    """Draw, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    folder = parser.parse_args().data / "landmarks"
    tables = [usable(load_table(folder / name), DEFAULT_EMOTIONS)[0] for name in TABLES]
    peaks = Pictures(tables[:1])
    frames = Pictures(tables)
    trials = (
        *(("peaks and neutral frames", peaks, k) for k in (2, 3, 5, 8)),
        *(("the same and two frames before each peak", frames, k) for k in (3, 5, 10)),
    )
    folds = divide(np.unique(tables[0].subject), FOLDS, 0)
    scores = [{} for _ in trials]  # of each person
    chosen = Counter()
    for number, people in enumerate(folds):
        model = fit(tables, people)
        chosen[choose_constants(tables, peaks, people, number)] += 1
        for found, (_, pictures, k) in zip(scores, trials, strict=True):
            found |= judge(model, pictures, people, k)[AUTO_FLOOR, AUTO_LOWERED]
    print(f"floor and lowered: {AUTO_FLOOR}, {AUTO_LOWERED}; chosen by folds: {dict(chosen)}")
    for found, (name, _, k) in zip(scores, trials, strict=True):
        static, compared = np.array(list(found.values())).T
        print(
            f"{k:2} {name}, {len(found)} people: static {interval(static)}, compared "
            f"{interval(compared)}, difference {interval(compared - static)}"
        )


class Pictures:
    """Features, emotions and people of landmark tables."""

    def __init__(self, tables):
        self.features = landmark_features(np.concatenate([t.landmarks for t in tables]))
        self.emotion = np.concatenate([t.emotion for t in tables])
        self.subject = np.concatenate([t.subject for t in tables])


def divide(people, n, seed):
    """Divide people into folds."""
    order = np.random.default_rng(seed).permutation(people)
    return [set(part) for part in np.array_split(order, n)]


def fit(tables, people, temperatures=None):
    """Fit a model to all other people."""
    kept = [table.take(~np.isin(table.subject, list(people))) for table in tables]
    samples = TrainingSet.of(*kept)
    if temperatures is None:
        _, temperatures = choose(samples, (Recipe(),))
    return fit_model(samples, Recipe(), temperatures=temperatures)


def choose_constants(tables, pictures, people, seed):
    """Choose the constants that are right most often for three and five pictures of others."""
    others = sorted(set(pictures.subject.tolist()) - people)
    right = dict.fromkeys(CONSTANTS, 0.0)
    for part in divide(others, INNER, seed):
        model = fit(tables, people | part, (0.2, 0.2))
        for k in (3, 5):
            for constants, found in judge(model, pictures, part, k).items():
                right[constants] += sum(compared for _, compared in found.values())
    return max(right, key=right.get)


def judge(model, pictures, people, k):
    """Return the shares of right answers, static and compared, of each person by constants."""
    found = {constants: {} for constants in CONSTANTS}
    emotions = np.array(model.emotions)
    neutral = model.emotions.index("neutral")
    rng = np.random.default_rng(0)
    for person in sorted(people):
        theirs = np.flatnonzero(pictures.subject == person)
        if len(theirs) < k:
            continue
        drawn = np.array([rng.choice(theirs, k, replace=False) for _ in range(DRAWS)])
        features, truth = pictures.features[drawn], pictures.emotion[drawn]
        static = model.votes(features)
        right = float((emotions[static.argmax(axis=-1)] == truth).mean())
        for floor, lowered in CONSTANTS:
            weights = softmax(static)[..., neutral] + floor
            own = (weights[..., None] * features).sum(axis=1) / weights.sum(axis=1)[:, None]
            reference = np.repeat(model.blend(own, weights.sum(axis=1))[:, None], k, axis=1)
            votes = model.votes(features, reference)
            votes[..., neutral] -= lowered / model.calibrated.temperature
            compared = float((emotions[votes.argmax(axis=-1)] == truth).mean())
            found[floor, lowered][person] = right, compared
    return found


def interval(values):
    """Return the mean and its 95 % interval, bootstrapped over people."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (BOOTSTRAP, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
