"""The choices that define how a model is fitted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HeadRecipe:
    """How one head is fitted.

    Attributes
    ----------
    C : float
        Penalty of the SVM.
    shrinkage : float or None
        Shrinkage of the within-class covariance, from 0 to 1; None estimates it from the data.
    partway : tuple of float
        Each expression is also learned from copies this far on the way from the person's neutral
        face to it, because people outside the laboratory show weaker expressions.
    """

    C: float
    shrinkage: float | None
    partway: tuple[float, ...]


@dataclass(frozen=True)
class Recipe:
    """How a model is fitted.

    Attributes
    ----------
    static, calibrated : HeadRecipe
        For features of a face, and for their difference from the person's own neutral face.
    partway_weight : float
        Weight of a copy; a sample has a weight of 1.
    prior : float
        See `EmotionModel`.
    against_neutral : float
        Shift of the calibrated margins between neutral and each expression, in favor of the
        expression: expressions outside the laboratory are weaker than those of training.
    """

    static: HeadRecipe = HeadRecipe(0.001, shrinkage=None, partway=(0.75,))
    calibrated: HeadRecipe = HeadRecipe(0.003, shrinkage=0.1, partway=(0.5, 0.75))
    partway_weight: float = 0.5
    prior: float = 0.5
    against_neutral: float = 0.1


SEARCHED = tuple(
    Recipe(
        static=HeadRecipe(c, shrinkage, (0.75,)),
        calibrated=HeadRecipe(3 * c, 0.1, (0.5, 0.75)),
    )
    for c in (0.0003, 0.001, 0.003)
    for shrinkage in (None, 0.1)
)
"""The candidates of a search."""
