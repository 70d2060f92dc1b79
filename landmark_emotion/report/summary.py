"""Scores as text for the terminal and as JSON values."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from landmark_emotion.formatting import interval, percent, plural
from landmark_emotion.report import LABELS
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import Evaluation
from landmark_emotion.training.recipe import Recipe

UNSEEN_PEOPLE = (
    "Expect the accuracy on unseen people. The shuffled splits have the same people in training "
    "and test data, so their accuracy is too optimistic."
)
UNKNOWN_SUBJECTS = "The subjects are unknown. Accuracy on new people may be lower."
MOST_SKIPPED = 3
"""Skipped images that are listed for each reason; a report has all."""

WIDTH = 79
"""Columns of the texts for a terminal."""

_NAME = 12  # columns of the names in front of lines


def line(name: str, text: str, width: int = WIDTH) -> list[str]:
    """Put a text beside a name, broken into as few lines as it needs."""
    wrapped = textwrap.wrap(text, width - _NAME, break_long_words=False, break_on_hyphens=False)
    return [f"{name if not i else '':<{_NAME}}{part}" for i, part in enumerate(wrapped or [""])]


def data_text(
    title: str,
    table: LandmarkTable,
    *,
    n_images: int = 0,
    n_unused: int = 0,
    from_cache: int = 0,
    left_out: Counter[str],
    skipped: Iterable[tuple[str, str]],
) -> list[str]:
    """Say what was read, what became of it, and why the rest was left out, as lines.

    ``table`` has the samples that are used; the other parameters are those of `LoadedFaces`.
    """
    counts = Counter(table.emotion.tolist())
    found = f"{plural(n_images, 'image file')}, " if n_images else ""
    unused = Counter({"frame other than neutral and peak frames": n_unused})
    people = ""
    if table.subjects_known:
        faces = Counter(table.subject.tolist()).values()
        each = (
            f"{min(faces)} to {max(faces)}" if len(set(faces)) > 1 else f"{max(faces, default=0)}"
        )
        people = f" of {plural(len(faces), 'subject')}, {each} each"
    cached = f"; landmarks of {from_cache:,} cached" if from_cache else ""
    return [
        *line("data set", title),
        *line("read", f"{found}{plural(len(table), 'sample')}{people}{cached}"),
        *line("emotions", ", ".join(f"{counts[emotion]} {emotion}" for emotion in sorted(counts))),
        *left_out_text(unused + left_out, skipped),
    ]


def left_out_text(left_out: Counter[str], skipped: Iterable[tuple[str, str]]) -> list[str]:
    """List the reasons for leaving files out, with counts, and skipped images, as lines.

    Of several images with the same reason, only the first are named.
    """
    skipped = list(skipped)
    reasons = Counter(reason for _, reason in skipped)
    lines = []
    if left_out:
        lines += line("left out", "; ".join(f"{n} x {why}" for why, n in left_out.most_common()))
    if reasons:
        lines += line("skipped", "; ".join(f"{n} x {why}" for why, n in reasons.most_common()))
    seen: Counter[str] = Counter()
    for path, reason in skipped:
        seen[reason] += 1
        if seen[reason] <= MOST_SKIPPED:
            lines.append(f"  {path}: {reason}")
    if any(count > MOST_SKIPPED for count in reasons.values()):
        lines.append("  and others, which the report lists")
    return lines


def runs_text(accuracies: Sequence[float]) -> list[str]:
    """List the accuracies of shuffled splits, with mean and standard deviation, as lines."""
    mean, deviation = (percent(float(value)) for value in (np.mean(accuracies), np.std(accuracies)))
    runs = " ".join(f"{100 * accuracy:.1f}" for accuracy in accuracies)
    text = f"{plural(len(accuracies), 'run')}: {runs} %; mean {mean}, SD {deviation}"
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def evaluation_text(evaluation: Evaluation) -> list[str]:
    """Format scores, recall, precision and confusion matrix as lines."""
    scores = evaluation.scores
    return [
        *_table_of_emotions(scores),
        f"  accuracy {percent(scores['accuracy'])} "
        f"(95 % interval {interval(*scores['interval_95']['accuracy'])})",
        f"  balanced accuracy {percent(scores['balanced_accuracy'])}, "
        f"macro F1 {percent(scores['macro_f1'])}, "
        f"majority baseline {percent(scores['majority_baseline'])}",
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


def believable(scores: Mapping[str, Any], whose: str) -> str:
    """Return the score to expect for new faces, with its interval and the majority baseline."""
    ends = interval(*scores["interval_95"]["accuracy"])
    return (
        f"{percent(scores['accuracy'])} on {whose} ({ends}), "
        f"majority baseline {percent(scores['majority_baseline'])}"
    )


def _table_of_emotions(scores: Mapping[str, Any]) -> list[str]:
    confusion = scores["confusion"]
    names = list(confusion)
    first = max(map(len, names))
    numbers = [str(count) for row in confusion.values() for count in row.values()]
    cell = max(3, 1 + max(map(len, numbers)))
    fits = 2 + first + 30 + cell * len(names) <= WIDTH
    heads = "".join(f"{head:>{cell}}" for head in short_names(names)) if fits else ""
    lines = [f"  {'':<{first}}   recall  precision      n  {heads}".rstrip()]
    for emotion, row in confusion.items():
        recall, precision = (
            percent(values[emotion]) if emotion in values else "-"
            for values in (scores["recall"], scores["precision"])
        )
        cells = "".join(f"{count or '.':>{cell}}" for count in row.values()) if fits else ""
        text = f"  {emotion:<{first}}  {recall:>7}  {precision:>9}  {sum(row.values()):>5}  {cells}"
        lines.append(text.rstrip())
    if not fits:
        lines.append("  (too many classes for a confusion matrix here; a report has it)")
    return lines


def short_names(names: Sequence[str]) -> list[str]:
    """Return two letters for each name that tell it from the others, or a number if none do."""
    short: list[str] = []
    for number, name in enumerate(names, start=1):
        letters = [letter for letter in name if letter.isalnum()]
        options = [letters[0] + letter for letter in letters[1:]]
        taken = set(short)
        short.append(next((option for option in options if option not in taken), str(number)))
    return short


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
