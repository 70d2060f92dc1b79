"""Scores as text for the terminal and as JSON values."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from landmark_emotion.evaluation import OutOfFold, Scores
from landmark_emotion.table import LandmarkTable

WHY_BELIEVE_IT = (
    "This is the score to believe for new people: in the shuffled splits other pictures of the "
    "same person lie in the training part, so they also reward remembering faces."
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
    people = f"{len(set(table.subject.tolist()))} subjects"
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


def scores_text(scores: Scores) -> list[str]:
    """Show scores: accuracy, balanced accuracy, recall per emotion and the confusion matrix.

    Parameters
    ----------
    scores : Scores
        At least one sample.

    Returns
    -------
    list of str
        Lines.
    """
    short = [emotion[:5] for emotion in scores.emotions]
    recall = scores.recall
    lines = [
        f"  accuracy {scores.accuracy:.4f}, balanced accuracy {scores.balanced_accuracy:.4f}, "
        f"{scores.n} faces",
        f"  {'truth':<10}  {'recall':>6}   recognised as " + " ".join(f"{n:>5}" for n in short),
    ]
    for emotion, row in zip(scores.emotions, scores.confusion.tolist(), strict=True):
        share = f"{recall[emotion]:6.3f}" if emotion in recall else f"{'-':>6}"
        cells = " ".join(f"{count:5d}" for count in row)
        lines.append(f"  {emotion:<10}  {share}  {'':<14} {cells}")
    return lines


def training_report(
    *,
    table: LandmarkTable,
    data: dict[str, Any],
    runs: Sequence[float],
    out_of_fold: OutOfFold,
) -> dict[str, Any]:
    """Gather what a training run found out, as JSON values.

    Parameters
    ----------
    table : LandmarkTable
        The samples trained on.
    data : dict
        Where they come from.
    runs : sequence of float
        Accuracies of the shuffled splits.
    out_of_fold : OutOfFold
        The judgement by folds.

    Returns
    -------
    dict
        Keys data, counts, subjects, shuffled and out_of_fold.
    """
    return {
        "data": data,
        "counts": dict(sorted(Counter(table.emotion.tolist()).items())),
        "subjects": len(set(table.subject.tolist())) if table.subjects_known else None,
        "shuffled": {
            "accuracies": list(runs),
            "mean": float(np.mean(runs)),
            "standard_deviation": float(np.std(runs)),
        },
        "out_of_fold": {
            "protocol": out_of_fold.protocol,
            "subject_independent": table.subjects_known,
            **out_of_fold.scores.as_json(),
        },
    }
