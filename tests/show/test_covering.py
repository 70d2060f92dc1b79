from dataclasses import replace

import numpy as np
import pytest

import landmark_emotion as le
from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.model.face import Box, Face
from landmark_emotion.show.covering import AHEAD, HOLD, Cover, DelayedCover, black, cover
from landmark_emotion.sources.frame import Frame
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.video import frames


@pytest.fixture(scope="module")
def predictions(face):
    return le.recognize(face)


def noise(shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def covered(before, after) -> np.ndarray:
    """Return which pixels of noise changed; a few happen to be the same."""
    return (before != after).any(axis=2)


def test_nothing_of_the_face_remains(face, predictions):
    faces = [prediction.face for prediction in predictions]
    one, other = noise(face.shape), noise(face.shape, 1)
    rows, columns = np.nonzero(covered(one, cover(one, faces)))
    inside = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (cover(one, faces)[inside] == cover(other, faces)[inside]).all()
    box = predictions[0].face.box
    low, high = faces[0].landmarks.min(axis=0), faces[0].landmarks.max(axis=0)
    assert columns.min() < min(box.left, low[0]) - 0.2 * box.width
    assert columns.max() > max(box.left + box.width, high[0]) + 0.2 * box.width
    assert rows.min() <= max(0, box.top - 0.5 * box.height)
    assert rows.max() > high[1] + 0.2 * box.height


def test_rest_of_the_picture_is_left_as_it_is(face, predictions):
    before = face.copy()
    result = cover(face, [prediction.face for prediction in predictions])
    assert (face == before).all()
    assert (result[:, :20] == before[:, :20]).all()


@pytest.mark.parametrize("scale", [0.3, 1, 4])
def test_blocks_across_a_face_do_not_depend_on_its_size(predictions, scale):
    old = predictions[0].face
    box = Box(
        *(round(scale * v) for v in (old.box.left, old.box.top, old.box.width, old.box.height))
    )
    face = replace(old, box=box, landmarks=scale * old.landmarks)
    image = cover(noise((round(480 * scale), round(640 * scale), 3)), [face])
    middle = box.top + box.height // 2
    line = image[middle, box.left : box.left + box.width, 0].astype(int)
    assert 2 <= 1 + np.count_nonzero(np.diff(line)) <= 8


def test_face_that_leaves_the_frame_is_covered_up_to_its_edge(predictions):
    landmarks = predictions[0].face.landmarks - predictions[0].face.landmarks.mean(axis=0)
    image = noise((100, 100, 3))
    result = cover(image, [Face(Box(-120, -120, 240, 240), landmarks, 1.0)])
    assert covered(image, result).mean() > 0.9


def test_no_face_is_found_in_covered_drawings(detector):
    for emotion in ("happiness", "surprise", "anger"):
        image = draw_face(Subject(), emotion)
        found = detector.faces(image)
        assert found
        assert not detector.faces(cover(image, found), min_face=40)


@pytest.mark.slow
def test_no_face_is_found_in_covered_photos(detector, photos):
    for path in [
        path for folder in photos.iterdir() if folder.is_dir() for path in folder.iterdir()
    ][::7]:
        image = read_image(path)
        found = detector.faces(image)
        assert found
        assert not detector.faces(cover(image, found), min_face=40)


@pytest.mark.slow
def test_no_face_is_found_in_a_covered_video(detector, real_video):
    recognizer, shown = le.Recognizer(), Cover()
    for frame in frames(real_video):
        predictions = recognizer.recognize(frame.image, frame.time)
        result = shown.draw(frame, predictions)
        if frame.index % 6 == 0:
            assert not detector.faces(result.image, min_face=40)


def at(predictions, number=1):
    return [replace(prediction, number=number) for prediction in predictions]


def test_lost_face_stays_covered_for_a_while_in_a_larger_rectangle(face, predictions):
    shown, image = Cover(), noise(face.shape)
    sizes = {}
    for time, found in ((0.0, predictions), (0.1, []), (HOLD, []), (HOLD + 0.1, [])):
        result = shown.draw(Frame(image, 0, time), found)
        sizes[time] = covered(image, result.image).sum()
    assert sizes[0.1] > 1.3 * sizes[0.0]
    assert sizes[HOLD] == sizes[0.1]
    assert sizes[HOLD + 0.1] == 0


def test_face_that_is_found_again_is_covered_where_it_is(face, predictions):
    shown, image = Cover(), noise(face.shape)
    first = shown.draw(Frame(image, 0, 0.0), predictions).image
    shown.draw(Frame(image, 1, 0.1), [])
    assert (shown.draw(Frame(image, 2, 0.2), predictions).image == first).all()
    # A new number may be another face, so the old place stays covered too.
    both = shown.draw(Frame(image, 3, 0.3), at(predictions, 2)).image
    assert covered(image, both).sum() > covered(image, first).sum()


@pytest.mark.parametrize("rate", [10, 30, 100])
def test_delayed_cover_hides_a_face_before_it_is_found(face, predictions, rate):
    delayed, image = DelayedCover(), noise(face.shape)
    seconds, n_frames = AHEAD
    results = []
    for index in range(60):
        frame = Frame(image, index, index / rate)
        results += delayed.add(frame, predictions if index >= 50 else [])
    n_ahead = min(round(seconds * rate), n_frames)
    assert len(results) == pytest.approx(60 - n_ahead, abs=1)
    results += delayed.rest()
    assert [frame.index for frame, _ in results] == list(range(60))
    hidden = [covered(image, frame.image).any() for frame, _ in results]
    first = hidden.index(True)
    assert all(hidden[first:])
    assert first == pytest.approx(50 - n_ahead, abs=1)
    assert [len(found) for _, found in results] == [0] * 50 + [1] * 10


def test_black_frame_shows_nothing(face):
    assert not black(Frame(face, 0, 0.0)).image.any()
