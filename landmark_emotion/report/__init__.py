"""Scores and timelines as text, plots and pages; plots and pages need the extra ``report``."""

import importlib.util

from landmark_emotion.errors import MissingPackageError

LABELS = {
    "static": "no neutral reference",
    "with_network": "no neutral reference, with the network",
    "calibrated": "own neutral reference",
}
"""What texts and plots call the answers of a model, by their key in a report."""


def check_packages() -> None:
    """Check before the work that plots and pages can be made.

    Raises
    ------
    MissingPackageError
        If a package of the extra ``report`` is not installed.
    """
    for name in ("matplotlib", "jinja2"):
        if importlib.util.find_spec(name) is None:
            raise MissingPackageError(
                f"{name}: not installed; run 'pip install matplotlib jinja2' for reports and plots"
            )
