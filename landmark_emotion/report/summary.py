"""Scores as text for the terminal and as JSON values."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from landmark_emotion.training.fit import Recipe
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import Evaluation

WHY_BELIEVE_IT = (
    "Believe this score, not the shuffled one, for new people: in shuffled splits other pictures "
    "of the same person are in training."
)


def counts_text(table: LandmarkTable) -> list[str]:
    """List how many samples there are of each emotion, and of how many people.

    Parameters
    ----------
    table : LandmarkTable
        The samples.

    Returns
    -------
    list of str
        Lines.
    """
    counts = Counter(table.emotion.tolist())
    lines = [f"  {emotion:<10} {count:6d}" for emotion, count in sorted(counts.items())]
    faces = Counter(table.subject.tolist()).values()
    each = f"{min(faces)} to {max(faces)}" if len(set(faces)) > 1 else f"{max(faces, default=0)}"
    people = f"{len(faces)} subjects, {each} each"
    return [*lines, f"  {'all':<10} {len(table):6d}   {people if table.subjects_known else ''}"]


def left_out_text(left_out: Counter[str], skipped: Iterable[tuple[Path, str]]) -> list[str]:
    """List what was left out unseen, by reason, and every image that was skipped.

    Parameters
    ----------
    left_out : Counter
        Counts by reason.
    skipped : iterable of (Path, str)
        Images and reasons.

    Returns
    -------
    list of str
        Lines.
    """
    return [
        *(f"  left out: {count} x {reason}" for reason, count in sorted(left_out.items())),
        *(f"  skipped: {path}: {reason}" for path, reason in skipped),
    ]


def runs_text(accuracies: Sequence[float]) -> str:
    """Sum up the accuracies of the shuffled splits in a line."""
    return f"mean accuracy {np.mean(accuracies):.4f}, standard deviation {np.std(accuracies):.4f}"


def evaluation_text(evaluation: Evaluation) -> list[str]:
    """Show a evaluation: scores with intervals, recall per emotion and the confusion matrix.

    Parameters
    ----------
    evaluation : Evaluation
        At least one sample.

    Returns
    -------
    list of str
        Lines.
    """
    scores = evaluation.scores
    low, high = scores["interval_95"]["accuracy"]
    return [
        f"  accuracy {scores['accuracy']:.4f} (95 % interval {low:.3f} to {high:.3f}), "
        f"balanced accuracy {scores['balanced_accuracy']:.4f}, macro F1 {scores['macro_f1']:.4f}",
        f"  always naming the commonest emotion would reach {scores['majority_baseline']:.4f}",
        *table_text(scores),
        f"  probabilities: calibration error {scores['calibration_error']:.3f}, log loss "
        f"{scores['log_loss']:.3f}; accuracy on the surest 80 %: "
        f"{scores['accuracy_at_80_percent_coverage']:.4f}",
    ]


def table_text(scores: Mapping[str, Any]) -> list[str]:
    """Show recall, precision and the confusion matrix as lines."""
    heads = " ".join(f"{emotion[:5]:>5}" for emotion in scores["confusion"])
    lines = [f"  {'truth':<10} recall  precis.   recognized as {heads}"]
    for emotion, row in scores["confusion"].items():
        shares = " ".join(
            f"{values[emotion]:7.3f}" if emotion in values else f"{'-':>7}"
            for values in (scores["recall"], scores["precision"])
        )
        cells = " ".join(f"{count:5d}" for count in row.values())
        lines.append(f"  {emotion:<9}{shares}   {'':<13} {cells}")
    return lines


def training_report(
    *,
    table: LandmarkTable,
    data: dict[str, Any],
    recipe: Recipe,
    runs: Sequence[float],
    runs_apart: Sequence[float],
    static: Evaluation,
    calibrated: Evaluation | None,
) -> dict[str, Any]:
    """Gather what a training run found out, as JSON values.

    Parameters
    ----------
    table : LandmarkTable
        The samples trained on.
    data : dict
        Where they come from.
    recipe : Recipe
        How the model is fitted.
    runs : sequence of float
        Accuracies of the shuffled splits.
    runs_apart : sequence of float
        The same with sequences kept on one side; empty where that makes no difference.
    static, calibrated : Evaluation
        Of samples that were not in training.

    Returns
    -------
    dict
        Keys data, counts, subjects, counts_per_subject, recipe, shuffled,
        shuffled_sequences_apart, subject_independent, static and calibrated.
    """
    return {
        "data": data,
        **_counts_json(table),
        "recipe": asdict(recipe),
        "shuffled": _runs_json(runs),
        "shuffled_sequences_apart": _runs_json(runs_apart) if runs_apart else None,
        "subject_independent": table.subjects_known,
        "static": static.scores,
        "calibrated": calibrated.scores if calibrated is not None else None,
    }


def without_people(summary: dict[str, Any]) -> dict[str, Any]:
    """Return a training report without what it says of each subject.

    Models are handed on; who was in training, perhaps by name, is nobody else's business.

    Parameters
    ----------
    summary : dict
        From `training_report`, with or without further keys.

    Returns
    -------
    dict
        A copy for the header of a model.
    """
    kept = {name: value for name, value in summary.items() if name != "counts_per_subject"}
    for head in ("static", "calibrated"):
        if kept[head] is not None:
            kept[head] = {key: value for key, value in kept[head].items() if key != "subjects"}
    return kept


def evaluation_report(
    *,
    table: LandmarkTable,
    data: dict[str, Any],
    model: dict[str, Any],
    static: Evaluation,
    calibrated: Evaluation | None,
) -> dict[str, Any]:
    """Gather what a model did on a data set, as JSON values.

    Parameters
    ----------
    table : LandmarkTable
        The samples.
    data : dict
        Where they come from.
    model : dict
        Which model it was; its name at least.
    static, calibrated : Evaluation
        What it said of them.

    Returns
    -------
    dict
        Keys as in `training_report`, None where only training could tell, and model.
    """
    return {
        "data": data,
        "model": model,
        **_counts_json(table),
        "recipe": None,
        "shuffled": None,
        "shuffled_sequences_apart": None,
        "subject_independent": None,
        "static": static.scores,
        "calibrated": calibrated.scores if calibrated is not None else None,
    }


def _counts_json(table: LandmarkTable) -> dict[str, Any]:
    people = Counter(table.subject.tolist()) if table.subjects_known else None
    return {
        "counts": dict(sorted(Counter(table.emotion.tolist()).items())),
        "subjects": None if people is None else len(people),
        "counts_per_subject": None if people is None else dict(sorted(people.items())),
    }


def _runs_json(accuracies: Sequence[float]) -> dict[str, Any]:
    return {
        "accuracies": list(accuracies),
        "mean": float(np.mean(accuracies)),
        "standard_deviation": float(np.std(accuracies)),
    }
