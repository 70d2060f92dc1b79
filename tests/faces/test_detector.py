from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, View, draw_face
from landmark_emotion.errors import PredictorError
from landmark_emotion.faces.detector import (
    PREDICTOR_NAME,
    FaceDetector,
    find_predictor,
    predictor_digest,
)


def test_landmarks_lie_in_the_face(detector, face):
    (found,) = detector.faces(face)
    assert found.landmarks.shape == (68, 2)
    assert found.landmarks.dtype == np.float64
    box = found.box
    corner, margin = np.array([box.left, box.top]), 0.25 * box.width
    assert (found.landmarks > corner - margin).all()
    assert (found.landmarks < corner + [box.width, box.height] + margin).all()
    assert found.score > 0
    # The subject's left is on the right of the picture, and down is down.
    right_eye, left_eye = found.landmarks[36:42].mean(axis=0), found.landmarks[42:48].mean(axis=0)
    assert left_eye[0] > right_eye[0]
    assert found.landmarks[48:68, 1].mean() > left_eye[1]


def test_gray_color_and_alpha_give_the_same_face(detector, face):
    gray = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    first, *others = [
        detector.faces(picture)
        for picture in (face, gray, gray[..., np.newaxis], cv2.cvtColor(face, cv2.COLOR_BGR2BGRA))
    ]
    for other in others:
        assert other[0].box == first[0].box
        assert np.array_equal(other[0].landmarks, first[0].landmarks)


def test_no_face_is_an_empty_list(detector, nobody, face):
    assert detector.faces(nobody, thorough=True) == []
    assert len(detector.faces(face)) == 1
    assert detector.faces(nobody) == []  # and not the last one again


def test_the_largest_face_comes_first(detector):
    near, far = View(scale=1.0), View(scale=0.6)
    frame = np.hstack(
        [draw_face(Subject(), "neutral", 0.0, view, (400, 480)) for view in (far, near, far)]
    )
    faces = detector.faces(frame)
    assert len(faces) == 3
    assert [face.box.area for face in faces] == sorted((f.box.area for f in faces), reverse=True)
    assert 400 < faces[0].box.left + faces[0].box.width / 2 < 800


def test_thorough_finds_small_faces(detector, face):
    small = cv2.resize(face, (128, 96), interpolation=cv2.INTER_AREA)
    frame = np.full((480, 640, 3), small[0, 0], dtype=np.uint8)
    frame[200:296, 250:378] = small
    assert detector.faces(frame) == []
    (found,) = detector.faces(frame, thorough=True)
    assert 250 < found.landmarks[:, 0].min() < found.landmarks[:, 0].max() < 378
    assert 200 < found.landmarks[:, 1].min() < found.landmarks[:, 1].max() < 296


def test_a_face_in_a_huge_picture_is_found_where_it_is(detector, face):
    huge = cv2.resize(face, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    (found,), (original,) = detector.faces(huge), detector.faces(face)
    assert found.box.width / 5 == pytest.approx(original.box.width, rel=0.15)
    off = np.hypot(*(found.landmarks / 5 - original.landmarks).T)
    assert off.mean() < 0.03 * original.box.width


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 160), (10, 4000), (159, 700)])
def test_odd_shapes_hold_no_face(detector, shape):
    assert detector.faces(np.full(shape, 200, dtype=np.uint8), thorough=True) == []


def test_a_real_face_is_found(detector, photos):
    photo = cv2.imread(str(min((photos / "neutral").glob("*.jpg"))))
    (found,) = detector.faces(photo)
    assert (found.landmarks > 0).all()
    assert (found.landmarks < 640).all()


def test_a_missing_predictor_is_named(tmp_path):
    with pytest.raises(PredictorError, match=r"none\.dat: no shape predictor; see models/README"):
        FaceDetector(tmp_path / "none.dat")
    with pytest.raises(PredictorError, match="no shape predictor"):
        FaceDetector(tmp_path)  # a folder


@pytest.mark.parametrize("content", [b"", b"not a predictor", b"\0" * 1000])
def test_what_is_no_predictor_is_refused(tmp_path, content):
    (tmp_path / "bad.dat").write_bytes(content)
    with pytest.raises(PredictorError, match=r"bad\.dat: not a shape predictor"):
        FaceDetector(tmp_path / "bad.dat")


def test_a_truncated_predictor_is_refused(tmp_path):
    with find_predictor().open("rb") as whole:
        (tmp_path / "half.dat").write_bytes(whole.read(5_000_000))
    with pytest.raises(PredictorError, match=r"half\.dat: not a shape predictor"):
        FaceDetector(tmp_path / "half.dat")


def test_a_predictor_of_other_landmarks_is_refused():
    five = find_predictor().with_name("shape_predictor_5_face_landmarks.dat")
    with pytest.raises(PredictorError, match="predicts 5 landmarks instead of 68"):
        FaceDetector(five)


def test_the_file_in_models_comes_before_the_one_that_was_installed(here):
    installed = find_predictor()
    assert installed.is_absolute()
    own = Path("models") / PREDICTOR_NAME
    own.parent.mkdir()
    own.touch()
    assert find_predictor() == own
    assert find_predictor(installed) == installed  # a named one comes before both


def test_without_any_predictor_the_remedy_is_told(here, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PredictorError, match="pip install face_recognition_models"):
        find_predictor()


def test_the_digest_is_that_of_the_content(tmp_path):
    (tmp_path / "a.dat").write_bytes(b"abc")
    # The SHA-256 of "abc" as in FIPS 180-2.
    assert predictor_digest(tmp_path / "a.dat").startswith("ba7816bf8f01cfea")
    with pytest.raises(PredictorError, match="cannot be read"):
        predictor_digest(tmp_path / "none.dat")
