import json

import pytest

from landmark_emotion.cli import main


def write(path, static, calibrated=None, name="data"):
    def result(right):
        if right is None:
            return None
        people = {f"S{i}": {"n": 5, "right": value} for i, value in enumerate(right)}
        return {"protocol": "leave-one-subject-out", "subjects": people}

    content = {
        "data": {"name": name},
        "static": result(static),
        "calibrated": result(calibrated),
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_differences_and_their_absence_are_reported(tmp_path, capsys):
    a = write(tmp_path / "a" / "report.json", [5, 4] * 8, [4] * 16)
    b = write(tmp_path / "b.json", [4, 3] * 8, [4] * 16)
    assert main(["compare", str(a.parent), str(b)]) == 0
    out, err = capsys.readouterr()
    static, calibrated = out.split("own neutral reference")
    assert "A is significantly better, by 20.0 points" in static
    assert "16 subjects in both" in static
    assert "no significant difference" in calibrated
    assert err == ""


def test_calibrated_results_are_compared_only_where_both_have_them(tmp_path, capsys):
    a = write(tmp_path / "a.json", [5, 4] * 8, [4] * 16)
    b = write(tmp_path / "b.json", [4, 3] * 8)
    assert main(["compare", str(a), str(b), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert "calibrated" not in printed
    static = printed["static"]
    assert static["significant"] is True
    assert static["difference"] == pytest.approx(0.2)
    low, high = static["interval"]
    assert 0 < low <= high
    assert "better" in static["verdict"]


def test_unpaired_subjects_and_other_data_sets_are_reported(tmp_path, capsys):
    a = write(tmp_path / "a.json", [5] * 10, name="one")
    b = write(tmp_path / "b.json", [5] * 8, name="two")
    assert main(["compare", str(a), str(b)]) == 0
    out, err = capsys.readouterr()
    assert "8 subjects in both, 2 only in A" in out
    assert "different names (one and two)" in err


@pytest.mark.parametrize("content", ["{", "[]", '{"static": {"subjects": null}}', "{}"])
def test_other_files_are_refused(tmp_path, capsys, content):
    good = write(tmp_path / "a.json", [5] * 8)
    bad = tmp_path / "b.json"
    bad.write_text(content)
    assert main(["compare", str(good), str(bad)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {bad}: ")
    assert err.count("\n") == 1


def test_unrelated_and_missing_reports_are_refused(tmp_path, capsys):
    good = write(tmp_path / "a.json", [5] * 8)
    other = tmp_path / "b.json"
    other.write_text('{"static": {"subjects": {"X": {"n": 1, "right": 1}}}}')
    for second, words in ((other, "no subject in common"), (tmp_path / "no", "no such report")):
        assert main(["compare", str(good), str(second)]) == 1
        err = capsys.readouterr().err
        assert words in err
        assert err.count("\n") == 1
