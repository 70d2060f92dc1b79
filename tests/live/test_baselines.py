from pathlib import Path

import cv2
import numpy as np
import pytest
from synthetic import template

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.errors import ProfileError
from landmark_emotion.live.baselines import Baselines, neutral_face, watch_for_estimate
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.neutral import AUTO_FLOOR, NeutralReference, PersonEstimate
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.people import NeutralSource, People

ANNA = Subject()
FACE = landmark_features(template())


@pytest.fixture
def recognizer(model, detector) -> Recognizer:
    return Recognizer(model, detector)


def photo(recognizer, *emotions):
    size = (400, 480)
    faces = [draw_face(ANNA, emotion, size=size) for emotion in emotions]
    return recognizer.recognize_still(np.hstack(faces))


def test_photos_of_a_person_share_an_estimate_from_three_on(recognizer):
    names = ("1", "2", "3")
    baselines = Baselines(People(dict.fromkeys(names, "Anna")), automatic=True)
    photos = [photo(recognizer, emotion) for emotion in ("neutral", "neutral", "happiness")]
    for name, predictions in zip(names, photos, strict=True):
        assert baselines.reference(name) is None
        baselines.add_photo(name, predictions)
    assert list(baselines.problems) == []
    compared = [
        baselines.compare(recognizer.model, name, predictions)[0]
        for name, predictions in zip(names, photos, strict=True)
    ]
    assert [p.mode for p in compared] == ["automatic"] * 3
    assert [p.emotion for p in compared] == ["neutral", "neutral", "happiness"]
    assert all((p.reference == compared[0].reference).all() for p in compared)
    assert compared[0].probabilities.sum() == pytest.approx(1)
    unlisted = baselines.compare(recognizer.model, "4", photos[2])
    assert unlisted[0].mode == "static"


def test_of_several_faces_the_largest_is_the_persons(recognizer):
    reference = NeutralReference(recognizer.model.mean, 1)
    baselines = Baselines(People({"1": "Anna"}), automatic=False, given={"Anna": reference})
    pair = photo(recognizer, "neutral", "happiness")
    largest = max(pair, key=lambda p: p.face.box.area).number
    compared = baselines.compare(recognizer.model, "1", pair)
    assert {p.number: p.mode for p in compared} == {largest: "profile", 3 - largest: "static"}


def test_too_few_pictures_make_no_baseline():
    people = People({"1": "Anna", "2": "Anna", "3": "Ben"})
    baselines = Baselines(people, automatic=True)
    for name in ("1", "2"):
        baselines.add(name, FACE, 0.9)
    anna, ben = baselines.problems
    assert anna.startswith("note: Anna: has 2 of the 3 pictures with a face")
    assert ben.startswith("note: Ben: has 0 of the 3 pictures with a face")
    assert baselines.reference("1") is None


def test_pictures_of_different_people_make_no_baseline(photos, detector):
    estimate = PersonEstimate()
    for name in ("003", "004", "005", "006"):
        (face,) = detector.faces(read_image(photos / "neutral" / f"{name}_03.jpg"))
        estimate.add(landmark_features(face.landmarks), 0.9)
    assert estimate.problem == "shows different people"
    assert estimate.reference is None


def test_a_given_neutral_face_comes_before_an_estimate():
    reference = NeutralReference(FACE, 1)
    baselines = Baselines(People({"1": "Anna"}), automatic=True, given={"Anna": reference})
    assert not baselines.estimates("1")
    assert baselines.reference("1") is reference
    assert list(baselines.problems) == []


def test_the_neutral_face_in_an_interval_of_a_video(detector, video):
    # The drawn video shows a face for three seconds.
    reference = neutral_face(NeutralSource(video, (0.0, 0.5), "people.csv: line 2"), detector)
    assert reference.n == 3
    assert not reference.automatic
    where = r"people\.csv: line 2: .*drawn\.avi: "
    with pytest.raises(ProfileError, match=where + "no face found in this interval; "):
        neutral_face(NeutralSource(video, (3.3, 3.9), "people.csv: line 2"), detector)
    with pytest.raises(ProfileError, match=where + r"[^;]+; "):
        neutral_face(NeutralSource(video, (60.0, 61.0), "people.csv: line 2"), detector)


def test_a_photo_without_a_face_is_no_neutral_face(here, detector, nobody):
    cv2.imwrite("nobody.png", nobody)
    with pytest.raises(ProfileError, match=r"line 2: nobody\.png: no face found; "):
        neutral_face(NeutralSource(Path("nobody.png"), None, "line 2"), detector)
    with pytest.raises(ProfileError, match=r"line 2: gone\.png: no such file; "):
        neutral_face(NeutralSource(Path("gone.png"), None, "line 2"), detector)


def test_a_video_gives_a_picture_a_second(recognizer, video):
    baselines = Baselines(People({"v": "Anna"}), automatic=True)
    watch_for_estimate(baselines, "v", video, recognizer)
    reference = baselines.reference("v")
    assert 3 * AUTO_FLOOR < reference.n <= 3 * (1 + AUTO_FLOOR)
    assert reference.automatic
