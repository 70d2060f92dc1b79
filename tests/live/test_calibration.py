import numpy as np
import pytest

from landmark_emotion.live.calibration import ARRIVAL, Calibration
from landmark_emotion.model.neutral import AUTO_INTERVAL, NeutralReference

ANNA, BEN, CLEO = np.random.default_rng(0).normal(0, 0.05, (3, 136))
FPS = 25


class Camera:
    """A calibration and the time."""

    def __init__(self, *options, **more):
        self.calibration = Calibration(*options, **more)
        self.time = 0.0

    def show(self, faces, seconds=1 / FPS, remembered=frozenset()):
        """Show faces for some seconds: {number: features}; the reference and mode of each."""
        for _ in range(round(seconds * FPS)):
            self.calibration.advance(self.time, set(faces), {*faces, *remembered})
            found = {
                number: self.calibration.reference(number, features, 0.9, self.time)
                for number, features in faces.items()
            }
            self.time += 1 / FPS
        return found

    def calibrate(self, faces):
        self.calibration.start(1.0)
        assert {mode for _, mode in self.show(faces, 1.0).values()} == {"calibrating"}
        return self.show(faces)


@pytest.fixture
def camera() -> Camera:
    return Camera()


def test_nothing_is_learned_from_a_face_that_is_not_usable(camera):
    camera.calibration.start(1.0)
    for step in range(25):
        camera.calibration.advance(step / FPS, {1}, {1})
        usable = step % 2 == 0
        features = ANNA if usable else BEN + 1
        camera.calibration.reference(1, features, 0.9, step / FPS, usable)
    camera.time = 2.0
    ((reference, mode),) = camera.show({1: ANNA}).values()
    assert (mode, reference.n) == ("calibrated", 13)
    np.testing.assert_array_equal(reference.features, ANNA)


def test_the_running_estimate_ignores_faces_that_are_not_usable():
    calibration = Calibration(automatic=True)
    for step in range(200):
        usable = step % 3 == 0
        found, mode = calibration.reference(1, ANNA if usable else BEN + 1, 0.9, step / FPS, usable)
    assert mode == "automatic"
    np.testing.assert_allclose(found.features, ANNA)


def modes(found):
    return [mode for _, mode in found.values()]


def test_two_people_keep_their_own_neutral_faces(camera):
    found = camera.calibrate({1: ANNA, 2: BEN})
    assert not camera.calibration.calibrating
    assert modes(found) == ["calibrated"] * 2
    for (reference, _), features in zip(found.values(), (ANNA, BEN), strict=True):
        assert reference.n == FPS
        np.testing.assert_array_equal(reference.features, features)
    assert camera.calibration.references.keys() == {1, 2}
    assert modes(camera.show({1: ANNA, 2: BEN, 3: CLEO})) == ["calibrated", "calibrated", "static"]


def test_calibration_begins_with_the_next_frame(camera):
    camera.show({1: ANNA})
    camera.calibration.start(1.0)
    assert camera.calibration.calibrating
    camera.time += 60  # the camera was away
    assert modes(camera.show({1: ANNA}, 1.0)) == ["calibrating"]


def test_a_blink_while_calibrating_does_no_harm(camera):
    camera.calibration.start(1.0)
    camera.show({1: ANNA}, 0.4)
    camera.show({1: ANNA + 5}, 0.2)
    camera.show({1: ANNA}, 0.4)
    camera.show({}, remembered={1})
    np.testing.assert_array_equal(camera.calibration.references[1].features, ANNA)


def test_the_only_calibrated_person_is_recognized_when_they_return(camera):
    camera.calibrate({1: ANNA})
    camera.show({}, 60.0)
    ((reference, mode),) = camera.show({2: ANNA}).values()
    assert mode == "calibrated"
    np.testing.assert_array_equal(reference.features, ANNA)


def test_a_stranger_inherits_nothing(camera):
    camera.calibrate({1: ANNA})
    camera.show({}, 3.0)
    assert modes(camera.show({2: BEN}, 20.0)) == ["static"]


def test_somebody_beside_the_only_calibrated_person_inherits_nothing(camera):
    camera.calibrate({1: ANNA})
    assert modes(camera.show({1: ANNA, 2: ANNA}, 2.0)) == ["calibrated", "static"]


def test_of_several_people_each_finds_only_their_own_neutral_face_while_remembered(camera):
    camera.calibrate({1: ANNA, 2: BEN})
    camera.show({2: BEN}, remembered={1})
    found = camera.show({2: BEN, 3: CLEO, 4: ANNA}, remembered={1})
    assert modes(found) == ["calibrated", "static", "calibrated"]
    np.testing.assert_array_equal(found[4][0].features, ANNA)
    camera.show({}, 8.0)
    assert modes(camera.show({5: ANNA, 6: CLEO}, 2.0)) == ["static"] * 2


def test_who_is_not_recognized_on_arrival_stays_a_stranger(camera):
    camera.calibrate({1: ANNA})
    camera.show({})
    camera.show({2: BEN}, ARRIVAL + 1)
    assert modes(camera.show({2: ANNA}, 5.0)) == ["static"]


def test_a_followed_face_that_looks_clearly_different_is_compared_with_nobody(camera):
    camera.calibrate({1: ANNA})
    assert modes(camera.show({1: BEN}, 2.0)) == ["static"]
    assert modes(camera.show({1: ANNA}, 5.0)) == ["calibrated"]


def test_own_before_profile_before_estimate():
    profile = NeutralReference(CLEO, 1)
    camera = Camera(profile, automatic=True)
    assert camera.show({1: ANNA}) == {1: (profile, "profile")}
    assert modes(camera.calibrate({1: ANNA})) == ["calibrated"]


def test_the_estimate_is_used_once_it_has_seen_a_second_of_the_face():
    calibration = Calibration(automatic=True)
    seen = []
    for step in range(10):
        calibration.advance(step * AUTO_INTERVAL, {1}, {1})
        seen.append(calibration.reference(1, ANNA, 0.9, step * AUTO_INTERVAL)[1])
    assert seen == ["static"] * 4 + ["automatic"] * 6


def test_the_estimate_ends_with_the_face():
    camera = Camera(automatic=True)
    assert modes(camera.show({1: ANNA}, 2.0)) == ["automatic"]
    camera.show({})
    assert modes(camera.show({2: ANNA})) == ["static"]


def test_calibrating_without_a_face_changes_nothing(camera):
    camera.calibrate({1: ANNA})
    camera.calibration.start(1.0)
    camera.show({}, 2.0, remembered={1})
    assert not camera.calibration.calibrating
    assert modes(camera.show({1: ANNA})) == ["calibrated"]


def test_undo_restores_the_references_before_the_last_calibration(camera):
    camera.calibrate({1: ANNA})
    camera.calibrate({1: ANNA + 0.01, 2: BEN})
    assert camera.calibration.undo()
    found = camera.show({1: ANNA, 2: BEN})
    assert modes(found) == ["calibrated", "static"]
    np.testing.assert_array_equal(found[1][0].features, ANNA)
    assert not camera.calibration.undo()


def test_an_undone_reference_is_taken_from_all_who_have_it(camera):
    camera.calibrate({1: ANNA})
    camera.show({}, 60.0)
    assert modes(camera.show({2: ANNA})) == ["calibrated"]
    assert camera.calibration.undo()
    assert modes(camera.show({2: ANNA})) == ["static"]
    camera.show({}, 8.0)
    assert modes(camera.show({3: ANNA}, 2.0)) == ["static"]


def test_undo_stops_a_calibration_and_keeps_what_was_there(camera):
    camera.calibrate({1: ANNA})
    camera.calibration.start(1.0)
    camera.show({1: BEN}, 0.2)
    assert camera.calibration.undo()
    assert not camera.calibration.calibrating
    camera.show({1: ANNA}, 2.0)
    np.testing.assert_array_equal(camera.calibration.references[1].features, ANNA)


def test_a_restored_reference_belongs_to_the_person_of_the_same_shape(camera):
    reference = NeutralReference(ANNA, 50)
    camera.calibration.restore(reference)
    found = camera.show({1: BEN, 2: ANNA})
    assert modes(found) == ["static", "calibrated"]
    assert found[2][0] is reference
    assert modes(camera.show({2: ANNA, 3: ANNA})) == ["calibrated", "static"]
