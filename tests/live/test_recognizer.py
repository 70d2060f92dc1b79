import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.errors import ModelError, PredictorError, SourceError
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import load_model
from landmark_emotion.sources.video import frames


@pytest.fixture
def recognizer(model) -> Recognizer:
    return Recognizer(model)


def test_a_face_gets_a_probability_for_every_emotion(recognizer, face):
    (prediction,) = recognizer.recognize(face)
    assert prediction.probabilities.shape == (len(prediction.emotions),) == (7,)
    assert prediction.probabilities.sum() == pytest.approx(1)
    assert (prediction.probabilities >= 0).all()
    best = int(np.argmax(prediction.probabilities))
    assert prediction.emotion == prediction.emotions[best]
    assert prediction.probability == prediction.probabilities[best]


def test_a_drawn_smile_is_recognized_by_a_model_of_drawn_faces(recognizer, face):
    assert recognizer.recognize(face)[0].emotion == "happiness"


def test_training_and_live_use_measure_the_same(recognizer, trained, detector, face):
    (prediction,) = recognizer.recognize(face)
    (found,) = detector.faces(face)
    assert np.array_equal(prediction.face.landmarks, found.landmarks)
    expected = load_model(trained.model).probabilities(found.landmarks)
    assert prediction.probabilities == pytest.approx(expected)


def test_no_face_gives_nothing_and_never_the_last_answer_again(recognizer, face, nobody):
    assert len(recognizer.recognize(face)) == 1
    assert recognizer.recognize(nobody) == []


def test_frames_are_counted_from_call_to_call(recognizer, face, nobody):
    counted = [recognizer.recognize(picture) for picture in (face, nobody, face)]
    assert [[p.frame for p in predictions] for predictions in counted] == [[0], [], [2]]


def test_faces_are_numbered_from_left_to_right(recognizer):
    pictures = [draw_face(Subject(), emotion, size=(400, 480)) for emotion in ("fear", "neutral")]
    predictions = recognizer.recognize(np.hstack(pictures))
    assert [prediction.number for prediction in predictions] == [1, 2]
    assert predictions[0].face.box.left < 400 < predictions[1].face.box.left + 100
    for prediction, picture in zip(predictions, pictures, strict=True):
        (alone,) = recognizer.recognize(picture)
        assert np.allclose(prediction.probabilities, alone.raw_probabilities, atol=0.25)


def test_a_stream_gives_every_frame_with_its_own_predictions(recognizer, video):
    seen = list(recognizer.stream(video))
    assert [frame.index for frame, _ in seen] == list(range(40))
    for frame, predictions in seen:
        assert all((p.frame, p.time) == (frame.index, frame.time) for p in predictions)
    with_face = [bool(predictions) for _, predictions in seen]
    assert all(with_face[:28])
    assert not any(with_face[-9:])


def test_leaving_a_stream_closes_its_source(recognizer, monkeypatch, video):
    closed = []

    def watched(source, warn, reconnect):
        try:
            yield from frames(source, warn, reconnect)
        finally:
            closed.append(source)

    monkeypatch.setattr("landmark_emotion.live.recognizer.frames", watched)
    stream = recognizer.stream(video)
    next(stream)
    assert not closed
    stream.close()
    assert closed == [video]


def test_a_loaded_model_can_be_given(model, face):
    loaded = load_model(model)
    given, named = Recognizer(loaded), Recognizer(str(model))
    assert given.model is loaded
    assert np.array_equal(
        given.recognize(face)[0].probabilities, named.recognize(face)[0].probabilities
    )


def test_what_is_missing_is_told(here, model):
    with pytest.raises(ModelError, match=r"none\.npz: no such model"):
        Recognizer("none.npz")
    with pytest.raises(PredictorError, match="no shape predictor"):
        Recognizer(model, "none.dat")
    with pytest.raises(SourceError, match="no such video"):
        next(Recognizer(model).stream("none.mp4"))


def test_what_is_no_picture_is_refused(recognizer):
    with pytest.raises(ValueError, match="image must be of type uint8"):
        recognizer.recognize(np.zeros((480, 640, 3)))


def test_small_faces_are_found_where_asked_for(recognizer, face):
    tiny = np.full((480, 640, 3), face[0, 0], dtype=np.uint8)
    tiny[200:296, 250:378] = face[::5, ::5]
    assert recognizer.recognize(tiny) == []
    assert len(recognizer.recognize_still(tiny)) == 1


def test_using_a_model_loads_neither_training_nor_plotting(spawn, model, video):
    program = f"""
import sys
from landmark_emotion.live.recognizer import Recognizer
_, predictions = next(Recognizer({str(model)!r}).stream({str(video)!r}))
assert predictions
heavy = {{"sklearn", "joblib", "tqdm", "matplotlib", "pandas"}} & set(sys.modules)
ours = {{name for name in sys.modules if name.startswith("landmark_emotion.")}}
unwanted = {{"landmark_emotion.training.fit", "landmark_emotion.training.datasets"}}
print(sorted(heavy | ours & unwanted))
"""
    process = spawn("-c", program)
    assert process.communicate() == ("[]\n", "")
