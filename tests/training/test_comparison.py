import json
import os

import numpy as np
import pytest

from landmark_emotion.errors import ReportError
from landmark_emotion.training import comparison
from landmark_emotion.training.comparison import compare, load_report, subjects_of


def subjects(right, n=5):
    return {f"S{index:03d}": (n, int(value)) for index, value in enumerate(right)}


def test_a_result_equals_itself():
    same = subjects([5, 3, 4, 5, 2, 1, 5, 4])
    result = compare(same, same)
    assert (result.difference, result.interval, result.p_value) == (0, (0, 0), 1)
    assert result.verdict == "no significant difference"


def test_a_consistent_difference_is_found_in_both_orders():
    good, bad = subjects([5, 4] * 10), subjects([4, 3] * 10)
    forth, back = compare(good, bad), compare(bad, good)
    assert forth.difference == pytest.approx(0.2) == -back.difference
    assert forth.verdict == "A is significantly better, by 20.0 points"
    assert back.verdict.startswith("B is significantly better, by 20.0")
    assert forth.p_value < 0.001
    assert forth.interval[0] > 0


def test_one_person_is_not_a_significant_difference():
    result = compare(subjects([50] + [30] * 11, n=50), subjects([0] + [30] * 11, n=50))
    assert result.difference > 0.05
    assert not result.significant


def test_five_people_are_too_few():
    result = compare(subjects([5] * 5), subjects([0] * 5))
    assert result.verdict == "too few subjects in both (5) for a test of significance"


@pytest.mark.parametrize("unequal", [False, True])
def test_p_values_are_uniform_without_a_difference(unequal, monkeypatch):
    monkeypatch.setattr(comparison, "FLIPS", 1000)  # enough here, and quick
    random = np.random.default_rng(3)
    p_values, covered = [], []
    for _ in range(100):
        skill = random.uniform(0.5, 1, 25)
        n = random.integers(2, 9, 25)
        a, b = (
            {
                str(i): (int(k), int(random.binomial(k, s)))
                for i, (k, s) in enumerate(zip(m, skill, strict=True))
            }
            for m in (n, np.where(random.random(25) < 0.5, n, 3) if unequal else n)
        )
        result = compare(a, b)
        p_values.append(result.p_value)
        covered.append(result.interval[0] <= 0 <= result.interval[1])
    assert np.mean(np.array(p_values) < 0.05) < 0.11
    assert np.mean(np.array(p_values) < 0.5) == pytest.approx(0.5, abs=0.15)
    assert np.mean(covered) > 0.86


def test_the_p_value_estimates_that_of_all_exchanges():
    # Of the 2 ** 8 exchanges of eight equal differences, two are as large as the observed one.
    result = compare(subjects([3] * 8), subjects([2] * 8))
    assert result.p_value == pytest.approx(2 / 2**8, abs=0.003)


def test_subjects_in_one_result_only_are_counted():
    a = {**subjects([5] * 8), "only": (5, 0)}
    b = {**subjects([5] * 8), "other": (9, 0), "another": (1, 0)}
    result = compare(a, b)
    assert (result.subjects, result.only_a, result.only_b) == (8, 1, 2)
    assert result.accuracy_a == result.accuracy_b == 1


def test_subjects_with_unequal_numbers_of_faces_are_counted():
    assert compare(subjects([3] * 8, n=5), subjects([3] * 8, n=6)).unequal == 8


def test_results_without_a_common_subject_are_refused():
    with pytest.raises(ReportError, match="no subject in common"):
        compare({"a": (1, 1)}, {"b": (1, 1)})


def test_comparisons_are_reproducible():
    random = np.random.default_rng(0)
    a, b = (subjects(random.integers(0, 6, 300)) for _ in "ab")
    assert compare(a, b) == compare(a, b)


def test_a_folder_is_accepted_as_a_report(tmp_path):
    content = {"static": {"subjects": {"S1": {"n": 2, "right": 1}}}, "calibrated": None}
    (tmp_path / "report.json").write_text(json.dumps(content))
    report = load_report(tmp_path)
    assert subjects_of(report, "static", "x") == {"S1": (2, 1)}
    assert subjects_of(report, "calibrated", "x") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "{}", '{"static": 1}', "[" * 100_000, "\x00\xff"]
)
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ReportError, match=r"x\.json: .*; give a report\.json"):
        load_report(path)


def test_a_missing_report_is_named(tmp_path):
    with pytest.raises(ReportError, match="no such report"):
        load_report(tmp_path)
    with pytest.raises(ReportError, match="no such report"):
        load_report(tmp_path / "no.json")


@pytest.mark.parametrize(
    "people",
    [
        [],
        {"S1": 3},
        {"S1": {"n": 2}},
        {"S1": {"n": 2, "right": 3}},
        {"S1": {"n": 0, "right": 0}},
        {"S1": {"n": 2, "right": -1}},
        {"S1": {"n": 2.5, "right": 1}},
        {"S1": {"n": True, "right": True}},
        {"S1": {"n": float("nan"), "right": 1}},
        {"S1": {"n": "2", "right": "1"}},
    ],
)
def test_damaged_subjects_are_refused(people):
    with pytest.raises(ReportError, match="x: its subjects are damaged"):
        subjects_of({"static": {"subjects": people}}, "static", "x")


def test_a_report_without_subjects_is_refused():
    with pytest.raises(ReportError, match="has no subjects to pair"):
        subjects_of({"static": {"subjects": None}}, "static", "x")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "report.json")
    with pytest.raises(ReportError, match=r"report\.json: "):
        load_report(tmp_path / "report.json")
