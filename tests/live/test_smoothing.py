import numpy as np
import pytest

from landmark_emotion.live.smoothing import Smoother

HAPPY, SAD = np.array([0.9, 0.1]), np.array([0.1, 0.9])


def run(smoother, rows, fps):
    return [smoother.update(1, row, step / fps) for step, row in enumerate(rows)]


def shown(rows, fps, seconds=0.3):
    return np.array([likeliest for _, likeliest in run(Smoother(seconds), rows, fps)])


def changes(labels):
    return np.count_nonzero(np.diff(labels))


def probabilities(gap):
    """Turn the difference of two scores into rows of probabilities."""
    first = 1 / (1 + np.exp(-np.asarray(gap, dtype=float)))
    return np.stack([first, 1 - first], axis=1)


def movement(fps, seconds, rest=2.0, noise=0.1):
    """A face at rest whose expression changes within some seconds, and stays."""
    times = np.arange(round((2 * rest + seconds) * fps)) / fps
    gap = 3 - 6 * np.clip((times - rest) / seconds, 0, 1)
    gap += np.random.default_rng(0).normal(0, noise, len(gap))
    return probabilities(gap)


def test_the_first_answer_is_taken_as_it_is():
    result, likeliest = Smoother().update(1, SAD, 0.0)
    assert result.tolist() == SAD.tolist()
    assert likeliest == 1


@pytest.mark.parametrize("fps", [5, 25, 60])
@pytest.mark.parametrize("usual", [HAPPY, np.array([0.6, 0.4])])
def test_a_single_odd_frame_changes_nothing_that_is_shown(usual, fps):
    rows = [usual] * 60 + [np.array([0.0, 1.0])] + [usual] * 60
    assert set(shown(rows, fps)) == {0}


def test_two_emotions_that_are_as_likely_do_not_take_turns():
    rows = [np.array([0.5 + sign * 0.03, 0.5 - sign * 0.03]) for sign in (1, -1) * 50]
    assert set(shown(rows, 25)) == {0}


def test_jitter_does_not_flicker():
    rows = probabilities(np.random.default_rng(0).normal(0.2, 0.3, 25 * 20))
    assert changes([row.argmax() for row in rows]) > 100
    assert changes(shown(rows, 25)) <= 2


@pytest.mark.parametrize("fps", [15, 30, 60])
@pytest.mark.parametrize("seconds", [0.3, 0.5, 1.0])
def test_a_quick_expression_is_shown_within_a_tenth_of_a_second(fps, seconds):
    rows = movement(fps, seconds)
    settled = np.flatnonzero(rows.argmax(axis=1) == 0)[-1] + 1
    labels = shown(rows, fps)
    assert changes(labels) == 1
    assert (labels.argmax() - settled) / fps <= 0.1


def test_five_frames_a_second_take_one_frame_more():
    labels = shown([HAPPY] * 5 + [SAD] * 5, 5)
    assert labels.tolist() == [0] * 6 + [1] * 4


@pytest.mark.parametrize("seconds", [0.1, 1.0])
def test_the_frame_rate_does_not_matter(seconds):
    first = [
        shown(movement(fps, 0.5, noise=0), fps, seconds).argmax() / fps for fps in (15, 30, 60)
    ]
    assert np.ptp(first) <= 0.1


def test_more_smoothing_is_slower():
    first = [shown(movement(30, 1.0), 30, seconds).argmax() for seconds in (0.1, 0.3, 1.0, 2.0)]
    assert first == sorted(first)
    assert first[-1] > first[0]


def test_a_restless_face_needs_more_evidence_than_a_calm_one():
    times = np.arange(0, 10, 0.04)
    restless = 3 + 2 * np.sin(2 * np.pi * 1.5 * times)
    calm = np.full(len(times), restless[-1])
    after = np.full(50, -0.5)
    first = [
        shown(probabilities(np.append(before, after)), 25).argmax() for before in (restless, calm)
    ]
    assert first[0] > first[1]


def test_no_emotion_is_likelier_than_the_one_shown():
    rng = np.random.default_rng(0)
    for result, likeliest in run(Smoother(), rng.dirichlet(np.full(7, 0.3), 200), 25):
        assert result[likeliest] == result.max()
        assert result.sum() == pytest.approx(1)


def test_probabilities_settle_on_those_of_the_frames():
    rows = [HAPPY, *[np.array([0.0, 1.0])] * 100]
    assert run(Smoother(), rows, 25)[-1][0] == pytest.approx([0, 1], abs=1e-3)


def test_zero_leaves_everything_as_it_is():
    rows = [HAPPY, SAD] * 5
    for row, (result, likeliest) in zip(rows, run(Smoother(0), rows, 25), strict=True):
        assert result is row
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
