"""Which neutral face each face in the picture is compared with."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.neutral import AutomaticNeutral, NeutralReference

Mode = Literal["static", "calibrating", "calibrated", "profile", "automatic"]
"""How a face was judged: with the average neutral face as reference (static, and while
calibrating), the person's own of this session, one loaded before, or the running estimate."""


class Calibration:
    """Holds the neutral references of the faces in front of a camera.

    Parameters
    ----------
    average : ndarray of shape (136,)
        Features of the average neutral face, from the model.
    profile : NeutralReference, optional
        Somebody's neutral face, for every face that has none of its own.
    automatic : bool
        Whether to estimate the neutral face of those that have neither.
    """

    def __init__(
        self,
        average: NDArray[np.float64],
        profile: NeutralReference | None = None,
        automatic: bool = False,
    ) -> None:
        self._average = average
        self.profile = profile
        self.automatic = automatic
        self._own: dict[int, NeutralReference] = {}
        self._only: NeutralReference | None = None
        self._estimates: dict[int, AutomaticNeutral] = {}
        self._until: float | None = None
        self._collected: dict[int, list[NDArray[np.float64]]] = {}

    def start(self, time: float, seconds: float) -> None:
        """Take every face from now on as neutral, for some seconds."""
        self._until = time + seconds
        self._collected = {}

    @property
    def calibrating(self) -> bool:
        """Whether faces are being taken as neutral."""
        return self._until is not None

    @property
    def references(self) -> dict[int, NeutralReference]:
        """The references taken in this session, by the face's number."""
        return dict(self._own)

    def advance(self, time: float) -> bool:
        """End calibration when its time is over.

        Returns
        -------
        bool
            Whether it has ended right now. Faces seen meanwhile have references then.
        """
        if self._until is None or time < self._until:
            return False
        self._until = None
        for number, faces in self._collected.items():
            # The median does not mind a blink.
            self._own[number] = NeutralReference(np.median(faces, axis=0), len(faces))
        if self._collected:
            # Who comes back after a while is most likely the one person who was here before.
            own = [self._own[number] for number in self._collected]
            self._only = own[0] if len(own) == 1 else None
        self._collected = {}
        return True

    def reference(
        self, number: int, features: NDArray[np.float64], neutral: float, time: float
    ) -> tuple[NeutralReference | NDArray[np.float64] | None, Mode]:
        """Find what to compare a face with.

        Parameters
        ----------
        number : int
            Which face it is.
        features : ndarray of shape (136,)
            Of the face as it is now.
        neutral : float
            How likely it is neutral by the static model.
        time : float
            Seconds.

        Returns
        -------
        reference : NeutralReference, ndarray of shape (136,) or None
            None for the average; an array where nothing needs to be blended with it.
        mode : str
            See `Mode`.
        """
        if self.calibrating:
            self._collected.setdefault(number, []).append(features)
            return None, "calibrating"
        own = self._own.get(number, self._only)
        if own is not None:
            return own, "calibrated"
        if self.profile is not None:
            return self.profile, "profile"
        if self.automatic:
            estimate = self._estimates.setdefault(number, AutomaticNeutral(self._average))
            reference = estimate.update(features, neutral, time)
            return reference, "static" if reference is None else "automatic"
        return None, "static"

    def forget_all_but(self, numbers: set[int]) -> None:
        """Drop the references of faces that are gone; a new face may get their number.

        Where one person alone was calibrated, theirs stays, for whoever comes.
        """
        for kept in (self._own, self._estimates, self._collected):
            for number in kept.keys() - numbers:
                del kept[number]
