"""The command `events`."""

import csv
import io
import json
import re
import sys
from pathlib import Path

import pytest

from landmark_emotion.cli.options import event_criteria

HEADER = "source,frame,time,face,emotion,p_anger,p_happiness,p_neutral\n"


@pytest.fixture
def results(here):
    path = here / "results.csv"
    lines = [f"film.mp4,{i},{i / 10},1,neutral,0.1,0.1,0.8\n" for i in range(8)]
    lines += [f"film.mp4,{i},{i / 10},1,happiness,0.1,0.5,0.4\n" for i in range(8, 12)]
    path.write_text(HEADER + "".join(lines) + "film.mp4,12,1.2,,,,,\n")
    return path


def test_events_are_printed_as_csv(run, results):
    result = run("events", results)
    assert (result.status, result.err) == (0, "")
    (row,) = csv.DictReader(io.StringIO(result.out))
    assert (row["source"], row["face"], row["emotion"]) == ("film.mp4", "1", "neutral")
    assert (row["start"], row["end"], row["peak_probability"]) == ("0.0", "0.8", "0.8")


def test_the_options_choose_the_events(run, results):
    def emotions(*options):
        lines = run("events", results, "--format", "jsonl", *options).out.splitlines()
        return [json.loads(line)["emotion"] for line in lines]

    assert emotions("--min-duration", 0.4) == ["neutral", "happiness"]
    assert emotions("--min-duration", 0, "--enter", 0.6) == ["neutral"]
    assert emotions("--min-duration", 0, "--enter", 0.6, "--leave", 0.45) == ["neutral"]


def test_leave_above_enter_is_refused(run, results):
    result = run("events", results, "--enter", 0.3, "--leave", 0.4)
    assert result.status == 2
    assert "argument --leave: must be at most --enter, 0.3" in result.err


def test_a_low_enter_lowers_leave():
    from argparse import Namespace

    assert event_criteria(Namespace(enter=0.3, leave=None, min_duration=1.0)).leave == 0.3
    assert event_criteria(Namespace(enter=0.9, leave=None, min_duration=1.0)).leave == 0.4


@pytest.mark.parametrize(
    ("name", "options", "beginning"),
    [
        ("a.csv", [], "source,person,face,emotion,"),
        ("new/a.JSONL", [], '{"source": "film.mp4", '),
        ("a.boris", [], '{\n "time_format"'),
        ("a.txt", ["--format", "elan"], "Tier\tBegin Time"),
        ("a.csv", ["--format", "elan"], "Tier\tBegin Time"),
    ],
)
def test_the_suffix_selects_the_format(run, results, here, name, options, beginning):
    result = run("events", results, "-o", here / name, *options)
    assert result.status == 0
    assert (here / name).read_text(encoding="utf-8").startswith(beginning)
    assert result.err == f"events: {here / name}, 1 event\n"
    assert result.out.splitlines()[0].split()[-2:] == ["events", "longest"]
    assert result.out.splitlines()[1].split()[-3:] == ["1", "0.8", "s"]


def test_a_suffix_that_tells_no_format_is_refused(run, results, here):
    result = run("events", results, "-o", "a.tsv")
    assert result.status == 2
    assert "argument --format: needed, as the suffix of 'a.tsv' is not known" in result.err
    assert [path.name for path in here.iterdir()] == ["results.csv"]


def test_the_summary_is_written(run, results, here):
    result = run("events", results, "--summary", "summary.csv")
    assert result.err == "summary: summary.csv\n"
    (row,) = csv.DictReader(io.StringIO((here / "summary.csv").read_text(encoding="utf-8")))
    assert (row["visible"], row["events"], row["longest"]) == ("1.2", "1", "0.8")


def test_rows_without_a_result_leave_the_earlier_events(run, results, here):
    (here / "a.csv").write_text("earlier")
    results.write_text(HEADER)
    result = run("events", results, "-o", "a.csv", "--summary", "b.csv")
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"error: {results}: empty; ")
    assert (here / "a.csv").read_text() == "earlier"
    assert not (here / "b.csv").exists()


def test_faces_of_a_person_are_one(run, here):
    lines = [
        f"film.mp4,{i},{i / 10},{face},neutral,{person}\n"
        for i, (face, person) in enumerate([(1, "Anna")] * 6 + [(3, "Anna")] * 6)
    ]
    lines += [f"film.mp4,{i},{i / 10},2,anger,\n" for i in range(12)]
    (here / "rows.csv").write_text("source,frame,time,face,emotion,person\n" + "".join(lines))
    result = run("events", "rows.csv", "--format", "jsonl")
    events = [json.loads(line) for line in result.out.splitlines()]
    assert [(e["person"], e["face"], e["start"], e["end"]) for e in events] == [
        (None, 2, 0.0, 1.2),
        ("Anna", None, 0.0, 1.2),
    ]


def test_faces_in_sight_at_once_are_not_one_person(run, here):
    lines = [
        f"film.mp4,{i},{i / 10},{face},{emotion},Anna\n"
        for i in range(12)
        for face, emotion in ((1, "neutral"), (2, "anger"))
    ]
    (here / "rows.csv").write_text("source,frame,time,face,emotion,person\n" + "".join(lines))
    events = run("events", "rows.csv").out.splitlines()[1:]
    assert [line.split(",")[1:4] for line in events] == [
        ["Anna", "1", "neutral"],
        ["Anna", "2", "anger"],
    ]
    tiers = run("events", "rows.csv", "--format", "elan").out.splitlines()[1:]
    assert [line.split("\t")[0] for line in tiers] == ["Anna, face 1", "Anna, face 2"]


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.parquet"])
def test_every_format_of_rows_gives_the_same_events(run, video, here, name):
    if name == "r.parquet":
        pytest.importorskip("pyarrow")
    options = ["--to", 1.5]
    for path in ("r.csv", name):
        assert run("video", video, "-o", path, *options).status == 0
    one, other = (run("events", path, "--min-duration", 0) for path in ("r.csv", name))
    assert one.out == other.out
    assert len(one.out.splitlines()) > 1
    assert "blinks" in run("events", name, "-o", "e.csv").out


def test_the_example_in_the_document_runs(results, here, capsys):
    page = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.M)
    results.rename(here / "rows.csv")
    exec(compile(code.replace("1.0", "0.5"), "docs/events.md", "exec"), {})
    assert capsys.readouterr().out == "film.mp4 face 1 neutral 0.0 0.8\n"


def test_it_needs_no_package_for_plots(run, results, monkeypatch):
    for name in ("matplotlib", "jinja2"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run("events", results, "--summary", "s.csv").status == 0
