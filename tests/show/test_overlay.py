import dataclasses

import cv2
import numpy as np
import pytest
from synthetic import template

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.face import Box, Face
from landmark_emotion.show.overlay import KEYS, Overlay, draw_predictions
from tools.pictures import Scene

SIZES = [(320, 240), (640, 480), (1280, 720), (1080, 1920), (3840, 2160)]


def predict(x: float, y: float, height: float, **changes) -> Prediction:
    """Somebody with the middle of the face at x, y."""
    landmarks = (template() - 200 - [0, 17]) * height / 120 + [x, y]
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    box = Box(*np.floor(low).astype(int).tolist(), *np.ceil(high - low).astype(int).tolist())
    probabilities = np.full(8, 0.05)
    probabilities[4] = 0.65
    values = {
        "frame": 0,
        "time": 0.0,
        "number": 1,
        "face": Face(box, landmarks, 1.0),
        "emotions": EMOTIONS,
        "probabilities": probabilities,
        "raw_probabilities": probabilities,
        "likeliest": "happiness",
    }
    return Prediction(**(values | changes))


def crowd(size: tuple[int, int], count: int) -> list[Prediction]:
    width, height = size
    side = 0.35 * min(height, width / count) if count > 1 else 0.4 * min(size)
    return [
        predict((n + 0.5) * width / count, (0.45 + 0.1 * (n % 2)) * height, side, number=n + 1)
        for n in range(count)
    ]


def noise(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 200, (size[1], size[0], 3), dtype=np.uint8)


def blank(size: tuple[int, int], level: int = 128) -> np.ndarray:
    return np.full((size[1], size[0], 3), level, dtype=np.uint8)


def changed(image: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    return (image != drawn).any(axis=2)


def hulls(shape: tuple[int, ...], predictions: list[Prediction]) -> np.ndarray:
    """What the landmarks surround, without the corners of the boxes."""
    mask = np.zeros(shape[:2], np.uint8)
    for prediction in predictions:
        points = np.rint(prediction.face.landmarks).astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(points), 255)
    for prediction in predictions:
        box = prediction.face.box
        corner, opposite = (box.left, box.top), (box.left + box.width, box.top + box.height)
        cv2.rectangle(mask, corner, opposite, 0, max(8, box.height // 25))
    return mask > 0


def shows_bars(overlay: Overlay, image: np.ndarray, predictions: list[Prediction], n: int) -> bool:
    """Whether the probabilities of the less likely emotions can be seen."""
    other = predictions[n].probabilities.copy()
    other[[0, 7]] = 0.01, 0.09
    others = predictions.copy()
    others[n] = dataclasses.replace(predictions[n], probabilities=other)
    return not np.array_equal(overlay.draw(image, predictions), overlay.draw(image, others))


def test_the_frame_itself_stays_clean():
    image = noise((640, 480))
    before = image.copy()
    drawn = Overlay(help=True).draw(image, crowd((640, 480), 2), fps=30.0, message="paused")
    assert np.array_equal(image, before)
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, Overlay().draw(image, []))
    assert not np.shares_memory(image, Overlay().draw(image, []))


def test_without_a_face_nothing_is_drawn():
    image = noise((640, 480))
    assert np.array_equal(Overlay().draw(image, []), image)


def test_the_simple_function_draws_the_same():
    image, predictions = noise((640, 480)), crowd((640, 480), 1)
    assert np.array_equal(draw_predictions(image, predictions), Overlay().draw(image, predictions))


def test_landmarks_are_drawn_where_they_belong_and_can_be_left_out():
    image, prediction = blank((640, 480)), predict(320, 240, 200)
    points = np.rint(prediction.face.landmarks).astype(int)
    inside = hulls(image.shape, [prediction])[points[:, 1], points[:, 0]]
    for landmarks in (True, False):
        drawn = Overlay(landmarks=landmarks).draw(image, [prediction])
        found = changed(image, drawn)[points[:, 1], points[:, 0]]
        assert found.all() if landmarks else not found[inside].any()


def test_the_corners_of_the_box_have_the_color_of_the_emotion():
    image, prediction = blank((640, 480)), predict(320, 240, 200)
    box = prediction.face.box
    happy = Overlay().draw(image, [prediction])[box.top, box.left]
    sad = Overlay().draw(image, [dataclasses.replace(prediction, likeliest="sadness")])
    assert happy[0] < min(happy[1:])  # yellow
    assert sad[box.top, box.left, 0] > max(sad[box.top, box.left, 1:])  # blue


@pytest.mark.parametrize("count", range(1, 7))
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_covers_a_face_where_there_is_room(size, count):
    image, predictions = noise(size), crowd(size, count)
    overlay = Overlay(landmarks=False)
    drawn = overlay.draw(image, predictions, fps=29.9, message="paused")
    assert not (changed(image, drawn) & hulls(image.shape, predictions)).any()


@pytest.mark.parametrize("x", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("y", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [(640, 480), (1920, 1080)], ids=str)
def test_a_face_at_the_edge_has_its_bars_inside(size, x, y):
    predictions = [predict(x * size[0], y * size[1], 0.4 * size[1])]
    image, overlay = noise(size), Overlay(landmarks=False)
    drawn = overlay.draw(image, predictions)
    assert not (changed(image, drawn) & hulls(image.shape, predictions)).any()
    assert shows_bars(overlay, image, predictions, 0)
    dark = blank(size, 0)
    letters = (overlay.draw(dark, predictions) > 225).all(axis=2)
    assert letters.sum() > 200
    assert not letters[[0, -1]].any()
    assert not letters[:, [0, -1]].any()


@pytest.mark.parametrize(("size", "count"), [((320, 240), 1), ((640, 480), 3), ((1920, 1080), 6)])
def test_everyone_has_bars_where_there_is_room(size, count):
    image, predictions = noise(size), crowd(size, count)
    assert all(shows_bars(Overlay(), image, predictions, n) for n in range(count))


def test_bars_can_be_left_out():
    assert not shows_bars(Overlay(bars=False), noise((640, 480)), crowd((640, 480), 1), 0)


def test_where_there_is_no_room_the_label_is_kept_and_the_bars_are_not():
    image, predictions = noise((320, 240)), [predict(160, 130, 215)]
    assert not shows_bars(Overlay(), image, predictions, 0)
    other = [dataclasses.replace(predictions[0], likeliest="anger")]
    first, second = (Overlay(landmarks=False).draw(image, p) for p in (predictions, other))
    assert changed(first, second).sum() > 300


@pytest.mark.parametrize("level", [0, 128, 255])
def test_the_text_is_light_on_a_dark_ground_on_any_picture(level):
    image, predictions = blank((640, 480), level), [predict(220, 240, 180)]
    drawn = Overlay(landmarks=False).draw(image, predictions)
    panel = drawn[240 - 60 : 240 + 60, 330:480].astype(int).max(axis=2)
    assert np.median(panel) < 100
    assert (panel > 225).sum() > 100


@pytest.mark.parametrize("bars", [True, False])
def test_emotion_calibration_and_number_are_told(bars):
    image, prediction = noise((640, 480)), predict(220, 240, 180)
    variants = [
        prediction,
        dataclasses.replace(prediction, likeliest="anger"),
        dataclasses.replace(prediction, min_probability=0.9),
        *(dataclasses.replace(prediction, mode=m) for m in ("calibrating", "calibrated")),
    ]
    overlay = Overlay(bars=bars)
    pictures = {overlay.draw(image, [variant]).tobytes() for variant in variants}
    assert len(pictures) == len(variants)
    someone = predict(520, 240, 60, number=2)
    with_others = [
        overlay.draw(image, [dataclasses.replace(prediction, number=n), someone]) for n in (1, 3)
    ]
    assert not np.array_equal(*with_others)


@pytest.mark.parametrize("size", [*SIZES, (40, 40), (90, 400)], ids=str)
@pytest.mark.parametrize("message", ["paused", "look neutral for 2 s ... " * 6])
def test_the_message_fits_into_the_frame(size, message):
    image = noise(size)
    mask = changed(image, Overlay().draw(image, [], message=message))
    if size != (40, 40):
        assert mask.any()
    if min(size) >= 240 and message == "paused":
        rows, columns = np.nonzero(mask)
        assert rows.min() > 0.8 * size[1]
        assert abs((columns.min() + columns.max()) / 2 - size[0] / 2) < 0.02 * size[0]


def test_the_frame_rate_stands_in_a_corner_without_a_face():
    image = noise((640, 480))
    nobody = changed(image, Overlay().draw(image, [], fps=30.0))
    assert nobody[:48, :96].any()
    assert not nobody[48:].any()
    somebody = [predict(60, 70, 110)]
    drawn = changed(image, Overlay(landmarks=False).draw(image, somebody, fps=30.0))
    assert not (drawn & hulls(image.shape, somebody)).any()
    for first, second in ((30.0, 31.0), (7.1, 7.2)):
        pictures = [Overlay().draw(image, [], fps=rate) for rate in (first, second)]
        assert not np.array_equal(*pictures)


def test_help_shows_the_keys_and_covers_no_face():
    image, predictions = noise((640, 480)), [predict(500, 360, 150)]
    overlay = Overlay(help=True, landmarks=False)
    drawn = changed(image, overlay.draw(image, predictions))
    assert not (drawn & hulls(image.shape, predictions)).any()
    plain = changed(image, Overlay(landmarks=False).draw(image, predictions))
    assert drawn.sum() > plain.sum() + 10_000
    assert [key for key, _ in KEYS] == ["q, Esc", "c", "s", "l", "p", "space", "h", "w"]


def test_all_grows_with_the_frame():
    shares = []
    for factor in (1, 2, 6):
        size = (640 * factor, 360 * factor)
        image, prediction = noise(size), predict(250 * factor, 180 * factor, 150 * factor)
        shares.append(changed(image, Overlay().draw(image, [prediction])).mean())
    assert max(shares) < 1.5 * min(shares)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 3, 3), (40, 40, 3), (24, 300, 3), (300, 24, 3)])
@pytest.mark.parametrize("count", [1, 3])
def test_tiny_frames_are_no_problem(shape, count):
    image = np.full(shape, 90, np.uint8)
    predictions = [predict(shape[1] / 2, shape[0] / 2, 30, number=n) for n in range(count)]
    overlay = Overlay(help=True)
    drawn = overlay.draw(image, predictions, fps=30.0, message="look neutral")
    assert drawn.shape == shape


def test_a_small_frame_keeps_the_emoji():
    image, predictions = blank((40, 40), 90), [predict(15, 20, 16)]
    other = [dataclasses.replace(predictions[0], likeliest="anger")]
    first, second = (Overlay(landmarks=False).draw(image, p) for p in (predictions, other))
    assert changed(first, second)[:, 26:].sum() > 40


def test_gray_frames_are_drawn_on_in_color():
    gray = np.full((480, 640), 90, np.uint8)
    drawn = draw_predictions(gray, [predict(220, 240, 180)])
    assert drawn.shape == (480, 640, 3)
    assert (drawn.max(axis=2) != drawn.min(axis=2)).any()
    assert (gray == 90).all()


@pytest.mark.parametrize("x", [-3000, 3000, 10**6])
@pytest.mark.parametrize("y", [-3000, 240, 10**6])
def test_a_face_that_has_left_the_frame_leaves_nothing_behind(x, y):
    image = noise((640, 480))
    assert np.array_equal(draw_predictions(image, [predict(x, y, 150)]), image)


def test_a_panel_lies_still_while_the_face_trembles():
    rng = np.random.default_rng(0)
    image, overlay = blank((640, 480)), Overlay(landmarks=False)
    panels = []
    for frame in range(1, 12):
        x, y = rng.uniform(-1.5, 1.5, 2)
        drawn = overlay.draw(image, [predict(220 + x, 240 + y, 180, frame=frame)])
        panels.append(drawn[:, 330:])
    assert all(np.array_equal(panel, panels[0]) for panel in panels[1:])


def test_a_panel_goes_along_with_the_face_and_never_onto_it():
    image, overlay = noise((640, 480)), Overlay(landmarks=False)
    for frame, x in enumerate(range(40, 600, 8), start=1):
        predictions = [predict(x, 240 + x / 20, 150 + x / 10, frame=frame)]
        drawn = overlay.draw(image, predictions)
        assert not (changed(image, drawn) & hulls(image.shape, predictions)).any()


def test_single_images_do_not_depend_on_those_before():
    image, overlay = noise((640, 480)), Overlay()
    first, second = [predict(218, 240, 180)], [predict(222, 242, 178)]
    overlay.draw(image, first)
    assert np.array_equal(overlay.draw(image, second), Overlay().draw(image, second))


def test_the_example_pictures_show_drawn_faces(detector):
    scene = Scene((640, 480)).add(detector, "surprise", 0.3, 0.5, 0.5, "calibrated")
    (prediction,) = scene.predictions
    assert prediction.emotion == "surprise"
    middle = prediction.face.landmarks.mean(axis=0)
    assert np.abs(middle - [0.3 * 640, 0.5 * 480]).max() < 60
    drawn = Overlay(landmarks=False).draw(scene.image, scene.predictions)
    assert not (changed(scene.image, drawn) & hulls(drawn.shape, scene.predictions)).any()
