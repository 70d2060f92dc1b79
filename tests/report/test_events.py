"""Events: when a face shows which emotion."""

import csv
import io
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from landmark_emotion.emotions import EMOTIONS, UNCERTAIN
from landmark_emotion.report.timeline.event_files import (
    EVENT_COLUMNS,
    FORMATS,
    summary_as_csv,
)
from landmark_emotion.report.timeline.events import Criteria, events_of, with_events
from landmark_emotion.report.timeline.lanes import Lane, Recording, Timeline

NAMES = (*EMOTIONS, UNCERTAIN)
LETTERS = {"a": "anger", "h": "happiness", "n": "neutral", "?": "uncertain"}
ALL = Criteria(min_duration=0)


def make_lane(shown, probabilities=None, *, hold=0.1, **options):
    """Make a lane of one letter per frame; "-" is no face.

    A probability is that of the label, of happiness where the label is uncertain.
    """
    seen = [index for index, letter in enumerate(shown) if letter != "-"]
    values = np.full((len(seen), len(EMOTIONS)), np.nan)
    for row, index in enumerate(seen):
        if probabilities is not None:
            name = LETTERS[shown[index]].replace("uncertain", "happiness")
            values[row] = (1 - probabilities[index]) / (len(EMOTIONS) - 1)
            values[row, EMOTIONS.index(name)] = probabilities[index]
    given = {
        "face": 1,
        "time": np.array(seen) * hold,
        "hold": np.full(len(seen), hold),
        "shown": np.array([NAMES.index(LETTERS[shown[index]]) for index in seen]),
        "probabilities": values,
        "blink": np.full(len(seen), np.nan),
        "names": NAMES,
    }
    return Lane(**given | options)


def brief(events):
    return [(event.emotion, round(event.start, 6), round(event.end, 6)) for event in events]


def test_an_event_lasts_from_enter_until_it_falls_below_leave():
    p = [0.45, 0.5, 0.6, 0.45, 0.7, 0.39, 0.45, 0.5]
    (first, second) = events_of(make_lane("hhhhhhhh", p), ALL)
    assert brief([first, second]) == [("happiness", 0.1, 0.5), ("happiness", 0.7, 0.8)]
    assert first.peak == 0.7
    assert first.mean == pytest.approx(np.mean([0.5, 0.6, 0.45, 0.7]))
    assert first.duration == pytest.approx(0.4)


def test_the_mean_is_one_over_time_not_over_rows():
    hold = np.array([0.1, 0.9])
    lane = make_lane("hh", [0.5, 1.0], time=np.array([0, 0.1]), **{"hold": hold})
    (event,) = events_of(lane, ALL)
    assert event.mean == pytest.approx(0.95)
    assert event.end == pytest.approx(1.0)


def test_another_emotion_ends_an_event_only_when_it_begins_one():
    p = [0.8, 0.45, 0.45, 0.8]
    lane = make_lane("hnnn", p)
    lane.probabilities[1:3, EMOTIONS.index("happiness")] = 0.42
    assert brief(events_of(lane, ALL)) == [("happiness", 0, 0.3), ("neutral", 0.3, 0.4)]


def test_events_of_a_face_do_not_overlap():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.random(40)
        shown = "".join(rng.choice(list("ahn?-"), 40))
        enter = rng.random()
        criteria = Criteria(enter, rng.random() * enter, 0)
        events = events_of(make_lane(shown, p), criteria)
        for one, other in pairwise(events):
            assert one.start < one.end <= other.start + 1e-9


def test_a_gap_ends_an_event():
    events = events_of(make_lane("hhh--hhh", [0.9] * 8), ALL)
    assert brief(events) == [("happiness", 0, 0.3), ("happiness", 0.5, 0.8)]


def test_uncertain_rows_begin_no_event_and_end_one_if_they_last():
    p = [0.9, 0.9, 0.55, 0.55, 0.9, 0.9]

    def found(shown, least):
        return brief(events_of(make_lane(shown, p), Criteria(min_duration=least)))

    assert found("hh??hh", 0.2) == [("happiness", 0, 0.6)]
    assert found("hh??hh", 0.15) == [("happiness", 0, 0.2), ("happiness", 0.4, 0.6)]
    assert found("??hhhh", 0.2) == [("happiness", 0.2, 0.6)]
    assert found("??????", 0) == []


def test_without_probabilities_an_event_is_a_stretch_with_one_label():
    events = events_of(make_lane("hh?nnn-n"), ALL)
    assert brief(events) == [("happiness", 0, 0.2), ("neutral", 0.3, 0.6), ("neutral", 0.7, 0.8)]
    assert np.isnan([event.peak for event in events]).all()
    assert np.isnan([event.mean for event in events]).all()


@pytest.mark.parametrize(("least", "n"), [(0, 3), (0.2, 3), (0.3, 2), (0.4, 1), (0.5, 0)])
def test_shorter_events_are_left_out(least, n):
    events = events_of(make_lane("hhnnnhhhh"), Criteria(min_duration=least))
    assert len(events) == n
    assert all(event.duration > least - 1e-6 for event in events)


def test_bands_of_a_plot_are_the_events():
    lane = make_lane("hhhh?nnhh", [0.9, 0.9, 0.45, 0.3, 0.3, 0.9, 0.9, 0.9, 0.2])
    criteria = Criteria(min_duration=0.15)
    shown = [lane.time[with_events(lane, criteria).shown == EMOTIONS.index(e)] for e in EMOTIONS]
    for emotion, times in zip(EMOTIONS, shown, strict=True):
        inside = [
            time
            for time in lane.time
            if any(
                event.emotion == emotion and event.start <= time + 1e-9 < event.end
                for event in events_of(lane, criteria)
            )
        ]
        np.testing.assert_array_equal(times, inside)
    assert (with_events(lane, criteria).shown == len(NAMES)).sum() == 4


def test_criteria_without_hysteresis_the_wrong_way():
    with pytest.raises(ValueError, match="leave must be at most enter"):
        Criteria(0.3, 0.4)


@pytest.mark.parametrize(
    ("values", "n"),
    [("0110100", 2), ("1101", 2), ("000", 0), ("n0n1n1", 2), ("nnn", None)],
)
def test_blinks_are_counted(values, n):
    blink = np.array([float(value) if value != "n" else np.nan for value in values])
    assert make_lane("n" * len(values), blink=blink).blinks() == n


def test_a_model_of_other_classes_has_events_of_these():
    names = ("bored", "pain", UNCERTAIN)
    changes = {
        "shown": np.array([1, 1, 1, 2, 0, 0]),
        "probabilities": np.array([[0.1, 0.9]] * 3 + [[0.7, 0.3]] * 3),
        "names": names,
    }
    lane = replace(make_lane("nnnnnn"), **changes)
    assert brief(events_of(lane, ALL)) == [("pain", 0, 0.3), ("bored", 0.4, 0.6)]
    timeline = Timeline("x", (Recording("x", 0, 0.6, (lane,)),))
    behaviors = json.loads(FORMATS["boris"](timeline, ALL))["behaviors_conf"].values()
    assert [behavior["code"] for behavior in behaviors] == ["bored", "pain"]
    assert len({behavior["color"] for behavior in behaviors}) == 2


@pytest.fixture
def timeline():
    """Two sources; in the second one a person with a name."""
    blink = np.array([0.0, 1, 0, 0, 1, 1, 0, 0])
    talk = (
        make_lane("hhhhnnnn", [0.9] * 8, blink=blink),
        make_lane("aaaa--aa", [0.8] * 8, face=2),
    )
    other = (make_lane("nnnnnnnn", person="Anna", face=0),)
    return Timeline(
        "rows.csv",
        (
            Recording("talk.mp4", 0.0, 0.8, talk, "films/talk.mp4", 0.1),
            Recording("camera 0", 0.0, 0.8, other, "0", 0.1),
        ),
    )


CRITERIA = Criteria(min_duration=0.3)


def test_csv_and_json_lines_have_the_same_events(timeline):
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](timeline, CRITERIA))))
    objects = [json.loads(line) for line in FORMATS["jsonl"](timeline, CRITERIA).splitlines()]
    assert tuple(rows[0]) == EVENT_COLUMNS
    as_text = [{k: "" if v is None else str(v) for k, v in row.items()} for row in objects]
    assert as_text == rows
    assert objects[:2] == [
        {
            "source": "films/talk.mp4",
            "person": None,
            "face": 1,
            "emotion": "happiness",
            "start": 0.0,
            "end": 0.4,
            "duration": 0.4,
            "peak_probability": 0.9,
            "mean_probability": 0.9,
        },
        objects[0] | {"emotion": "neutral", "start": 0.4, "end": 0.8},
    ]
    last = [objects[-1][key] for key in ("source", "person", "face", "peak_probability")]
    assert last == ["0", "Anna", None, None]


def test_elan_gets_a_tier_for_each_face(timeline):
    lines = FORMATS["elan"](timeline, CRITERIA).splitlines()
    assert lines[0].split("\t") == ["Tier", "Begin Time", "End Time", "Annotation"]
    assert lines[1] == "talk.mp4 face 1\t00:00:00.000\t00:00:00.400\thappiness"
    assert lines[-1] == "camera 0 Anna\t00:00:00.000\t00:00:00.800\tneutral"
    alone = Timeline("rows.csv", timeline.recordings[:1])
    assert FORMATS["elan"](alone, CRITERIA).splitlines()[1].startswith("face 1\t")


def test_elan_gets_times_with_hours():
    lane = make_lane("n" * 4, hold=3661.2345)
    timeline = Timeline("x", (Recording("x", 0, 4 * 3661.2345, (lane,)),))
    assert "\t00:00:00.000\t04:04:04.938\t" in FORMATS["elan"](timeline, CRITERIA)


def test_boris_gets_a_project_of_paired_state_events(timeline):
    project = json.loads(FORMATS["boris"](timeline, CRITERIA))
    subjects = [subject["name"] for subject in project["subjects_conf"].values()]
    assert subjects == ["face 1", "face 2", "Anna"]
    behaviors = project["behaviors_conf"].values()
    known = [behavior["code"] for behavior in behaviors]
    assert known == list(EMOTIONS)
    assert {behavior["type"] for behavior in behaviors} == {"State event"}
    talk, camera = project["observations"].values()
    assert talk["type"] == "MEDIA"
    assert talk["file"]["1"] == ["films/talk.mp4"]
    assert talk["media_info"]["fps"] == {"films/talk.mp4": 10.0}
    assert camera["type"] == "LIVE"
    assert talk["events"] == sorted(talk["events"])
    assert [event[:3] for event in talk["events"] if event[1] == "face 1"] == [
        [0.0, "face 1", "happiness"],
        [0.4, "face 1", "happiness"],
        [0.4, "face 1", "neutral"],
        [0.8, "face 1", "neutral"],
    ]
    assert len(camera["events"]) == 2


def test_the_summary_has_a_line_for_each_face_of_each_source(timeline):
    rows = list(csv.DictReader(io.StringIO(summary_as_csv(timeline, CRITERIA))))
    shares = [f"share_{name}" for name in NAMES]
    numbers = ["events", "longest", "blinks"]
    assert list(rows[0]) == ["source", "person", "face", "visible", *shares, *numbers]
    one, two, anna = rows
    assert (one["share_happiness"], one["share_neutral"]) == ("0.5", "0.5")
    assert (one["visible"], one["events"], one["longest"], one["blinks"]) == (
        "0.8",
        "2",
        "0.4",
        "2",
    )
    assert (two["visible"], two["events"], two["longest"], two["blinks"]) == ("0.6", "1", "0.4", "")
    assert (anna["source"], anna["person"], anna["face"]) == ("0", "Anna", "")
