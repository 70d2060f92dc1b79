"""A finished plot with its words, and how it becomes PNG or SVG."""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from landmark_emotion.report.plots.style import plot_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 72.0  # an inch
_DPI = 200.0


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


def as_png(plot: Plot) -> bytes:
    """Render a plot on white paper, with its title."""
    buffer = io.BytesIO()
    with plot_style():
        plot.figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Description": plot.alt})
    return buffer.getvalue()


def as_svg(plot: Plot) -> str:
    """Render a plot as an ``<svg>`` element to stand in a page, without title and background.

    Its texts are texts, its ids start with the plot's name, and every color is one of `COLORS`.
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


def _rounded(numbers: str) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", " ".join(numbers.split()))


@contextlib.contextmanager
def _without_header(figure: "Figure") -> Iterator[None]:
    for text in figure.texts:
        text.set_visible(False)
    try:
        yield
    finally:
        for text in figure.texts:
            text.set_visible(True)
