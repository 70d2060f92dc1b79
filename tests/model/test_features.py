import numpy as np
import pytest
from synthetic import template

from landmark_emotion.model.face import MIRROR_ORDER, check_landmarks, mirror_landmarks
from landmark_emotion.model.features import (
    N_FEATURES,
    landmark_features,
    normalize_landmarks,
)


@pytest.fixture
def faces() -> np.ndarray:
    """Twenty faces that are neither symmetric nor level."""
    rng = np.random.default_rng(0)
    return template() + rng.normal(0, 4, (20, 68, 2))


def turned(landmarks: np.ndarray, angle: float) -> np.ndarray:
    """Turn about the origin."""
    cos, sin = np.cos(angle), np.sin(angle)
    return landmarks @ np.array([[cos, sin], [-sin, cos]])


def test_a_feature_is_distance_times_cosine_or_sine(faces):
    level = normalize_landmarks(faces[0])
    distance, angle = np.hypot(level[:, 0], level[:, 1]), np.arctan2(level[:, 1], level[:, 0])
    features = landmark_features(faces[0])
    assert features.shape == (N_FEATURES,)
    assert np.allclose(features[:68], distance * np.cos(angle))
    assert np.allclose(features[68:], distance * np.sin(angle))


@pytest.mark.parametrize("shift", [(1000, 0), (-3.5, 700), (0, -1e5)])
def test_place_does_not_matter(faces, shift):
    assert np.allclose(landmark_features(faces + shift), landmark_features(faces), atol=1e-8)


@pytest.mark.parametrize("factor", [1e-3, 0.5, 1e3])
def test_size_does_not_matter(faces, factor):
    assert np.allclose(landmark_features(faces * factor), landmark_features(faces))


def test_roll_does_not_matter_at_any_angle(faces):
    features = landmark_features(faces)
    for angle in np.linspace(-np.pi, np.pi, 73):
        assert np.allclose(landmark_features(turned(faces, angle)), features)


def test_a_face_on_its_head_is_not_taken_for_one_upright(faces):
    assert np.allclose(landmark_features(faces @ -np.eye(2)), landmark_features(faces))
    upside_down = faces * [1, -1]
    assert not np.allclose(landmark_features(upside_down), landmark_features(faces), atol=0.1)


def test_eyes_are_level_and_the_scale_is_one(faces):
    level = normalize_landmarks(faces)
    right, left = level[:, 36:42].mean(axis=1), level[:, 42:48].mean(axis=1)
    assert np.allclose(right[:, 1], left[:, 1])
    assert (left[:, 0] > right[:, 0]).all()
    assert np.allclose(level.mean(axis=1), 0)
    assert np.allclose(np.square(level).sum(axis=2).mean(axis=1), 1)


def test_mirrored_faces_have_mirrored_features(faces):
    features, mirrored = landmark_features(faces), landmark_features(mirror_landmarks(faces))
    assert np.allclose(mirrored[:, :68], -features[:, :68][:, MIRROR_ORDER])
    assert np.allclose(mirrored[:, 68:], features[:, 68:][:, MIRROR_ORDER])


@pytest.mark.parametrize("landmark", [0, 8, 19, 30, 33, 36, 45, 51, 66])
def test_no_jump_where_a_landmark_circles_the_centroid(landmark):
    steps = np.linspace(0, 2 * np.pi, 721)
    faces = np.repeat(template()[np.newaxis], len(steps), axis=0)
    center = np.delete(faces[0], landmark, axis=0).mean(axis=0)
    faces[:, landmark] = center + 40 * np.stack([np.cos(steps), np.sin(steps)], axis=1)
    features = landmark_features(faces)
    moved = np.linalg.norm(np.diff(features, axis=0), axis=1)
    # A step is 0.35 pixels of a face whose scale is about 60.
    assert moved.max() < 0.02
    assert np.allclose(features[0], features[-1])


def test_no_jump_where_the_head_turns_in_a_full_circle(faces):
    steps = np.linspace(0, 2 * np.pi, 1441)
    features = np.array([landmark_features(turned(faces[0], angle)) for angle in steps])
    assert np.abs(np.diff(features, axis=0)).max() < 1e-9


def test_no_jump_where_a_landmark_crosses_the_centroid():
    faces = np.repeat(template()[np.newaxis], 401, axis=0)
    center = np.delete(faces[0], 30, axis=0).mean(axis=0)
    faces[:, 30] = center + np.linspace(-2, 2, 401)[:, np.newaxis]
    assert np.abs(np.diff(landmark_features(faces), axis=0)).max() < 1e-3


def test_many_at_once_are_the_same_as_one_by_one(faces):
    one_by_one = [landmark_features(face) for face in faces]
    assert np.allclose(landmark_features(faces), one_by_one, rtol=0, atol=1e-12)
    assert np.array_equal(
        landmark_features(faces.reshape(4, 5, 68, 2)).reshape(20, -1), landmark_features(faces)
    )
    assert landmark_features(faces[:0]).shape == (0, N_FEATURES)


def test_integers_and_lists_are_as_good_as_floats(faces):
    whole = faces[0].astype(int)
    assert np.array_equal(landmark_features(whole.tolist()), landmark_features(whole.astype(float)))


def test_what_is_given_stays_as_it_is(faces):
    before = faces.copy()
    landmark_features(faces)
    assert np.array_equal(faces, before)


def test_eyes_that_coincide_leave_the_face_as_it_stands(faces):
    face = faces[0].copy()
    face[36:48] = face[36]
    centered = face - face.mean(axis=0)
    scale = np.sqrt(np.square(centered).sum(axis=1).mean())
    assert np.allclose(normalize_landmarks(face), centered / scale)


@pytest.mark.parametrize("shape", [(68,), (67, 2), (2, 68), (68, 3), (136,), (), (3, 68, 2, 1)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"must have shape \(\.\.\., 68, 2\), got"):
        check_landmarks(np.ones(shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e9, -1e155])
def test_what_is_not_finite_or_in_no_picture_is_refused(faces, bad):
    faces[3, 5, 1] = bad
    with pytest.raises(ValueError, match="finite"):
        landmark_features(faces)


def test_landmarks_that_coincide_are_refused_even_in_one_face_of_many(faces):
    faces[7] = (12.0, 34.0)
    with pytest.raises(ValueError, match="coincide"):
        landmark_features(faces)
