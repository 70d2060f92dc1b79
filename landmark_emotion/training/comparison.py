"""Whether two results differ by more than chance, person by person.

Both results are about the same people, so they are compared within each person: how much faces
differ between people then does not count. What is asked is how the difference would vary with
other people, not with other pictures of the same ones.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.errors import ReportError
from landmark_emotion.files.reading import read_whole
from landmark_emotion.training.metrics import block_sizes, resampled

CHANCE = 0.05
"""A p-value below this is called more than chance."""

FLIPS = 10_000
HEADS = ("static", "calibrated")
MAX_BYTES = 256 * 2**20

_FEWEST = 6  # subjects; fewer cannot give a p-value below CHANCE, however they differ
_REMEDY = "give a report.json that 'train --report' or 'evaluate --report' wrote"

Subjects = Mapping[str, tuple[int, int]]
"""For each subject the number of faces and how many of them are right."""


@dataclass(frozen=True)
class Comparison:
    """How two results differ on the subjects they share.

    Attributes
    ----------
    subjects : int
        How many they share.
    only_a, only_b : int
        Subjects of one result that the other lacks, which were left out.
    faces_a, faces_b : int
        Faces of the shared subjects in each result.
    unequal : int
        Shared subjects with more faces in one result than in the other.
    accuracy_a, accuracy_b : float
        Share of those faces that is right.
    difference : float
        The first accuracy less the second.
    interval : tuple of float
        Its 95 % bootstrap interval over subjects.
    p_value : float
        How often a difference as large would arise if it were chance which result is which.
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
    def beyond_chance(self) -> bool:
        """Whether chance would hardly give such a difference."""
        return self.p_value < CHANCE

    @property
    def verdict(self) -> str:
        """The outcome in a plain sentence."""
        if self.subjects < _FEWEST:
            return f"too few subjects in both ({self.subjects}) to tell a difference from chance"
        if not self.beyond_chance:
            return "no difference that could not be chance"
        better = "A" if self.difference > 0 else "B"
        return (
            f"{better} is better by {abs(self.difference):.3f}; that is more than chance would give"
        )

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        return {
            **asdict(self),
            "interval": list(self.interval),
            "beyond_chance": self.beyond_chance,
            "verdict": self.verdict,
        }


def load_report(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a report.

    Parameters
    ----------
    path : path-like
        A JSON file that ``train --report`` or ``evaluate --report`` wrote, or the folder of it.

    Returns
    -------
    dict
        With at least the result of the static classifier.

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
            raise ReportError(f"{file}: too large to be a report; {_REMEDY}")
        content = json.loads(data)
    except FileNotFoundError as error:
        raise ReportError(f"{file}: no such report; {_REMEDY}") from error
    except OSError as error:
        raise ReportError(f"{file}: cannot be read ({error.strerror}); check the path") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{file}: not JSON or damaged; {_REMEDY}") from error
    if not isinstance(content, dict) or not isinstance(content.get("static"), dict):
        raise ReportError(f"{file}: not a report; {_REMEDY}")
    return content


def subjects_of(report: Mapping[str, Any], head: str, where: str) -> Subjects | None:
    """Read how many faces of each subject a report says were right.

    Parameters
    ----------
    report : mapping
        From `load_report`.
    head : str
        One of `HEADS`.
    where : str
        The report's name, for errors.

    Returns
    -------
    dict or None
        None where the report has no such result.

    Raises
    ------
    ReportError
        If the result does not say who is who, or makes no sense.
    """
    result = report.get(head)
    if result is None:
        return None
    people = result.get("subjects") if isinstance(result, dict) else None
    if people is None:
        raise ReportError(
            f"{where}: does not say who is who, so nothing can be paired; use a data set whose "
            "subjects are known"
        )
    try:
        counts = {str(name): (person["n"], person["right"]) for name, person in people.items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise ReportError(f"{where}: its subjects are damaged; {_REMEDY}") from error
    for n, right in counts.values():
        if type(n) is not int or type(right) is not int or not 0 <= right <= n <= 2**40 or not n:
            raise ReportError(f"{where}: its subjects are damaged; {_REMEDY}")
    return counts


def compare(a: Subjects, b: Subjects, *, seed: int = 0) -> Comparison:
    """Compare two results.

    The interval draws subjects with replacement (Efron and Tibshirani 1993, "An introduction to
    the bootstrap"); the p-value, for both directions, exchanges the two results within randomly
    chosen subjects, `FLIPS` times (Good 2005, "Permutation, parametric and bootstrap tests").

    Parameters
    ----------
    a, b : dict
        From `subjects_of`.
    seed : int
        For drawing.

    Returns
    -------
    Comparison
        On the subjects that both have.

    Raises
    ------
    ReportError
        If there are none.
    """
    shared = sorted(a.keys() & b.keys())
    if not shared:
        raise ReportError(
            "reports: have no subject in common; compare results on the same data set"
        )
    n_a, right_a = np.array([a[name] for name in shared], dtype=np.float64).T
    n_b, right_b = np.array([b[name] for name in shared], dtype=np.float64).T
    difference = right_a.sum() / n_a.sum() - right_b.sum() / n_b.sum()
    return Comparison(
        subjects=len(shared),
        only_a=len(a) - len(shared),
        only_b=len(b) - len(shared),
        faces_a=int(n_a.sum()),
        faces_b=int(n_b.sum()),
        unequal=int((n_a != n_b).sum()),
        accuracy_a=float(right_a.sum() / n_a.sum()),
        accuracy_b=float(right_b.sum() / n_b.sum()),
        difference=float(difference),
        interval=_interval(n_a, right_a, n_b, right_b, seed),
        p_value=_p_value(n_a, right_a, n_b, right_b, seed),
    )


Counts = NDArray[np.float64]


def _interval(
    n_a: Counts, right_a: Counts, n_b: Counts, right_b: Counts, seed: int
) -> tuple[float, float]:
    differences = [
        (drawn @ right_a) / (drawn @ n_a) - (drawn @ right_b) / (drawn @ n_b)
        for drawn in resampled(len(n_a), FLIPS, seed)
    ]
    low, high = np.percentile(np.concatenate(differences), [2.5, 97.5])
    return float(low), float(high)


def _p_value(n_a: Counts, right_a: Counts, n_b: Counts, right_b: Counts, seed: int) -> float:
    random = np.random.default_rng(seed)
    observed = abs(right_a.sum() / n_a.sum() - right_b.sum() / n_b.sum())
    as_large = 0
    for size in block_sizes(FLIPS, len(n_a)):
        kept = random.integers(0, 2, (size, len(n_a))).astype(np.float64)
        first = (right_b.sum() + kept @ (right_a - right_b)) / (n_b.sum() + kept @ (n_a - n_b))
        second = (right_a.sum() - kept @ (right_a - right_b)) / (n_a.sum() - kept @ (n_a - n_b))
        # Rounding must not make equal differences unequal.
        as_large += int((np.abs(first - second) >= observed - 1e-12).sum())
    # The observed assignment is one of the possible ones.
    return (as_large + 1) / (FLIPS + 1)
