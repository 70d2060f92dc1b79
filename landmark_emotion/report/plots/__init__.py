"""What a training or an evaluation found out, as pictures."""

from landmark_emotion.report.plots.draw import NAMES, draw_plots
from landmark_emotion.report.plots.faces import landmark_weights, mean_faces
from landmark_emotion.report.plots.plot import Plot, as_png, as_svg
from landmark_emotion.report.plots.style import COLORS, GHOST, HAIR, INK, QUIET, plot_style

__all__ = [
    "COLORS",
    "GHOST",
    "HAIR",
    "INK",
    "NAMES",
    "QUIET",
    "Plot",
    "as_png",
    "as_svg",
    "draw_plots",
    "landmark_weights",
    "mean_faces",
    "plot_style",
]
