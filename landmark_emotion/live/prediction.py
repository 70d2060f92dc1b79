"""What a face in a frame looks like."""

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.emotions import UNCERTAIN, color_of
from landmark_emotion.formatting import percent
from landmark_emotion.live.calibration import Mode
from landmark_emotion.model.face import Face
from landmark_emotion.model.measures import Measures
from landmark_emotion.model.pose import Pose
from landmark_emotion.model.quality import MIN_QUALITY, Issue

_DIGITS = 6
_LANDMARK_DIGITS = 2
_ANGLE_DIGITS = 1
_MEASURE_DIGITS = 3


@dataclass(frozen=True, kw_only=True, repr=False)
class Prediction:
    """The emotion of a face in a frame.

    Attributes
    ----------
    frame : int
        Index of the frame, from 0.
    time : float
        Seconds, as in `frame.Frame`.
    number : int
        Number of the face, from 1. A face keeps it while it is followed; no other face of the
        video gets the same. In single images faces are numbered from left to right.
    face : Face
        Box and landmarks.
    emotions : tuple of str
        The k emotions of the model.
    probabilities : ndarray of shape (k,)
        In the order of `emotions`, summing to 1. In videos they are smoothed over time, and none is
        larger than that of `likeliest`.
    raw_probabilities : ndarray of shape (k,)
        The same for this frame alone, except that a network's part in videos is an average.
    likeliest : str
        The likeliest of `emotions`. In videos it changes on evidence; see `smoothing.Smoother`.
    mode : str
        What the face was compared with; see `calibration.Mode`.
    reference : ndarray of shape (136,) or None
        Features of the neutral face it was compared with; None for the model's average.
    pose : Pose
        How the head is held.
    measures : Measures
        What eyes, brows and mouth do, compared with the person's neutral face if `mode` says that
        there is one. They are those of this frame alone.
    quality : float
        How far the landmarks can be trusted, from 0 to 1; see `quality.rate`.
    concern : str
        What lowers the quality most; empty if nothing does.
    blink : bool or None
        Whether the face blinks; None if that cannot be told, as in a single image. See
        `blinks.Blinks`.
    landmark_probabilities, network_probabilities : ndarray of shape (k,) or None
        Those that the landmarks and a network give, if it took part; see `opinion.Opinion`.
    network_share : float
        The network's share of `raw_probabilities`, from 0 to 1; the rest are the landmarks'.
    min_probability, min_quality : float
        Below this probability, or this quality, the emotion is ``"uncertain"``.
    """

    frame: int
    time: float
    number: int
    face: Face
    emotions: tuple[str, ...]
    probabilities: NDArray[np.float64]
    raw_probabilities: NDArray[np.float64]
    likeliest: str
    pose: Pose
    measures: Measures
    quality: float = 1.0
    concern: Issue = ""
    blink: bool | None = None
    mode: Mode = "static"
    reference: NDArray[np.float64] | None = None
    landmark_probabilities: NDArray[np.float64] | None = None
    network_probabilities: NDArray[np.float64] | None = None
    network_share: float = 0.0
    min_probability: float = 0.0
    min_quality: float = MIN_QUALITY

    @property
    def emotion(self) -> str:
        """The likeliest emotion, or ``"uncertain"``."""
        if self.issue or self.probability < self.min_probability:
            return UNCERTAIN
        return self.likeliest

    @property
    def issue(self) -> Issue:
        """Why the face is not good enough to be judged; empty if it is."""
        return self.concern if self.quality < self.min_quality else ""

    @property
    def probability(self) -> float:
        """The probability of the likeliest emotion."""
        return float(self.probabilities[self.emotions.index(self.likeliest)])

    @property
    def scores(self) -> dict[str, float]:
        """The probability of each emotion by name, in the order of `emotions`."""
        return dict(zip(self.emotions, self.probabilities.tolist(), strict=True))

    def to_dict(self, *, landmarks: bool = False) -> dict[str, Any]:
        """Convert to JSON values under the keys of result rows, as `show.rows.json_row` has them.

        Parameters
        ----------
        landmarks : bool
            Whether to add the landmarks.

        Returns
        -------
        dict
            Keys: frame, time, face, box ([left, top, width, height]), emotion, probability,
            probabilities, raw_probabilities, calibration, network_share, the names of `Pose` and
            `Measures`, blink, quality, issue, and landmarks if asked for.
        """
        box = self.face.box
        values = {
            "frame": self.frame,
            "time": round(self.time, 3),
            "face": self.number,
            "box": [box.left, box.top, box.width, box.height],
            "emotion": self.emotion,
            "probability": round(self.probability, _DIGITS),
            "probabilities": self._by_emotion(self.probabilities),
            "raw_probabilities": self._by_emotion(self.raw_probabilities),
            "calibration": self.mode,
            "network_share": round(self.network_share, _MEASURE_DIGITS),
            **{name: round(angle, _ANGLE_DIGITS) for name, angle in vars(self.pose).items()},
            **{name: round(value, _MEASURE_DIGITS) for name, value in vars(self.measures).items()},
            "blink": self.blink,
            "quality": round(self.quality, _MEASURE_DIGITS),
            "issue": self.issue,
        }
        if landmarks:
            values["landmarks"] = self.face.landmarks.round(_LANDMARK_DIGITS).tolist()
        return values

    def _by_emotion(self, probabilities: NDArray[np.float64]) -> dict[str, float]:
        rounded = (round(value, _DIGITS) for value in probabilities.tolist())
        return dict(zip(self.emotions, rounded, strict=True))

    def __repr__(self) -> str:
        return f"<Prediction {self._in_words()}, frame {self.frame}, {self.time:.3f} s>"

    def _repr_html_(self) -> str:
        """Return a table with a bar per emotion, the likeliest first, for notebooks."""
        bar = "display: inline-block; height: 0.8em; margin-right: 0.5em; background:"
        among = self.emotions
        rows = "".join(
            f"<tr><th>{html.escape(emotion)}</th><td style='text-align: left'>"
            f"<span style='{bar} {color_of(emotion, among)}; width: {8 * probability:.2f}em'>"
            f"</span>{percent(probability)}</td></tr>"
            for emotion, probability in sorted(self.scores.items(), key=lambda item: -item[1])
        )
        return f"<table><caption>{html.escape(self._in_words())}</caption>{rows}</table>"

    def _in_words(self) -> str:
        answer = f"{self.likeliest} {percent(self.probability)}"
        if self.emotion != self.likeliest:
            answer = f"{self.emotion} ({self.issue + ', ' if self.issue else ''}{answer})"
        return f"face {self.number}: {answer}"
