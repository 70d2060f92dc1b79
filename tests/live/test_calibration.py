import numpy as np

from landmark_emotion.live.calibration import Calibration
from landmark_emotion.model.neutral import AUTO_INTERVAL, NeutralReference

AVERAGE = np.zeros(136)


def test_two_people_keep_their_own_neutral_faces():
    calibration = Calibration(AVERAGE)
    calibration.start(time=0.0, seconds=1.0)
    for time in (0.1, 0.5, 0.9):
        for number in (1, 2):
            reference, mode = calibration.reference(number, AVERAGE + number, 0.9, time)
            assert (reference, mode) == (None, "calibrating")
        assert not calibration.advance(time)
    assert calibration.advance(1.0)
    assert not calibration.advance(1.1)
    for number in (1, 2):
        reference, mode = calibration.reference(number, AVERAGE, 0.9, 1.2)
        assert mode == "calibrated"
        assert reference.n == 3
        np.testing.assert_array_equal(reference.features, AVERAGE + number)
    assert calibration.references.keys() == {1, 2}
    assert calibration.reference(3, AVERAGE, 0.9, 1.2) == (None, "static")


def test_a_blink_while_calibrating_does_no_harm():
    calibration = Calibration(AVERAGE)
    calibration.start(0.0, 1.0)
    for frame in range(9):
        calibration.reference(1, AVERAGE + (5 if frame == 4 else 1), 0.9, frame / 10)
    calibration.advance(1.0)
    np.testing.assert_array_equal(calibration.references[1].features, AVERAGE + 1)


def test_who_comes_back_finds_their_neutral_face_where_they_are_the_only_one():
    calibration = Calibration(AVERAGE)
    calibration.start(0.0, 1.0)
    calibration.reference(1, AVERAGE + 1, 0.9, 0.5)
    calibration.advance(1.0)
    calibration.forget_all_but(set())
    reference, mode = calibration.reference(1, AVERAGE, 0.9, 60.0)
    assert mode == "calibrated"
    np.testing.assert_array_equal(reference.features, AVERAGE + 1)


def test_of_several_people_nobody_inherits_from_another():
    calibration = Calibration(AVERAGE)
    calibration.start(0.0, 1.0)
    for number in (1, 2):
        calibration.reference(number, AVERAGE + number, 0.9, 0.5)
    calibration.advance(1.0)
    calibration.forget_all_but({2})
    assert calibration.reference(1, AVERAGE, 0.9, 2.0) == (None, "static")
    assert calibration.reference(2, AVERAGE, 0.9, 2.0)[1] == "calibrated"


def test_own_before_profile_before_estimate():
    profile = NeutralReference(AVERAGE + 9, 1)
    calibration = Calibration(AVERAGE, profile, automatic=True)
    assert calibration.reference(1, AVERAGE, 0.9, 0.0) == (profile, "profile")
    calibration.start(0.0, 1.0)
    calibration.reference(1, AVERAGE + 1, 0.9, 0.5)
    calibration.advance(1.0)
    assert calibration.reference(1, AVERAGE, 0.9, 1.5)[1] == "calibrated"


def test_the_estimate_is_used_once_it_has_seen_a_second_of_the_face():
    calibration = Calibration(AVERAGE, automatic=True)
    modes = [
        calibration.reference(1, AVERAGE + 1, 0.9, step * AUTO_INTERVAL)[1] for step in range(10)
    ]
    assert modes == ["static"] * 4 + ["automatic"] * 6


def test_calibrating_without_a_face_leaves_everything_as_it_was():
    calibration = Calibration(AVERAGE)
    calibration.start(0.0, 1.0)
    assert calibration.advance(2.0)
    assert calibration.references == {}
