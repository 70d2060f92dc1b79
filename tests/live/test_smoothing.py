import numpy as np
import pytest

from landmark_emotion.live.smoothing import Smoother

HAPPY, SAD = np.array([0.9, 0.1]), np.array([0.1, 0.9])


def run(smoother, rows, fps):
    return [smoother.update(1, row, step / fps) for step, row in enumerate(rows)]


def test_the_first_answer_is_taken_as_it_is():
    probabilities, likeliest = Smoother().update(1, SAD, 0.0)
    assert probabilities.tolist() == SAD.tolist()
    assert likeliest == 1


def test_a_single_odd_frame_changes_nothing_that_is_shown():
    rows = [HAPPY] * 10 + [SAD] + [HAPPY] * 10
    assert {likeliest for _, likeliest in run(Smoother(), rows, 25)} == {0}


def test_two_emotions_that_are_as_likely_do_not_take_turns():
    rows = [np.array([0.5 + sign * 0.03, 0.5 - sign * 0.03]) for sign in (1, -1) * 50]
    shown = [likeliest for _, likeliest in run(Smoother(), rows, 25)]
    assert set(shown) == {0}


@pytest.mark.parametrize("fps", [5, 25, 100])
def test_a_new_expression_is_shown_as_soon_whatever_the_frame_rate(fps):
    rows = [HAPPY] * fps + [SAD] * fps
    shown = [likeliest for _, likeliest in run(Smoother(0.3), rows, fps)]
    assert shown[-1] == 1
    assert shown.index(1) / fps - 1 <= 0.3 + 1 / fps


@pytest.mark.parametrize("fps", [10, 30])
def test_the_time_constant_is_in_seconds(fps):
    smoother = Smoother(0.5)
    rows = [HAPPY] + [SAD] * int(0.5 * fps)
    last, _ = run(smoother, rows, fps)[-1]
    # After one time constant 1/e of the difference is left.
    assert last[0] == pytest.approx(0.1 + 0.8 / np.e, abs=1e-9)
    assert last.sum() == pytest.approx(1)


def test_zero_leaves_everything_as_it_is():
    rows = [HAPPY, SAD] * 5
    for row, (probabilities, likeliest) in zip(rows, run(Smoother(0), rows, 25), strict=True):
        assert probabilities is row
        assert likeliest == row.argmax()


def test_faces_do_not_mix():
    smoother = Smoother()
    smoother.update(1, HAPPY, 0.0)
    assert smoother.update(2, SAD, 0.04)[0].tolist() == SAD.tolist()


def test_a_face_that_was_lost_begins_anew():
    smoother = Smoother()
    smoother.update(1, HAPPY, 0.0)
    smoother.update(2, HAPPY, 0.0)
    smoother.keep_only({2})
    assert smoother.update(1, SAD, 0.04)[0].tolist() == SAD.tolist()
    assert smoother.update(2, SAD, 0.04)[0].tolist() != SAD.tolist()


def test_a_clock_that_goes_back_begins_anew():
    smoother = Smoother()
    smoother.update(1, HAPPY, 5.0)
    assert smoother.update(1, SAD, 1.0)[0].tolist() == SAD.tolist()


def test_a_negative_time_constant_is_refused():
    with pytest.raises(ValueError, match="seconds must be at least 0"):
        Smoother(-1)
