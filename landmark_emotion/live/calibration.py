"""Which neutral face each face is compared with."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.model.neutral import AutomaticNeutral, NeutralReference
from landmark_emotion.model.same_person import DIFFERENT, SAME, face_shape, shape_distance

Mode = Literal["static", "calibrating", "calibrated", "profile", "automatic"]
"""The reference of a face: the average neutral face (static, and while calibrating), the person's
own neutral face of this session, one that was loaded, or the running estimate."""

DOUBTFUL = 0.2
"""A calibrating face whose static probability of neutral is lower looks far from neutral.

This warned of 2 % of the neutral faces and of 92 % of the expressions of CK+ people who were not in
training, and of none of 70 neutral faces and 23 % of the faint smiles of the London set.
"""

MAX_RESTORED = 16
ARRIVAL = 3.0  # seconds in which a face that has appeared may prove to be a calibrated person
SHAPE_SECONDS = 1.0  # time constant over which the shape of a face is averaged


class RecentShape:
    """The shape of a face, averaged over about the last second."""

    def __init__(self) -> None:
        self.since = self._time = 0.0
        self._n = 0
        self._mean: NDArray[np.float64] | None = None

    def update(self, features: NDArray[np.float64], time: float) -> None:
        """Add a frame: features of shape (136,), time in seconds."""
        shape = face_shape(features)
        self._n += 1
        if self._mean is None:
            self.since, self._mean = time, shape
        else:
            share = max(1 / self._n, 1 - np.exp(-(time - self._time) / SHAPE_SECONDS))
            self._mean = self._mean + share * (shape - self._mean)
        self._time = time

    def distance(self, reference: NeutralReference) -> float:
        """Return the distance to a person's neutral face, as in `same_person.shape_distance`."""
        shape = face_shape(reference.features)
        return np.inf if self._mean is None else shape_distance(self._mean, shape)


def mode_of(reference: NeutralReference | None) -> Mode:
    """Return the mode of a reference that was not taken in this session."""
    if reference is None:
        return "static"
    return "automatic" if reference.automatic else "profile"


@dataclass(frozen=True)
class CalibrationOutcome:
    """What a calibration has taken.

    Attributes
    ----------
    people : int
        The number of faces whose neutral face was taken.
    likeliest : str or None
        What the least neutral of them looks like, compared with the average neutral face; None if
        no face was seen.
    probability_of_neutral : float or None
        The probability that this face is neutral.
    warning : str
        What was wrong and what to do; empty if nothing was.
    """

    people: int
    likeliest: str | None
    probability_of_neutral: float | None
    warning: str


@dataclass
class _KnownFace:
    recent: RecentShape = field(default_factory=RecentShape)
    collected: list[NDArray[np.float64]] = field(default_factory=list)
    own: NeutralReference | None = None
    before: NeutralReference | None = None  # `own` before the last calibration
    alike: bool = True  # whether it still looks like the person of `own`
    estimate: AutomaticNeutral | None = None


class Calibration:
    """Holds the neutral references of the faces in front of a camera.

    A reference belongs to a face as long as the face keeps its number. A face that has just
    appeared takes over the reference of a person out of sight only if the shape of the face
    matches, and a face that comes to look clearly different loses its reference until it matches
    again. When in doubt, a face has no reference.

    Parameters
    ----------
    profile : NeutralReference, optional
        Used for every face without a reference of its own.
    automatic : bool
        Whether to estimate the neutral face of every face that has no other reference.
    selective : bool
        Whether to use the profile only for faces that may be the person's, by their shape.
    """

    def __init__(
        self,
        profile: NeutralReference | None = None,
        automatic: bool = False,
        selective: bool = False,
    ) -> None:
        self.profile = profile
        self.automatic = automatic
        self.selective = selective
        self._faces: dict[int, _KnownFace] = {}
        self._in_sight: set[int] = set()
        self._only: NeutralReference | None = None
        self._taken: list[NeutralReference] = []  # by the last calibration
        self._only_before: NeutralReference | None = None
        self.restored: list[NeutralReference] = []
        self._now = 0.0
        self._until: float | None = None
        self.pending: float | None = None

    def start(self, seconds: float) -> None:
        """Take every face as neutral for some seconds, from the next frame on."""
        self.pending, self._until = seconds, None
        for face in self._faces.values():
            face.collected = []

    def restore(self, reference: NeutralReference) -> None:
        """Add a reference from an earlier session, as that of a person who is out of sight.

        Of more than `MAX_RESTORED` the latest are kept.
        """
        self.restored = [*self.restored, reference][-MAX_RESTORED:]

    @property
    def calibrating(self) -> bool:
        """Whether faces are being taken as neutral, or will be from the next frame on."""
        return self.pending is not None or self._until is not None

    @property
    def remaining(self) -> float | None:
        """Seconds that are left of a calibration; None if there is none."""
        return self.pending if self._until is None else max(0.0, self._until - self._now)

    @property
    def references(self) -> dict[int, NeutralReference]:
        """The references taken in this session, by the number of the face."""
        return {number: face.own for number, face in self._faces.items() if face.own is not None}

    def advance(
        self, time: float, in_sight: set[int], remembered: set[int]
    ) -> dict[int, NeutralReference] | None:
        """Go on to the next frame.

        Begins a calibration that is due, ends one whose time is over, and drops the faces whose
        numbers are not remembered. If only one person was calibrated, that reference outlasts the
        face. Times are in seconds.

        Returns
        -------
        dict or None
            If a calibration ended, the references that it took, by the number of the face.
        """
        taken, self._now = None, time
        if self.pending is not None:
            self._until, self.pending = time + self.pending, None
        elif self._until is not None and time >= self._until:
            self._until = None
            taken = self._take_collected()
        for number in self._faces.keys() - remembered:
            del self._faces[number]
        self._in_sight = in_sight
        return taken

    def undo(self) -> bool:
        """Restore the references before the last calibration, or stop one that is under way.

        Returns
        -------
        bool
            False if there is no calibration to undo.
        """
        if self.calibrating:
            self.pending = self._until = None
            return True
        if not self._taken:
            return False
        for face in self._faces.values():
            # A face that came later may have taken over one of these references.
            if any(face.own is taken for taken in self._taken):
                face.own, face.alike = face.before, True
        self._only, self._taken = self._only_before, []
        return True

    def reference(
        self,
        number: int,
        features: NDArray[np.float64],
        neutral: float,
        time: float,
        usable: bool = True,
    ) -> tuple[NeutralReference | None, Mode]:
        """Find the reference of a face with the given features, of shape (136,), in this frame.

        ``neutral`` is the probability that it is neutral, from the static model. A reference of
        None stands for the average face. Nothing is learned from a face that is not usable, as it
        is turned away or partly hidden.
        """
        face = self._faces.setdefault(number, _KnownFace())
        if usable:
            face.recent.update(features, time)
        if self.calibrating:
            if usable:
                face.collected.append(features)
            return None, "calibrating"
        if face.own is None and time - face.recent.since <= ARRIVAL:
            self._know_again(face)
        if face.own is not None:
            distance = face.recent.distance(face.own)
            face.alike = distance < (DIFFERENT if face.alike else SAME)
            if face.alike:
                return face.own, "calibrated"
        if self.profile is not None and (
            not self.selective or face.recent.distance(self.profile) < DIFFERENT
        ):
            return self.profile, mode_of(self.profile)
        if self.automatic:
            face.estimate = face.estimate or AutomaticNeutral()
            reference = face.estimate.update(features, neutral, time, usable)
            return reference, mode_of(reference)
        return None, "static"

    def _take_collected(self) -> dict[int, NeutralReference]:
        own: dict[int, NeutralReference] = {}
        for number, face in self._faces.items():
            if face.collected:
                # The median ignores a blink.
                features = np.median(face.collected, axis=0)
                face.before = face.own
                own[number] = face.own = NeutralReference(features, len(face.collected))
                face.collected, face.alike = [], True
        if own:
            self._taken, self._only_before = list(own.values()), self._only
            self._only = self._taken[0] if len(own) == 1 else None
        return own

    def _know_again(self, arrived: _KnownFace) -> None:
        """Give a face the reference of the person out of sight whose face has the same shape."""
        taken = [self._faces[number].own for number in self._in_sight & self._faces.keys()]
        away = [face.own for number, face in self._faces.items() if number not in self._in_sight]
        free = [
            own
            for own in (self._only, *away, *self.restored)
            if own is not None and not any(own is other for other in taken)
        ]
        nearest = min(free, key=arrived.recent.distance, default=None)
        if nearest is not None and arrived.recent.distance(nearest) < SAME:
            arrived.own, arrived.alike = nearest, True
