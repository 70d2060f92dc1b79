"""Plots of scores: accuracy, recall, confusion, calibration and coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from landmark_emotion.emotions import FIRST, SECOND
from landmark_emotion.formatting import interval, percent
from landmark_emotion.report import LABELS
from landmark_emotion.report.plots.figure import (
    DASHED,
    GHOST,
    QUIET,
    Plot,
    add_legend,
    new_sheet,
    percent_axis,
)
from landmark_emotion.training.metrics import (
    COVERAGE,
    Evaluation,
    accuracy_at_coverage,
    coverage_curve,
    reliability,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 10
_FEW = 5  # faces; dots of fewer are not joined by the line
_COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)


@dataclass(frozen=True)
class Series:
    """An evaluation and how it is drawn.

    Attributes
    ----------
    label : str
        For legends and tables.
    evaluation : Evaluation
        Predictions and scores.
    color, marker : str
        As matplotlib takes them.
    """

    label: str
    evaluation: Evaluation
    color: str
    marker: str

    @property
    def scores(self) -> dict[str, Any]:
        """The scores, JSON values."""
        return self.evaluation.scores


def series_of(static: Evaluation, calibrated: Evaluation | None) -> list[Series]:
    """Label the evaluations of the two classifiers and give them their looks."""
    series = [Series(LABELS["static"], static, FIRST, "o")]
    if calibrated is not None:
        series.append(Series(LABELS["calibrated"], calibrated, SECOND, "D"))
    return series


def accuracy_plot(series: Sequence[Series], report: Mapping[str, Any], note: str) -> Plot:
    """Plot the shuffled splits beside the accuracy with its confidence interval."""
    runs = {
        f"{label}\n{len(report[key]['accuracies'])} runs": report[key]
        for label, key in (
            ("shuffled splits", "shuffled"),
            ("grouped by sequence", "shuffled_sequences_apart"),
        )
        if report[key] is not None
    }
    unseen = ("unseen people" if report["subjects"] else "unseen faces") if runs else "all faces"
    labels = [*runs, *(f"{unseen}\n{one.label}" for one in series)]
    majority = series[0].scores["majority_baseline"]
    figure, header = new_sheet("Accuracy", note, 0.85 + 0.42 * len(labels))
    axes = figure.subplots()
    seen = [majority]
    alt = []
    for y, values in enumerate(runs.values()):
        accuracies, mean = values["accuracies"], values["mean"]
        spread = np.linspace(-0.16, 0.16, len(accuracies)) if len(accuracies) > 1 else 0.0
        axes.plot(
            accuracies, y + spread, "o", color=QUIET, markersize=4, alpha=0.6, mew=0, clip_on=False
        )
        axes.plot([mean, mean], [y - 0.26, y + 0.26], color=QUIET, linewidth=2)
        _name_accuracy(axes, y, mean, QUIET)
        alt.append(f"{percent(mean)} ({interval(min(accuracies), max(accuracies))})")
        seen += accuracies
    for y, one in enumerate(series, start=len(runs)):
        accuracy, ends = one.scores["accuracy"], one.scores["interval_95"]["accuracy"]
        axes.plot(ends, [y, y], color=one.color, linewidth=2.2, solid_capstyle="butt")
        axes.plot(accuracy, y, one.marker, color=one.color, markersize=7, clip_on=False)
        _name_accuracy(axes, y, accuracy, one.color)
        alt.append(f"{percent(accuracy)} ({interval(*ends)})")
        seen += ends
    axes.axvline(majority, color=QUIET, linewidth=1, linestyle=DASHED)
    style: dict[str, Any] = {"color": QUIET, "fontsize": 8, "va": "bottom"}
    text = f"majority baseline: {percent(majority)}"
    axes.annotate(text, (majority, -0.5), (3, 1), textcoords="offset points", **style)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.9)
    percent_axis(axes, "x", "accuracy", max(0.0, min(seen) - 0.04))
    axes.tick_params(axis="y", length=0)
    caption = f"Lines: 95 % confidence intervals (bootstrap over {_units(report)})."
    if runs:
        caption = f"Small dots: one shuffled split each; the tick is their mean. {caption}"
    words = "; ".join(f"{' '.join(a.split())} {b}" for a, b in zip(labels, alt, strict=True))
    return Plot("accuracy", "Accuracy", caption, f"Accuracy: {words}; {text}", (), figure, header)


def _units(report: Mapping[str, Any]) -> str:
    """Return what the bootstrap draws."""
    return "subjects" if report["subjects"] else "faces"


def _name_accuracy(axes: "Axes", y: int, accuracy: float, color: str) -> None:
    """Write an accuracy in the right margin."""
    style: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
    style |= {"textcoords": "offset points", "va": "center", "fontweight": "bold", "color": color}
    axes.annotate(percent(accuracy), (1, y), (8, 0), **style)


def confusion_plot(name: str, one: Series, note: str) -> Plot:
    """Plot the confusion matrix of a classifier."""
    title = f"Confusion matrix, {one.label}"
    confusion = one.scores["confusion"]
    emotions = list(confusion)
    k = len(emotions)
    counts = np.array([[row[emotion] for emotion in emotions] for row in confusion.values()])
    totals = counts.sum(axis=1)
    figure, header = new_sheet(title, note, 0.95 + 0.47 * k)
    axes = figure.subplots()
    _draw_cells(axes, counts)
    axes.set_xticks(range(k), emotions, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), [f"{e}  {n}" for e, n in zip(emotions, totals, strict=True)])
    axes.set(xlabel="predicted emotion", ylabel="true emotion")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    wrong = np.where(np.eye(k, dtype=bool), 0, counts)
    worst = [
        f"{emotions[row]} as {emotions[column]} ({wrong[row, column]} of {totals[row]})"
        for row, column in (
            divmod(int(cell), k) for cell in np.argsort(-wrong, axis=None, kind="stable")[:3]
        )
        if wrong[row, column]
    ]
    errors = f"Most frequent errors: {', '.join(worst)}." if worst else "No errors."
    rows = [("true emotion", "faces", *emotions)]
    for emotion, n, cells in zip(emotions, totals, counts, strict=True):
        rows.append((emotion, str(n), *map(str, cells)))
    recall = ", ".join(
        f"{emotion} {percent(counts[i, i] / totals[i], 0)}"
        for i, emotion in enumerate(emotions)
        if totals[i]
    )
    caption = f"Each row sums to 100 % of the faces that show one emotion. {errors}"
    alt = f"{title}. Recall: {recall}. {errors}"
    return Plot(name, title, caption, alt, tuple(rows), figure, header)


def _draw_cells(axes: "Axes", counts: Any) -> None:
    """Draw the cells of a confusion matrix, shaded by their share of the row."""
    from matplotlib.patches import Rectangle

    totals = counts.sum(axis=1)
    for (row, column), count in np.ndenumerate(counts):
        share = count / max(1, totals[row])
        # Up to this opacity the text stays readable on light and dark backgrounds.
        alpha = 0.04 + 0.61 * share
        corner = (column - 0.47, row - 0.47)
        axes.add_patch(Rectangle(corner, 0.94, 0.94, color=FIRST, alpha=alpha, linewidth=0))
        style: dict[str, Any] = {"ha": "center", "va": "center"}
        if count:
            axes.text(column, row - 0.14, str(count), **style)
            axes.text(column, row + 0.2, percent(share, 0), fontsize=7.5, **style)
        elif totals[row]:
            axes.text(column, row, "0", color=QUIET, fontsize=7.5, **style)
    axes.set(xlim=(-0.5, len(counts) - 0.5), ylim=(len(counts) - 0.5, -0.5))


def recall_plot(series: Sequence[Series], report: Mapping[str, Any], note: str) -> Plot:
    """Plot the recall of each emotion with its confidence interval."""
    title = "Recall per emotion"
    first = series[0].scores["recall"]
    order = list(first)
    figure, header = new_sheet(title, note, 0.85 + 0.4 * len(order))
    axes = figure.subplots()
    for one, offset in zip(series, _offsets(series, 0.15), strict=True):
        y = np.arange(len(order)) + offset
        low, high = np.array([one.scores["interval_95"]["recall"][name] for name in order]).T
        axes.hlines(y, low, high, color=one.color, linewidth=2)
        recalls = [one.scores["recall"][name] for name in order]
        style: dict[str, Any] = {"color": one.color, "markersize": 6, "clip_on": False}
        axes.plot(recalls, y, one.marker, label=one.label, **style)
    n = report["counts"]
    axes.set_yticks(range(len(order)), [f"{emotion}  {n[emotion]}" for emotion in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    percent_axis(axes, "x", "recall")
    axes.tick_params(axis="y", length=0)
    add_legend(axes)
    caption = (
        f"Lines: 95 % confidence intervals (bootstrap over {_units(report)}; Wilson's interval "
        "for a recall of 100 % or 0 %)."
    )
    alt = "Recall: " + ", ".join(f"{emotion} {percent(first[emotion])}" for emotion in order)
    return Plot("recall", title, caption, alt, (), figure, header)


def _offsets(series: Sequence[Series], offset: float) -> tuple[float, ...]:
    return (-offset, offset) if len(series) > 1 else (0.0,)


def reliability_plot(series: Sequence[Series], note: str) -> Plot:
    """Plot a reliability diagram over a histogram of the probabilities."""
    title = "Calibration (reliability diagram)"
    figure, header = new_sheet(title, note, 4.2)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    axes.plot([0, 1], [0, 1], color=GHOST, linewidth=1, linestyle=DASHED)
    axes.text(0.17, 0.12, "perfect calibration", color=QUIET, fontsize=8)
    edges = np.linspace(0, 1, _BINS + 1)
    columns = [["probability", *(f"{100 * a:.0f} to {100 * b:.0f} %" for a, b in pairwise(edges))]]
    width = 0.8 / _BINS / len(series)
    for number, (one, offset) in enumerate(zip(series, _offsets(series, width / 2), strict=True)):
        mean, accuracy, count = reliability(one.evaluation.confidence, one.evaluation.right, _BINS)
        _draw_reliability(axes, one, mean, accuracy, count)
        places = edges[:-1] + 0.5 / _BINS + offset
        bars = below.bar(places, count, 0.95 * width, color=one.color)
        below.bar_label(
            bars,
            [str(n or "") for n in count],
            fontsize=6.5,
            color=one.color,
            padding=1 + 7 * number,
        )
        columns += [
            [f"{one.label}: faces", *map(str, count)],
            ["mean probability", *map(percent, mean)],
            ["accuracy", *map(percent, accuracy)],
        ]
    percent_axis(axes, "x", "")
    percent_axis(axes, "y", "accuracy")
    percent_axis(below, "x", "probability of the predicted emotion")
    below.set(ylabel="faces", ylim=(0, 1.3 * below.get_ylim()[1]))
    axes.tick_params(axis="x", length=0)
    add_legend(axes)
    head, *body = zip(*columns, strict=True)
    body = [row for row in body if any(cell not in ("0", "") for cell in row[1:])]
    errors = ", ".join(
        f"{percent(one.scores['calibration_error'])} ({one.label})" for one in series
    )
    caption = (
        "Below the dashed line the model is overconfident, above it underconfident. The area of a "
        f"dot grows with the number of faces; dots of fewer than {_FEW} faces are not joined. "
        f"Expected calibration error: {errors}."
    )
    alt = "Reliability diagram: " + "; ".join(
        f"accuracy {row[3]} at mean probability {row[2]} ({row[1]} faces)"
        for row in body
        if row[1] != "0"
    )
    return Plot("reliability", title, caption, alt, (head, *body), figure, header)


def _draw_reliability(axes: "Axes", one: Series, mean: Any, accuracy: Any, count: Any) -> None:
    many, seen = count >= _FEW, count > 0
    axes.plot(mean[many], accuracy[many], color=one.color, linewidth=1, alpha=0.5)
    style: dict[str, Any] = {"color": one.color, "marker": one.marker, "linewidth": 0}
    style |= {"alpha": 0.85, "clip_on": False, "zorder": 3}
    axes.scatter(mean[seen], accuracy[seen], 12 + 140 * count[seen] / count.max(), **style)
    axes.plot([], [], one.marker, color=one.color, markersize=6, label=one.label)


def coverage_plot(series: Sequence[Series], note: str) -> Plot:
    """Plot the accuracy on the most confident predictions against their share."""
    title = "Accuracy against coverage"
    figure, header = new_sheet(title, note, 2.9)
    axes = figure.subplots()
    lowest = 1.0
    curves = []
    for one in series:
        confidence, right = one.evaluation.confidence, one.evaluation.right
        coverage, accuracy = coverage_curve(confidence, right)
        # The first few faces say little and would stretch the scale.
        kept = coverage >= min(1.0, max(0.1, 10 / len(coverage)))
        axes.plot(coverage[kept], accuracy[kept], color=one.color, label=one.label)
        curves.append([accuracy_at_coverage(confidence, right, at) for at in _COVERAGES])
        marked = [_COVERAGES.index(COVERAGE), 0]
        dots = [[values[i] for i in marked] for values in (_COVERAGES, curves[-1])]
        axes.plot(*dots, one.marker, color=one.color, markersize=6, clip_on=False)
        lowest = min(lowest, float(accuracy[kept].min()))
    percent_axis(axes, "x", "coverage: share of faces kept, most confident first")
    percent_axis(axes, "y", "accuracy", min(0.9, max(0.0, lowest - 0.25 * (1 - lowest) - 0.01)))
    add_legend(axes)
    rows = [("coverage", *(one.label for one in series))]
    rows += [
        (percent(at, 0), *map(percent, values))
        for at, *values in zip(_COVERAGES, *curves, strict=True)
    ]
    caption = (
        "The accuracy that remains when the least confident predictions are dropped. Marks: 80 % "
        "and 100 % coverage."
    )
    alt = "Accuracy against coverage: " + "; ".join(f"{row[1]} at {row[0]}" for row in rows[1:])
    return Plot("coverage", title, caption, alt, tuple(rows), figure, header)
