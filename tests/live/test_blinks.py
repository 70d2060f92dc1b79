import pytest

from landmark_emotion.live.blinks import LONGEST, Blinks

OPEN, SHUT = 0.3, 0.12


def times_of_blinks(openness, fps=25.0, number=1, blinks=None):
    """Show a face with the given openness of its eyes in each frame."""
    blinks = blinks or Blinks()
    seen = [blinks.update(number, value, frame / fps) for frame, value in enumerate(openness)]
    assert seen[0] is None
    return [frame / fps for frame, blink in enumerate(seen) if blink]


@pytest.mark.parametrize("fps", [10.0, 30.0, 100.0])
def test_a_blink_lasts_as_long_as_the_eyes_are_closed(fps):
    before, during = [OPEN] * round(2 * fps), [SHUT] * round(0.2 * fps)
    blinks = times_of_blinks([*before, *during, *before], fps)
    assert blinks == pytest.approx([2 + frame / fps for frame in range(len(during))])


def test_eyes_that_stay_closed_are_no_blink_any_more():
    blinks = times_of_blinks([OPEN] * 50 + [SHUT] * 100 + [OPEN] * 25)
    assert blinks[0] == 2
    assert max(blinks) < 2 + LONGEST


def test_narrow_and_noisy_eyes_do_not_blink():
    assert not times_of_blinks([OPEN] * 50 + [0.8 * OPEN] * 50 + [OPEN, 0.85 * OPEN] * 50)


def test_eyes_that_are_narrow_from_now_on_blink_again_later():
    narrow = 0.6 * OPEN
    blinks = times_of_blinks([OPEN] * 50 + [narrow] * 500 + [0.4 * narrow] * 3 + [narrow] * 10)
    assert sum(time > 20 for time in blinks) == 3


def test_a_person_with_small_eyes_blinks_like_others():
    assert len(times_of_blinks([0.15] * 50 + [0.07] * 4 + [0.15] * 10)) == 4


def test_a_face_that_first_appears_with_closed_eyes_is_judged_once_they_were_open():
    values = [SHUT] * 5 + [OPEN] * 25 + [SHUT] * 4 + [OPEN] * 5
    assert len(times_of_blinks(values)) == 4


@pytest.mark.parametrize("gap", [0.2, 3.0, 0.0, -1.0])
def test_too_long_after_the_last_frame_nothing_is_known(gap):
    blinks = Blinks()
    for frame in range(25):
        blinks.update(1, OPEN, frame / 25)
    assert blinks.update(1, SHUT, 24 / 25 + gap) is None
    assert blinks.update(1, SHUT, 24 / 25 + gap + 0.04) is True


def test_faces_blink_on_their_own_and_are_forgotten():
    blinks = Blinks()
    times_of_blinks([OPEN] * 25, blinks=blinks)
    assert blinks.update(2, SHUT, 1.0) is None
    assert blinks.update(2, SHUT, 1.04) is False
    assert blinks.update(1, SHUT, 1.0) is True
    blinks.keep_only({2})
    assert blinks.update(1, SHUT, 1.04) is None
