"""What a training or an evaluation found out, as pictures.

matplotlib is an optional extra and slow to import, so it is imported for the first picture and
not before. Pictures are narrow, so that they keep their size on a phone; every colour in them is
one of a few named ones, so that a page can exchange them in the dark.
"""

import contextlib
import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import MissingPackageError
from landmark_emotion.evaluation import Judgement
from landmark_emotion.face import N_LANDMARKS, OUTLINES, REGIONS, Landmarks
from landmark_emotion.features import landmark_features
from landmark_emotion.metrics import (
    COVERAGE,
    accuracy_at_coverage,
    calibration_error,
    coverage_curve,
    reliability,
)
from landmark_emotion.model import EmotionModel
from landmark_emotion.table import LandmarkTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = (
    "accuracy",
    "recall",
    "confusion",
    "confusion-calibrated",
    "reliability",
    "coverage",
    "faces",
    "landmarks",
)
"""Every name a plot can have."""

# Okabe and Ito's blue and vermilion stay apart for every eye (Okabe and Ito 2008, "Color universal
# design"); the names are those of the page's style sheet.
FIRST, SECOND = "#0072b2", "#d55e00"
INK, QUIET, GHOST, HAIR = "#1b1f24", "#5f666d", "#a3abb3", "#d5d9de"
COLOURS = {
    "first": FIRST,
    "second": SECOND,
    "ink": INK,
    "quiet": QUIET,
    "ghost": GHOST,
    "hair": HAIR,
}

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": GHOST,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 9.0,
    "grid.color": HAIR,
    "grid.linewidth": 0.6,
    "xtick.color": GHOST,
    "ytick.color": GHOST,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.borderaxespad": 0.0,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "landmark-emotion",
}

_WIDTH = 4.6  # inches
_POINTS = 72.0  # an inch
_DPI = 200.0

_PARTS = {
    "jaw": ("jaw",),
    "eyebrows": ("right_eyebrow", "left_eyebrow"),
    "eyes": ("right_eye", "left_eye"),
    "nose": ("nose",),
    "mouth": ("mouth", "inner_mouth"),
}
_BINS = 10
_FEW = 5  # faces; dots of fewer are not joined by the line
_DASHED = (0, (4, 3))
_FACTORS = (1, 2, 3, 4, 5, 8, 10)
_FARTHEST = 0.52  # of the face's scale; how far a landmark is drawn from its place at most


@dataclass(frozen=True)
class Plot:
    """A picture and what it shows in words and numbers.

    Attributes
    ----------
    name : str
        One of `NAMES`; without suffix.
    title : str
        What it shows.
    caption : str
        How to read it.
    alt : str
        What a reader would see in it.
    rows : tuple of tuple of str
        Its numbers as a table; the first row heads the columns, the first column the rows.
    figure : Figure
        Draw it with `as_png` or `as_svg`.
    header : float
        Inches at its top that hold the title.
    """

    name: str
    title: str
    caption: str
    alt: str
    rows: tuple[tuple[str, ...], ...]
    figure: "Figure"
    header: float


def draw_plots(
    *,
    table: LandmarkTable,
    model: EmotionModel,
    static: Judgement,
    calibrated: Judgement | None = None,
    runs: Sequence[float] = (),
    runs_apart: Sequence[float] = (),
) -> list[Plot]:
    """Draw all that can be drawn.

    Parameters
    ----------
    table : LandmarkTable
        The samples judged; where they are drawn ones, every plot says so.
    model : EmotionModel
        What was fitted on them, or what judged them.
    static, calibrated : Judgement
        Of the samples.
    runs, runs_apart : sequence of float
        Accuracies of shuffled splits, and of those with sequences kept on one side.

    Returns
    -------
    list of Plot
        In the order to show them.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    """
    note = f"{len(table)} faces; {static.protocol}" + ("; DRAWN FACES" if table.drawn else "")
    with plot_style():
        plots = [
            _accuracy(static, calibrated, runs, runs_apart, note),
            _recall(static, calibrated, note),
            _confusion("confusion", "Confusion matrix", static, note),
            _reliability(static, calibrated, note),
            _coverage(static, calibrated, note),
        ]
        if calibrated is not None:
            title = "Confusion matrix, own neutral face known"
            plots.insert(3, _confusion("confusion-calibrated", title, calibrated, note))
        faces = f"{len(table)} faces" + ("; DRAWN FACES" if table.drawn else "")
        shown = _faces(table, faces)
        return [*plots, *([shown] if shown else []), _landmarks(table, model, faces)]


def as_png(plot: Plot) -> bytes:
    """Render a plot on white paper, with its title."""
    buffer = io.BytesIO()
    with plot_style():
        plot.figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Description": plot.alt})
    return buffer.getvalue()


def as_svg(plot: Plot) -> str:
    """Render a plot as an ``<svg>`` element to stand in a page, without title and background.

    Its texts are texts, its ids start with the plot's name, and every colour is one of `COLOURS`.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with plot_style(), _without_header(plot.figure):
        plot.figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    content = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    content = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", content, flags=re.S)
    content = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{plot.name}-", content)
    content = content.replace("xlink:href", "href")
    content = content.replace("'DejaVu Sans'", "system-ui, sans-serif")
    # A hundredth of a point is finer than any screen.
    content = re.sub(r'(?<= [dxy]=")[^"]*', lambda match: _rounded(match[0]), content)
    width, height = (side * _POINTS for side in plot.figure.get_size_inches())
    top = plot.header * _POINTS
    return (
        f'<svg viewBox="0 {top:.2f} {width:.2f} {height - top:.2f}" role="img" '
        f'aria-label="{escape(plot.alt)}">{content.strip()}</svg>'
    )


def mean_faces(table: LandmarkTable) -> tuple[Landmarks, dict[str, Landmarks], bool]:
    """Compute how the faces of each emotion lie beside the neutral ones, on average.

    Parameters
    ----------
    table : LandmarkTable
        Faces.

    Returns
    -------
    reference : ndarray of shape (68, 2)
        The mean neutral face; the mean of all emotions' where there is none. In units of the
        face's scale, y down.
    faces : dict of str to ndarray of shape (68, 2)
        The mean face of each other emotion.
    neutral : bool
        Whether the reference is neutral.
    """
    features = landmark_features(table.landmarks)
    means = {
        str(emotion): _points(features[table.emotion == emotion].mean(axis=0))
        for emotion in np.unique(table.emotion)
    }
    if "neutral" in means:
        return means.pop("neutral"), means, True
    return np.mean(list(means.values()), axis=0), means, False


def landmark_weights(model: EmotionModel, table: LandmarkTable) -> dict[str, NDArray[np.float64]]:
    """Compute how much each landmark speaks for each emotion in the static classifier.

    Parameters
    ----------
    model : EmotionModel
        Of k emotions.
    table : LandmarkTable
        Faces that tell how far landmarks move within an emotion.

    Returns
    -------
    dict of str to ndarray of shape (68, 2)
        For each emotion the mean weight against the others, for a move by one standard deviation
        within an emotion, to the right and down.
    """
    features = landmark_features(table.landmarks)
    _, which, count = np.unique(table.emotion, return_inverse=True, return_counts=True)
    sums = np.zeros((len(count), features.shape[1]))
    np.add.at(sums, which, features)
    inside = features - (sums / count[:, np.newaxis])[which]
    spread = np.sqrt(np.square(inside).sum(axis=0) / max(1, len(inside) - len(count)))
    k = len(model.emotions)
    total = np.zeros((k, features.shape[1]))
    for (first, second), row in zip(combinations(range(k), 2), model.static.weights, strict=True):
        total[first] += row
        total[second] -= row
    return {
        emotion: _points(total[index] / (k - 1) * spread)
        for index, emotion in enumerate(model.emotions)
    }


def _rounded(numbers: str) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", " ".join(numbers.split()))


def _points(features: NDArray[np.float64]) -> Landmarks:
    return np.stack([features[:N_LANDMARKS], features[N_LANDMARKS:]], axis=-1)


def _accuracy(
    static: Judgement,
    calibrated: Judgement | None,
    runs: Sequence[float],
    runs_apart: Sequence[float],
    note: str,
) -> Plot:
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
            ends = (_percent(min(accuracies)), _percent(max(accuracies)))
            rows.append((" ".join(labels[-1].split()), _percent(mean), *ends))
    for judgement, colour, label in (
        (static, FIRST, who),
        (calibrated, SECOND, "own neutral\nface known"),
    ):
        if judgement is not None:
            values = judgement.as_json()
            interval = values["interval_95"]["accuracy"]
            labels.append(label)
            drawings.append(((), values["accuracy"], interval, colour))
            rows.append(
                (
                    label.replace("\n", " "),
                    _percent(values["accuracy"]),
                    *(_percent(end) for end in interval),
                )
            )
    majority = static.scores.majority
    rows.append(("always the commonest emotion", _percent(majority), "", ""))

    title = "Accuracy, and how far to trust it" if runs else "Accuracy"
    figure, header = _sheet(title, note, 0.85 + 0.42 * len(labels))
    axes = figure.subplots()
    lowest = majority
    for y, (dots, middle, interval, colour) in enumerate(drawings):
        if len(interval):
            axes.plot(interval, [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
            axes.plot(middle, y, "o", color=colour, markersize=7)
        else:
            spread = np.linspace(-0.16, 0.16, len(dots)) if len(dots) > 1 else np.zeros(1)
            axes.plot(
                dots, y + spread, "o", color=colour, markersize=4, alpha=0.6, markeredgewidth=0
            )
            axes.plot([middle, middle], [y - 0.26, y + 0.26], color=colour, linewidth=2)
        lowest = min(lowest, middle, *dots, *interval)
        axes.annotate(
            _percent(middle),
            (1, y),
            (5, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontweight="bold",
            color=colour,
            annotation_clip=False,
        )
    axes.axvline(majority, color=QUIET, linewidth=1, linestyle=_DASHED)
    axes.annotate(
        f"always the commonest: {_percent(majority)}",
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
    _percent_axis(axes.xaxis, axes)
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


def _confusion(name: str, title: str, judgement: Judgement, note: str) -> Plot:
    scores = judgement.scores
    counts, emotions = scores.confusion, scores.emotions
    k = len(emotions)
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, np.newaxis]
    figure, header = _sheet(title, note, 0.95 + 0.47 * k)
    axes = figure.subplots()
    from matplotlib.patches import Rectangle

    for row in range(k):
        for column in range(k):
            share, count = shares[row, column], counts[row, column]
            corner = (column - 0.47, row - 0.47)
            # On paper of either kind the ink stays readable above up to this much colour.
            alpha = 0.04 + 0.61 * share
            axes.add_patch(Rectangle(corner, 0.94, 0.94, color=FIRST, alpha=alpha, linewidth=0))
            if count:
                axes.text(column, row - 0.14, f"{count}", ha="center", va="center")
                where = (column, row + 0.2)
                text = _percent(share, 0) if share >= 0.005 else "< 1 %"
                axes.text(*where, text, ha="center", va="center", fontsize=7.5)
            elif totals[row]:
                axes.text(column, row, "0", ha="center", va="center", color=QUIET, fontsize=7.5)
    axes.set_xlim(-0.5, k - 0.5)
    axes.set_ylim(k - 0.5, -0.5)
    axes.set_xticks(range(k), emotions, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), [f"{e}  {n}" for e, n in zip(emotions, totals, strict=True)])
    axes.set_xlabel("recognised as")
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
        f"{title}. Recognised rightly: "
        + ", ".join(f"{e} {_percent(value, 0)}" for e, value in scores.recall.items())
        + f". {mistakes}"
    )
    caption = (
        "Each row: how the faces of one emotion were recognised; its cells sum to 100 %. "
        + mistakes
    )
    return Plot(name, title, caption, alt, tuple(rows), figure, header)


def _recall(static: Judgement, calibrated: Judgement | None, note: str) -> Plot:
    title = "Recall of each emotion"
    values = [judgement.as_json() for judgement in (static, calibrated) if judgement is not None]
    n = {emotion: int((static.truth == emotion).sum()) for emotion in values[0]["recall"]}
    order = sorted(n, key=lambda emotion: -values[0]["recall"][emotion])
    figure, header = _sheet(title, note, 0.85 + 0.4 * len(order))
    axes = figure.subplots()
    offset = 0.15 if len(values) > 1 else 0.0
    for (colour, marker, side, label), result in zip(_series(offset), values, strict=False):
        y = np.arange(len(order)) + side
        low, high = np.array([result["interval_95"]["recall"][emotion] for emotion in order]).T
        axes.hlines(y, low, high, color=colour, linewidth=2)
        recalls = [result["recall"][emotion] for emotion in order]
        axes.plot(recalls, y, marker, color=colour, markersize=6, label=label, clip_on=False)
    axes.set_yticks(range(len(order)), [f"{emotion}  {n[emotion]}" for emotion in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    _percent_axis(axes.xaxis, axes)
    axes.set_xlabel("recognised rightly")
    axes.tick_params(axis="y", length=0)
    if len(values) > 1:
        _legend(axes)
    heads = [("static", "static, 95 %"), ("own neutral known", "own neutral known, 95 %")]
    rows = [("emotion", "faces", *(head for pair in heads[: len(values)] for head in pair))]
    for emotion in order:
        cells = [str(n[emotion])]
        for result in values:
            low, high = result["interval_95"]["recall"][emotion]
            cells += [_percent(result["recall"][emotion]), f"{_percent(low)} to {_percent(high)}"]
        rows.append((emotion, *cells))
    caption = (
        "The share of each emotion's faces that were recognised, with 95 % intervals over "
        f"{'people' if np.all(static.subject != '') else 'faces'}. "
        "Where there was no mistake the interval has no width, however few the faces."
    )
    alt = "Recall: " + "; ".join(f"{row[0]} {row[2]} ({row[3]})" for row in rows[1:])
    return Plot("recall", title, caption, alt, tuple(rows), figure, header)


def _reliability(static: Judgement, calibrated: Judgement | None, note: str) -> Plot:
    title = "Are its probabilities right?"
    judgements = [judgement for judgement in (static, calibrated) if judgement is not None]
    edges = np.linspace(0, 1, _BINS + 1)
    width = 0.8 / _BINS / len(judgements)
    figure, header = _sheet(title, note, 4.2)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    axes.plot([0, 1], [0, 1], color=GHOST, linewidth=1, linestyle=_DASHED)
    axes.text(0.17, 0.12, "as sure as right", color=QUIET, fontsize=8)
    columns = [["probability", *(f"{low:.0%} to {high:.0%}" for low, high in pairwise(edges))]]
    columns[0] = [cell.replace("%", " %") for cell in columns[0]]
    offset = width / 2 if len(judgements) > 1 else 0.0
    for (colour, marker, side, label), judgement in zip(_series(offset), judgements, strict=False):
        mean, accuracy, count = reliability(judgement.confidence, judgement.right, _BINS)
        seen = count > 0
        many = count >= _FEW
        axes.plot(mean[many], accuracy[many], color=colour, linewidth=1, alpha=0.5)
        sizes = 12 + 140 * count[seen] / count.max()
        axes.scatter(
            mean[seen],
            accuracy[seen],
            sizes,
            color=colour,
            marker=marker,
            linewidth=0,
            alpha=0.85,
            clip_on=False,
            zorder=3,
        )
        axes.plot([], [], marker, color=colour, markersize=6, label=label)
        bars = below.bar(edges[:-1] + 0.5 / _BINS + side, count, 0.95 * width, color=colour)
        below.bar_label(bars, [str(n or "") for n in count], fontsize=6.5, color=QUIET, padding=1)
        columns += [
            [f"{label}: faces", *map(str, count)],
            ["mean probability", *(_percent(value) for value in mean)],
            ["share right", *(_percent(value) for value in accuracy)],
        ]
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    below.set_ylim(0, 1.15 * below.get_ylim()[1])
    _percent_axis(axes.yaxis, axes)
    _percent_axis(below.xaxis, below)
    axes.grid(True, axis="both")
    axes.set_ylabel("share right")
    below.set_ylabel("faces")
    below.set_xlabel("probability of the likeliest emotion")
    axes.tick_params(axis="x", length=0)
    if len(judgements) > 1:
        _legend(axes)
    head, *body = zip(*columns, strict=True)
    body = [row for row in body if any(cell not in ("0", "") for cell in row[1:])]
    errors = " and ".join(
        f"{calibration_error(judgement.confidence, judgement.right):.3f} ({series[-1]})"
        for judgement, series in zip(judgements, _series(0), strict=False)
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


def _coverage(static: Judgement, calibrated: Judgement | None, note: str) -> Plot:
    title = "Accuracy when unsure faces are left unanswered"
    figure, header = _sheet(title, note, 2.9)
    axes = figure.subplots()
    judgements = [judgement for judgement in (static, calibrated) if judgement is not None]
    steps = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
    heads = ("static", "own neutral known")[: len(judgements)]
    lowest = 1.0
    curves = []
    for (colour, marker, _, label), judgement in zip(_series(0), judgements, strict=False):
        coverage, accuracy = coverage_curve(judgement.confidence, judgement.right)
        # The first few faces alone say little and would stretch the scale.
        kept = coverage >= min(1.0, max(0.1, 10 / len(coverage)))
        axes.plot(coverage[kept], accuracy[kept], color=colour, label=label)
        values = [accuracy_at_coverage(judgement.confidence, judgement.right, s) for s in steps]
        curves.append(values)
        for at in (steps.index(COVERAGE), 0):
            axes.plot(steps[at], values[at], marker, color=colour, markersize=6, clip_on=False)
        lowest = min(lowest, float(accuracy[kept].min()))
    axes.set_xlim(0, 1)
    axes.set_ylim(max(0.0, lowest - 0.25 * (1 - lowest) - 0.01), 1.0)
    _percent_axis(axes.xaxis, axes)
    _percent_axis(axes.yaxis, axes)
    axes.grid(True, axis="both")
    axes.set_xlabel("share of faces answered, the surest first")
    axes.set_ylabel("accuracy on them")
    if len(judgements) > 1:
        _legend(axes)
    rows = [("faces answered", *heads)]
    rows += [
        (_percent(step, 0), *(_percent(values[index]) for values in curves))
        for index, step in enumerate(steps)
    ]
    caption = (
        "From right to left, ever more of the faces it is least sure of are left out; marked: "
        "100 % and 80 %."
    )
    alt = "Accuracy against coverage: " + "; ".join(f"{row[1]} at {row[0]}" for row in rows[1:])
    return Plot("coverage", title, caption, alt, tuple(rows), figure, header)


def _faces(table: LandmarkTable, note: str) -> Plot | None:
    reference, faces, neutral = mean_faces(table)
    if not faces:
        return None
    moves = {emotion: face - reference for emotion, face in faces.items()}
    farthest = max(float(np.hypot(*move.T).max()) for move in moves.values())
    factor = max((f for f in _FACTORS if f * farthest <= _FARTHEST), default=1)
    base = "the mean neutral face" if neutral else "the mean of all emotions"
    title = "How each emotion moves the face"
    figure, header, panels = _panels(title, f"{note}; moves drawn {factor} x", len(faces))
    everything = [reference, *(reference + factor * move for move in moves.values())]
    for axes, (emotion, move) in zip(panels, moves.items(), strict=False):
        _face_axes(axes, emotion, int((table.emotion == emotion).sum()), everything)
        _draw_face(axes, reference, GHOST, 1.0)
        _draw_face(axes, reference + factor * move, FIRST, 1.5)
        length = factor * np.hypot(*move.T)
        far = length > 0.05
        far[REGIONS["inner_mouth"]] = False  # they move with the outer lips and crowd the mouth
        _arrows(axes, reference[far], factor * move[far])
    rows = [("mean move, % of the face's scale", *_PARTS)]
    for emotion, move in moves.items():
        rows.append((emotion, *_by_part(100 * np.hypot(*move.T), 1)))
    caption = (
        f"Gray: {base}. Blue: the mean face of the emotion, every move drawn {factor} times as "
        "large as it is. Place, size and tilt of the head are taken out first."
    )
    alt = f"Mean faces beside {base}. What moves most is, for {_most(rows)}."
    return Plot("faces", title, caption, alt, tuple(rows), figure, header)


def _landmarks(table: LandmarkTable, model: EmotionModel, note: str) -> Plot:
    reference = _points(model.mean)
    weights = landmark_weights(model, table)
    largest = max(max(float(np.hypot(*weight.T).max()) for weight in weights.values()), 1e-12)
    title = "Which landmarks the decision leans on"
    figure, header, panels = _panels(title, note, len(weights))
    for axes, (emotion, weight) in zip(panels, weights.items(), strict=False):
        _face_axes(axes, emotion, None, [reference])
        _draw_face(axes, reference, GHOST, 1.0)
        size = np.hypot(*weight.T) / largest
        # A few sizes, each drawn at once, keep the file small.
        steps = np.ceil(8 * np.sqrt(size))
        for step in np.unique(steps):
            axes.plot(
                *reference[steps == step].T,
                "o",
                color=FIRST,
                markersize=1.2 * step,
                alpha=0.7,
                markeredgewidth=0,
                zorder=3,
            )
        far = size > 0.25
        _arrows(axes, reference[far], 0.35 * weight[far] / largest)
    rows = [("mean weight, 1 = that of all landmarks", *_PARTS)]
    for emotion, weight in weights.items():
        size = np.hypot(*weight.T)
        rows.append((emotion, *_by_part(size / max(float(size.mean()), 1e-12), 2)))
    caption = (
        "Dots: how much a landmark weighs for the emotion against the others, for a move as large "
        "as is usual within an emotion. Arrows: the direction that speaks for it, for the heavier "
        "ones. Weights are those of the static classifier; landmarks that move together share "
        "theirs, so a small dot need not mean an unimportant place."
    )
    alt = f"Weights of the landmarks. What weighs most is, for {_most(rows)}."
    return Plot("landmarks", title, caption, alt, tuple(rows), figure, header)


def _by_part(values: NDArray[np.float64], digits: int) -> list[str]:
    """Return the mean over the landmarks of each part of the face as text."""
    return [
        f"{np.concatenate([values[REGIONS[region]] for region in regions]).mean():.{digits}f}"
        for regions in _PARTS.values()
    ]


def _most(rows: Sequence[tuple[str, ...]]) -> str:
    """Name the part of the face with the largest number in each row."""
    return ", ".join(
        f"{emotion}: {max(zip(cells, _PARTS, strict=True), key=lambda pair: float(pair[0]))[1]}"
        for emotion, *cells in rows[1:]
    )


def _sheet(title: str, note: str, height: float) -> tuple["Figure", float]:
    """Make a figure with a headed area above its axes; return it and the height of that."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    lines = textwrap.wrap(note, 64)
    header = 0.4 + 0.15 * len(lines)
    total = header + height
    layout = ConstrainedLayoutEngine(rect=(0.01, 0, 0.98, height / total), h_pad=0.06, w_pad=0.04)
    figure = Figure(figsize=(_WIDTH, total), layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.03, 1 - 0.12 / total, title, fontsize=11, fontweight="bold", va="top")
    figure.text(0.03, 1 - 0.34 / total, "\n".join(lines), fontsize=8, color=QUIET, va="top")
    return figure, header


def _panels(title: str, note: str, n: int) -> tuple["Figure", float, list["Axes"]]:
    rows = (n + 1) // 2
    figure, header = _sheet(title, note, 2.3 * rows)
    every = figure.subplots(rows, 2, squeeze=False).ravel().tolist()
    for axes in every[n:]:
        axes.set_visible(False)
    return figure, header, every[:n]


def _face_axes(axes: "Axes", emotion: str, n: int | None, faces: Sequence[Landmarks]) -> None:
    low, high = np.min(faces, axis=(0, 1)) - 0.08, np.max(faces, axis=(0, 1)) + 0.08
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(high[1], low[1])
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(emotion if n is None else f"{emotion}  {n}", fontweight="bold", pad=2)


def _draw_face(axes: "Axes", face: Landmarks, colour: str, width: float) -> None:
    for which, closed in OUTLINES:
        line = face[which]
        line = np.concatenate([line, line[:1]]) if closed else line
        axes.plot(*line.T, color=colour, linewidth=width, solid_capstyle="round")


def _arrows(axes: "Axes", start: Landmarks, move: NDArray[np.float64]) -> None:
    arrows = axes.quiver(
        *start.T,
        *move.T,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=SECOND,
        width=0.007,
        headwidth=4,
        headlength=4.5,
        headaxislength=4,
        minlength=0.5,
        clip_on=False,
        zorder=4,
    )
    # The layout cannot tell how far arrows reach.
    arrows.set_in_layout(False)


def _series(offset: float) -> tuple[tuple[str, str, float, str], ...]:
    """Return colour, marker, place beside the middle, and label of the two classifiers."""
    return (
        (FIRST, "o", -offset, "face as it is"),
        (SECOND, "D", offset, "own neutral face known"),
    )


def _legend(axes: "Axes") -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.03), ncols=2, handletextpad=0.5)


def _percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %" if np.isfinite(value) else ""


def _percent_axis(axis: Any, axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(PercentFormatter(1.0, decimals=None, symbol=" %"))
    axes.grid(True, axis=axis.axis_name)


@contextlib.contextmanager
def plot_style() -> Iterator[None]:
    """Draw as we do, whatever the user's own settings are."""
    try:
        import matplotlib.style
    except ImportError as error:
        raise MissingPackageError(
            "matplotlib: not installed, so nothing is plotted; run 'pip install matplotlib'"
        ) from error
    with matplotlib.style.context(_STYLE, after_reset=True):
        yield


@contextlib.contextmanager
def _without_header(figure: "Figure") -> Iterator[None]:
    for text in figure.texts:
        text.set_visible(False)
    try:
        yield
    finally:
        for text in figure.texts:
            text.set_visible(True)
