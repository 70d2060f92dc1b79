import dataclasses

import cv2
import numpy as np
import pytest
from synthetic import prediction

from landmark_emotion.live.prediction import Prediction
from landmark_emotion.model.pose import Pose
from landmark_emotion.show.overlay import Overlay, draw_predictions
from landmark_emotion.show.overlay.panels import share_rows

VGA, HD = (640, 480), (1920, 1080)


def crowd(size: tuple[int, int], count: int) -> list[Prediction]:
    width, height = size
    side = 0.35 * min(height, width / count) if count > 1 else 0.4 * min(size)
    return [
        prediction((n + 0.5) * width / count, (0.45 + 0.1 * (n % 2)) * height, side, number=n + 1)
        for n in range(count)
    ]


def noise(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 200, (size[1], size[0], 3), dtype=np.uint8)


def blank(size: tuple[int, int], level: int = 128) -> np.ndarray:
    return np.full((size[1], size[0], 3), level, dtype=np.uint8)


def changed(image: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    return (image != drawn).any(axis=2)


def hulls(shape: tuple[int, ...], predictions: list[Prediction]) -> np.ndarray:
    """Mask of the convex hulls of the landmarks, without the corners of the boxes."""
    mask = np.zeros(shape[:2], np.uint8)
    for shown in predictions:
        points = np.rint(shown.face.landmarks).astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(points), 255)
    for shown in predictions:
        box = shown.face.box
        corner, opposite = (box.left, box.top), (box.left + box.width, box.top + box.height)
        cv2.rectangle(mask, corner, opposite, 0, max(8, box.height // 25))
    return mask > 0


def covers_a_face(image: np.ndarray, drawn: np.ndarray, predictions: list[Prediction]) -> bool:
    return bool((changed(image, drawn) & hulls(image.shape, predictions)).any())


def shows_bars(overlay: Overlay, image: np.ndarray, predictions: list[Prediction], n: int) -> bool:
    """Whether the probabilities of the less likely emotions can be seen."""
    other = predictions[n].probabilities.copy()
    other[[0, 7]] = 0.01, 0.09
    others = predictions.copy()
    others[n] = dataclasses.replace(predictions[n], probabilities=other)
    return not np.array_equal(overlay.draw(image, predictions), overlay.draw(image, others))


def test_landmarks_are_drawn_in_place_and_can_be_left_out():
    image, shown = blank(VGA), prediction(320, 240, 200)
    points = np.rint(shown.face.landmarks).astype(int)
    inside = hulls(image.shape, [shown])[points[:, 1], points[:, 0]]
    for landmarks in (True, False):
        drawn = Overlay(landmarks=landmarks).draw(image, [shown])
        found = changed(image, drawn)[points[:, 1], points[:, 0]]
        assert found.all() if landmarks else not found[inside].any()


@pytest.mark.parametrize(
    ("size", "count"),
    [((320, 240), 1), (VGA, 1), (VGA, 3), (VGA, 6), ((1080, 1920), 2), (HD, 4), ((3840, 2160), 2)],
    ids=str,
)
def test_nothing_covers_a_face_and_everyone_has_bars(size, count):
    image, predictions = noise(size), crowd(size, count)
    overlay = Overlay(landmarks=False)
    drawn = overlay.draw(image, predictions, fps=29.9, message="paused")
    assert not covers_a_face(image, drawn, predictions)
    if count <= 4:
        assert all(shows_bars(overlay, image, predictions, n) for n in range(count))


@pytest.mark.parametrize("x", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("y", [0.0, 0.5, 1.0])
def test_face_at_the_edge_has_its_panel_inside_the_frame(x, y):
    predictions = [prediction(x * 640, y * 480, 190)]
    image, overlay = noise(VGA), Overlay(landmarks=False)
    assert not covers_a_face(image, overlay.draw(image, predictions), predictions)
    assert shows_bars(overlay, image, predictions, 0)
    letters = (overlay.draw(blank(VGA, 0), predictions) > 225).all(axis=2)
    assert letters.sum() > 200
    assert not letters[[0, -1]].any()
    assert not letters[:, [0, -1]].any()


def test_without_room_for_bars_the_label_stays():
    image, predictions = noise((320, 240)), [prediction(160, 130, 215)]
    assert not shows_bars(Overlay(), image, predictions, 0)
    other = [dataclasses.replace(predictions[0], likeliest="anger")]
    first, second = (Overlay(landmarks=False).draw(image, p) for p in (predictions, other))
    assert changed(first, second).sum() > 300


@pytest.mark.parametrize("level", [0, 128, 255])
def test_text_is_readable_on_any_picture(level):
    drawn = Overlay(landmarks=False).draw(blank(VGA, level), [prediction(220, 240, 180)])
    panel = drawn[240 - 60 : 240 + 60, 330:480].astype(int).max(axis=2)
    assert np.median(panel) < 100
    assert (panel > 225).sum() > 100


@pytest.mark.parametrize("bars", [True, False])
def test_emotion_doubt_calibration_and_number_are_shown(bars):
    image, shown = noise(VGA), prediction(220, 240, 180)
    variants = [
        shown,
        dataclasses.replace(shown, likeliest="anger"),
        dataclasses.replace(shown, min_probability=0.9),
        *(dataclasses.replace(shown, mode=mode) for mode in ("calibrating", "calibrated")),
    ]
    overlay = Overlay(bars=bars)
    assert len({overlay.draw(image, [variant]).tobytes() for variant in variants}) == 5
    someone = prediction(520, 240, 60, number=2)
    numbered = [dataclasses.replace(shown, number=n) for n in (1, 3)]
    assert len({overlay.draw(image, [face, someone]).tobytes() for face in numbered}) == 2


@pytest.mark.parametrize("size", [VGA, (320, 240), (90, 400)], ids=str)
@pytest.mark.parametrize("message", ["paused", "look neutral for 2 s ... " * 6])
def test_message_is_shown_at_the_bottom_and_fits(size, message):
    image = blank(size)
    drawn = Overlay().draw(image, [], message=message)
    rows, columns = np.nonzero(changed(image, drawn))
    assert rows.min() > 0.8 * size[1]
    assert abs((columns.min() + columns.max()) / 2 - size[0] / 2) < max(1, 0.02 * size[0])
    assert not (drawn > 225).all(axis=2)[:, [0, -1]].any()


def test_frame_rate_is_in_a_corner_without_a_face():
    image = noise(VGA)
    nobody = changed(image, Overlay().draw(image, [], fps=30.0))
    assert nobody[:48, :96].any()
    assert not nobody[48:].any()
    somebody = [prediction(60, 70, 110)]
    drawn = Overlay(landmarks=False).draw(image, somebody, fps=30.0)
    assert not covers_a_face(image, drawn, somebody)


def test_help_is_shown_and_covers_no_face():
    image, predictions = noise(VGA), [prediction(500, 360, 150)]
    drawn = Overlay(help=True, landmarks=False).draw(image, predictions)
    assert not covers_a_face(image, drawn, predictions)
    plain = Overlay(landmarks=False).draw(image, predictions)
    assert changed(image, drawn).sum() > changed(image, plain).sum() + 10_000


def test_what_the_network_says_is_shown_if_it_took_part():
    image, alone = noise(VGA), prediction(320, 180, 150)
    says = np.eye(len(alone.emotions))
    both = dataclasses.replace(
        alone, landmark_probabilities=says[0], network_probabilities=says[1], network_share=0.4
    )
    for shown, more in ((alone, 0), (both, 3000)):
        plain = Overlay(bars=False).draw(image, [shown])
        drawn = Overlay(bars=False, shares=True).draw(image, [shown])
        assert changed(plain, drawn).sum() >= more
        assert changed(plain, drawn).any() == bool(more)
    names = dict(share_rows(both, several=True))
    assert names["face"] == "1"
    assert names["landmarks"].startswith(alone.emotions[0])
    assert names["network"].endswith("share 0.40")


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 3, 3), (40, 40, 3), (24, 300, 3), (300, 24, 3)])
def test_tiny_frames_can_be_drawn_on(shape):
    image = np.full(shape, 90, np.uint8)
    predictions = [prediction(shape[1] / 2, shape[0] / 2, 30, number=n) for n in range(3)]
    drawn = Overlay(help=True).draw(image, predictions, fps=30.0, message="look neutral")
    assert drawn.shape == shape


def test_a_face_that_is_not_judged_says_why_in_the_place_of_a_probability():
    image = blank(VGA)
    hidden = {"quality": 0.2, "concern": "partly hidden"}
    judged, marked, other = (
        Overlay().draw(image, [prediction(320, 240, 200, **changes)])
        for changes in ({}, hidden, hidden | {"concern": "turned away"})
    )
    assert (judged != marked).any()
    assert (other != marked).any()
    frank = prediction(320, 240, 200, min_quality=0.0, **hidden)
    assert (Overlay().draw(image, [frank]) == judged).all()


@pytest.mark.parametrize("count", [1, 2])
def test_axes_point_where_the_head_does_and_a_table_shows_the_measures(count):
    image = blank(VGA)
    shown = [
        prediction(200 * n, 240, 120, number=n, pose=Pose(40.0, 0.0, 0.0))
        for n in range(1, count + 1)
    ]
    overlay = Overlay(landmarks=False, bars=False)
    without = overlay.draw(image, shown)
    overlay.pose = True
    drawn = overlay.draw(image, shown)
    marked = np.argwhere(changed(without, drawn))
    x, y = shown[0].face.landmarks[30]
    away = np.hypot(marked[:, 1] - x, marked[:, 0] - y)
    # The subject's left is at the right of the picture.
    assert marked[away < 35, 1].mean() > x + 5
    assert (away > 150).any()  # the table


@pytest.mark.parametrize(("x", "y"), [(-3000, 240), (3000, -3000), (10**6, 10**6)])
def test_face_outside_the_frame_leaves_no_mark(x, y):
    image = noise(VGA)
    drawn = draw_predictions(image, [prediction(x, y, 150)])
    assert np.array_equal(drawn, image)
    assert not np.shares_memory(drawn, image)


def test_panel_stays_in_place_while_the_face_trembles():
    rng = np.random.default_rng(0)
    image, overlay = blank(VGA), Overlay(landmarks=False)
    panels = []
    for frame in range(1, 12):
        x, y = rng.uniform(-1.5, 1.5, 2)
        drawn = overlay.draw(image, [prediction(220 + x, 240 + y, 180, frame=frame)])
        panels.append(drawn[:, 330:])
    assert all(np.array_equal(panel, panels[0]) for panel in panels[1:])


def test_panel_follows_a_moving_face_and_never_covers_it():
    image, overlay = noise(VGA), Overlay(landmarks=False)
    for frame, x in enumerate(range(40, 600, 16), start=1):
        predictions = [prediction(x, 240 + x / 20, 150 + x / 10, frame=frame)]
        assert not covers_a_face(image, overlay.draw(image, predictions), predictions)


def test_single_images_do_not_depend_on_earlier_ones():
    image, overlay = noise(VGA), Overlay()
    overlay.draw(image, [prediction(218, 240, 180)])
    second = [prediction(222, 242, 178)]
    assert np.array_equal(overlay.draw(image, second), Overlay().draw(image, second))
