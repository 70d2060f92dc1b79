"""The style all figures share, and their rendering as PNG or as SVG inside a page.

Figures are narrow, so that they stay readable on a phone. A page replaces the colors in `THEME` by
variables of its style sheet, so that a figure follows the light or dark theme. matplotlib is slow
to import and therefore imported by the functions that need it.
"""

import base64
import contextlib
import io
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import FIRST, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, GHOST, HAIR = "#1b1f24", "#5f666d", "#a3abb3", "#d5d9de"
THEME = {
    "first": FIRST,
    "second": SECOND,
    "ink": INK,
    "quiet": QUIET,
    "ghost": GHOST,
    "hair": HAIR,
}
"""CSS variables and their light colors; ``templates/style.css`` has the dark ones."""

DASHED = (0, (4, 3))
DPI = 200.0
_POINTS = 72.0  # per inch
_WIDTH = 4.6  # inches
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


@dataclass(frozen=True)
class Plot:
    """A figure, and what it shows in words and numbers.

    Attributes
    ----------
    name : str
        One of `NAMES`; the file name without suffix.
    title, caption : str
        Text above and below the figure.
    alt : str
        What the figure shows, for readers who cannot see it.
    rows : tuple of tuple of str
        Its numbers as a table, with heads in the first row and column; empty if the page has them.
    figure : Figure
        Render it with `as_png` or `as_svg`.
    header : float
        Height of the title area in inches, which a page leaves out.
    """

    name: str
    title: str
    caption: str
    alt: str
    rows: tuple[tuple[str, ...], ...]
    figure: "Figure"
    header: float


@contextlib.contextmanager
def plot_style() -> Iterator[None]:
    """Apply the style of all figures, whatever the user's matplotlib settings."""
    import matplotlib.style

    with matplotlib.style.context(_STYLE, after_reset=True):
        yield


def as_png(plot: Plot) -> bytes:
    """Render a plot with its title on white."""
    buffer = io.BytesIO()
    with plot_style():
        plot.figure.savefig(buffer, format="png", dpi=DPI, metadata={"Description": plot.alt})
    return buffer.getvalue()


def png_address(picture: NDArray[np.uint8]) -> str:
    """Return a gray picture, (height, width), as the address of an image within a page."""
    import matplotlib.image

    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, picture, cmap="gray", vmin=0, vmax=255, format="png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def as_svg(
    figure: "Figure",
    *,
    name: str,
    alt: str,
    header: float = 0.0,
    theme: Mapping[str, str] = THEME,
) -> str:
    """Render a figure as an ``<svg>`` element for a page, without title and background.

    Parameters
    ----------
    figure : Figure
        Drawn within `plot_style`.
    name : str
        Prefix of all ids, so that several figures can share a page.
    alt : str
        Text alternative.
    header : float
        Inches to leave out at the top, together with the texts placed on the figure itself.
    theme : mapping of str to str
        CSS variables and the colors they replace.

    Returns
    -------
    str
        Text stays text and is shown in the fonts of the page.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with plot_style(), _without_texts(figure):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    content = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    content = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", content, flags=re.S)
    content = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", content)
    content = content.replace("xlink:href", "href")
    content = content.replace("'DejaVu Sans'", "system-ui, sans-serif")
    variables = {color: f"var(--{variable})" for variable, color in theme.items()}
    content = re.sub("|".join(variables), lambda match: variables[match[0]], content)
    # A hundredth of a point is finer than any screen.
    content = re.sub(r'(?<= [dxy]=")[^"]*', lambda match: _rounded(match[0]), content)
    width, height = (side * _POINTS for side in figure.get_size_inches())
    top = header * _POINTS
    return (
        f'<svg viewBox="0 {top:.2f} {width:.2f} {height - top:.2f}" role="img" '
        f'aria-label="{escape(alt)}">{content.strip()}</svg>'
    )


def _rounded(numbers: str) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", " ".join(numbers.split()))


@contextlib.contextmanager
def _without_texts(figure: "Figure") -> Iterator[None]:
    for text in figure.texts:
        text.set_visible(False)
    try:
        yield
    finally:
        for text in figure.texts:
            text.set_visible(True)


def new_figure(width: float, height: float, **options: Any) -> "Figure":
    """Make an empty white figure; sizes in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white", **options)
    FigureCanvasAgg(figure)
    return figure


def new_sheet(title: str, note: str, height: float) -> tuple["Figure", float]:
    """Make a figure with a title area; return it and the height of that area in inches."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    lines = textwrap.wrap(note, 64)
    header = 0.4 + 0.15 * len(lines)
    total = header + height
    layout = ConstrainedLayoutEngine(rect=(0.01, 0, 0.98, height / total), h_pad=0.06, w_pad=0.04)
    figure = new_figure(_WIDTH, total, layout=layout)
    figure.text(0.03, 1 - 0.12 / total, title, fontsize=11, fontweight="bold", va="top")
    figure.text(0.03, 1 - 0.34 / total, "\n".join(lines), fontsize=8, color=QUIET, va="top")
    return figure, header


def add_legend(axes: "Axes") -> None:
    """Put a legend above the axes if several classifiers are drawn."""
    if len(axes.get_legend_handles_labels()[0]) > 1:
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1.03),
            ncols=2,
            handletextpad=0.4,
            columnspacing=1.2,
        )


def percent_axis(axes: "Axes", which: Literal["x", "y"], label: str, low: float = 0.0) -> None:
    """Scale axis x or y from a share to 1, and label it in percent."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set(**{f"{which}lim": (low, 1.0), f"{which}label": label})
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.grid(True, axis=which)
