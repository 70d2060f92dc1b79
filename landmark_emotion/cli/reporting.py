"""``--report``: a JSON file, or a folder with a page, plots and that file."""

import argparse
import json
from pathlib import Path
from typing import Any

from landmark_emotion.cli.options import say
from landmark_emotion.errors import MissingPackageError, OutputError
from landmark_emotion.files.writing import check_writable, replace_atomically, replace_together


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add ``--report``."""
    parser.add_argument(
        "--report",
        type=Path,
        metavar="PATH",
        help="write all of it to a folder as well, as page, plots and JSON; only the JSON where "
        "PATH ends in .json",
    )


def check_report(path: Path | None) -> None:
    """Say at once, not after the work, that a report cannot be written there.

    Raises
    ------
    OutputError
        If a file is where the folder should be, or nothing can be written there.
    """
    if path is not None and not _is_file(path) and path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is a file; name a folder, or a file that ends in .json")
    if path is not None:
        check_writable(path if _is_file(path) else path / "report.json")


def write_report(path: Path, content: dict[str, Any], **drawn_from: Any) -> None:
    """Write a report, whole or not at all.

    Parameters
    ----------
    path : Path
        What the user named.
    content : dict
        JSON values.
    **drawn_from
        What `plots.draw_plots` takes.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    data = (json.dumps(content, indent=2) + "\n").encode()
    if _is_file(path):
        replace_atomically(path, data)
        return
    from landmark_emotion.report import page, plots

    try:
        drawn = plots.draw_plots(**drawn_from)
    except MissingPackageError as error:
        say(f"note: {error}")
        drawn = []
    files = {f"{plot.name}.png": plots.as_png(plot) for plot in drawn}
    files |= {"report.json": data, "report.html": page.report_page(content, drawn)}
    # A plot that an earlier report had and this one has not would be taken for its own.
    replace_together(path, files, [f"{name}.png" for name in plots.NAMES])
    say(f"report: {path / 'report.html'}")


def _is_file(path: Path) -> bool:
    device = path.exists() and not path.is_file() and not path.is_dir()
    return path.suffix.lower() == ".json" or device
