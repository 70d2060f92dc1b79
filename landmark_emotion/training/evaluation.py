"""Evaluate recipes and models: shuffled splits, and cross-validation over unseen people."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.head import softmax
from landmark_emotion.model.neutral import PersonEstimate
from landmark_emotion.networks.mixture import Mixer
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.folds import INNER_FOLDS, Indices, inner_folds, others, outer_folds
from landmark_emotion.training.heads import fit_temperature
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import Evaluation, evaluate, log_loss
from landmark_emotion.training.parallel import Progress, run_parallel
from landmark_emotion.training.recipe import Recipe
from landmark_emotion.training.training_set import TrainingSet

# The vote for an emotion that is missing in a training fold.
_NO_VOTE = -1000.0

# Starting worker processes takes as long as fitting to this many samples, all fits together.
_WORTH_WORKERS = 20_000


def shuffled_splits(
    table: LandmarkTable,
    recipe: Recipe | None = None,
    *,
    runs: int = 7,
    test_size: float = 0.2,
    seed: int = 0,
    keep_sequences: bool = False,
) -> Iterator[float]:
    """Train and test over repeated stratified shuffled splits.

    Samples of one person are on both sides of a split, so this is the accuracy for people in the
    training data; it is lower for unseen people (see `cross_validate`). Yields the accuracy of
    each run.

    Parameters
    ----------
    table : LandmarkTable
        At least two samples of each emotion.
    recipe : Recipe, optional
        How to fit.
    runs, test_size, seed : int, float, int
        Number of splits, the share of the samples each holds out, and the seed.
    keep_sequences : bool
        Keep all frames of a sequence on one side. The splits are then not stratified.

    Raises
    ------
    TrainingError
        If there are too few samples to split.
    """
    samples = TrainingSet.of(table)
    X, y = samples.features, samples.emotion
    options = {"n_splits": runs, "test_size": test_size, "random_state": seed}
    try:
        if keep_sequences:
            names = enumerate(table.sequence.tolist())
            groups = [sequence or f"sample {index}" for index, sequence in names]
            splits = list(GroupShuffleSplit(**options).split(X, y, groups))
        else:
            splits = list(StratifiedShuffleSplit(**options).split(X, y))
    except ValueError as error:
        raise TrainingError(
            f"data set: {len(table)} samples of {len(samples.emotions)} emotions are too few to "
            f"hold out {test_size:g} of them; add images or change --test-size"
        ) from error
    for train, test in splits:
        # Computed again from the training part, so that no tested face serves as a reference.
        model = fit_model(TrainingSet.of(table.take(train)), recipe, calibrated=False)
        predicted = np.array(model.emotions)[model.votes(X[test]).argmax(axis=1)]
        yield float((predicted == y[test]).mean())


def shared_sequences(table: LandmarkTable) -> int:
    """Count the sequences with several frames of the same emotion."""
    pairs = Counter(zip(table.sequence.tolist(), table.emotion.tolist(), strict=True))
    return len({sequence for (sequence, _), count in pairs.items() if sequence and count > 1})


def cross_validate(
    table: LandmarkTable,
    candidates: Sequence[Recipe] = (Recipe(),),
    *,
    more: Sequence[LandmarkTable] = (),
    folds: int | None = None,
    seed: int = 0,
    jobs: int = -1,
    progress: Progress | None = None,
) -> tuple[Evaluation, Evaluation | None]:
    """Predict every sample with models that were not fitted to any person of its fold.

    Temperatures, and the recipe if there are several candidates, are chosen by inner folds
    without the test fold. To keep leave-one-subject-out fast, the subjects are divided into ten
    blocks; each block shares one choice, made without any of its subjects.

    Parameters
    ----------
    table : LandmarkTable
        If every sample names its subject, folds never share one.
    candidates : sequence of Recipe
        The recipe, or those to choose from.
    more : sequence of LandmarkTable
        Further samples to fit to, except those of people in the test fold.
    folds, seed : int
        See `folds.outer_folds`.
    jobs, progress
        See `parallel.run_parallel`.

    Returns
    -------
    static, calibrated : Evaluation
        Without and with the person's other neutral faces as reference, in the order of the table.
        Predictions without a reference are the same in both; None if there is no reference.

    Raises
    ------
    TrainingError
        If there are too few samples.
    """
    samples = TrainingSet.of(table, *more)
    blocks, protocol = outer_folds(table, folds, seed)
    fits = sum(len(block) + INNER_FOLDS * len(candidates) for block in blocks)
    results = run_parallel(
        _evaluate_block,
        [(samples, block, tuple(candidates), seed) for block in blocks],
        jobs=jobs if fits * len(samples.emotion) >= _WORTH_WORKERS else 1,
        progress=progress,
    )
    static, calibrated = (np.concatenate(votes) for votes in zip(*results, strict=True))
    order = np.argsort(np.concatenate([test for block in blocks for test in block]))
    if len(candidates) > 1:
        protocol += f", best of {len(candidates)} recipes by inner folds"
    return _both(protocol, table, samples.emotions, static[order], calibrated[order])


def evaluate_model(
    model: EmotionModel, table: LandmarkTable, *, automatic: bool = False
) -> tuple[Evaluation, Evaluation | None]:
    """Evaluate a model on at least one sample; the returns are those of `cross_validate`.

    If ``automatic``, the references are estimated from all samples of a person, whatever they show.
    The caller must know whether the model was fitted to any of these people.
    """
    samples = TrainingSet.of(table)
    static, calibrated = _votes(model, samples)
    if automatic:
        calibrated = automatic_votes(model, samples.features, samples.subject)
    return _both("a model fitted elsewhere", table, model.emotions, static, calibrated)


def evaluate_mixture(
    model: EmotionModel, table: LandmarkTable, mixer: Mixer, scores: NDArray[np.float32]
) -> tuple[Evaluation, float]:
    """Evaluate a model and a network together, without neutral faces.

    Parameters
    ----------
    model : EmotionModel
        The model of landmarks.
    table : LandmarkTable
        At least one sample.
    mixer : Mixer
        Of this model.
    scores : ndarray of shape (n, all of the network's classes)
        The network's logits of the samples.

    Returns
    -------
    evaluation : Evaluation
        Of the mixture.
    share : float
        The mean share of the network.
    """
    mixture = mixer.mix(landmark_features(table.landmarks), scores[:, mixer.columns])
    evaluation = evaluate(
        "a model and a network fitted elsewhere",
        model.emotions,
        table.emotion,
        table.subject,
        mixture.probabilities,
    )
    return evaluation, float(mixture.share.mean())


def _both(
    protocol: str,
    table: LandmarkTable,
    emotions: tuple[str, ...],
    static: NDArray[np.float64],
    calibrated: NDArray[np.float64],
) -> tuple[Evaluation, Evaluation | None]:
    """Evaluate votes of shape (n, k); calibrated ones are NaN without a reference."""
    given = (protocol, emotions, table.emotion, table.subject)
    known = np.asarray(np.isfinite(calibrated).all(axis=1))
    first = evaluate(*given, softmax(static))
    if not known.any():
        return first, None
    merged = softmax(np.where(known[:, np.newaxis], calibrated, static))
    return first, evaluate(*given, merged, calibrated=known)


def automatic_votes(
    model: EmotionModel, features: NDArray[np.float64], subject: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Compare faces with estimates of their people's neutral faces, made without labels.

    Parameters
    ----------
    model : EmotionModel
        The model.
    features : ndarray of shape (n, 136)
        Of the faces.
    subject : ndarray of shape (n,)
        The person; empty if unknown.

    Returns
    -------
    ndarray of shape (n, k)
        Votes; NaN for people of whom there are too few faces, or apparently those of several.
    """
    static = model.votes(features)
    votes = np.full_like(static, np.nan)
    emotions = model.emotions
    neutral = softmax(static)[:, emotions.index("neutral")] if "neutral" in emotions else None
    for person in set(subject.tolist()) - {""}:
        theirs = np.flatnonzero(subject == person)
        estimate = PersonEstimate()
        for index in theirs:
            estimate.add(features[index], 1.0 if neutral is None else float(neutral[index]))
        if (own := estimate.reference) is not None:
            blended = model.blend(own.features, own.n)
            votes[theirs] = model.votes(features[theirs], blended, automatic=True)
    return votes


def choose(
    samples: TrainingSet, candidates: Sequence[Recipe], *, seed: int = 0
) -> tuple[Recipe, tuple[float, float]]:
    """Choose the recipe with the lowest log loss by folds of the first table.

    Returns it with the temperatures of its static and calibrated heads.
    """
    folds = inner_folds(samples, seed)
    results = []
    for recipe in candidates:
        losses, temperatures = [], []
        for votes in out_of_fold_votes(samples, folds, recipe):
            tested = np.isfinite(votes).all(axis=1)
            if not tested.any():
                temperatures.append(1.0)
                continue
            votes, emotion = votes[tested], samples.emotion[tested]
            temperature = fit_temperature(votes, emotion, samples.emotions)
            column = np.searchsorted(samples.emotions, emotion)
            probabilities = softmax(votes / temperature)
            losses.append(log_loss(probabilities[np.arange(len(column)), column]))
            temperatures.append(temperature)
        results.append((float(np.mean(losses or [0.0])), recipe, tuple(temperatures)))
    _, recipe, (static, calibrated) = min(results, key=lambda result: result[0])
    return recipe, (static, calibrated)


def _evaluate_block(
    samples: TrainingSet, block: list[Indices], candidates: Sequence[Recipe], seed: int
) -> list[NDArray[np.float64]]:
    """Return votes of shape (n, k) of each head for the samples of a block of folds."""
    here = np.concatenate(block)
    recipe, temperatures = choose(samples.select(others(samples, here)), candidates, seed=seed)
    heads = zip(out_of_fold_votes(samples, block, recipe), temperatures, strict=True)
    return [votes[here] / temperature for votes, temperature in heads]


def out_of_fold_votes(
    samples: TrainingSet, folds: Sequence[Indices], recipe: Recipe
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Predict every fold, given by indices, with a model that was not fitted to its people.

    Returns
    -------
    static, calibrated : ndarray of shape (n, k)
        Votes at temperature 1 for the emotions that occur, sorted. NaN for samples outside all
        folds; calibrated also for samples without a reference.

    Raises
    ------
    TrainingError
        If fewer than two emotions are left without a fold.
    """
    static, calibrated = np.full((2, len(samples.emotion), len(samples.emotions)), np.nan)
    for test in folds:
        part = samples.select(others(samples, test))
        if len(part.emotions) < 2:
            raise TrainingError(
                "data set: one subject holds nearly all emotions; add images of other people"
            )
        model = fit_model(part, recipe)
        columns = np.searchsorted(samples.emotions, model.emotions)
        heads = (static, calibrated) if model.calibrated is not None else (static,)
        for votes, theirs in zip(heads, _votes(model, samples.select(test)), strict=False):
            known = np.isfinite(theirs).all(axis=1)
            votes[test[known]] = _NO_VOTE
            votes[np.ix_(test[known], columns)] = theirs[known]
    return static, calibrated


def _votes(
    model: EmotionModel, samples: TrainingSet
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return static and calibrated votes of shape (n, k), NaN without a reference."""
    static = model.votes(samples.features)
    calibrated = np.full_like(static, np.nan)
    known = samples.has_neutral
    if known.any():
        references = model.blend(samples.neutral[known], samples.n_neutral[known])
        calibrated[known] = model.votes(samples.features[known], references)
    return static, calibrated
