import numpy as np
import pytest
import synthetic

from landmark_emotion.model.face import Box, Face
from landmark_emotion.model.pose import Pose
from landmark_emotion.model.quality import (
    CUT_OFF,
    DISAGREEING,
    MIN_QUALITY,
    TURNED,
    disagreement,
    rate,
)

FRONTAL = Pose(0.0, 0.0, 0.0)


def face(shift=0.0, apart=0.0):
    return Face(Box(0, 0, 1, 1), synthetic.template() + (shift, 0), 1.0, disagreement=apart)


def test_a_frontal_face_that_is_in_full_view_is_good():
    assert rate(Pose(8.0, -8.0, 40.0), face(apart=0.01), (400, 400)) == (1.0, "")
    assert rate(FRONTAL, face(apart=None)) == (1.0, "")


@pytest.mark.parametrize("pose", [Pose(-30, 0, 0), Pose(30, 0, 0), Pose(0, 30, 0), Pose(0, -30, 0)])
def test_a_face_that_is_turned_too_far_says_so(pose):
    quality, concern = rate(pose, face(), (400, 400))
    assert quality < MIN_QUALITY
    assert concern == "turned away"


def test_a_face_whose_landmarks_depend_on_the_box_is_partly_hidden():
    quality, concern = rate(FRONTAL, face(apart=0.04), (400, 400))
    assert quality < MIN_QUALITY
    assert concern == "partly hidden"


@pytest.mark.parametrize("shift", [-200, 200])
def test_a_face_half_outside_the_picture_is_partly_hidden(shift):
    assert rate(FRONTAL, face(shift), (400, 400)) == (0.0, "partly hidden")
    assert rate(FRONTAL, face(shift)) == (1.0, "")  # where no picture is known


def test_quality_is_half_at_each_limit():
    assert rate(Pose(0.0, TURNED, 0.0), face())[0] == pytest.approx(0.5)
    assert rate(FRONTAL, face(apart=DISAGREEING))[0] == pytest.approx(0.5)
    cut = face()
    cut.landmarks[17 : 17 + int(51 * CUT_OFF), 0] = -1
    assert rate(FRONTAL, cut, (400, 400))[0] > 0.5
    cut.landmarks[17 : 18 + int(51 * CUT_OFF), 0] = -1
    assert rate(FRONTAL, cut, (400, 400))[0] < 0.5


def test_disagreement_is_in_units_of_the_face():
    landmarks = synthetic.template()
    scale = np.sqrt(np.square(landmarks - landmarks.mean(axis=0)).sum(axis=-1).mean())
    measured = np.stack([landmarks, landmarks + (6, 8)])
    assert disagreement(measured) == pytest.approx(5 / scale)
    assert disagreement(3 * measured - 100) == pytest.approx(5 / scale)
    assert disagreement(np.stack([landmarks] * 2)) == 0


def test_a_few_landmarks_that_depend_on_the_box_do_not_count():
    measured = np.stack([synthetic.template()] * 2)
    measured[1, 17:27] += 20  # the eyebrows
    assert disagreement(measured) == 0
    measured[1, 48:] += 20  # the mouth as well
    assert disagreement(measured) > DISAGREEING
