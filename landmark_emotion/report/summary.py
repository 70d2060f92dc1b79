"""Scores as text for the terminal and as JSON values."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from landmark_emotion.report.formatting import LABELS, interval, percent, plural
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import Evaluation
from landmark_emotion.training.recipe import Recipe

UNSEEN_PEOPLE = (
    "For new people expect the accuracy on unseen people, not that of the shuffled splits: there, "
    "training and test samples come from the same people."
)
MOST_SKIPPED = 20
"""Skipped images that are listed for each reason; a report has all."""

UNKNOWN_SUBJECTS = "Subjects are unknown here, so accuracy on new people may be lower."


def counts_text(table: LandmarkTable) -> list[str]:
    """List the number of samples per emotion, and of subjects, as lines."""
    counts = Counter(table.emotion.tolist())
    lines = [f"  {emotion:<10} {count:6d}" for emotion, count in sorted(counts.items())]
    faces = Counter(table.subject.tolist()).values()
    each = f"{min(faces)} to {max(faces)}" if len(set(faces)) > 1 else f"{max(faces, default=0)}"
    people = f"   {plural(len(faces), 'subject')}, {each} each" if table.subjects_known else ""
    return [*lines, f"  {'all':<10} {len(table):6d}{people}"]


def left_out_text(left_out: Counter[str], skipped: Iterable[tuple[str, str]]) -> list[str]:
    """List the reasons for leaving files out, with counts, and skipped images, as lines.

    Of many images with the same reason, only the first are listed.
    """
    lines = [f"  left out: {count} x {reason}" for reason, count in sorted(left_out.items())]
    seen: Counter[str] = Counter()
    for path, reason in skipped:
        seen[reason] += 1
        if seen[reason] <= MOST_SKIPPED:
            lines.append(f"  skipped: {path}: {reason}")
    for reason, count in seen.items():
        if count > MOST_SKIPPED:
            lines.append(f"  skipped: {count - MOST_SKIPPED:,} more: {reason}")
    return lines


def runs_text(accuracies: Sequence[float]) -> str:
    """Sum up the accuracies of shuffled splits in one line."""
    return f"mean accuracy {np.mean(accuracies):.4f}, standard deviation {np.std(accuracies):.4f}"


def evaluation_text(evaluation: Evaluation) -> list[str]:
    """Format scores, confidence interval, confusion matrix and calibration as lines."""
    scores = evaluation.scores
    low, high = scores["interval_95"]["accuracy"]
    return [
        f"  accuracy {scores['accuracy']:.4f} (95 % interval {low:.3f} to {high:.3f}), "
        f"balanced accuracy {scores['balanced_accuracy']:.4f}, macro F1 {scores['macro_f1']:.4f}",
        f"  majority baseline {scores['majority_baseline']:.4f}",
        *_confusion_text(scores),
        f"  probabilities: calibration error {scores['calibration_error']:.3f}, log loss "
        f"{scores['log_loss']:.3f}; accuracy at 80 % coverage "
        f"{scores['accuracy_at_80_percent_coverage']:.4f}",
    ]


def mixture_text(static: Evaluation, mixed: Evaluation, share: float) -> list[str]:
    """Compare landmarks alone with landmarks and network, as lines.

    Parameters
    ----------
    static, mixed : Evaluation
        Of the same samples.
    share : float
        The network's mean share of `mixed`.
    """
    pair = (static.scores, mixed.scores)
    rows: list[tuple[str, ...]] = [("", "landmarks alone", "with the network")]
    for name in ("accuracy", "balanced accuracy"):
        key = name.replace(" ", "_")
        cells = (f"{percent(s[key])} ({interval(*s['interval_95'][key])})" for s in pair)
        rows.append((name, *cells))
    rows.append(("macro F1", *(percent(s["macro_f1"]) for s in pair)))
    for emotion in pair[0]["recall"]:
        rows.append((f"recall, {emotion}", *(percent(s["recall"][emotion]) for s in pair)))
    rows.append(("network's share", percent(0), percent(share)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return ["without neutral faces, 95 % intervals", *(f"  {line}" for line in lines)]


def _confusion_text(scores: Mapping[str, Any]) -> list[str]:
    heads = " ".join(f"{emotion[:5]:>5}" for emotion in scores["confusion"])
    lines = [f"  {'true':<10} recall  precis.   predicted as  {heads}"]
    for emotion, row in scores["confusion"].items():
        shares = " ".join(
            f"{values[emotion]:7.3f}" if emotion in values else f"{'-':>7}"
            for values in (scores["recall"], scores["precision"])
        )
        cells = " ".join(f"{count:5d}" for count in row.values())
        lines.append(f"  {emotion:<9}{shares}   {'':<13} {cells}")
    return lines


def summarize(
    *,
    table: LandmarkTable,
    data: dict[str, Any],
    static: Evaluation,
    calibrated: Evaluation | None,
    with_network: Evaluation | None = None,
    recipe: Recipe | None = None,
    runs: Sequence[float] = (),
    runs_apart: Sequence[float] = (),
) -> dict[str, Any]:
    """Collect the results of a training run or of an evaluation as JSON values.

    Parameters
    ----------
    table : LandmarkTable
        The samples trained on or evaluated.
    data : dict
        Where they come from.
    static, calibrated : Evaluation
        Of the two classifiers.
    with_network : Evaluation, optional
        Of the static one together with a network.
    recipe : Recipe, optional
        How the model is fitted; None for an evaluation.
    runs, runs_apart : sequence of float
        Accuracies of the shuffled splits, and of splits that keep each sequence on one side.

    Returns
    -------
    dict
        Keys data, counts, subjects, counts_per_subject, recipe, shuffled,
        shuffled_sequences_apart, subject_independent, static, with_network and calibrated; None if
        unknown.
    """
    people = Counter(table.subject.tolist()) if table.subjects_known else None
    return {
        "data": data,
        "counts": dict(sorted(Counter(table.emotion.tolist()).items())),
        "subjects": None if people is None else len(people),
        "counts_per_subject": None if people is None else dict(sorted(people.items())),
        "recipe": None if recipe is None else asdict(recipe),
        "shuffled": _runs_json(runs),
        "shuffled_sequences_apart": _runs_json(runs_apart),
        "subject_independent": None if recipe is None else table.subjects_known,
        "static": static.scores,
        "with_network": None if with_network is None else with_network.scores,
        "calibrated": None if calibrated is None else calibrated.scores,
    }


def _runs_json(accuracies: Sequence[float]) -> dict[str, Any] | None:
    if not accuracies:
        return None
    return {
        "accuracies": list(accuracies),
        "mean": float(np.mean(accuracies)),
        "standard_deviation": float(np.std(accuracies)),
    }


def without_people(summary: dict[str, Any]) -> dict[str, Any]:
    """Return a summary without results per subject, for the header of a model.

    Models are shared; the names of the people in the training data are not.
    """
    kept = {name: value for name, value in summary.items() if name != "counts_per_subject"}
    for head in LABELS:
        if kept[head] is not None:
            kept[head] = {key: value for key, value in kept[head].items() if key != "subjects"}
    return kept
