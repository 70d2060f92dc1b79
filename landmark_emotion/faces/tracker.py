"""Follows faces from frame to frame.

Searching a whole frame takes some twenty times as long as predicting the landmarks of a face whose
place is known. So a face is searched for once and then followed: its landmarks in the last frame
say where it is in this one. Every few frames, and at once if something looks wrong, a small search
around it confirms that it is still a face. Meanwhile new faces are searched for in a part of each
frame, where something has changed. The whole frame is searched only while there is no face, as soon
as one is lost, and when the scene changes.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landmark_emotion.faces.cuts import (
    CUT_MOVED,
    SCENE_SAMPLES,
    face_picture,
    has_face_changed,
    is_other_scene,
    scene_samples,
    standardized,
)
from landmark_emotion.faces.lazy_gray import LazyGray
from landmark_emotion.faces.numbers import FaceNumbers
from landmark_emotion.faces.search import same_face
from landmark_emotion.faces.sweep import Detector, Sweep
from landmark_emotion.model.face import Box, Face, Landmarks
from landmark_emotion.sources.preparation import Prepared

DETECT_EVERY = 30  # frames in which all parts of the frame are searched while a face is followed
CONFIRM_EVERY = 10  # frames between confirmations of a face
CONFIRM_STABLE_EVERY = 30  # the same while it looks as it did when it was last confirmed
IDLE_EVERY = 4  # frames between searches while there is no face, or one has just been lost
# At low frame rates the interval in seconds is shorter.
DETECT_SECONDS = 1.0
IDLE_SECONDS = 0.2
JUST_LOST = 1.0  # seconds
DOUBT_SECONDS = 0.4  # between measurements of how much the landmarks depend on the box

# The detector's boxes lie on a coarse grid, so a box is kept until the face has moved by more than
# this in widths of the box, or has grown or shrunk by more than this share.
MOVED = 0.05
GROWN = 0.1

# A face is confirmed at once if its center moved by this many widths of its box, its size changed
# by this share, its landmarks moved by this many RMS radii on average since it was last confirmed,
# or its picture correlates by less than this with its picture then.
JUMP = 0.25
RESIZED = 0.2
DISTORTED = 0.1
UNLIKE = 0.6
# It looks as it did then if its landmarks moved by less than this and its picture correlates by
# more than this. A track that drifts from its face does not.
UNCHANGED = 0.05
LIKE = 0.9

# If the detector's box overlaps less with that of a face, it replaces it.
SAME_BOX = 0.7

# A face has left the frame when more than this share of its box is outside.
OUTSIDE = 0.5


@dataclass
class _Track:
    """A face that is followed, in pixels of the prepared picture."""

    box: Box  # input of the predictor
    origin: NDArray[np.float64]  # centroid of the landmarks when the box was set
    spread: float  # their RMS radius then
    landmarks: Landmarks
    center: NDArray[np.float64]  # their centroid
    radius: float  # their RMS radius
    score: float
    shape: Landmarks  # the landmarks from the centroid, in RMS radii
    picture: NDArray[np.int16]  # gray levels of the face in the last frame
    pattern: NDArray[np.float64]  # the picture, standardized
    confirmed_pattern: NDArray[np.float64]  # of the face when it was last confirmed
    confirmed_shape: Landmarks  # `shape` then
    step: NDArray[np.float64]  # movement of the centroid since the last frame
    number: int | None = None
    age: int = 0  # frames since it was last confirmed
    disagreement: float = 0.0  # as in `Face`

    @property
    def place(self) -> Box:
        """The box, moved along with the landmarks by whole pixels."""
        across, down = (self.center - self.origin).tolist()
        return replace(self.box, left=self.box.left + round(across), top=self.box.top + round(down))


class FaceTracker:
    """Finds and follows the faces in a sequence of frames.

    Parameters
    ----------
    detector : Detector
        Finds faces and their landmarks.
    detect_every : int
        Frames in which the whole frame is searched for new faces, part by part, while one is
        followed; at most a second.
    min_face : int, optional
        Width in pixels of the smallest face to find; by default a sixth of the frame's shorter
        side, but at least 80.
    max_faces : int, optional
        Follow only this many faces, the largest first.
    tracking : bool
        If False, every frame is searched.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        detect_every: int = DETECT_EVERY,
        min_face: int | None = None,
        max_faces: int | None = None,
        tracking: bool = True,
    ) -> None:
        if detect_every < 1:
            raise ValueError(f"detect_every must be at least 1, got {detect_every}")
        self._detector = detector
        self._detect_every = detect_every
        self._min_face = min_face
        self._max_faces = max_faces
        self._tracking = tracking
        self.reset()

    def reset(self) -> None:
        """Forget all faces and start numbering at 1 again."""
        self._numbers = FaceNumbers()
        self._tracks: list[_Track] = []
        self._shape: tuple[int, ...] = ()
        self._frame: LazyGray | None = None
        self._scene = np.zeros((SCENE_SAMPLES, SCENE_SAMPLES), dtype=np.int16)  # in the last frame
        self._scene_changed = False
        self._searched_scene = self._scene  # at the last search
        self._searched_before = 0  # frames
        self._searched_at = self._doubted_at = -np.inf  # seconds
        self._sweep = Sweep(self._detector, self._detect_every, DETECT_SECONDS)

    def update(self, image: NDArray[np.uint8], time: float) -> list[tuple[int, Face]]:
        """Find the faces in the next frame.

        Parameters
        ----------
        image : ndarray of shape (height, width) or (height, width, 1, 3 or 4), uint8
            Gray, BGR or BGRA.
        time : float
            Seconds, increasing from frame to frame.

        Returns
        -------
        list of (int, Face)
            Number and face, by number, of all faces in this frame. A face keeps its number while
            it is followed. After a cut it gets a new one unless its shape has stayed the same.

        Raises
        ------
        ValueError
            If the image is not a picture.
        """
        frame = LazyGray.of(image, self._frame)
        self._frame = frame
        prepared, gray = frame.prepared, frame.prepared.gray
        scene = scene_samples(frame.source)
        if gray.shape != self._shape or time < self._searched_at:
            self._shape = gray.shape
            self._tracks = []
            self._searched_at = -np.inf
            self._scene_changed = True
        else:
            self._scene_changed = is_other_scene(scene, self._scene)
        if self._scene_changed:
            self._numbers.doubt(self._numbers.remembered)
        before = len(self._tracks)
        self._doubting = not 0 <= time - self._doubted_at < DOUBT_SECONDS - 1e-3
        if self._doubting:
            self._doubted_at = time
        if self._tracking:
            followed = (self._follow(track, frame) for track in self._tracks)
            self._tracks = _without_doubles([track for track in followed if track is not None])
        self._searched_before += 1
        if (
            len(self._tracks) < before
            or not self._tracking
            or is_other_scene(scene, self._searched_scene)
            or self._search_is_due(time)
        ):
            min_face = max(80.0, min(gray.shape) / 6)
            if self._min_face is not None:
                min_face = self._min_face * prepared.scale
            self._search(frame, min_face)
            self._searched_before, self._searched_at, self._searched_scene = 0, time, scene
            self._sweep.restart(gray.shape, min_face, scene, time)
        elif self._tracks:
            self._look_around(frame, scene, time)
        self._scene = scene
        frame.release()
        return self._numbered(prepared, time)

    @property
    def remembered(self) -> set[int]:
        """Numbers of the faces in sight and of those that may get theirs back."""
        return self._numbers.remembered

    def _numbered(self, prepared: Prepared, time: float) -> list[tuple[int, Face]]:
        places = [track.place for track in self._tracks]
        numbers = self._numbers.update(
            places,
            [track.landmarks for track in self._tracks],
            time,
            [track.number for track in self._tracks],
        )
        faces = []
        for track, place, number in zip(self._tracks, places, numbers, strict=True):
            track.number = number
            box = prepared.box_to_original(place)
            landmarks = prepared.landmarks_to_original(track.landmarks)
            faces.append((number, Face(box, landmarks, track.score, None, track.disagreement)))
        return sorted(faces, key=lambda item: item[0])

    def _search_is_due(self, time: float) -> bool:
        """Whether the whole frame is to be searched as there is no face or one was just lost."""
        if self._tracks and len(self._numbers.seen_since(time - JUST_LOST)) <= len(self._tracks):
            return False
        # Time stamps are rounded, so a frame may be due a little early.
        passed = time - self._searched_at
        return self._searched_before >= IDLE_EVERY or passed >= IDLE_SECONDS - 1e-6

    def _look_around(self, frame: LazyGray, scene: NDArray[np.int16], time: float) -> None:
        """Search a part of the frame for new faces."""
        if not self._sweep.is_due(time):
            return
        known = [track.place for track in self._tracks]
        for box, score in self._sweep.search(frame.whole, scene, known):
            if not any(same_face(box, track.place) for track in self._tracks):
                self._tracks.append(self._track(frame, box, score))
                self._keep_largest()

    def _search(self, frame: LazyGray, min_face: float) -> None:
        rest, found = list(self._tracks), []
        for box, score in self._detector.search(frame.whole(), min_face):
            fresh = self._track(frame, box, score)
            old = max(rest, key=lambda track: track.place.overlap(box), default=None)
            if old is not None and old.place.overlap(box) > 0.3:
                rest.remove(old)
                self._hand_over_number(old, fresh, is_cut=self._is_cut(old, fresh))
            found.append(fresh)
        self._tracks = _without_doubles([*found, *rest] if self._tracking else found)
        self._keep_largest()

    def _keep_largest(self) -> None:
        if self._max_faces is not None:
            self._tracks.sort(key=lambda track: -track.box.area)
            del self._tracks[self._max_faces :]

    def _track(self, frame: LazyGray, box: Box, score: float) -> _Track:
        gray = frame.around(box)
        landmarks = self._detector.landmarks(gray, box)
        center, radius, shape = _normalized(landmarks)
        picture = face_picture(gray, center, radius)
        pattern = standardized(picture)
        return _Track(
            box=box,
            origin=center,
            spread=radius,
            landmarks=landmarks,
            center=center,
            radius=radius,
            score=score,
            shape=shape,
            picture=picture,
            pattern=pattern,
            confirmed_pattern=pattern,
            confirmed_shape=shape,
            step=np.zeros(2),
            disagreement=self._detector.disagreement(gray, box, landmarks),
        )

    def _hand_over_number(self, old: _Track, fresh: _Track, *, is_cut: bool) -> None:
        """Keep the number of a face that was measured again, unless there was a cut."""
        if is_cut:
            self._numbers.doubt({old.number})
        else:
            fresh.number = old.number

    def _is_cut(self, old: _Track, new: _Track) -> bool:
        """Whether the scene or the face has changed abruptly since the last frame."""
        # The detector's box is coarse: landmarks move when they are first predicted from another.
        settled = old.age > 0 and new.age > 0
        return (
            self._scene_changed
            or (settled and _is_distorted(new.shape, old.shape, CUT_MOVED))
            or has_face_changed((old.picture, old.pattern), (new.picture, new.pattern))
        )

    def _follow(self, track: _Track, frame: LazyGray) -> _Track | None:
        """Move a track to its face in this frame; return None if there is no face."""
        # The face is expected to go on as it moved in the last frame.
        expected = track.center + track.step
        _move_box(track, expected)
        if track.box.share_inside(frame.prepared.gray.shape) < OUTSIDE:
            return None
        gray = frame.around(track.box)
        landmarks = self._detector.landmarks(gray, track.box)
        center, radius, shape = _normalized(landmarks)
        picture = face_picture(gray, center, radius)
        moved = replace(
            track,
            landmarks=landmarks,
            center=center,
            radius=radius,
            shape=shape,
            picture=picture,
            pattern=standardized(picture),
            step=center - track.center,
            age=track.age + 1,
        )
        if self._doubting:
            moved.disagreement = self._detector.disagreement(gray, track.box, landmarks)
        likeness = np.vdot(moved.pattern, track.confirmed_pattern) / picture.size
        is_cut = self._is_cut(track, moved)
        wrong = (
            is_cut
            or math.hypot(*(center - expected)) > JUMP * track.box.width
            or not 1 - RESIZED < radius / track.radius < 1 + RESIZED
            or _is_distorted(shape, track.confirmed_shape, DISTORTED)
            or likeness < UNLIKE
        )
        if not wrong and (
            moved.age < CONFIRM_EVERY
            or (
                moved.age < CONFIRM_STABLE_EVERY
                and likeness > LIKE
                and not _is_distorted(shape, track.confirmed_shape, UNCHANGED)
            )
        ):
            return moved
        gray = frame.around(moved.place)
        if not wrong and self._detector.check(gray, moved.place):
            moved.confirmed_pattern, moved.confirmed_shape = moved.pattern, shape
            moved.age = 0
            return moved
        confirmed = self._detector.confirm(gray, moved.place)
        if confirmed is None:
            if is_cut:
                self._numbers.doubt({track.number})
            return None
        if wrong or confirmed[0].overlap(moved.place) < SAME_BOX:
            fresh = self._track(frame, *confirmed)
            self._hand_over_number(track, fresh, is_cut=is_cut)
            return fresh
        moved.confirmed_pattern, moved.confirmed_shape = moved.pattern, shape
        moved.score, moved.age = confirmed[1], 0
        return moved


def _move_box(track: _Track, expected: NDArray[np.float64]) -> None:
    """Set the box of a track anew if the face has moved or grown too much for it."""
    across, down = (expected - track.origin).tolist()
    growth = track.radius / track.spread
    if math.hypot(across, down) > MOVED * track.box.width or abs(growth - 1) > GROWN:
        width, height = track.box.width * growth, track.box.height * growth
        track.box = Box(
            left=round(track.box.left + across + (track.box.width - width) / 2),
            top=round(track.box.top + down + (track.box.height - height) / 2),
            width=max(1, round(width)),
            height=max(1, round(height)),
        )
        track.origin, track.spread = expected, track.radius


def _normalized(landmarks: Landmarks) -> tuple[NDArray[np.float64], float, Landmarks]:
    """Return the centroid, the RMS radius, and the landmarks from the one in units of the other."""
    center = landmarks.sum(axis=0) / len(landmarks)
    offsets = landmarks - center
    radius = max(math.sqrt(np.vdot(offsets, offsets) / len(landmarks)), 1e-6)
    return center, radius, offsets / radius


def _is_distorted(one: Landmarks, other: Landmarks, limit: float) -> bool:
    """Whether the landmarks of two shapes are farther apart than a limit on average."""
    apart = one - other
    # The mean is at most the root of the mean square, which is computed in a tenth of the time.
    if np.vdot(apart, apart) <= limit**2 * len(apart):
        return False
    return bool(np.hypot(*apart.T).mean() > limit)


def _without_doubles(tracks: list[_Track]) -> list[_Track]:
    """Keep one track per face: the one with the highest score."""
    kept: list[_Track] = []
    for track in sorted(tracks, key=lambda track: -track.score):
        if all(track.place.overlap(other.place) < 0.4 for other in kept):
            kept.append(track)
    return kept
