import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.tracker import (
    CONFIRM_EVERY,
    CONFIRM_STABLE_EVERY,
    IDLE_EVERY,
    FaceTracker,
)

FPS = 25


class Counting:
    """A detector that counts its calls."""

    def __init__(self, detector: FaceDetector) -> None:
        self.detector = detector
        self.searches = self.partial = self.confirmations = self.predictions = 0

    def search(self, gray, min_face):
        self.searches += 1
        return self.detector.search(gray, min_face)

    def parts(self, shape, min_face):
        return self.detector.parts(shape, min_face)

    def search_part(self, gray, part, left, right):
        self.partial += 1
        return self.detector.search_part(gray, part, left, right)

    def check(self, gray, box):
        self.confirmations += 1
        return self.detector.check(gray, box)

    def confirm(self, gray, box):
        self.confirmations += 1
        return self.detector.confirm(gray, box)

    def landmarks(self, gray, box):
        self.predictions += 1
        return self.detector.landmarks(gray, box)

    def disagreement(self, gray, box, landmarks):
        return self.detector.disagreement(gray, box, landmarks)


@pytest.fixture
def counting(detector) -> Counting:
    return Counting(detector)


@pytest.fixture(scope="module")
def people() -> list[np.ndarray]:
    """Two faces of different people, each (200, 200), gray."""
    anna = Subject()
    ben = Subject(
        face_width=0.4, eye_distance=0.17, nose_length=0.16, brow_height=0.12, skin=(70, 98, 150)
    )
    drawn = (
        draw_face(anna, "neutral", size=(240, 280)),
        draw_face(ben, "happiness", size=(240, 280)),
    )
    return [cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)[50:250, 20:220] for face in drawn]


def scene(*placed: tuple[np.ndarray, float, float], size=(480, 640)) -> np.ndarray:
    """A frame with faces at (left, top), later ones in front."""
    frame = np.full(size, 205, dtype=np.uint8)
    mask = np.zeros((200, 200), np.uint8)
    cv2.ellipse(mask, (100, 100), (80, 98), 0, 0, 360, 255, -1)
    for picture, left, top in placed:
        shift = np.float32([[1, 0, left], [0, 1, top]])
        face = cv2.warpAffine(picture, shift, size[::-1])
        inside = cv2.warpAffine(mask, shift, size[::-1]) > 127
        frame[inside] = face[inside]
    return frame


def follow(tracker, frames):
    return [tracker.update(frame, step / FPS) for step, frame in enumerate(frames)]


def center(face) -> float:
    return float(face.landmarks[:, 0].mean())


def test_a_face_at_rest_is_searched_once_and_confirmed_at_an_interval(counting, people):
    seen = follow(FaceTracker(counting), [scene((people[0], 200, 100))] * 65)
    assert [len(faces) for faces in seen] == [1] * 65
    assert counting.searches == 1
    assert counting.confirmations == 65 // CONFIRM_STABLE_EVERY
    assert counting.predictions == 65


def test_landmarks_follow_a_moving_face_as_a_full_search_would(counting, detector, people):
    frames = [scene((people[0], 40 + 5 * step, 100 + 2 * step)) for step in range(50)]
    seen = follow(FaceTracker(counting), frames)
    assert counting.searches <= 4
    for frame, faces in zip(frames, seen, strict=True):
        ((number, face),) = faces
        (found,) = detector.faces(frame)
        assert number == 1
        eyes = np.hypot(*(found.landmarks[45] - found.landmarks[36]))
        away = np.hypot(*(face.landmarks - found.landmarks).T).mean()
        assert away < 0.05 * eyes
        assert face.box.overlap(found.box) > 0.5


def test_a_fast_face_is_not_lost(detector, people):
    tracker = FaceTracker(detector)
    for step in range(14):
        frame = scene((people[0], 10 + 30 * step, 140))
        ((_, face),) = tracker.update(frame, step / FPS)
        (found,) = detector.faces(frame)
        eyes = np.hypot(*(found.landmarks[45] - found.landmarks[36]))
        assert np.hypot(*(face.landmarks - found.landmarks).T).mean() < 0.1 * eyes


def test_a_face_that_comes_closer_is_followed(counting, detector, people):
    frames = []
    for step in range(50):
        scale = 0.7 + 0.02 * step
        turn = np.float32([[scale, 0, 320 - 320 * scale], [0, scale, 240 - 240 * scale]])
        still = scene((people[0], 220, 140))
        frames.append(cv2.warpAffine(still, turn, (640, 480), borderValue=205))
    seen = follow(FaceTracker(counting), frames)
    assert counting.searches <= 5
    for frame, faces in zip(frames, seen, strict=True):
        ((_, face),) = faces
        (found,) = detector.faces(frame)
        assert face.box.overlap(found.box) > 0.4


def test_a_face_that_disappears_is_dropped_at_once(counting, people):
    frames = [scene((people[0], 200, 100))] * 15 + [scene()] * 15
    seen = follow(FaceTracker(counting), frames)
    assert all(seen[:15])
    assert not any(seen[15:])


def test_a_covered_face_is_dropped_within_the_confirmation_interval(counting, people):
    covered = scene((people[0], 200, 100))
    covered[120:300, 220:400] = covered[120:300:9, 220:400:9].repeat(9, 0).repeat(9, 1)
    covered[190:300, 220:400] = 128
    frames = [scene((people[0], 200, 100))] * 13 + [covered] * 20
    seen = follow(FaceTracker(counting), frames)
    assert not any(seen[13 + CONFIRM_EVERY :])


def test_a_face_that_leaves_the_frame_is_not_held_at_its_edge(counting, people):
    frames = [scene((people[0], 300 + 8 * step, 100)) for step in range(60)]
    seen = follow(FaceTracker(counting), frames)
    assert seen[0]
    # Only the rim is in sight from here on.
    assert not any(seen[40:])


def test_without_a_face_only_every_few_frames_are_searched(counting):
    seen = follow(FaceTracker(counting), [scene()] * 41)
    assert not any(seen)
    assert counting.searches == pytest.approx(41 / IDLE_EVERY, abs=1)
    assert counting.predictions == 0


def test_a_new_face_beside_a_followed_one_is_found_within_a_second(counting, people):
    alone = scene((people[0], 30, 100))
    both = scene((people[0], 30, 100), (people[1], 400, 150))
    seen = follow(FaceTracker(counting), [alone] * 10 + [both] * 30)
    assert [number for number, _ in seen[-1]] == [1, 2]
    first = next(step for step, faces in enumerate(seen) if len(faces) == 2)
    assert first <= 10 + FPS


@pytest.mark.parametrize(("side", "left", "top"), [(220, 410, 5), (220, 330, 255), (300, 280, 120)])
def test_a_new_face_of_any_size_is_found_wherever_it_appears(counting, people, side, left, top):
    alone = scene((people[0], 60, 100))
    both = alone.copy()
    new = cv2.resize(people[1], (side, side), interpolation=cv2.INTER_AREA)
    part = both[top : top + len(new), left : left + len(new)]
    part[:] = new[: part.shape[0], : part.shape[1]]
    seen = follow(FaceTracker(counting), [alone] * 10 + [both] * 30)
    assert all(len(faces) == 1 for faces in seen[:10])
    assert all(len(faces) == 2 for faces in seen[10 + FPS :])
    assert counting.searches == 1


def test_where_nothing_changes_nothing_is_searched(counting, people):
    still = scene((people[0], 60, 100))
    brighter = cv2.add(still, 12)
    follow(FaceTracker(counting), [still] * 10 + [brighter] * 51)
    assert counting.searches == 1
    assert counting.partial <= 2


def test_no_frame_pays_for_a_search_of_all(counting, people):
    rng = np.random.default_rng(0)
    texture = cv2.resize(rng.integers(0, 256, (30, 60), np.uint8), (1280, 480))
    tracker, before = FaceTracker(counting), 0
    for step in range(60):
        frame = scene((people[0], 60, 100))
        frame[:, 300:] = texture[:, 6 * step : 6 * step + 340] // 8
        tracker.update(frame, step / FPS)
        assert counting.partial - before <= 1
        before = counting.partial
    assert counting.searches <= 2
    assert counting.partial > 15


def test_every_part_of_a_still_frame_is_searched_now_and_then(counting, people):
    parts = set()
    counting.search_part = lambda gray, part, left, right: parts.add(part) or []
    follow(FaceTracker(counting, detect_every=3), [scene((people[0], 200, 100))] * 100)
    assert parts == set(counting.parts((480, 640), 80))


def test_another_scene_is_searched_at_once(counting, people):
    tracker = FaceTracker(counting)
    assert not tracker.update(scene(), 0.0)
    assert tracker.update(255 - scene((255 - people[0], 200, 100)), 0.04)


def test_at_low_frame_rates_time_decides_when_to_search(counting):
    tracker = FaceTracker(counting)
    for step in range(5):
        tracker.update(scene(), step / 2)
    assert counting.searches == 5


def test_numbers_stay_while_faces_pass_each_other(counting, people):
    frames = [
        scene((people[0], 20 + 10 * step, 40), (people[1], 420 - 10 * step, 230))
        for step in range(41)
    ]
    for step, faces in enumerate(follow(FaceTracker(counting), frames)):
        assert [number for number, _ in faces] == [1, 2]
        assert center(faces[0][1]) == pytest.approx(120 + 10 * step, abs=12)


def test_numbers_stay_when_one_face_hides_the_other_for_a_moment(counting, people):
    frames = [
        scene((people[0], 20 + 10 * step, 140), (people[1], 420 - 10 * step, 140))
        for step in range(41)
    ]
    seen = follow(FaceTracker(counting), frames)
    assert [number for number, _ in seen[0]] == [1, 2]
    assert [number for number, _ in seen[-1]] == [1, 2]
    assert center(seen[-1][0][1]) > center(seen[-1][1][1])
    for faces in seen:
        boxes = [face.box for _, face in faces]
        assert len(boxes) < 2 or boxes[0].overlap(boxes[1]) < 0.4


def test_a_person_who_leaves_and_returns_keeps_the_number(counting, people):
    both = scene((people[0], 30, 100), (people[1], 400, 150))
    alone = scene((people[1], 400, 150))
    seen = follow(FaceTracker(counting), [both] * 5 + [alone] * 30 + [both] * 30)
    assert [number for number, _ in seen[20]] == [2]
    assert [number for number, _ in seen[-1]] == [1, 2]


@pytest.mark.parametrize("left", [200, 280, 20], ids=["same place", "near", "far"])
@pytest.mark.parametrize("tracking", [True, False])
def test_a_cut_to_another_person_starts_a_new_number(detector, people, left, tracking):
    tracker = FaceTracker(detector, tracking=tracking)
    seen = follow(tracker, [scene((people[0], 200, 100))] * 5 + [scene((people[1], left, 100))] * 5)
    assert [number for faces in seen for number, _ in faces] == [1] * 5 + [2] * 5


def test_max_faces_keeps_the_largest(counting, people):
    small = cv2.resize(people[1], (140, 140))
    frame = scene((people[0], 30, 100))
    frame[200:340, 420:560] = small
    tracker = FaceTracker(counting, max_faces=1)
    for faces in follow(tracker, [frame] * 5):
        ((_, face),) = faces
        assert center(face) < 320
    assert len(FaceTracker(counting).update(frame, 0.0)) == 2


def test_without_tracking_every_frame_is_searched(counting, people):
    tracker = FaceTracker(counting, tracking=False)
    seen = follow(tracker, [scene((people[0], 200, 100))] * 5)
    assert counting.searches == 5
    assert counting.confirmations == 0
    assert [number for faces in seen for number, _ in faces] == [1] * 5


def test_min_face_finds_smaller_faces(counting, people):
    frame = np.full((480, 640), 205, np.uint8)
    frame[200:290, 300:390] = cv2.resize(people[0], (90, 90), interpolation=cv2.INTER_AREA)
    assert not FaceTracker(counting).update(frame, 0.0)
    tracker = FaceTracker(counting, min_face=40)
    for faces in follow(tracker, [frame] * (CONFIRM_STABLE_EVERY + 3)):
        ((_, face),) = faces
        assert 300 < center(face) < 390
    assert counting.confirmations == 1


def test_large_frames_are_searched_on_a_reduced_copy_and_measured_in_full(detector, people):
    large = cv2.resize(scene((people[0], 200, 100)), (3840, 2880))
    ((_, face),) = FaceTracker(detector).update(large, 0.0)
    (found,) = detector.faces(scene((people[0], 200, 100)))
    eyes = np.hypot(*(found.landmarks[45] - found.landmarks[36]))
    assert np.hypot(*(face.landmarks / 6 - found.landmarks).T).mean() < 0.06 * eyes
    # Not on the grid of the copy.
    assert len(np.unique(face.landmarks % 6)) > 4


def test_a_face_is_found_after_a_change_of_resolution(counting, people):
    tracker = FaceTracker(counting)
    tracker.update(scene((people[0], 200, 100)), 0.0)
    larger = cv2.resize(scene((people[0], 200, 100)), (1280, 960))
    ((_, face),) = tracker.update(larger, 0.04)
    assert center(face) == pytest.approx(600, abs=20)


def test_an_interval_below_one_is_refused(counting):
    with pytest.raises(ValueError, match="detect_every must be at least 1"):
        FaceTracker(counting, detect_every=0)


def test_a_real_face_is_never_lost_and_keeps_its_number(real_video, detector):
    counting = Counting(detector)
    tracker = FaceTracker(counting)
    capture = cv2.VideoCapture(str(real_video))
    n_frames = 0
    while (answer := capture.read())[0]:
        assert [number for number, _ in tracker.update(answer[1], n_frames / FPS)] == [1]
        n_frames += 1
    assert counting.searches < n_frames / 10


def test_frames_in_color_give_the_same_faces_as_gray_ones(detector, people):
    tint = np.array([0.8, 1.0, 0.9])
    color, gray = FaceTracker(detector), FaceTracker(detector)
    for step in range(45):
        placed = [(people[0], 40 + 6 * step, 100 + 3 * step), (people[1], 420, 270)]
        frame = (scene(*placed[: 1 + (step > 8)])[..., np.newaxis] * tint).astype(np.uint8)
        plain = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        faces, others = color.update(frame, step / FPS), gray.update(plain, step / FPS)
        assert [number for number, _ in faces] == [number for number, _ in others]
        for (_, face), (_, other) in zip(faces, others, strict=True):
            assert np.array_equal(face.landmarks, other.landmarks)


def test_pictures_are_not_changed(detector, people):
    tracker, gray = FaceTracker(detector), scene((people[0], 200, 100))
    color = cv2.cvtColor(scene((people[1], 100, 50)), cv2.COLOR_GRAY2BGR)
    before = gray.copy(), color.copy()
    for step, image in enumerate((gray, color, gray, color)):
        tracker.update(image, step / FPS)
    assert np.array_equal(gray, before[0])
    assert np.array_equal(color, before[1])
