import numpy as np
from imutils import face_utils
from synthetic import template

from landmark_emotion.model.face import MIRROR_ORDER, N_LANDMARKS, REGIONS, Box, mirror_landmarks


def test_regions_are_those_of_imutils():
    theirs = {name: slice(*ends) for name, ends in face_utils.FACIAL_LANDMARKS_68_IDXS.items()}
    assert theirs.pop("mouth") == slice(48, 68)  # with the inner mouth, as it has that besides
    theirs["mouth"] = REGIONS["mouth"]
    assert theirs == REGIONS


def test_regions_cover_every_landmark_once():
    covered = np.concatenate([np.arange(N_LANDMARKS)[region] for region in REGIONS.values()])
    assert sorted(covered) == list(range(N_LANDMARKS))


def test_mirroring_twice_changes_nothing():
    assert np.array_equal(MIRROR_ORDER[MIRROR_ORDER], np.arange(N_LANDMARKS))
    face = template()
    assert np.array_equal(mirror_landmarks(mirror_landmarks(face)), face)


def test_mirroring_exchanges_left_and_right():
    for name, region in REGIONS.items():
        mirrored = {"left": "right", "right": "left"}.get(name.partition("_")[0])
        other = REGIONS[name.replace(name.partition("_")[0], mirrored, 1) if mirrored else name]
        indices = np.arange(N_LANDMARKS)
        assert set(MIRROR_ORDER[region]) == set(indices[other]), name


def test_mirrored_landmarks_are_those_of_the_mirrored_picture(detector, face):
    (original,), (mirrored,) = detector.faces(face), detector.faces(face[:, ::-1].copy())
    expected = mirror_landmarks(original.landmarks) + [face.shape[1] - 1, 0]
    off = np.hypot(*(mirrored.landmarks - expected).T)
    # The predictor itself is not quite symmetric; a wrong order would be off by a tenth and more.
    assert off.max() < 0.08 * original.box.width
    assert off.mean() < 0.02 * original.box.width


def test_mirroring_takes_any_number_of_faces():
    faces = template() + np.arange(6).reshape(2, 3, 1, 1)
    assert np.array_equal(mirror_landmarks(faces)[1, 2], mirror_landmarks(faces[1, 2]))


def test_area_counts_pixels():
    assert Box(left=-5, top=3, width=4, height=7).area == 28
