"""How plots look: colors, fonts, axes and words that all of them share.

Pictures are narrow, so that they keep their size on a phone; every color in them is one of a few
named ones, so that a page can exchange them in the dark.
"""

import contextlib
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from landmark_emotion.errors import MissingPackageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's blue and vermilion stay apart for every eye (Okabe and Ito 2008, "Color universal
# design"); the names are those of the page's style sheet.
FIRST, SECOND = "#0072b2", "#d55e00"
INK, QUIET, GHOST, HAIR = "#1b1f24", "#5f666d", "#a3abb3", "#d5d9de"
COLORS = {
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
DASHED = (0, (4, 3))


def new_sheet(title: str, note: str, height: float) -> tuple["Figure", float]:
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


def series_of(offset: float) -> tuple[tuple[str, str, float, str], ...]:
    """Return color, marker, place beside the middle, and label of the two classifiers."""
    return (
        (FIRST, "o", -offset, "face as it is"),
        (SECOND, "D", offset, "own neutral face known"),
    )


def add_legend(axes: "Axes") -> None:
    """Put the legend above the axes."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.03), ncols=2, handletextpad=0.5)


def percent(value: float, digits: int = 1) -> str:
    """Write a share; nothing where it is unknown."""
    return f"{100 * value:.{digits}f} %" if np.isfinite(value) else ""


def percent_axis(axis: Any, axes: "Axes") -> None:
    """Write an axis in percent, with a grid."""
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
