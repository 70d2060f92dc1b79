"""Pictures for networks: how they are read and divided."""

from collections import Counter

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.errors import DatasetError, TrainingError
from landmark_emotion.networks.crop import face_crop
from landmark_emotion.training.parts import divide
from landmark_emotion.training.pictures import (
    SIZE,
    FacePictures,
    load_pictures,
    vote_shares,
)

USAGES = ("Training", "Training", "PublicTest", "PrivateTest")


@pytest.fixture
def fer2013(tmp_path):
    """Four pictures without a face, one of each usage but two to learn from, with their votes."""
    random = np.random.default_rng(0)
    rows = ["emotion,pixels,Usage"]
    votes = ["Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
             "unknown,NF"]  # fmt: skip
    for label, usage in zip((3, 0, 3, 0), USAGES, strict=True):
        pixels = " ".join(map(str, random.integers(0, 256, 48 * 48)))
        rows.append(f"{label},{pixels},{usage}")
        votes.append(f"{usage},x.png,0,{6 if label else 1},0,0,{0 if label else 7},0,0,0,2,0")
    (tmp_path / "fer2013.csv").write_text("\n".join(rows))
    (tmp_path / "fer2013new.csv").write_text("\n".join(votes))
    return tmp_path / "fer2013.csv"


def load(path, **options):
    notes: list[str] = []
    return load_pictures(path, jobs=1, notify=notes.append, **options), notes


def test_pictures_of_fer2013_without_a_face_are_taken_as_they_are(fer2013):
    data, notes = load(fer2013)
    pictures = data.pictures
    assert pictures.images.shape == (4, 48, 48)
    assert (data.whole, data.skipped) == (4, [])
    assert np.array_equal(pictures.crops, pictures.images)
    assert pictures.part.tolist() == ["training", "training", "validation", "test"]
    assert not [note for note in notes if "read together" in note]


def test_votes_beside_the_file_are_shares_without_noise(fer2013):
    data, _ = load(fer2013)
    assert data.votes.endswith("fer2013new.csv")
    happy, angry = data.pictures.votes[:2]
    assert happy.tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert angry.tolist() == [0, 0, 0, 0, 1, 0, 0, 0]  # one vote for happiness does not count
    nobody = np.array([[1, 1, 1, 1, 1, 1, 1, 1, 2, 0]], np.uint8)
    assert not vote_shares(nobody).any()


def test_votes_follow_their_rows(fer2013):
    from landmark_emotion.training.datasets import Labels

    data, _ = load(fer2013, labels=Labels(usage="PrivateTest"))
    assert data.pictures.votes.argmax(axis=1).tolist() == [4]


def test_votes_of_another_file_are_refused(fer2013):
    other = fer2013.with_name("other.csv")
    lines = (fer2013.with_name("fer2013new.csv")).read_text().splitlines()
    other.write_text("\n".join([lines[0], lines[2], lines[1], lines[4], lines[3]]))
    with pytest.raises(DatasetError, match=r"agrees with 0% of the labels.*--votes"):
        load(fer2013, votes=other)
    other.write_text("\n".join(lines[:3]))
    with pytest.raises(DatasetError, match="votes for 2 rows only"):
        load(fer2013, votes=other)


def test_photos_are_cropped_as_in_recognition_with_an_edge(tmp_path, detector):
    for index, emotion in enumerate(("happiness", "surprise")):
        (tmp_path / emotion).mkdir()
        image = draw_face(Subject(), emotion)[: 480 - 10 * index]
        cv2.imwrite(str(tmp_path / emotion / "a.png"), image)
    (tmp_path / "surprise" / "nobody.png").write_bytes(
        cv2.imencode(".png", np.full((200, 200), 90, np.uint8))[1].tobytes()
    )
    data, _ = load(tmp_path)
    pictures = data.pictures
    assert [why for _, why in data.skipped] == ["no face found"]
    assert pictures.images.shape[1] > SIZE
    for index, emotion in enumerate(("happiness", "surprise")):
        image = draw_face(Subject(), emotion)[: 480 - 10 * index]
        (face,) = detector.faces(image, thorough=True)
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        wanted = face_crop(gray, face.landmarks, SIZE).astype(float)
        # Large pictures are averaged before, here at other places.
        assert np.abs(pictures.crops[index] - wanted).mean() < 2
        assert np.abs(np.roll(pictures.crops[index], 1, axis=0) - wanted).mean() > 6


def test_a_landmark_table_has_no_pictures(tmp_path):
    (tmp_path / "faces.npz").write_bytes(b"")
    with pytest.raises(DatasetError, match="no pictures; name the data set of images"):
        load(tmp_path / "faces.npz")


def faces(n=60, *, subjects=0, part="", emotions=("anger", "happiness")):
    random = np.random.default_rng(1)
    return FacePictures(
        random.integers(0, 256, (n, 4, 4)).astype(np.uint8),
        np.zeros((n, 2, 3), np.float32),
        np.array([emotions[i % len(emotions)] for i in range(n)]),
        np.array([f"S{i % subjects}" if subjects else "" for i in range(n)]),
        np.array([f"{i}.png" for i in range(n)]),
        np.array([part] * n) if isinstance(part, str) else np.array(part),
    )


def test_missing_parts_are_split_off_with_every_class():
    parts = divide(faces(), share=0.1)
    assert [len(p) for p in (parts.learn, parts.choose, parts.test)] == [48, 6, 6]
    assert Counter(parts.test.emotion.tolist()) == {"anger": 3, "happiness": 3}
    together = [*parts.learn.source, *parts.choose.source, *parts.test.source]
    assert len(set(together)) == 60
    (note,) = parts.notes
    assert "validation (6) and test (6); shuffled, as people are unknown" in note
    again, other = divide(faces(), share=0.1), divide(faces(), share=0.1, seed=1)
    assert again.test.source.tolist() == parts.test.source.tolist() != other.test.source.tolist()


def test_nobody_is_in_two_parts_where_people_are_known():
    parts = divide(faces(subjects=12), share=0.2)
    people = [set(p.subject.tolist()) for p in (parts.learn, parts.choose, parts.test)]
    assert all(people)
    assert sum(map(len, people)) == len(set.union(*people)) == 12
    assert "other people" in parts.notes[0]


def test_parts_of_the_authors_are_kept_without_copies_of_tests_in_training():
    part = ["training"] * 40 + ["validation"] * 10 + ["test"] * 10
    pictures = faces(part=part)
    pictures.images[0] = pictures.images[55]
    parts = divide(pictures)
    assert [len(p) for p in (parts.learn, parts.choose, parts.test)] == [39, 10, 10]
    assert parts.notes == ()
    assert parts.left_out == {"image to learn from that is in another part, too": 1}


def test_only_the_missing_part_is_split_off():
    parts = divide(faces(part=["training"] * 40 + ["test"] * 20))
    assert [len(p) for p in (parts.learn, parts.choose, parts.test)] == [36, 4, 20]
    assert all(source in map(str, parts.test.source) for source in ("40.png", "59.png"))


def test_classes_that_are_not_in_training_are_left_out():
    pictures = faces(part=["training"] * 40 + ["validation"] * 10 + ["test"] * 10)
    pictures.emotion[59] = "fear"
    parts = divide(pictures)
    assert parts.emotions == ("anger", "happiness")
    assert parts.left_out == {"image of a class that is not in training": 1}


@pytest.mark.parametrize(
    ("pictures", "text"),
    [(faces(emotions=("anger",)), "single class"), (faces(4), "too few images")],
)
def test_too_little_is_one_line(pictures, text):
    with pytest.raises(TrainingError, match=f"data set: .*{text}.*; add images"):
        divide(pictures)
