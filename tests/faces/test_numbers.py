import numpy as np
import pytest
import synthetic

from landmark_emotion.faces.numbers import BRIEF, MEMORY, FaceNumbers
from landmark_emotion.model.face import Box

RNG = np.random.default_rng(0)
ANNA, BEN, CLEO = (synthetic.template() + RNG.normal(0, 3, (68, 2)) for _ in range(3))
HERE, THERE = Box(100, 100, 100, 100), Box(400, 100, 100, 100)


def test_crossing_faces_keep_their_numbers():
    numbers = FaceNumbers()
    for step in range(41):
        time = step / 25
        # They pass each other at different heights, and are listed in either order.
        right = Box(100 + 10 * step, 100, 100, 100)
        left = Box(500 - 10 * step, 190, 100, 100)
        if step % 2:
            assert numbers.update([right, left], [ANNA, BEN], time) == [1, 2]
        else:
            assert numbers.update([left, right], [BEN, ANNA], time) == [2, 1]


def test_a_face_missed_for_a_moment_keeps_its_number():
    numbers = FaceNumbers()
    assert numbers.update([HERE, THERE], [ANNA, BEN], 0.0) == [1, 2]
    assert numbers.update([Box(405, 100, 100, 100)], [BEN], 0.04) == [2]
    assert numbers.update([], [], 0.08) == []
    assert numbers.update([Box(410, 100, 100, 100)], [BEN], 0.5) == [2]


@pytest.mark.parametrize(("person", "number"), [(ANNA, 1), (BEN, 2)])
def test_after_a_longer_gap_only_the_same_shape_gets_the_number(person, number):
    numbers = FaceNumbers()
    numbers.update([HERE], [ANNA], 0.0)
    assert numbers.update([HERE], [person], BRIEF + 1) == [number]


@pytest.mark.parametrize(("person", "number"), [(ANNA, 1), (BEN, 2)])
def test_after_an_abrupt_change_only_the_same_shape_gets_the_number(person, number):
    numbers = FaceNumbers()
    numbers.update([HERE], [ANNA], 0.0)
    numbers.doubt({1})
    assert numbers.update([HERE], [person], 0.04) == [number]


def test_a_new_face_that_turns_out_to_be_an_old_one_gets_its_number_back():
    numbers = FaceNumbers()
    numbers.update([HERE], [ANNA], 0.0)
    blurred = ANNA + RNG.normal(0, 8, ANNA.shape)
    assert numbers.update([HERE], [blurred], 2.0) == [2]
    given = [2]
    for step in range(1, 11):
        given = numbers.update([HERE], [ANNA], 2.0 + step / 25, given)
    assert given == [1]


def test_numbers_are_never_given_again():
    numbers = FaceNumbers()
    numbers.update([HERE, THERE], [ANNA, BEN], 0.0)
    # They expire in the very update in which somebody else arrives.
    assert numbers.update([HERE], [CLEO], MEMORY + 3) == [3]
    assert numbers.update([], [], MEMORY + 4) == []
    assert numbers.remembered == {3}
    assert numbers.update([], [], 3 * MEMORY) == []
    assert numbers.remembered == set()
    assert numbers.update([HERE], [CLEO], 3 * MEMORY + 0.04) == [4]


def test_rare_frames_do_not_make_everybody_new():
    numbers = FaceNumbers()
    for time in (0, 10, 20):
        assert numbers.update([HERE], [ANNA], time) == [1]


def test_no_two_faces_share_a_number():
    numbers, rng = FaceNumbers(), np.random.default_rng(0)
    for step in range(200):
        boxes = [
            Box(*rng.integers(0, 500, 2).tolist(), *([int(rng.integers(60, 200))] * 2))
            for _ in range(rng.integers(0, 6))
        ]
        given = numbers.update(boxes, [ANNA] * len(boxes), step / 10)
        assert len(given) == len(boxes)
        assert len(set(given)) == len(given)
        assert all(number >= 1 for number in given)


def test_a_jump_across_the_picture_is_another_face():
    numbers = FaceNumbers()
    numbers.update([Box(0, 0, 80, 80)], [ANNA], 0.0)
    assert numbers.update([Box(500, 300, 80, 80)], [ANNA], 0.04) == [2]
