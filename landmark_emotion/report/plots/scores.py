"""Plots of scores: accuracy, recall, confusion, and whether probabilities can be believed."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from landmark_emotion.report.plots.plot import Plot
from landmark_emotion.report.plots.style import (
    DASHED,
    FIRST,
    GHOST,
    QUIET,
    SECOND,
    add_legend,
    new_sheet,
    percent,
    percent_axis,
    series_of,
)
from landmark_emotion.training.metrics import (
    COVERAGE,
    Evaluation,
    accuracy_at_coverage,
    calibration_error,
    coverage_curve,
    reliability,
)

_BINS = 10
_FEW = 5  # faces; dots of fewer are not joined by the line


def accuracy_plot(
    static: Evaluation,
    calibrated: Evaluation | None,
    runs: Sequence[float],
    runs_apart: Sequence[float],
    note: str,
) -> Plot:
    """Show the shuffled runs beside people who were not in training."""
    people = bool(np.all(static.subject != ""))
    # Only where the training was seen can it be said who was not in it.
    who = (
        ("people\nnot in training" if people else "faces\nnot in training") if runs else "as it is"
    )
    labels: list[str] = []
    rows: list[tuple[str, ...]] = [("", "accuracy", "from", "to")]
    drawings: list[tuple[Sequence[float], float, Sequence[float], str]] = []
    for label, accuracies in (
        ("shuffled splits\n", runs),
        ("sequences kept\ntogether, ", runs_apart),
    ):
        if accuracies:
            mean = float(np.mean(accuracies))
            labels.append(f"{label}{len(accuracies)} runs")
            drawings.append((accuracies, mean, (), QUIET))
            ends = (percent(min(accuracies)), percent(max(accuracies)))
            rows.append((" ".join(labels[-1].split()), percent(mean), *ends))
    for evaluation, color, label in (
        (static, FIRST, who),
        (calibrated, SECOND, "own neutral\nface known"),
    ):
        if evaluation is not None:
            values = evaluation.scores
            interval = values["interval_95"]["accuracy"]
            labels.append(label)
            drawings.append(((), values["accuracy"], interval, color))
            rows.append(
                (
                    label.replace("\n", " "),
                    percent(values["accuracy"]),
                    *(percent(end) for end in interval),
                )
            )
    majority = static.scores["majority_baseline"]
    rows.append(("always the commonest emotion", percent(majority), "", ""))

    title = "Accuracy, and how far to trust it" if runs else "Accuracy"
    figure, header = new_sheet(title, note, 0.85 + 0.42 * len(labels))
    axes = figure.subplots()
    lowest = majority
    for y, (dots, middle, interval, color) in enumerate(drawings):
        if len(interval):
            axes.plot(interval, [y, y], color=color, linewidth=2.2, solid_capstyle="butt")
            axes.plot(middle, y, "o", color=color, markersize=7)
        else:
            spread = np.linspace(-0.16, 0.16, len(dots)) if len(dots) > 1 else np.zeros(1)
            axes.plot(
                dots, y + spread, "o", color=color, markersize=4, alpha=0.6, markeredgewidth=0
            )
            axes.plot([middle, middle], [y - 0.26, y + 0.26], color=color, linewidth=2)
        lowest = min(lowest, middle, *dots, *interval)
        axes.annotate(
            percent(middle),
            (1, y),
            (5, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontweight="bold",
            color=color,
            annotation_clip=False,
        )
    axes.axvline(majority, color=QUIET, linewidth=1, linestyle=DASHED)
    axes.annotate(
        f"always the commonest: {percent(majority)}",
        (majority, -0.5),
        (3, 1),
        textcoords="offset points",
        color=QUIET,
        fontsize=8,
        va="bottom",
    )
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.9)
    axes.set_xlim(max(0.0, lowest - 0.04), 1.0)
    percent_axis(axes.xaxis, axes)
    axes.set_xlabel("accuracy")
    axes.tick_params(axis="y", length=0)
    over = "people" if people else "faces"
    caption = f"Dots with a line: the score and its 95 % interval over {over}."
    if runs:
        caption = (
            "Small dots: one shuffled split each, with the mean as a tick. Dots with a line: every "
            "face judged by classifiers that had not seen it"
            + (" nor the person" if people else "")
            + f", with the 95 % interval over {over}."
        )
    alt = "Accuracy: " + "; ".join(
        f"{row[0]} {row[1]}" + (f" ({row[2]} to {row[3]})" if row[2] else "") for row in rows[1:]
    )
    return Plot("accuracy", title, caption, alt, tuple(rows), figure, header)


def confusion_plot(name: str, title: str, evaluation: Evaluation, note: str) -> Plot:
    """Show what was taken for what."""
    emotions = tuple(evaluation.scores["confusion"])
    counts = np.array([list(row.values()) for row in evaluation.scores["confusion"].values()])
    k = len(emotions)
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, np.newaxis]
    figure, header = new_sheet(title, note, 0.95 + 0.47 * k)
    axes = figure.subplots()
    from matplotlib.patches import Rectangle

    for row in range(k):
        for column in range(k):
            share, count = shares[row, column], counts[row, column]
            corner = (column - 0.47, row - 0.47)
            # On paper of either kind the ink stays readable above up to this much color.
            alpha = 0.04 + 0.61 * share
            axes.add_patch(Rectangle(corner, 0.94, 0.94, color=FIRST, alpha=alpha, linewidth=0))
            if count:
                axes.text(column, row - 0.14, f"{count}", ha="center", va="center")
                where = (column, row + 0.2)
                text = percent(share, 0) if share >= 0.005 else "< 1 %"
                axes.text(*where, text, ha="center", va="center", fontsize=7.5)
            elif totals[row]:
                axes.text(column, row, "0", ha="center", va="center", color=QUIET, fontsize=7.5)
    axes.set_xlim(-0.5, k - 0.5)
    axes.set_ylim(k - 0.5, -0.5)
    axes.set_xticks(range(k), emotions, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), [f"{e}  {n}" for e, n in zip(emotions, totals, strict=True)])
    axes.set_xlabel("recognized as")
    axes.set_ylabel("shown")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    wrong = np.where(np.eye(k, dtype=bool), 0, counts)
    order = np.argsort(-wrong, axis=None, kind="stable")[:3]
    worst = [
        f"{emotions[row]} for {emotions[column]} ({wrong[row, column]} of {totals[row]})"
        for row, column in (divmod(int(cell), k) for cell in order)
        if wrong[row, column]
    ]
    mistakes = f"Most often taken: {', '.join(worst)}." if worst else "Nothing was confused."
    rows = [("shown", "in all", *emotions)]
    for emotion, n, cells in zip(emotions, totals, counts, strict=True):
        rows.append((emotion, str(n), *(str(count) for count in cells)))
    alt = (
        f"{title}. Recognized rightly: "
        + ", ".join(f"{e} {percent(value, 0)}" for e, value in evaluation.scores["recall"].items())
        + f". {mistakes}"
    )
    caption = (
        "Each row: how the faces of one emotion were recognized; its cells sum to 100 %. "
        + mistakes
    )
    return Plot(name, title, caption, alt, tuple(rows), figure, header)


def recall_plot(static: Evaluation, calibrated: Evaluation | None, note: str) -> Plot:
    """Show the recall of each emotion with its interval."""
    title = "Recall of each emotion"
    values = [evaluation.scores for evaluation in (static, calibrated) if evaluation is not None]
    n = {emotion: int((static.truth == emotion).sum()) for emotion in values[0]["recall"]}
    order = sorted(n, key=lambda emotion: -values[0]["recall"][emotion])
    figure, header = new_sheet(title, note, 0.85 + 0.4 * len(order))
    axes = figure.subplots()
    offset = 0.15 if len(values) > 1 else 0.0
    for (color, marker, side, label), result in zip(series_of(offset), values, strict=False):
        y = np.arange(len(order)) + side
        low, high = np.array([result["interval_95"]["recall"][emotion] for emotion in order]).T
        axes.hlines(y, low, high, color=color, linewidth=2)
        recalls = [result["recall"][emotion] for emotion in order]
        axes.plot(recalls, y, marker, color=color, markersize=6, label=label, clip_on=False)
    axes.set_yticks(range(len(order)), [f"{emotion}  {n[emotion]}" for emotion in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    percent_axis(axes.xaxis, axes)
    axes.set_xlabel("recognized rightly")
    axes.tick_params(axis="y", length=0)
    if len(values) > 1:
        add_legend(axes)
    heads = [("static", "static, 95 %"), ("own neutral known", "own neutral known, 95 %")]
    rows = [("emotion", "faces", *(head for pair in heads[: len(values)] for head in pair))]
    for emotion in order:
        cells = [str(n[emotion])]
        for result in values:
            low, high = result["interval_95"]["recall"][emotion]
            cells += [percent(result["recall"][emotion]), f"{percent(low)} to {percent(high)}"]
        rows.append((emotion, *cells))
    caption = (
        "The share of each emotion's faces that were recognized, with 95 % intervals over "
        f"{'people' if np.all(static.subject != '') else 'faces'}. "
        "Where there was no mistake the interval has no width, however few the faces."
    )
    alt = "Recall: " + "; ".join(f"{row[0]} {row[2]} ({row[3]})" for row in rows[1:])
    return Plot("recall", title, caption, alt, tuple(rows), figure, header)


def reliability_plot(static: Evaluation, calibrated: Evaluation | None, note: str) -> Plot:
    """Show how often a probability comes true."""
    title = "Are its probabilities right?"
    evaluations = [evaluation for evaluation in (static, calibrated) if evaluation is not None]
    edges = np.linspace(0, 1, _BINS + 1)
    width = 0.8 / _BINS / len(evaluations)
    figure, header = new_sheet(title, note, 4.2)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    axes.plot([0, 1], [0, 1], color=GHOST, linewidth=1, linestyle=DASHED)
    axes.text(0.17, 0.12, "as sure as right", color=QUIET, fontsize=8)
    columns = [["probability", *(f"{low:.0%} to {high:.0%}" for low, high in pairwise(edges))]]
    columns[0] = [cell.replace("%", " %") for cell in columns[0]]
    offset = width / 2 if len(evaluations) > 1 else 0.0
    for (color, marker, side, label), evaluation in zip(
        series_of(offset), evaluations, strict=False
    ):
        mean, accuracy, count = reliability(evaluation.confidence, evaluation.right, _BINS)
        seen = count > 0
        many = count >= _FEW
        axes.plot(mean[many], accuracy[many], color=color, linewidth=1, alpha=0.5)
        sizes = 12 + 140 * count[seen] / count.max()
        axes.scatter(
            mean[seen],
            accuracy[seen],
            sizes,
            color=color,
            marker=marker,
            linewidth=0,
            alpha=0.85,
            clip_on=False,
            zorder=3,
        )
        axes.plot([], [], marker, color=color, markersize=6, label=label)
        bars = below.bar(edges[:-1] + 0.5 / _BINS + side, count, 0.95 * width, color=color)
        below.bar_label(bars, [str(n or "") for n in count], fontsize=6.5, color=QUIET, padding=1)
        columns += [
            [f"{label}: faces", *map(str, count)],
            ["mean probability", *(percent(value) for value in mean)],
            ["share right", *(percent(value) for value in accuracy)],
        ]
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    below.set_ylim(0, 1.15 * below.get_ylim()[1])
    percent_axis(axes.yaxis, axes)
    percent_axis(below.xaxis, below)
    axes.grid(True, axis="both")
    axes.set_ylabel("share right")
    below.set_ylabel("faces")
    below.set_xlabel("probability of the likeliest emotion")
    axes.tick_params(axis="x", length=0)
    if len(evaluations) > 1:
        add_legend(axes)
    head, *body = zip(*columns, strict=True)
    body = [row for row in body if any(cell not in ("0", "") for cell in row[1:])]
    errors = " and ".join(
        f"{calibration_error(evaluation.confidence, evaluation.right):.3f} ({series[-1]})"
        for evaluation, series in zip(evaluations, series_of(0), strict=False)
    )
    caption = (
        "On the dashed line, what is called 80 % likely is right in 80 % of cases; below it the "
        "model is too sure, above it too shy. Larger dots stand for more faces; those "
        f"of fewer than {_FEW} are not joined. Expected calibration error: {errors}."
    )
    alt = "Reliability diagram: " + "; ".join(
        f"at {row[2]} right in {row[3]} of {row[1]}" for row in body if row[1] != "0"
    )
    return Plot("reliability", title, caption, alt, (head, *body), figure, header)


def coverage_plot(static: Evaluation, calibrated: Evaluation | None, note: str) -> Plot:
    """Show the accuracy on the surest faces."""
    title = "Accuracy when unsure faces are left unanswered"
    figure, header = new_sheet(title, note, 2.9)
    axes = figure.subplots()
    evaluations = [evaluation for evaluation in (static, calibrated) if evaluation is not None]
    steps = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
    heads = ("static", "own neutral known")[: len(evaluations)]
    lowest = 1.0
    curves = []
    for (color, marker, _, label), evaluation in zip(series_of(0), evaluations, strict=False):
        coverage, accuracy = coverage_curve(evaluation.confidence, evaluation.right)
        # The first few faces alone say little and would stretch the scale.
        kept = coverage >= min(1.0, max(0.1, 10 / len(coverage)))
        axes.plot(coverage[kept], accuracy[kept], color=color, label=label)
        values = [accuracy_at_coverage(evaluation.confidence, evaluation.right, s) for s in steps]
        curves.append(values)
        for at in (steps.index(COVERAGE), 0):
            axes.plot(steps[at], values[at], marker, color=color, markersize=6, clip_on=False)
        lowest = min(lowest, float(accuracy[kept].min()))
    axes.set_xlim(0, 1)
    axes.set_ylim(max(0.0, lowest - 0.25 * (1 - lowest) - 0.01), 1.0)
    percent_axis(axes.xaxis, axes)
    percent_axis(axes.yaxis, axes)
    axes.grid(True, axis="both")
    axes.set_xlabel("share of faces answered, the surest first")
    axes.set_ylabel("accuracy on them")
    if len(evaluations) > 1:
        add_legend(axes)
    rows = [("faces answered", *heads)]
    rows += [
        (percent(step, 0), *(percent(values[index]) for values in curves))
        for index, step in enumerate(steps)
    ]
    caption = (
        "From right to left, ever more of the faces it is least sure of are left out; marked: "
        "100 % and 80 %."
    )
    alt = "Accuracy against coverage: " + "; ".join(f"{row[1]} at {row[0]}" for row in rows[1:])
    return Plot("coverage", title, caption, alt, tuple(rows), figure, header)
