import errno

import pytest

from landmark_emotion.report.timeline import drawing, reading

LINES = (
    "source,frame,time,face,emotion,p_anger,p_happiness,p_neutral\n"
    "film.mp4,0,0.0,1,neutral,0.1,0.1,0.8\n"
    "film.mp4,1,0.1,1,neutral,0.1,0.2,0.7\n"
    "film.mp4,2,0.2,1,happiness,0.1,0.6,0.3\n"
    "film.mp4,3,0.3,,,,,\n"
)


@pytest.fixture
def results(here):
    path = here / "results.csv"
    path.write_text(LINES)
    return path


@pytest.mark.parametrize(
    ("name", "magic"),
    [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("new/a.pdf", b"%PDF"), ("a.html", b"<!DOCTYPE")],
)
def test_the_suffix_selects_the_format(run, results, here, name, magic):
    result = run("plot", results, "-o", here / name)
    assert result.status == 0
    assert (here / name).read_bytes().startswith(magic)
    assert result.err == f"plot: {here / name}\n"


def test_the_shares_are_printed(run, results, here):
    options = ("--output", here / "a.html", "--min-duration", 0.2)
    lines = run("plot", results, *options).out.splitlines()
    assert [line.split() for line in lines] == [
        ["visible", "anger", "happiness", "neutral", "events", "longest"],
        ["face", "1", "0.3", "s", "0", "%", "33.3", "%", "66.7", "%", "1", "0.2", "s"],
    ]
    assert "for at least 0.2 s" in (here / "a.html").read_text(encoding="utf-8")


def test_what_video_writes_can_be_drawn(run, video, here):
    assert run("video", video, "-o", "results.jsonl").status == 0
    result = run("plot", "results.jsonl", "-o", "a.html")
    assert result.status == 0
    assert "note:" not in result.err
    assert "drawn.avi; 1 face; 4.0 s" in (here / "a.html").read_text(encoding="utf-8")


def test_by_default_a_page_is_written_beside_the_results(run, results):
    assert run("plot", results).status == 0
    assert results.with_suffix(".html").read_bytes().startswith(b"<!DOCTYPE")


@pytest.mark.parametrize("arguments", [["-o", "a.gif"], ["-o", "results.csv"]])
def test_an_unknown_suffix_is_refused(run, results, arguments):
    result = run("plot", results, *arguments)
    assert result.status == 2
    assert "-o/--output" in result.err
    assert results.read_text() == LINES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (LINES.splitlines()[0], "empty"),
        ("x,y\n1,2\n", "no column 'time'"),
        ("\n".join(LINES.splitlines()[::4]), "no face in any row"),
    ],
)
def test_a_file_without_results_leaves_the_earlier_picture(run, results, here, text, words):
    results.write_text(text)
    (here / "a.png").write_text("old")
    result = run("plot", results, "-o", here / "a.png")
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"error: {results}: ")
    assert words in result.err
    assert result.err.count("\n") == 1
    assert (here / "a.png").read_text() == "old"


def test_the_remedy_for_an_unreadable_file_fits_the_cause(run, results, here, monkeypatch):
    def denied(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("landmark_emotion.report.timeline.reading.open_regular", denied)
    err = run("plot", results, "-o", here / "a.png").err
    assert err == f"error: {results}: cannot be read (Permission denied); check its permissions\n"


def test_damaged_lines_are_reported(run, results, here):
    results.write_text(LINES + "film.mp4,4,0.4,1,joy")
    result = run("plot", results, "-o", here / "a.html")
    assert result.status == 0
    first = result.err.splitlines()[0]
    assert first == f"note: {results}: 1 damaged line left out, first at line 6"
    assert "1 damaged line left out" in (here / "a.html").read_text(encoding="utf-8")


def test_an_output_that_cannot_be_written_is_reported_first(run, results, here, monkeypatch):
    monkeypatch.setattr(reading, "read_timeline", None)
    (here / "file").write_text("")
    result = run("plot", results, "-o", here / "file" / "a.png")
    assert result.status == 1
    assert "cannot be written" in result.err


def test_a_failed_drawing_leaves_the_earlier_picture(run, results, here, monkeypatch):
    def fail(*_):
        raise RuntimeError("cannot be drawn")

    (here / "a.png").write_text("old")
    monkeypatch.setattr(drawing, "draw_timeline", fail)
    with pytest.raises(RuntimeError):
        run("plot", results, "-o", here / "a.png")
    assert (here / "a.png").read_text() == "old"
    assert sorted(path.name for path in here.iterdir()) == ["a.png", "results.csv"]


def test_without_the_extra_the_remedy_comes_before_the_work(run, results, here, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for command in (["plot", results, "-o", "a.html"], ["train", "nothing", "--report", "reports"]):
        result = run(*command)
        assert result.status == 1
        assert "matplotlib: not installed; run 'pip install matplotlib jinja2'" in result.err
