import dataclasses

import cv2
import numpy as np
import pytest
import synthetic

from landmark_emotion.live.inference import Inference
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import default_model, load_model
from landmark_emotion.model.face import Box, Face
from landmark_emotion.model.neutral import reference_from
from landmark_emotion.sources.images import read_image

PICTURE = np.zeros((400, 400, 3), np.uint8)
FPS = 25


@pytest.fixture(scope="module")
def model():
    return load_model(default_model())


def face(landmarks=None, apart=0.0):
    landmarks = synthetic.template() if landmarks is None else landmarks
    return Face(Box(140, 140, 120, 130), landmarks, 1.0, disagreement=apart)


def with_closed_eyes():
    landmarks = synthetic.template()
    for eye in (36, 42):
        landmarks[eye : eye + 6, 1] += 0.7 * (
            landmarks[eye : eye + 6, 1].mean() - landmarks[eye : eye + 6, 1]
        )
    return landmarks


def turned():
    """A face whose nose points far to its left."""
    landmarks = synthetic.template()
    landmarks[27:36, 0] += [8, 14, 20, 26, 10, 12, 14, 15, 15]
    return landmarks


@pytest.mark.parametrize(
    ("hampered", "issue"),
    [
        (face(turned()), "turned away"),
        (face(apart=0.05), "partly hidden"),
        (face(synthetic.template() + (190, 0)), "partly hidden"),
    ],
)
def test_a_face_that_cannot_be_judged_is_uncertain_and_says_why(model, hampered, issue):
    (still,) = Inference(model).image([hampered], PICTURE)
    (frame,) = Inference(model).frame(0, 0.0, [(1, hampered)], {1}, PICTURE)
    for prediction in (still, frame):
        assert (prediction.emotion, prediction.issue) == ("uncertain", issue)
        assert prediction.probability == prediction.probabilities.max()
    (judged,) = Inference(model, min_quality=0.0).image([hampered], PICTURE)
    assert (judged.emotion, judged.issue) == (judged.likeliest, "")
    assert judged.quality == still.quality


def test_calibration_does_not_learn_from_a_face_that_cannot_be_judged(model):
    inference = Inference(model)
    inference.calibration.start(1.0)
    for step in range(30):
        shown = face(apart=0.05) if step < 20 else face(with_closed_eyes())
        inference.frame(step, step / FPS, [(1, shown)], {1}, PICTURE)
    (reference,) = inference.calibration.references.values()
    assert reference.n == 5
    expected = reference_from(with_closed_eyes()[np.newaxis]).features
    np.testing.assert_allclose(reference.features, expected)


def test_a_blink_of_a_face_is_found_and_ends(model):
    inference = Inference(model)
    blinks = []
    for step in range(40):
        shown = face(with_closed_eyes() if 20 <= step < 24 else None)
        (prediction,) = inference.frame(step, step / FPS, [(1, shown)], {1}, PICTURE)
        blinks.append(prediction.blink)
    assert blinks == [None] + [False] * 19 + [True] * 4 + [False] * 16


def test_measures_are_relative_to_the_persons_neutral_face(model):
    neutral = reference_from(synthetic.template()[np.newaxis])
    smiling = synthetic.template()
    smiling[[48, 60], 0] -= 6
    smiling[[54, 64], 0] += 6
    (alone,) = Inference(model).image([face(smiling)])
    (rest, smile) = Inference(model, neutral).image([face(), face(smiling)])
    assert rest.measures.smile_width == pytest.approx(1)
    assert rest.measures.mouth_openness == pytest.approx(0, abs=1e-9)
    width = 48 / np.hypot(*(smiling[45] - smiling[36]))
    assert alone.measures.smile_width == pytest.approx(width + 12 / 78, abs=0.01)
    assert smile.measures.smile_width == pytest.approx(60 / 48, abs=0.01)
    assert dataclasses.astuple(smile.pose) == dataclasses.astuple(alone.pose)


def test_real_faces_are_marked_if_a_hand_hides_them_and_else_not(photos, detector, model):
    recognizer = Recognizer(model, detector)
    hidden = 0
    for path in sorted((photos / "neutral").glob("*.jpg"))[:6]:
        photo = read_image(path)
        (prediction,) = recognizer.recognize_still(photo)
        assert prediction.issue == ""
        points = prediction.face.landmarks
        unit = np.hypot(*(points[45] - points[36]))
        x, y = points[29].astype(int)
        skin = photo[y + 5 : y + 15, x - 40 : x - 30].reshape(-1, 3).mean(axis=0).tolist()
        for finger in range(4):
            start = points[48:68].mean(axis=0) + unit * np.array([-0.55, 0.19 * finger - 0.3])
            ends = (start.astype(int), (start + unit * np.array([1.85, 0.25])).astype(int))
            for width, shade in ((0.19, 0.7), (0.16, 1.0)):
                color = [shade * channel for channel in skin]
                cv2.line(photo, *(end.tolist() for end in ends), color, round(width * unit))
        issues = [prediction.issue for prediction in recognizer.recognize_still(photo)]
        hidden += issues in ([], ["partly hidden"])
    assert hidden >= 5
