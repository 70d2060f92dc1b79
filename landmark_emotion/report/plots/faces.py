"""Plots of faces: the mean face of each emotion, and the weight of each landmark."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import FIRST, SECOND
from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.model.face import N_LANDMARKS, OUTLINES, REGIONS, Landmarks
from landmark_emotion.model.features import landmark_features
from landmark_emotion.report.plots.figure import GHOST, Plot, new_sheet
from landmark_emotion.training.landmark_table import LandmarkTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PARTS = {
    "jaw": ("jaw",),
    "eyebrows": ("right_eyebrow", "left_eyebrow"),
    "eyes": ("right_eye", "left_eye"),
    "nose": ("nose",),
    "mouth": ("mouth", "inner_mouth"),
}
_FACTORS = (1, 2, 3, 4, 5, 8, 10)
_FARTHEST = 0.52  # largest displacement as drawn, in units of the face's scale


def mean_faces(table: LandmarkTable) -> tuple[Landmarks, dict[str, Landmarks], bool]:
    """Compute the mean normalized face of each emotion, and the face to compare them with.

    Parameters
    ----------
    table : LandmarkTable
        Faces.

    Returns
    -------
    reference : ndarray of shape (68, 2)
        The mean neutral face, or without neutral faces the mean of all emotions. In units of the
        face's scale, y down.
    faces : dict of str to ndarray of shape (68, 2)
        The mean face of every other emotion.
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
    """Compute the weight of each landmark for each emotion in the static classifier.

    Parameters
    ----------
    model : EmotionModel
        Of k emotions.
    table : LandmarkTable
        Faces from which the spread of each feature within an emotion is estimated.

    Returns
    -------
    dict of str to ndarray of shape (68, 2)
        For each emotion the mean weight against the others, for a displacement by one standard
        deviation within an emotion, to the right and down.
    """
    features = landmark_features(table.landmarks)
    emotions = np.unique(table.emotion)
    inside = features.copy()
    for emotion in emotions:
        inside[table.emotion == emotion] -= features[table.emotion == emotion].mean(axis=0)
    spread = np.sqrt(np.square(inside).sum(axis=0) / max(1, len(inside) - len(emotions)))
    k = len(model.emotions)
    total = np.zeros((k, features.shape[1]))
    for (first, second), row in zip(combinations(range(k), 2), model.static.weights, strict=True):
        total[first] += row
        total[second] -= row
    return {
        emotion: _points(total[index] / (k - 1) * spread)
        for index, emotion in enumerate(model.emotions)
    }


def _points(features: NDArray[np.float64]) -> Landmarks:
    return np.stack([features[:N_LANDMARKS], features[N_LANDMARKS:]], axis=-1)


def faces_plot(table: LandmarkTable, note: str) -> Plot | None:
    """Plot how each emotion displaces the landmarks; None if there is a single emotion."""
    reference, faces, neutral = mean_faces(table)
    if not faces:
        return None
    moves = {emotion: face - reference for emotion, face in faces.items()}
    farthest = max(float(np.hypot(*move.T).max()) for move in moves.values())
    factor = max((f for f in _FACTORS if f * farthest <= _FARTHEST), default=1)
    base = "mean neutral face" if neutral else "mean over all emotions"
    title = "Mean face per emotion"
    magnified = f", displacements magnified {factor} times" if factor > 1 else ""
    figure, header, panels = _panels(title, note + magnified, len(faces))
    everything = [reference, *(reference + factor * move for move in moves.values())]
    for axes, (emotion, move) in zip(panels, moves.items(), strict=False):
        n = int((table.emotion == emotion).sum())
        _face_axes(axes, f"{emotion}  {n}", everything)
        _draw_face(axes, reference, GHOST, 1.0)
        _draw_face(axes, reference + factor * move, FIRST, 1.5)
        far = factor * np.hypot(*move.T) > 0.05
        far[REGIONS["inner_mouth"]] = False  # they move with the outer lips and crowd the mouth
        _arrows(axes, reference[far], factor * move[far])
    rows = [("mean displacement, % of face scale", *_PARTS)]
    for emotion, move in moves.items():
        rows.append((emotion, *_by_part(100 * np.hypot(*move.T), 1)))
    caption = (
        f"Gray: {base}. Blue: mean face of the emotion{magnified}. Position, size and rotation of "
        "the head are removed."
    )
    alt = f"Mean faces compared with the {base}. Largest displacement: {_most(rows)}."
    return Plot("faces", title, caption, alt, tuple(rows), figure, header)


def landmarks_plot(table: LandmarkTable, model: EmotionModel, note: str) -> Plot:
    """Plot the weight of each landmark for each emotion."""
    reference = _points(model.mean)
    weights = landmark_weights(model, table)
    largest = max(max(float(np.hypot(*weight.T).max()) for weight in weights.values()), 1e-12)
    ends = [reference + 0.35 * weight / largest for weight in weights.values()]
    title = "Landmark weights"
    figure, header, panels = _panels(title, note, len(weights))
    for axes, (emotion, weight) in zip(panels, weights.items(), strict=False):
        _face_axes(axes, emotion, [reference, *ends])
        _draw_face(axes, reference, GHOST, 1.0)
        size = np.hypot(*weight.T) / largest
        # Eight sizes, one artist each, keep the file small.
        steps = np.ceil(8 * np.sqrt(size))
        for step in np.unique(steps):
            dots = {"markersize": 1.2 * step, "markeredgewidth": 0, "alpha": 0.7, "zorder": 3}
            axes.plot(*reference[steps == step].T, "o", color=FIRST, **dots)
        far = size > 0.25
        _arrows(axes, reference[far], 0.35 * weight[far] / largest)
    rows = [("mean weight, 1 = mean of all landmarks", *_PARTS)]
    for emotion, weight in weights.items():
        size = np.hypot(*weight.T)
        rows.append((emotion, *_by_part(size / max(float(size.mean()), 1e-12), 2)))
    caption = (
        "Dots: weight of a landmark for the emotion against the others, for a displacement of one "
        "standard deviation. Arrows: the direction that favors the emotion, for the larger "
        "weights. Static classifier only. Correlated landmarks share their weight, so a small dot "
        "does not mean an uninformative landmark."
    )
    alt = f"Weights of the landmarks. Largest: {_most(rows)}."
    return Plot("landmarks", title, caption, alt, tuple(rows), figure, header)


def _by_part(values: NDArray[np.float64], digits: int) -> list[str]:
    """Format the mean over the landmarks of each part of the face."""
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


def _panels(title: str, note: str, n: int) -> tuple["Figure", float, list["Axes"]]:
    rows = (n + 1) // 2
    figure, header = new_sheet(title, note, 2.3 * rows)
    every = figure.subplots(rows, 2, squeeze=False).ravel().tolist()
    for axes in every[n:]:
        axes.set_visible(False)
    return figure, header, every[:n]


def _face_axes(axes: "Axes", title: str, faces: Sequence[Landmarks]) -> None:
    """Fit axes around faces."""
    low, high = np.min(faces, axis=(0, 1)) - 0.08, np.max(faces, axis=(0, 1)) + 0.08
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(high[1], low[1])
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, fontweight="bold", pad=2)


def _draw_face(axes: "Axes", face: Landmarks, color: str, width: float) -> None:
    for which, closed in OUTLINES:
        line = face[which]
        line = np.concatenate([line, line[:1]]) if closed else line
        axes.plot(*line.T, color=color, linewidth=width, solid_capstyle="round")


def _arrows(axes: "Axes", start: Landmarks, move: NDArray[np.float64]) -> None:
    style: dict[str, Any] = {"color": SECOND, "width": 0.007, "clip_on": False, "zorder": 4}
    style |= {"headwidth": 4, "headlength": 4.5, "headaxislength": 4, "minlength": 0.5}
    arrows = axes.quiver(*start.T, *move.T, angles="xy", scale_units="xy", scale=1, **style)
    # The layout cannot tell how far arrows reach.
    arrows.set_in_layout(False)
