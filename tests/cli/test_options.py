"""Options shared by commands."""

import argparse
import io
import sys

import pytest

from landmark_emotion.cli.options import (
    moment,
    positive_int,
    progress,
    share,
    two_or_more,
    whole_number,
)
from landmark_emotion.model.quality import MIN_QUALITY


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (whole_number, "0", 0),
        (whole_number, "4294967295", 2**32 - 1),
        (positive_int, "1", 1),
        (positive_int, "007", 7),
        (two_or_more, "2", 2),
        (share, "0.2", 0.2),
        (share, "1e-3", 0.001),
        (moment, "0", 0),
        (moment, "95.5", 95.5),
        (moment, "1:35.5", 95.5),
        (moment, "2:01:05", 7265),
        (moment, "100:00", 6000),
    ],
)
def test_numbers_are_parsed(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "texts"),
    [
        (whole_number, ["-1", "4294967296", "1.0", "1e3", "", " 1", "x", "²", "٣", "9" * 5000]),
        (positive_int, ["0", "-1"]),
        (two_or_more, ["0", "1"]),
        (share, ["0", "1", "-0.1", "nan", "inf", "", "x"]),
        (
            moment,
            ["-1", "nan", "inf", "", "x", "1:60", "1:-5", ":5", "5:", "1.5:0", "0:0:0:0", "1e9"],
        ),
    ],
)
def test_bad_numbers_are_quoted_in_the_error(read, texts):
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError, match="must be") as raised:
            read(text)
        assert f"got '{text}'" in str(raised.value)


def test_progress_bar_needs_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert list(progress(iter("abc"), 3)) == ["a", "b", "c"]
    assert sys.stderr.getvalue() == ""


def test_the_default_of_min_quality_is_that_of_the_recognizer():
    from landmark_emotion.cli.main import _parser

    args = _parser().parse_args(["image", "a.png"])
    assert args.min_quality == MIN_QUALITY
