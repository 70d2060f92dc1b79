"""The plots of the training of a network."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from landmark_emotion.emotions import FIRST, SECOND
from landmark_emotion.formatting import percent
from landmark_emotion.report.plots.figure import (
    DASHED,
    QUIET,
    Plot,
    new_sheet,
    percent_axis,
    plot_style,
)
from landmark_emotion.report.plots.scores import (
    Series,
    confusion_plot,
    coverage_plot,
    recall_plot,
    reliability_plot,
)
from landmark_emotion.training.metrics import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NETWORK_NAMES = ("learning", "recall", "confusion", "reliability", "coverage")
"""Every name a plot can have."""


def draw_network_plots(
    report: Mapping[str, Any], chosen: Evaluation, tested: Evaluation
) -> list[Plot]:
    """Draw the plots of the training of a network.

    Parameters
    ----------
    report : mapping
        As for `pages.network_page`.
    chosen, tested : Evaluation
        On the pictures that chose the epoch, and on those that took no part.
    """
    drawn = "; DRAWN FACES" if report["data"]["drawn"] else ""
    note = f"{len(tested.truth)} faces to test on{drawn}"
    test = Series("test", tested, FIRST, "o")
    both = [test, Series("validation", chosen, SECOND, "D")]
    counted = {"counts": report["counts"]["test"], "subjects": report["subjects"]}
    with plot_style():
        return [
            learning_plot(report, f"{sum(report['counts']['training'].values())} pictures{drawn}"),
            recall_plot([test], counted, note),
            confusion_plot("confusion", test, note),
            reliability_plot(both, note),
            coverage_plot(both, note),
        ]


def learning_plot(report: Mapping[str, Any], note: str) -> Plot:
    """Plot loss, accuracy and macro F1 after each epoch."""
    from matplotlib.ticker import MaxNLocator

    title = "Learning"
    history, best = report["history"], report["best"]
    figure, header = new_sheet(title, note, 4.6)
    above, below = figure.subplots(2, 1, sharex=True)
    number = [epoch["number"] for epoch in history]
    dots: dict[str, Any] = {"marker": "o" if len(number) < 30 else "", "markersize": 3}

    def draw(axes: "Axes", name: str, label: str, **style: Any) -> None:
        axes.plot(number, [epoch[name] for epoch in history], label=label, **dots, **style)

    draw(above, "loss", "validation", color=FIRST)
    draw(above, "learned_loss", "training", color=QUIET)
    draw(below, "accuracy", "accuracy, validation", color=FIRST)
    draw(below, "macro_f1", "macro F1, validation", color=SECOND)
    draw(below, "learned_accuracy", "accuracy, training", color=QUIET)
    low = min(min(e["accuracy"], e["macro_f1"], e["learned_accuracy"]) for e in history)
    above.set(ylabel="log loss")
    above.grid(True, axis="y")
    percent_axis(below, "y", "", max(0.0, low - 0.05))
    below.set_xlabel("epoch")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (above, below):
        axes.axvline(best, color=QUIET, linewidth=1, linestyle=DASHED)
        axes.legend(loc="best")
    rows = [("epoch", "loss", "accuracy", "macro F1", "training loss", "training accuracy")]
    for e in history:
        rows.append(
            (
                str(e["number"]),
                f"{e['loss']:.2f}",
                percent(e["accuracy"]),
                percent(e["macro_f1"]),
                f"{e['learned_loss']:.2f}",
                percent(e["learned_accuracy"]),
            )
        )
    kept = history[best - 1]
    caption = (
        f"Dashed: epoch {best}, which is kept since its accuracy on the validation pictures is the "
        "highest. All values are of the running average of the weights, on pictures as they are."
    )
    alt = (
        f"Learning: after {len(history)} epochs, the best is {best} with a validation accuracy of "
        f"{percent(kept['accuracy'])} and a loss of {kept['loss']:.2f}."
    )
    return Plot("learning", title, caption, alt, tuple(rows), figure, header)
