import numpy as np
import pytest

from landmark_emotion.drawn.drawing import (
    Subject,
    View,
    draw_background,
    draw_face,
    random_subject,
    random_view,
)
from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.model.features import normalize_landmarks
from landmark_emotion.model.pose import head_pose


@pytest.fixture(scope="module")
def shapes(detector) -> dict[str, np.ndarray]:
    """Normalized landmarks of one person at the peak of each emotion."""
    pictures = {emotion: draw_face(Subject(), emotion) for emotion in EMOTIONS}
    return {e: normalize_landmarks(detector.faces(p)[0].landmarks) for e, p in pictures.items()}


def test_portrait_has_the_requested_size():
    picture = draw_face(Subject(), "neutral", 0.0, View(), (301, 207))
    assert picture.shape == (207, 301, 3)
    assert picture.dtype == np.uint8


def test_landmarks_follow_the_mouth(shapes):
    gap = {emotion: shape[66, 1] - shape[62, 1] for emotion, shape in shapes.items()}
    assert gap["surprise"] > gap["neutral"] + 0.2
    width = {emotion: shape[54, 0] - shape[48, 0] for emotion, shape in shapes.items()}
    assert width["happiness"] > width["neutral"]


def test_landmarks_follow_the_brows(shapes):
    height = {
        emotion: shape[36:48, 1].mean() - shape[17:27, 1].mean()
        for emotion, shape in shapes.items()
    }
    assert height["neutral"] > height["anger"] + 0.04


def test_intensity_zero_is_neutral_for_every_emotion():
    pictures = [draw_face(Subject(), emotion, 0.0, size=(200, 200)) for emotion in EMOTIONS]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
    assert not np.array_equal(draw_face(Subject(), "fear", 1.0, size=(200, 200)), pictures[0])


def test_roll_turns_the_face_clockwise(detector):
    (found,) = detector.faces(draw_face(Subject(), "neutral", 0.0, View(roll=10)))
    line = found.landmarks[42:48].mean(axis=0) - found.landmarks[36:42].mean(axis=0)
    assert np.degrees(np.arctan2(line[1], line[0])) == pytest.approx(10, abs=4)


@pytest.mark.parametrize(
    ("axis", "angle"), [("yaw", -30), ("yaw", 30), ("pitch", -15), ("pitch", 15), ("roll", 15)]
)
def test_a_turned_head_is_measured_as_turned(detector, axis, angle):
    def pose(view):
        (found,) = detector.faces(draw_face(Subject(), "neutral", 0.0, view))
        return vars(head_pose(found.landmarks))

    straight, turned = pose(View()), pose(View(**{axis: angle}))
    moved = {name: turned[name] - straight[name] for name in turned}
    assert moved.pop(axis) == pytest.approx(angle, abs=0.4 * abs(angle))
    assert list(moved.values()) == pytest.approx([0, 0], abs=4)


def test_scale_and_shift_move_the_face(detector):
    (plain,) = detector.faces(draw_face(Subject()))
    (moved,) = detector.faces(draw_face(Subject(), view=View(scale=0.7, shift=(0.2, 0.0))))
    assert moved.box.width < plain.box.width
    assert moved.landmarks[:, 0].mean() > plain.landmarks[:, 0].mean() + 20


def test_same_seed_gives_the_same_person_and_view():
    def person_and_view(seed):
        rng = np.random.default_rng(seed)
        return random_subject(rng), random_view(rng)

    assert person_and_view(4) == person_and_view(4)
    assert person_and_view(4)[0] != person_and_view(5)[0]


def test_no_face_is_found_in_a_background(detector):
    background = draw_background((640, 480))
    assert background.shape == (480, 640, 3)
    assert detector.faces(background, thorough=True) == []


def test_invalid_arguments_are_errors():
    with pytest.raises(ValueError, match="joy"):
        draw_face(Subject(), "joy")
    with pytest.raises(ValueError, match="intensity"):
        draw_face(Subject(), "fear", 1.5)
