"""The plots of a training or an evaluation."""

from collections.abc import Mapping
from typing import Any

from landmark_emotion.model.classifier import EmotionModel
from landmark_emotion.report.plots.faces import faces_plot, landmarks_plot
from landmark_emotion.report.plots.figure import Plot, plot_style
from landmark_emotion.report.plots.scores import (
    accuracy_plot,
    confusion_plot,
    coverage_plot,
    recall_plot,
    reliability_plot,
    series_of,
)
from landmark_emotion.training.landmark_table import LandmarkTable
from landmark_emotion.training.metrics import Evaluation

_CONFUSIONS = ("confusion", "confusion-calibrated")
NAMES = ("accuracy", "recall", *_CONFUSIONS, "reliability", "coverage", "faces", "landmarks")
"""Every name a plot can have."""


def draw_plots(
    report: Mapping[str, Any],
    *,
    table: LandmarkTable,
    model: EmotionModel,
    static: Evaluation,
    calibrated: Evaluation | None,
) -> list[Plot]:
    """Draw the plots of a report.

    Parameters
    ----------
    report : mapping
        From `summary.summarize`.
    table : LandmarkTable
        The samples.
    model : EmotionModel
        The model trained on them or evaluated.
    static, calibrated : Evaluation
        The predictions that the report sums up.

    Returns
    -------
    list of Plot
        In the order to show them. Plots without data are left out.
    """
    drawn = "; DRAWN FACES" if table.drawn else ""
    faces = f"{len(table)} faces{drawn}"
    note = f"{len(table)} faces; {static.protocol}{drawn}"
    series = series_of(static, calibrated)
    with plot_style():
        plots = [
            accuracy_plot(series, report, note),
            recall_plot(series, report, note),
            *(
                confusion_plot(name, one, note)
                for name, one in zip(_CONFUSIONS, series, strict=False)
            ),
            reliability_plot(series, note),
            coverage_plot(series, note),
            faces_plot(table, faces),
            landmarks_plot(table, model, faces),
        ]
    return [plot for plot in plots if plot is not None]
