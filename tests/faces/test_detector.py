from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, View, draw_face
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.search import FaceSearch, smallest_searched
from landmark_emotion.files.folders import user_folder
from landmark_emotion.model.face import mirror_landmarks


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
    (largest,) = detector.faces(frame, max_faces=1)
    assert largest.box == faces[0].box


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


def test_small_faces_of_a_large_photo_are_found_once_each(detector):
    faces = [draw_face(Subject(), "neutral", 0.0, size=(300, 300)) for _ in range(6)]
    photo = np.full((4000, 6000, 3), faces[0][0, 0], dtype=np.uint8)
    # One of them lies on the border of two tiles.
    places = [(100, 100), (2500, 1150), (5600, 300), (300, 3600), (3000, 2000), (5650, 3650)]
    for image, (left, top) in zip(faces, places, strict=True):
        photo[top : top + 300, left : left + 300] = image
    found = sorted((f.box.left // 1000, f.box.top // 1000) for f in detector.faces(photo))
    assert found == sorted((left // 1000, top // 1000) for left, top in places)


def test_all_faces_of_a_panorama_are_found(detector):
    panorama = np.hstack([draw_face(Subject(), "neutral", 0.0, size=(300, 400))] * 20)
    assert len(detector.faces(panorama)) == 20


def test_a_large_face_in_a_large_photo_is_found_once(detector, face):
    photo = cv2.resize(face, (6000, 4500), interpolation=cv2.INTER_LINEAR)
    assert len(detector.faces(photo)) == 1


def test_how_small_a_face_may_be_is_known():
    assert smallest_searched((480, 640)) == 80
    assert smallest_searched((480, 640), 40) == 40
    assert 113 < smallest_searched((4000, 6000)) < 114
    assert smallest_searched((4000, 6000), 200) == 200


def test_a_smaller_face_is_found_if_asked_for(detector, face):
    small = cv2.resize(face, (128, 96), interpolation=cv2.INTER_AREA)
    frame = np.hstack([face, np.full_like(face, face[0, 0])])
    frame[:96, 900:1028] = small
    assert len(detector.faces(frame)) == 1
    assert len(detector.faces(frame, min_face=30)) == 2


def test_threads_share_a_detector(detector, face):
    images = [cv2.resize(face, None, fx=factor, fy=factor) for factor in np.linspace(0.6, 1.4, 16)]
    expected = [detector.faces(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        for found, alone in zip(pool.map(detector.faces, images * 3), expected * 3, strict=True):
            assert len(found) == len(alone) == 1
            assert np.array_equal(found[0].landmarks, alone[0].landmarks)


def test_without_a_cache_it_works_as_well(face, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(FaceDetector().faces(face)) == 1


def test_a_full_disk_or_a_damaged_cache_only_costs_time(face, tmp_path, monkeypatch, full_disk):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with full_disk(1000):
        assert len(FaceSearch().still(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY))) == 1
    assert len(FaceSearch().still(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY))) == 1
    (saved,) = user_folder("cache").glob("*.svm")
    saved.write_bytes(saved.read_bytes()[:5000])
    assert len(FaceSearch().still(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY))) == 1


def test_landmarks_of_a_still_image_are_the_mean_over_boxes_and_mirror_image(detector, face):
    (found,) = detector.faces(face, thorough=True, measured=True)
    assert found.measured.shape == (18, 68, 2)
    assert np.allclose(found.landmarks, found.measured[[0, 1, 2, 3, 4, 9, 10, 11, 12, 13]].mean(0))
    # Every variant lies on the same face, and they differ.
    off = np.hypot(*np.moveaxis(found.measured - found.landmarks, -1, 0)).mean(axis=1)
    assert (off < 0.03 * found.box.width).all()
    assert off.min() > 0


def test_the_mirrored_image_has_the_mirrored_landmarks(detector, face):
    (one,) = detector.faces(face, thorough=True, measured=True)
    (other,) = detector.faces(np.ascontiguousarray(face[:, ::-1]), thorough=True, measured=True)
    mirrored = mirror_landmarks(other.landmarks) + (face.shape[1] - 1, 0)
    assert np.hypot(*(mirrored - one.landmarks).T).mean() < 0.02 * one.box.width


@pytest.mark.parametrize("factor", [0.5, 0.1])
def test_dark_faces_are_measured_from_every_box_too(detector, face, factor):
    dark = cv2.convertScaleAbs(face, alpha=factor)
    (found,), (bright,) = detector.faces(dark, thorough=True), detector.faces(face, thorough=True)
    assert np.hypot(*(found.landmarks - bright.landmarks).T).mean() < 0.02 * bright.box.width


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.8])
def test_the_parts_of_a_search_together_find_what_the_search_finds(detector, face, scale):
    gray = np.full((480, 640), 200, np.uint8)
    picture = cv2.resize(
        cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)[90:400, 165:475], None, fx=scale, fy=scale
    )
    picture = picture[:480]
    for left, top in ((0, 0), (640 - picture.shape[1], 480 - len(picture))):
        frame = gray.copy()
        frame[top : top + len(picture), left : left + picture.shape[1]] = picture
        ((whole, _),) = detector.search(frame, 80)
        parts = detector.parts(frame.shape, 80)
        found = [item for part in parts for item in detector.search_part(frame, part, 0, 640)]
        assert found
        assert max(found, key=lambda item: item[1])[0].overlap(whole) > 0.6


def test_a_check_finds_a_face_at_its_place_only(detector, face):
    gray = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    ((box, _),) = detector.search(gray, 80)
    assert detector.check(gray, box)
    assert not detector.check(gray, replace(box, left=box.left + box.width))
    assert not detector.check(gray, replace(box, left=gray.shape[1] + 10))
