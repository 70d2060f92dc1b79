"""Compare two results, person by person.

Both results are about the same people, so they are compared within each person, and differences
between people do not count. The question is how the difference would vary with other people.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ReportError, unreadable
from landmark_emotion.files.reading import read_whole
from landmark_emotion.training.metrics import block_sizes, resampled

SIGNIFICANCE = 0.05
FLIPS = 10_000
HEADS = ("static", "calibrated")
MAX_BYTES = 256 * 2**20

_FEWEST = 6  # subjects; with fewer no p-value is below SIGNIFICANCE
_REMEDY = "give a report.json that 'train --report' or 'evaluate --report' wrote"

Subjects = Mapping[str, tuple[int, int]]
"""For each subject the number of faces and of correct predictions."""

Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """The difference between results A and B on the subjects in both.

    Attributes
    ----------
    subjects, only_a, only_b : int
        Number of subjects in both, and of those in one result alone, which are left out.
    faces_a, faces_b : int
        Faces of the shared subjects.
    unequal : int
        Shared subjects with a different number of faces in each result.
    accuracy_a, accuracy_b, difference : float
        Accuracies on these faces, and A minus B.
    interval : tuple of float
        95 % bootstrap interval of the difference over subjects.
    p_value : float
        Probability of a difference at least as large if the results were exchangeable.
    """

    subjects: int
    only_a: int
    only_b: int
    faces_a: int
    faces_b: int
    unequal: int
    accuracy_a: float
    accuracy_b: float
    difference: float
    interval: tuple[float, float]
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether the p-value is below `SIGNIFICANCE`."""
        return self.p_value < SIGNIFICANCE

    @property
    def verdict(self) -> str:
        """The outcome in a sentence."""
        if self.subjects < _FEWEST:
            return f"too few subjects in both ({self.subjects}) for a test of significance"
        if not self.significant:
            return "no significant difference"
        better = "A" if self.difference > 0 else "B"
        return f"{better} is significantly better, by {abs(100 * self.difference):.1f} points"

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        derived = {"significant": self.significant, "verdict": self.verdict}
        return {**asdict(self), "interval": list(self.interval), **derived}


def load_report(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a report that ``train --report`` or ``evaluate --report`` wrote.

    Parameters
    ----------
    path : path-like
        The JSON file or its folder.

    Returns
    -------
    dict
        Has at least the key static.

    Raises
    ------
    ReportError
        If there is no such file or it is not a report.
    """
    path = Path(path)
    file = path / "report.json" if path.is_dir() else path
    try:
        data = read_whole(file, MAX_BYTES)
        if len(data) > MAX_BYTES:
            raise ReportError(f"{file}: too large for a report; {_REMEDY}")
        content = json.loads(data)
    except FileNotFoundError as error:
        raise ReportError(f"{file}: no such report; {_REMEDY}") from error
    except OSError as error:
        raise ReportError(unreadable(file, error)) from error
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{file}: not JSON or damaged; {_REMEDY}") from error
    if not isinstance(content, dict) or not isinstance(content.get("static"), dict):
        raise ReportError(f"{file}: not a report; {_REMEDY}")
    return content


def subjects_of(report: Mapping[str, Any], head: str, where: str) -> Subjects | None:
    """Return the counts per subject of one of `HEADS`, None if the report lacks it.

    Raises
    ------
    ReportError
        If the subjects are unknown or damaged; `where` names the report.
    """
    result = report.get(head)
    if result is None:
        return None
    people = result.get("subjects") if isinstance(result, dict) else None
    if people is None:
        raise ReportError(f"{where}: has no subjects to pair; use a data set with known subjects")
    try:
        counts = {str(name): (person["n"], person["right"]) for name, person in people.items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise ReportError(f"{where}: its subjects are damaged; {_REMEDY}") from error
    for n, right in counts.values():
        if type(n) is not int or type(right) is not int or not 0 <= right <= n <= 2**40 or not n:
            raise ReportError(f"{where}: its subjects are damaged; {_REMEDY}")
    return counts


def compare(a: Subjects, b: Subjects, *, seed: int = 0) -> Comparison:
    """Compare two results on the subjects in both.

    The interval draws subjects with replacement (Efron and Tibshirani 1993, "An introduction to
    the bootstrap"). The two-sided p-value exchanges the results of randomly chosen subjects,
    `FLIPS` times (Good 2005, "Permutation, parametric and bootstrap tests").

    Raises
    ------
    ReportError
        If no subject is in both.
    """
    shared = sorted(a.keys() & b.keys())
    if not shared:
        raise ReportError(
            "reports: have no subject in common; compare results on the same data set"
        )
    counts_a, counts_b = (np.array([x[name] for name in shared], dtype=float) for x in (a, b))
    (n_a, right_a), (n_b, right_b) = counts_a.sum(axis=0), counts_b.sum(axis=0)
    return Comparison(
        subjects=len(shared),
        only_a=len(a) - len(shared),
        only_b=len(b) - len(shared),
        faces_a=int(n_a),
        faces_b=int(n_b),
        unequal=int((counts_a[:, 0] != counts_b[:, 0]).sum()),
        accuracy_a=float(right_a / n_a),
        accuracy_b=float(right_b / n_b),
        difference=float(right_a / n_a - right_b / n_b),
        interval=_interval(counts_a, counts_b, seed),
        p_value=_p_value(counts_a, counts_b, seed),
    )


def _interval(a: Counts, b: Counts, seed: int) -> tuple[float, float]:
    drawn = resampled(len(a), FLIPS, seed)
    differences = np.concatenate([_accuracy(x @ a) - _accuracy(x @ b) for x in drawn])
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)


def _p_value(a: Counts, b: Counts, seed: int) -> float:
    random = np.random.default_rng(seed)
    observed = abs(_accuracy(a.sum(axis=0)) - _accuracy(b.sum(axis=0)))
    as_large = 0
    for size in block_sizes(FLIPS, len(a)):
        exchanged = random.integers(0, 2, (size, len(a))).astype(float) @ (a - b)
        first, second = b.sum(axis=0) + exchanged, a.sum(axis=0) - exchanged
        # Rounding must not make equal differences unequal.
        differences = np.abs(_accuracy(first) - _accuracy(second))
        as_large += int((differences >= observed - 1e-12).sum())
    # The observed assignment is one of the possible ones.
    return (as_large + 1) / (FLIPS + 1)


def _accuracy(counts: Counts) -> Counts:
    """Return accuracies (...) from counts (..., 2) of faces and correct predictions."""
    return np.asarray(counts[..., 1] / counts[..., 0])
