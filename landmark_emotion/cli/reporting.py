"""The option ``--report``: a folder with page, plots and JSON, or the JSON file alone."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.cli.help import OUTPUT, group
from landmark_emotion.errors import OutputError
from landmark_emotion.files.writing import check_writable, replace_atomically, replace_together
from landmark_emotion.report import check_packages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from landmark_emotion.report.plots.figure import Plot
    from landmark_emotion.training.metrics import Evaluation


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add ``--report``."""
    group(parser, OUTPUT).add_argument(
        "--report",
        type=Path,
        metavar="PATH",
        help="write a report to this folder: an HTML page, plots and JSON; if PATH ends in .json, "
        "only the JSON file",
    )


def check_report(path: Path | None) -> None:
    """Raise an error, before the work, if a report cannot be written to a path."""
    if path is None:
        return
    if _is_file(path):
        check_writable(path)
        return
    check_packages()
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is a file; name a folder, or a file that ends in .json")
    check_writable(path / "report.json")


def write_report(path: Path, content: dict[str, Any], **drawn_from: Any) -> None:
    """Write a report of JSON values; if anything fails, an earlier report stays as it was.

    ``drawn_from`` are further arguments of `plots.draw_plots`.
    """
    data = (json.dumps(content, indent=2) + "\n").encode()
    if _is_file(path):
        replace_atomically(path, data)
        return
    from landmark_emotion.report import pages, plots

    drawn = plots.draw_plots(content, **drawn_from)
    _write_folder(path, data, pages.report_page(content, drawn), drawn)


def write_network_report(
    path: Path,
    content: dict[str, Any],
    chosen: "Evaluation",
    tested: "Evaluation",
    pictures: "Sequence[NDArray[np.uint8]]" = (),
) -> None:
    """Write the report of the training of a network as `write_report` does.

    ``chosen`` and ``tested`` are as for `draw_network_plots`, ``pictures`` as for `network_page`.
    """
    data = (json.dumps(content, indent=2) + "\n").encode()
    if _is_file(path):
        replace_atomically(path, data)
        return
    from landmark_emotion.report.pages import network_page
    from landmark_emotion.report.plots.learning import draw_network_plots

    plots = draw_network_plots(content, chosen, tested)
    _write_folder(path, data, network_page(content, plots, pictures), plots)


def _write_folder(path: Path, data: bytes, page: bytes, plots: "Sequence[Plot]") -> None:
    from landmark_emotion.report.plots import NAMES
    from landmark_emotion.report.plots.figure import as_png
    from landmark_emotion.report.plots.learning import NETWORK_NAMES

    files = {f"{plot.name}.png": as_png(plot) for plot in plots}
    files |= {"report.json": data, "report.html": page}
    # Plots of an earlier report must not be mistaken for plots of this one.
    replace_together(path, files, [f"{name}.png" for name in (*NAMES, *NETWORK_NAMES)])


def report_file(path: Path) -> Path:
    """Return the file to open of a report that was written to a path."""
    return path if _is_file(path) else path / "report.html"


def _is_file(path: Path) -> bool:
    device = path.exists() and not path.is_file() and not path.is_dir()
    return path.suffix.lower() == ".json" or device
