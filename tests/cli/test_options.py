"""Options shared by commands."""

import argparse
import dataclasses
import io
import sys

import pytest

from landmark_emotion.cli.models import choose_model
from landmark_emotion.cli.options import (
    model_file,
    moment,
    positive_int,
    print_table,
    progress,
    share,
    two_or_more,
    whole_number,
)
from landmark_emotion.model.classifier import SHIPPED, TRAINED_HERE, load_model
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


@pytest.fixture
def of_few_people(here):
    """A model in the place where training puts it."""
    model = load_model(SHIPPED[-1])
    info = {"subjects": 10, "static": {"accuracy": 0.7375}, "data": {"drawn": False}}
    dataclasses.replace(model, info=info).save(TRAINED_HERE)
    return TRAINED_HERE


def test_a_model_of_few_people_does_not_silently_replace_the_built_in_one(capsys, of_few_people):
    choose_model(None)
    named, warning = capsys.readouterr().err.splitlines()
    start = f"model: {of_few_people} (yours: 10 people, 73.8 % on unseen people; the built-in one: "
    assert named.startswith(start)
    assert warning.startswith("warning: ")
    assert "--model default" in warning
    choose_model(of_few_people)  # asked for by name
    assert "warning" not in capsys.readouterr().err


def test_the_built_in_model_can_be_named(capsys, of_few_people):
    model = choose_model(model_file("default"))
    assert capsys.readouterr().err == f"model: built-in, {len(model.emotions)} emotions\n"


def test_a_wide_table_is_turned(capsys):
    heads = [f"column {number}" for number in range(12)]
    print_table([("", *heads), ("face 1", *map(str, range(12)))])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:]] == [["column", str(n), str(n)] for n in range(12)]
    print_table([("", *heads[:3]), ("face 1", "1", "2", "3")])
    assert len(capsys.readouterr().out.splitlines()) == 2
