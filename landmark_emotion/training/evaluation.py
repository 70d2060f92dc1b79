"""How well a recipe does: shuffled splits, and people who are not in training."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from landmark_emotion.errors import TrainingError
from landmark_emotion.model.classifier import EmotionModel, softmax
from landmark_emotion.training.fit import (
    HeadRecipe,
    Recipe,
    TrainingSet,
    fit_model,
    fit_temperature,
)
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import Evaluation, evaluate, log_loss

SEARCHED = tuple(
    Recipe(
        static=HeadRecipe(c, shrinkage, (0.75,)),
        calibrated=HeadRecipe(3 * c, 0.1, (0.5, 0.75)),
    )
    for c in (0.0003, 0.001, 0.003)
    for shrinkage in (None, 0.1)
)
"""What a search chooses from."""

# The vote for an emotion that a training fold held no sample of.
_NO_VOTE = -1000.0

# Leaving out one subject at a time is the finest test; with more subjects, ten folds say the same.
_MAX_LEAVE_ONE_OUT = 200
_BLOCKS = 10
_INNER_FOLDS = 5

# Starting worker processes costs about as much as fitting on this many samples, all fits together.
_WORTH_WORKERS = 20_000

Indices = NDArray[np.intp]


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

    Samples of one person lie on both sides of a split, so the accuracy says how well people
    already known are recognized; strangers fare worse (see `cross_validate`).

    Parameters
    ----------
    table : LandmarkTable
        At least two samples of each emotion.
    recipe : Recipe, optional
        How to fit.
    runs : int
        Number of splits.
    test_size : float
        Share of the samples to test on, between 0 and 1.
    seed : int
        The same seed gives the same splits.
    keep_sequences : bool
        Never put frames of one sequence on both sides; the splits are not stratified then.

    Yields
    ------
    float
        The accuracy of each run.

    Raises
    ------
    TrainingError
        If the samples are too few to split so.
    """
    recipe = recipe or Recipe()
    samples = TrainingSet.of(table)
    X, y = samples.features, samples.emotion
    options = {"n_splits": runs, "test_size": test_size, "random_state": seed}
    try:
        if keep_sequences:
            splits = list(GroupShuffleSplit(**options).split(X, y, _groups(table)))
        else:
            splits = list(StratifiedShuffleSplit(**options).split(X, y))
    except ValueError as error:
        raise TrainingError(
            f"data set: {len(table)} samples of {len(set(table.emotion.tolist()))} emotions are "
            f"too few to hold out {test_size:g} of them; add images or change --test-size"
        ) from error
    for train, test in splits:
        # Made anew from the training part, so that no tested face serves as a reference there.
        model = fit_model(TrainingSet.of(table.take(train)), recipe, calibrated=False)
        named = np.array(model.emotions)[model.votes(X[test]).argmax(axis=1)]
        yield float((named == y[test]).mean())


def shared_sequences(table: LandmarkTable) -> int:
    """Count the sequences from which several frames show the same emotion."""
    pairs = Counter(zip(table.sequence.tolist(), table.emotion.tolist(), strict=True))
    return len({sequence for (sequence, _), count in pairs.items() if sequence and count > 1})


def cross_validate(
    table: LandmarkTable,
    recipe: Recipe | None = None,
    *,
    more: Sequence[LandmarkTable] = (),
    folds: int | None = None,
    seed: int = 0,
    search: Sequence[Recipe] = (),
    jobs: int = -1,
) -> tuple[Evaluation, Evaluation | None]:
    """Let every sample be judged by models that have seen nobody in its fold.

    Whatever is chosen (temperatures, and the recipe where there is a search) is chosen without the
    fold, by folds inside the rest. So that this stays quick when one subject at a time is left
    out, subjects share the choice in blocks of a tenth, made without any of the block.

    Parameters
    ----------
    table : LandmarkTable
        Where every sample names its subject, folds never share a subject.
    recipe : Recipe, optional
        How to fit.
    more : sequence of LandmarkTable
        Further samples to learn from, without the people of the fold.
    folds : int, optional
        Number of folds; otherwise one a subject (ten where there are more than 200, five where
        subjects are unknown).
    seed : int
        For drawing the folds.
    search : sequence of Recipe
        Where given, each block takes the best of these instead.
    jobs : int
        Processes; -1 for one a core.

    Returns
    -------
    static : Evaluation
        Of faces as they are, in the order of the table.
    calibrated : Evaluation or None
        Of how they differ from the same person's other neutral faces; static where there is none.
        None where people's neutral faces are not known.

    Raises
    ------
    TrainingError
        If the samples are too few for folds.
    """
    samples = TrainingSet.of(table, *more)
    emotions = tuple(sorted(set(table.emotion.tolist())))
    blocks, protocol = _blocks(table, folds, seed)
    candidates = tuple(search) or (recipe or Recipe(),)
    fits = sum(len(block) + _INNER_FOLDS * len(candidates) for block in blocks)
    n_jobs = jobs if fits * len(samples.emotion) >= _WORTH_WORKERS else 1
    results = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_evaluate_block)(samples, block, candidates, seed) for block in blocks
    )
    order = np.argsort(np.concatenate([test for block in blocks for test in block]))
    static, calibrated = (np.concatenate(parts)[order] for parts in zip(*results, strict=True))
    if search:
        protocol += f", best of {len(search)} recipes by folds within"
    has = np.isfinite(calibrated).all(axis=1)
    given = (protocol, emotions, table.emotion, table.subject)
    first = evaluate(*given, softmax(static))
    if not has.any():
        return first, None
    merged = softmax(np.where(has[:, np.newaxis], calibrated, static))
    return first, evaluate(*given, merged, calibrated=has)


def evaluate_model(
    model: EmotionModel, table: LandmarkTable
) -> tuple[Evaluation, Evaluation | None]:
    """Let every sample be judged by a model that was fitted elsewhere.

    Parameters
    ----------
    model : EmotionModel
        Whether it has seen these people is for the caller to know.
    table : LandmarkTable
        At least one sample.

    Returns
    -------
    static, calibrated : Evaluation and Evaluation or None
        As by `cross_validate`.
    """
    samples = TrainingSet.of(table)
    given = (
        "a model fitted elsewhere",
        model.emotions,
        table.emotion,
        table.subject,
    )
    probabilities = softmax(model.votes(samples.features))
    known = samples.has_neutral
    static = evaluate(*given, probabilities)
    if not known.any():
        return static, None
    references = model.blend(samples.neutral[known], samples.n_neutral[known])
    merged = probabilities.copy()
    merged[known] = softmax(model.votes(samples.features[known], references))
    return static, evaluate(*given, merged, calibrated=known)


def choose(
    samples: TrainingSet, candidates: Sequence[Recipe], *, seed: int = 0
) -> tuple[Recipe, tuple[float, float]]:
    """Choose recipe and temperatures by folds inside the samples.

    Parameters
    ----------
    samples : TrainingSet
        Two or more emotions. The samples of the first table are judged, the others help.
    candidates : sequence of Recipe
        The one with the lowest log loss is taken.
    seed : int
        For drawing the folds.

    Returns
    -------
    recipe : Recipe
        The best.
    temperatures : tuple of float
        Of its static and its calibrated head.
    """
    emotions = tuple(sorted(set(samples.emotion.tolist())))
    folds = inner_folds(samples, seed)
    best: tuple[float, Recipe, tuple[float, float]] | None = None
    for recipe in candidates:
        losses, temperatures = [], []
        for votes in out_of_fold_votes(samples, folds, recipe):
            judged = np.isfinite(votes).all(axis=1)
            if not judged.any():
                temperatures.append(1.0)
                continue
            temperature = fit_temperature(votes[judged], samples.emotion[judged], emotions)
            column = np.searchsorted(emotions, samples.emotion[judged])
            probabilities = softmax(votes[judged] / temperature)
            losses.append(log_loss(probabilities[np.arange(len(column)), column]))
            temperatures.append(temperature)
        result = (float(np.mean(losses or [0.0])), recipe, (temperatures[0], temperatures[1]))
        best = result if best is None or result[0] < best[0] else best
    if best is None:
        raise ValueError("candidates must not be empty")
    return best[1], best[2]


def _evaluate_block(
    samples: TrainingSet,
    block: list[Indices],
    candidates: Sequence[Recipe],
    seed: int,
) -> list[NDArray[np.float64]]:
    """Return votes of shape (n, k) for the samples of a block of folds, for each head."""
    here = np.concatenate(block)
    recipe, temperatures = choose(samples.select(_others(samples, here)), candidates, seed=seed)
    return [
        votes[here] / temperature
        for votes, temperature in zip(
            out_of_fold_votes(samples, block, recipe), temperatures, strict=True
        )
    ]


def out_of_fold_votes(
    samples: TrainingSet, folds: Sequence[Indices], recipe: Recipe
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Let every fold be judged by a model that has seen nobody in it.

    Parameters
    ----------
    samples : TrainingSet
        Two or more emotions.
    folds : sequence of ndarray, int
        Indices of the samples of each fold.
    recipe : Recipe
        How to fit.

    Returns
    -------
    static, calibrated : ndarray of shape (n, k)
        Votes at temperature 1 for the emotions that occur, sorted; NaN for samples outside all
        folds or, calibrated, without a reference.

    Raises
    ------
    TrainingError
        If what is left without a fold shows fewer than two emotions.
    """
    emotions = sorted(set(samples.emotion.tolist()))
    static = np.full((len(samples.emotion), len(emotions)), np.nan)
    calibrated = static.copy()
    for test in folds:
        part = samples.select(_others(samples, test))
        if len(set(part.emotion.tolist())) < 2:
            raise TrainingError(
                "data set: one subject holds nearly all emotions; add images of other people"
            )
        model = fit_model(part, recipe)
        columns = np.searchsorted(emotions, model.emotions)
        static[test] = _NO_VOTE
        static[np.ix_(test, columns)] = model.votes(samples.features[test])
        known = test[samples.has_neutral[test]]
        if model.calibrated is not None and len(known):
            references = model.blend(samples.neutral[known], samples.n_neutral[known])
            calibrated[known] = _NO_VOTE
            calibrated[np.ix_(known, columns)] = model.votes(samples.features[known], references)
    return static, calibrated


def _others(samples: TrainingSet, fold: Indices) -> Indices:
    """Return the samples that share neither place nor person with the fold."""
    outside = np.ones(len(samples.subject), dtype=bool)
    outside[fold] = False
    people = set(samples.subject[fold].tolist()) - {""}
    return np.flatnonzero(outside & ~np.isin(samples.subject, list(people)))


def _groups(table: LandmarkTable) -> list[str]:
    return [sequence or f"sample {index}" for index, sequence in enumerate(table.sequence.tolist())]


def inner_folds(samples: TrainingSet, seed: int) -> list[Indices]:
    """Divide the samples of the first table into folds that share no subject.

    There are none where they show one subject only.
    """
    ours = np.flatnonzero(samples.origin == 0)
    emotion, subject = samples.emotion[ours], samples.subject[ours]
    if np.any(subject == ""):
        return [ours[test] for test in _stratified(emotion, _INNER_FOLDS, seed)]
    n = min(_INNER_FOLDS, len(set(subject.tolist())))
    return [ours[test] for test in _stratified(emotion, n, seed, subject)] if n > 1 else []


def _stratified(
    emotion: NDArray[np.str_], n: int, seed: int, subject: NDArray[np.str_] | None = None
) -> list[Indices]:
    """Divide samples into n folds (fewer where an emotion is rare and subjects are unknown)."""
    with warnings.catch_warnings():
        # That a rare emotion cannot be in every fold is in the nature of the data.
        warnings.filterwarnings("ignore", "The least populated class")
        if subject is not None:
            grouped = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
            return [test for _, test in grouped.split(emotion, emotion, subject)]
        rarest = int(np.unique(emotion, return_counts=True)[1].min())
        plain = StratifiedKFold(max(2, min(n, rarest)), shuffle=True, random_state=seed)
        return [test for _, test in plain.split(emotion, emotion)]


def _blocks(table: LandmarkTable, folds: int | None, seed: int) -> tuple[list[list[Indices]], str]:
    """Return test folds, grouped into the blocks that share their choices."""
    if not table.subjects_known:
        tests = _stratified(table.emotion, folds or _INNER_FOLDS, seed)
        return [[test] for test in tests], f"{len(tests)} folds, subjects unknown"
    subjects = sorted(set(table.subject.tolist()))
    if len(subjects) < 2:
        raise TrainingError("data set: shows one subject only; add images of other people")
    if folds is None and len(subjects) <= _MAX_LEAVE_ONE_OUT:
        order = np.random.default_rng(seed).permutation(subjects)
        blocks = [
            [np.flatnonzero(table.subject == person) for person in people]
            for people in np.array_split(order, min(_BLOCKS, len(subjects)))
        ]
        return blocks, f"leave-one-subject-out over {len(subjects)} subjects"
    n = min(folds or _BLOCKS, len(subjects))
    if n < 2:
        raise TrainingError("data set: needs two folds or more; raise --folds")
    tests = _stratified(table.emotion, n, seed, table.subject)
    return [[test] for test in tests], f"{n} folds of {len(subjects)} subjects"
