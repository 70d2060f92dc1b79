import numpy as np

from landmark_emotion.faces.numbers import MEMORY, FaceNumbers
from landmark_emotion.model.face import Box


def test_faces_keep_their_numbers_while_they_cross():
    numbers = FaceNumbers()
    for step in range(41):
        time = step / 25
        # They pass each other at different heights, and are listed in either order.
        right = Box(100 + 10 * step, 100, 100, 100)
        left = Box(500 - 10 * step, 190, 100, 100)
        if step % 2:
            assert numbers.update([right, left], time) == [1, 2]
        else:
            assert numbers.update([left, right], time) == [2, 1]


def test_a_face_that_is_missed_for_a_moment_keeps_its_number():
    numbers = FaceNumbers()
    assert numbers.update([Box(100, 100, 100, 100), Box(400, 100, 100, 100)], 0.0) == [1, 2]
    assert numbers.update([Box(405, 100, 100, 100)], 0.04) == [2]
    assert numbers.update([], 0.08) == []
    assert numbers.update([Box(410, 100, 100, 100)], 0.5) == [2]


def test_who_comes_later_is_somebody_new():
    numbers = FaceNumbers()
    numbers.update([Box(100, 100, 100, 100)], 0.0)
    assert numbers.remembered == {1}
    numbers.update([], MEMORY + 1)
    assert numbers.remembered == set()
    # The number is free again, for anybody.
    assert numbers.update([Box(100, 100, 100, 100)], MEMORY + 1.04) == [1]


def test_no_two_faces_share_a_number():
    numbers, rng = FaceNumbers(), np.random.default_rng(0)
    for step in range(200):
        boxes = [
            Box(*rng.integers(0, 500, 2).tolist(), *([int(rng.integers(60, 200))] * 2))
            for _ in range(rng.integers(0, 6))
        ]
        given = numbers.update(boxes, step / 10)
        assert len(given) == len(boxes)
        assert len(set(given)) == len(given)
        assert all(number >= 1 for number in given)


def test_a_jump_across_the_picture_is_another_face():
    numbers = FaceNumbers()
    numbers.update([Box(0, 0, 80, 80)], 0.0)
    assert numbers.update([Box(500, 300, 80, 80)], 0.04) == [2]
