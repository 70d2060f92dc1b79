import json
import math
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks import soak
from benchmarks.live import answers, processes, stages, videos
from landmark_emotion.features import landmark_features
from landmark_emotion.model import default_model, load_model

ROOT = Path(__file__).resolve().parent.parent


def run_benchmark(name, folder, *options):
    """Run a benchmark in a process of its own, since it changes on which cores it runs."""
    output = folder / "result.json"
    command = [sys.executable, "-m", f"benchmarks.{name}", *map(str, options), "--json", output]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text()), done.stdout


def figures(value):
    """All numbers in a result."""
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, int | float):
        return [value]
    return [] if isinstance(value, str | None) else [n for part in value for n in figures(part)]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    return run_benchmark("live", tmp_path_factory.mktemp("live"), "--quick")


@pytest.mark.slow
def test_every_case_has_all_figures(measured):
    result, _ = measured
    assert [case["people"] for case in result["cases"]] == list(videos.PEOPLE)
    for case in result["cases"]:
        for way in ("a", "b", "c"):
            cost = case["milliseconds"][way]
            assert cost["mean"] > 0
            assert 0 < cost["median"] <= cost["p95"]
            assert cost["cpu"] >= 0
        assert case["milliseconds"]["c"]["frames"] == case["frames"]
        assert set(case["milliseconds"]["ratios"]) == {"a/c", "b/c", "c/(decode+gray)"}
        assert sum(stage["share"] for stage in case["stages"].values()) == pytest.approx(
            1, abs=0.01
        )
        # What is not written by a name of the package must not vanish into the rest.
        assert {"decode", "gray", "search", "landmarks", "features, model"} < set(case["stages"])
    assert all(map(math.isfinite, figures(result)))


@pytest.mark.slow
def test_all_faces_are_found_by_every_way(measured):
    result, _ = measured
    for case in result["cases"]:
        for comparison in ("agreement", "moved_by_a_pixel"):
            agreement = case[comparison]
            assert agreement["faces"] == case["people"] * case["judged_frames"]
            assert agreement["lost"] == agreement["gained"] == 0
            if case["people"]:
                assert agreement["distance_mean"] < 5
        assert case["labels"]["numbers"] == case["people"]


@pytest.mark.slow
def test_where_nobody_is_no_landmarks_are_predicted(measured):
    result, _ = measured
    alone, empty = (
        next(case["stages"]["landmarks"] for case in result["cases"] if case["people"] == people)
        for people in (1, 0)
    )
    assert empty["milliseconds"] == 0 < alone["milliseconds"]


@pytest.mark.slow
def test_what_is_not_part_of_a_case_is_measured_too(measured):
    result, _ = measured
    assert result["main"] == "drawn 640x480, faces: 1"
    assert list(result["start_up"]["parts"]) == list(processes.PARTS)
    assert min(result["start_up"]["parts"].values()) >= 0
    assert result["start_up"]["unwanted_modules"] == []
    assert "landmark_emotion.recognizer" in result["imports"]
    assert result["drawn_expressions"]["expressions"] == 1
    assert result["london"] is None
    assert (result["two_cores"] is None) == (len(available_cores()) < 2)
    memory = result["memory"]
    if memory["most"] is not None:
        assert 0 < memory["after 10 frames"] <= memory["most"]


def available_cores():
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}


@pytest.mark.slow
def test_every_goal_is_judged_or_said_not_to_be_measured(measured):
    result, printed = measured
    goals = {goal["goal"]: goal for goal in result["goals"]}
    assert len(goals) == len(result["goals"])
    assert goals["1920x1080, one face: (a) / (c)"]["reached"] is None
    for goal in goals.values():
        assert (goal["figure"] is None) == (goal["reached"] is None)
        line = next(line for line in printed.splitlines() if line.startswith(goal["goal"]))
        assert line.endswith(
            {True: "reached", False: "missed", None: "not measured"}[goal["reached"]]
        )


def test_distances_are_in_percent_of_the_eyes(landmarks):
    seen = {0: [answers.Seen(landmarks, "happiness")], 1: [answers.Seen(landmarks, "happiness")]}
    eyes = landmarks[42:48].mean(axis=0) - landmarks[36:42].mean(axis=0)
    moved = landmarks + 0.02 * np.hypot(*eyes) * np.array([1.0, 0.0])
    other = {0: [answers.Seen(moved, "happiness")], 1: [answers.Seen(landmarks, "anger")], 2: []}
    agreement = answers.agreement(seen, other)
    assert agreement["distance_mean"] == pytest.approx(1)  # 2 % in one of two frames
    assert agreement["same_emotion"] == 0.5
    assert (agreement["faces"], agreement["lost"], agreement["gained"]) == (2, 0, 0)


def test_faces_lost_and_gained_are_counted(landmarks):
    here, there = answers.Seen(landmarks, "fear"), answers.Seen(landmarks + 500, "fear")
    agreement = answers.agreement({0: [here, there], 1: [here]}, {0: [there], 1: [here, there]})
    assert (agreement["faces"], agreement["lost"], agreement["gained"]) == (3, 1, 1)
    assert agreement["distance_mean"] == 0


@pytest.fixture
def landmarks():
    """Of the model's average neutral face, (68, 2)."""
    mean = load_model(default_model()).mean
    landmarks = 100 * mean.reshape(2, 68).T
    assert np.allclose(landmark_features(landmarks), mean, atol=0.1)
    return landmarks


def rows(*parts):
    """(seconds, emotion by the frame alone, emotion shown), 25 a second."""
    labels = [label for count, *label in parts for _ in range(count)]
    return [(n / 25, *label) for n, label in enumerate(labels)]


def test_a_new_expression_is_delayed_until_it_is_shown():
    seen = rows((10, "fear", "fear"), (5, "anger", "fear"), (20, "anger", "anger"))
    delays, never = answers.delays_of(seen)
    assert delays == [pytest.approx(0.2)]
    assert never == 0


def test_a_short_expression_is_no_new_one():
    seen = rows((10, "fear", "fear"), (3, "anger", "fear"), (20, "fear", "fear"))
    assert answers.delays_of(seen) == ([], 0)


def test_an_expression_that_is_never_shown_is_counted():
    assert answers.delays_of(rows((10, "fear", "fear"), (20, "anger", "fear"))) == ([], 1)


def test_what_one_stage_calls_counts_once():
    now = 0.0

    def spend(seconds):
        nonlocal now
        now += seconds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages.time, "perf_counter", lambda: now)
        watch = stages.Stopwatch()
        inner = watch.wrap("inner", lambda: spend(2))

        def both():
            spend(1)
            inner()
            inner()

        watch.wrap("outer", both)()
    assert dict(watch.spent) == {"inner": 4, "outer": 1}


def test_enlarging_keeps_the_aspect_ratio():
    white = np.full((300, 400, 3), 255, np.uint8)
    (image,) = videos.enlarged([white], (1280, 720))
    assert image.shape == (720, 1280, 3)
    rows_, columns, _ = np.nonzero(image > 128)
    assert np.ptp(rows_) + 1 == 720
    assert np.ptp(columns) + 1 == 960


@pytest.mark.slow
def test_the_soak_notes_memory_and_rate(tmp_path):
    result, printed = run_benchmark("soak", tmp_path, "--frames", 120, "--every", 40)
    assert [row["frames"] for row in result["rows"]] == [40, 80, 120]
    assert sum(result["shown"].values()) == 120
    assert result["faces"] > 0
    assert all(row["per_second"] > 0 for row in result["rows"])
    memory = [row["megabytes"] for row in result["rows"]]
    if None in memory:
        assert result["flat"] is None
        assert "not measured" in printed
    else:
        assert result["grown_megabytes"] == pytest.approx(max(memory) - memory[0])


def test_the_soak_shows_everything_with_time_rising():
    shown = soak.scenes(None, 4)
    assert all(1 <= len(frames) <= 4 for frames in shown.values())
    reduced = {name: [image[::8, ::8] for image in frames] for name, frames in shown.items()}
    source = soak.shots(reduced, np.random.default_rng(0))
    listed = [next(source) for _ in range(soak.SHOTS[1] * len(shown))]
    assert {name for name, _, _ in listed} == set(shown)
    times = [at for _, _, at in listed]
    assert all(a < b for a, b in pairwise(times))
    assert len({image.shape for _, image, _ in listed}) == 3


@pytest.mark.parametrize(("grown", "status"), [(4.0, None), (6.0, 1)])
def test_the_soak_fails_where_memory_grows(monkeypatch, capsys, grown, status):
    memory = iter([100.0, 100.0 + grown])
    monkeypatch.setattr(soak, "resident", lambda: next(memory))
    monkeypatch.setattr(
        soak, "scenes", lambda data, each: {"nobody": [np.zeros((240, 320, 3), np.uint8)]}
    )
    monkeypatch.setattr(sys, "argv", ["soak", "--frames", "4", "--every", "2"])
    if status is None:
        soak.main()
    else:
        with pytest.raises(SystemExit) as leaving:
            soak.main()
        assert leaving.value.code == status
    assert f"grown by {grown:.1f} MB" in capsys.readouterr().out
