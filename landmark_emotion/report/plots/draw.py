"""What a training or an evaluation found out, as pictures.

matplotlib is an optional extra and slow to import, so it is imported for the first picture and
not before.
"""

from collections.abc import Sequence

from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.report.plots.faces import faces_plot, landmarks_plot
from landmark_emotion.report.plots.plot import Plot
from landmark_emotion.report.plots.scores import (
    accuracy_plot,
    confusion_plot,
    coverage_plot,
    recall_plot,
    reliability_plot,
)
from landmark_emotion.report.plots.style import plot_style
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import Evaluation

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


def draw_plots(
    *,
    table: LandmarkTable,
    model: EmotionModel,
    static: Evaluation,
    calibrated: Evaluation | None = None,
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
    static, calibrated : Evaluation
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
            accuracy_plot(static, calibrated, runs, runs_apart, note),
            recall_plot(static, calibrated, note),
            confusion_plot("confusion", "Confusion matrix", static, note),
            reliability_plot(static, calibrated, note),
            coverage_plot(static, calibrated, note),
        ]
        if calibrated is not None:
            title = "Confusion matrix, own neutral face known"
            plots.insert(3, confusion_plot("confusion-calibrated", title, calibrated, note))
        faces = f"{len(table)} faces" + ("; DRAWN FACES" if table.drawn else "")
        shown = faces_plot(table, faces)
        return [*plots, *([shown] if shown else []), landmarks_plot(table, model, faces)]
