from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face
from landmark_emotion.errors import ModelError, PredictorError, SourceError
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import load_model
from landmark_emotion.model.neutral import NeutralReference
from landmark_emotion.sources.images import read_image
from landmark_emotion.sources.video import frames

ANNA = Subject()
BEN = Subject(
    face_width=0.4, eye_distance=0.17, nose_length=0.16, mouth_width=0.16, brow_height=0.12
)
FPS = 25


@pytest.fixture
def recognizer(model, detector) -> Recognizer:
    return Recognizer(model, detector, network=None)


def test_the_model_alone_gives_the_same_probabilities(model, detector, face):
    (prediction,) = Recognizer(model, detector, network=None).recognize(face)
    best = int(np.argmax(prediction.probabilities))
    assert prediction.emotion == prediction.emotions[best] == "happiness"
    assert prediction.probability == prediction.probabilities[best]
    assert prediction.probabilities.sum() == pytest.approx(1)
    (found,) = detector.faces(face)
    assert np.array_equal(prediction.face.landmarks, found.landmarks)
    expected = load_model(model).probabilities(found.landmarks)
    assert prediction.probabilities == pytest.approx(expected)


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


def test_a_stream_yields_every_frame_with_its_own_predictions(recognizer, video):
    seen = list(recognizer.stream(video))
    assert [frame.index for frame, _ in seen] == list(range(40))
    for frame, predictions in seen:
        assert all((p.frame, p.time) == (frame.index, frame.time) for p in predictions)
    with_face = [bool(predictions) for _, predictions in seen]
    assert all(with_face[:28])
    assert not any(with_face[-9:])


def test_closing_a_stream_closes_its_source(recognizer, monkeypatch, video):
    closed = []

    def watched(source, notify, reconnect, **part):
        try:
            yield from frames(source, notify, reconnect, **part)
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


def test_a_missing_file_raises_an_error_that_names_it(here, model):
    with pytest.raises(ModelError, match=r"none\.npz: no such model"):
        Recognizer("none.npz")
    with pytest.raises(PredictorError, match="no shape predictor"):
        Recognizer(model, "none.dat")
    with pytest.raises(SourceError, match="no such video"):
        next(Recognizer(model).stream("none.mp4"))


def test_small_faces_are_found_in_single_images(recognizer, face):
    tiny = np.full((480, 640, 3), face[0, 0], dtype=np.uint8)
    tiny[200:296, 250:378] = face[::5, ::5]
    assert recognizer.recognize(tiny) == []
    assert len(recognizer.recognize_still(tiny)) == 1


def test_frames_before_an_error_of_the_source_are_yielded(recognizer, monkeypatch, video):
    def breaking_off(*options, **part):
        for frame in frames(video):
            if frame.index == 3:
                raise SourceError("drawn.avi: broke off; try again")
            yield frame

    monkeypatch.setattr("landmark_emotion.live.recognizer.frames", breaking_off)
    seen = []

    def watch():
        seen.extend((frame.index, len(found)) for frame, found in recognizer.stream(video))

    with pytest.raises(SourceError, match="broke off"):
        watch()
    assert seen == [(0, 1), (1, 1), (2, 1)]


def show(recognizer, picture, seconds, start, fps=FPS):
    """Recognize the same picture for some seconds: numbers and modes that were seen."""
    predictions = [
        prediction
        for step in range(round(seconds * fps))
        for prediction in recognizer.recognize(picture, start + step / fps)
    ]
    return {p.number for p in predictions}, {p.mode for p in predictions}


@pytest.fixture
def calibrated(recognizer):
    """A recognizer that has been calibrated on Anna until second 1."""
    recognizer.calibrate(0.5)
    assert show(recognizer, draw_face(ANNA, "neutral"), 1, 0)[1] == {"calibrating", "calibrated"}
    return recognizer


def test_a_calibration_on_a_smile_warns_and_can_be_undone(recognizer):
    recognizer.calibrate(0.5)
    assert recognizer.calibration_outcome is None
    smile = draw_face(ANNA, "happiness")
    show(recognizer, smile, 1, 0)
    outcome = recognizer.calibration_outcome
    assert (outcome.people, outcome.likeliest) == (1, "happiness")
    assert outcome.probability_of_neutral < 0.2
    assert outcome.warning == "that looks like happiness; look neutral and calibrate again"
    assert recognizer.undo_calibration()
    assert recognizer.calibration_outcome is None
    assert show(recognizer, smile, 0.2, 1)[1] == {"static"}
    assert not recognizer.undo_calibration()


def test_a_warning_names_the_face_among_several(recognizer):
    pair = [draw_face(ANNA, emotion, size=(400, 480)) for emotion in ("neutral", "happiness")]
    recognizer.calibrate(0.5)
    show(recognizer, np.hstack(pair), 1, 0)
    outcome = recognizer.calibration_outcome
    assert outcome.people == 2
    assert outcome.warning.startswith("face 2 looks like happiness;")


def test_a_neutral_calibration_has_no_warning(calibrated):
    outcome = calibrated.calibration_outcome
    assert (outcome.people, outcome.likeliest, outcome.warning) == (1, "neutral", "")
    assert outcome.probability_of_neutral > 0.5


def test_a_calibration_without_a_face_says_so(recognizer, nobody):
    recognizer.calibrate(0.5)
    show(recognizer, nobody, 1, 0)
    outcome = recognizer.calibration_outcome
    assert outcome.people == 0
    assert "no face" in outcome.warning


@pytest.mark.parametrize("shift", [0, 120], ids=["same place", "another place"])
def test_a_cut_to_another_person_ends_number_smoothing_and_calibration(calibrated, shift):
    stranger = np.roll(draw_face(BEN, "happiness"), shift, axis=1)
    numbers, modes = show(calibrated, stranger, 2, 1)
    assert (numbers, modes) == ({2}, {"static"})


def test_the_first_answer_after_a_cut_is_not_smoothed(calibrated):
    (prediction,) = calibrated.recognize(draw_face(BEN, "happiness"), 1.0)
    assert np.array_equal(prediction.probabilities, prediction.raw_probabilities)


def test_a_cut_to_the_same_person_changes_nothing(calibrated):
    assert show(calibrated, draw_face(ANNA, "happiness"), 1, 1) == ({1}, {"calibrated"})


def test_a_stranger_who_comes_after_a_gap_inherits_nothing(calibrated, nobody):
    show(calibrated, nobody, 3, 1, fps=5)
    numbers, modes = show(calibrated, draw_face(BEN, "neutral"), 1, 4)
    assert (numbers, modes) == ({2}, {"static"})


@pytest.mark.parametrize("gap", [3, 8])
def test_the_calibrated_person_is_recognized_after_a_gap(calibrated, nobody, gap):
    show(calibrated, nobody, gap, 1, fps=5)
    assert show(calibrated, draw_face(ANNA, "neutral"), 1, 1 + gap)[1] == {"calibrated"}


def test_when_two_were_calibrated_a_third_inherits_nothing(recognizer, nobody):
    pair = np.hstack([draw_face(one, "neutral", size=(400, 480)) for one in (ANNA, BEN)])
    recognizer.calibrate(0.5)
    show(recognizer, pair, 1, 0)
    # No frame comes while they leave, so they are forgotten in the frame that shows the third.
    recognizer.recognize(np.hstack([nobody[:, :400]] * 2), 1)
    numbers, modes = show(recognizer, np.hstack([draw_face(ANNA, "fear"), nobody[:, :160]]), 1, 9)
    assert (numbers, modes) == ({3}, {"static"})


def test_the_estimate_is_not_inherited(model, detector):
    recognizer = Recognizer(model, detector, automatic=True)
    assert "automatic" in show(recognizer, draw_face(ANNA, "neutral"), 2, 0)[1]
    assert show(recognizer, draw_face(BEN, "neutral"), 0.5, 2) == ({2}, {"static"})


def test_a_stream_starts_anew_but_keeps_what_was_loaded_and_asked_for(recognizer, video):
    recognizer.calibrate(0.5)
    for expected in ({"calibrating", "calibrated"}, {"static"}):
        predictions = [p for _, found in recognizer.stream(video) for p in found]
        assert {p.mode for p in predictions} == expected
        assert {p.number for p in predictions} == {1}
    recognizer.calibration.profile = NeutralReference(recognizer.model.mean, 1)
    assert next(recognizer.stream(video))[1][0].mode == "profile"


def test_real_people_do_not_inherit_from_each_other(photos, detector):
    people = ("003", "004", "005", "006")
    neutral = [read_image(photos / "neutral" / f"{person}_03.jpg") for person in people]
    smiling = [read_image(photos / "happiness" / f"{person}_08.jpg") for person in people]
    for index, picture in enumerate(neutral):
        recognizer = Recognizer(None, detector)
        recognizer.calibrate(0.2)
        show(recognizer, picture, 0.4, 0)
        assert show(recognizer, smiling[index], 0.2, 0.4) == ({1}, {"calibrated"})
        assert show(recognizer, smiling[index - 1], 0.4, 0.6) == ({2}, {"static"})


def test_a_real_person_who_moves_stays_the_same(real_video, detector):
    recognizer = Recognizer(None, detector)
    recognizer.calibrate(0.5)
    predictions = [found for _, found in recognizer.stream(real_video)]
    assert {p.number for found in predictions for p in found} == {1}
    assert {p.mode for found in predictions[30:] for p in found} == {"calibrated"}


def test_threads_that_share_a_recognizer_take_turns(recognizer):
    pictures = [draw_face(ANNA, "neutral", size=size) for size in ((640, 480), (320, 240))] * 10
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(recognizer.recognize, pictures))
    assert sorted(p.frame for predictions in found for p in predictions) == list(range(20))


def test_a_second_stream_ends_the_first(recognizer, video):
    first = recognizer.stream(video)
    next(first)
    second = recognizer.stream(video)
    next(second)
    with pytest.raises(RuntimeError, match="one recognizer per stream"):
        next(first)
    assert next(second)[0].index == 1
