import numpy as np
import pytest
import synthetic

from landmark_emotion.model.face import mirror_landmarks
from landmark_emotion.model.pose import _INDEX, _SHAPE, Pose, head_pose


def rotation(yaw, pitch, roll):
    """Roll, pitch, then yaw; x to the subject's left, y down, z to the camera."""
    (a, b, c), (d, e, f) = (
        np.cos(np.radians([yaw, pitch, roll])),
        np.sin(np.radians([yaw, pitch, roll])),
    )
    turn = np.array([[a, 0, d], [0, 1, 0], [-d, 0, a]])
    lift = np.array([[1, 0, 0], [0, b, -e], [0, e, b]])
    tilt = np.array([[c, -f, 0], [f, c, 0], [0, 0, 1]])
    return turn @ lift @ tilt


def turned(yaw, pitch, roll, scale=80.0, shift=(300.0, 200.0)):
    """Landmarks of a face that is turned so, seen from far away."""
    landmarks = synthetic.template()
    landmarks[_INDEX] = scale * (_SHAPE @ rotation(yaw, pitch, roll).T)[:, :2] + shift
    return landmarks


@pytest.mark.parametrize(
    "angles", [(0, 0, 0), (35, 0, 0), (0, 20, 0), (0, 0, -30), (-40, 25, 15), (60, -40, 170)]
)
def test_known_angles_are_found_again_at_any_size_and_place(angles):
    for scale, shift in ((80, (300, 200)), (7, (-20, 1000))):
        pose = head_pose(turned(*angles, scale, shift))
        np.testing.assert_allclose((pose.yaw, pose.pitch, pose.roll), angles, atol=1e-6)


def test_a_nose_that_points_to_the_right_of_the_picture_is_turned_to_the_subjects_left():
    landmarks = synthetic.template()
    landmarks[27:36, 0] += 8
    landmarks[30, 1] -= 5
    pose = head_pose(landmarks)
    assert pose.yaw > 5
    straight = head_pose(synthetic.template())
    assert pose.pitch > straight.pitch


def test_a_mirrored_face_is_turned_and_tilted_to_the_other_side():
    landmarks = turned(20, 10, 12) + np.random.default_rng(0).normal(0, 1, (68, 2))
    one, other = head_pose(landmarks), head_pose(mirror_landmarks(landmarks))
    np.testing.assert_allclose(
        (other.yaw, other.pitch, other.roll), (-one.yaw, one.pitch, -one.roll)
    )


def test_landmarks_on_a_line_have_no_pose():
    landmarks = np.tile(np.arange(68.0)[:, np.newaxis], 2)
    assert head_pose(landmarks) == Pose(0.0, 0.0, 0.0)
