"""How much is measured."""

from dataclasses import dataclass

from benchmarks.live.videos import FULL_HD, HD, VGA
from landmark_emotion.emotions import DEFAULT_EMOTIONS


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    passes: int = 3
    timed_pixels: float = 12e6  # of (a) in a pass
    drawn: int = 30  # frames, which are then shown to and fro
    drawn_rounds: int = 4
    sizes: tuple = (VGA, HD, FULL_HD)
    real: int | None = None  # frames of a video; None for all
    larger: int = 300  # of those enlarged to more than 640x480
    london: int | None = None  # people
    still_photos: int = 12  # that are filmed
    still_frames: int = 50
    starts: int = 5
    imports: int = 7
    drawn_subjects: int = 5  # to train a model on; 0 takes the shipped one
    emotions: tuple = DEFAULT_EMOTIONS  # of the drawn video


QUICK = Effort(
    passes=1,
    timed_pixels=6e5,
    drawn=4,
    drawn_rounds=2,
    sizes=(VGA,),
    real=12,
    larger=4,
    london=2,
    still_photos=1,
    still_frames=4,
    starts=1,
    imports=1,
    drawn_subjects=0,
    emotions=("happiness",),
)
