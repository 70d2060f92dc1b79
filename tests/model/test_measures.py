import numpy as np
import pytest
import synthetic

from landmark_emotion.model.face import mirror_landmarks
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.measures import measure


def measures(landmarks):
    return measure(landmark_features(landmarks))


def moved(indices, x=0.0, y=0.0):
    landmarks = synthetic.template()
    landmarks[indices] += (x, y)
    return measures(landmarks)


def test_size_place_and_roll_of_a_face_change_no_measure():
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    one = vars(measures(synthetic.template()))
    other = vars(measures(3 * synthetic.template() @ turn - 500))
    assert other == pytest.approx(one)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("right_eye_openness", moved([37, 38], y=-3)),
        ("left_eye_openness", moved([46, 47], y=3)),
        ("mouth_openness", moved([65, 66, 67], y=10)),
        ("brow_raise", moved(range(17, 27), y=-6)),
        ("smile_width", moved([48, 60], x=-8)),
    ],
)
def test_each_movement_changes_its_own_measure(name, changed):
    change = {
        key: value - vars(measures(synthetic.template()))[key]
        for key, value in vars(changed).items()
    }
    assert change.pop(name) > 0.02
    # Moving one eye turns the line between the eyes a little.
    assert list(change.values()) == pytest.approx([0] * 4, abs=1e-3)


def test_eye_openness_is_the_eye_aspect_ratio():
    landmarks = synthetic.template()
    landmarks[36:42] = [[0, 0], [3, -2], [7, -1], [10, 0], [7, 2], [3, 2]]
    assert measures(landmarks).right_eye_openness == pytest.approx((4 + 3) / 20)


def test_a_mirrored_face_has_its_eyes_exchanged():
    landmarks = synthetic.template()
    landmarks[[37, 38], 1] -= 4
    one, other = measures(landmarks), measures(mirror_landmarks(landmarks))
    assert one.right_eye_openness > one.left_eye_openness + 0.1
    assert other.left_eye_openness == pytest.approx(one.right_eye_openness)
    assert other.eye_openness == pytest.approx(one.eye_openness)


def test_at_rest_a_face_is_one_times_its_baseline_and_its_mouth_zero():
    rest = measures(synthetic.template())
    same = vars(rest.relative_to(rest))
    assert same.pop("mouth_openness") == 0
    assert set(same.values()) == {1}
    assert moved([37, 38, 43, 44], y=-2).relative_to(rest).eye_openness > 1.1


def test_coinciding_landmarks_have_no_measure():
    landmarks = np.full((68, 2), 5.0)
    landmarks[0] = 0
    flat = measures(landmarks)
    assert set(vars(flat).values()) == {0}
    assert set(vars(flat.relative_to(flat)).values()) == {0}
