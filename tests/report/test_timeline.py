import csv
import dataclasses
import io
import json
import os
import re
import sys

import numpy as np
import pytest
import synthetic

from landmark_emotion.emotions import COLORS, EMOTIONS, UNCERTAIN
from landmark_emotion.errors import MissingPackageError, ReportError
from landmark_emotion.report.pages import timeline_page
from landmark_emotion.report.timeline import lanes, reading
from landmark_emotion.report.timeline.drawing import draw_timeline, lane_svg
from landmark_emotion.report.timeline.lanes import Recording, shares, steps_of
from landmark_emotion.report.timeline.reading import read_timeline
from landmark_emotion.report.timeline.words import share_rows, tick_marks
from landmark_emotion.show.rows import COLUMNS, columns, flat_row, json_row

KNOWN = ("anger", "happiness", "neutral")


def prediction(frame, time, shown, number=1, p=0.8, min_probability=0.0):
    rest = (1 - p) / 2
    probabilities = np.array([p if name == shown else rest for name in KNOWN])
    return synthetic.prediction(
        *(9, 9, 9),
        frame=frame,
        time=time,
        number=number,
        emotions=KNOWN,
        probabilities=probabilities,
        raw_probabilities=probabilities,
        likeliest=shown,
        min_probability=min_probability,
    )


def csv_row(*values):
    return flat_row(json_row(*values))


def rows(*faces, source="talk.mp4", fps=10, make=csv_row, start=0):
    """Make the rows of a recording from one letter per frame for each face; "-" is no face."""
    letters = {"a": "anger", "h": "happiness", "n": "neutral", "?": "neutral"}
    made = []
    for frame, shown in enumerate(zip(*faces, strict=True), start=start):
        time = frame / fps
        seen = [
            prediction(frame, time, letters[letter], number, min_probability=0.9 * (letter == "?"))
            for number, letter in enumerate(shown, start=1)
            if letter != "-"
        ]
        made += [make(source, frame, time, one) for one in seen or (None,)]
    return made


def as_csv(*parts, header=COLUMNS):
    text = io.StringIO()
    for part in parts:
        writer = csv.DictWriter(text, header, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(part)
    return text.getvalue()


@pytest.fixture
def read(tmp_path):
    def read_text(text, **options):
        path = tmp_path / "results.csv"
        data = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(data)
        return read_timeline(path, **options)

    return read_text


def one_lane(read_timeline_):
    (recording,) = read_timeline_.recordings
    (lane,) = recording.lanes
    return lane


def test_a_lane_holds_the_rows_of_a_face(read):
    lane = one_lane(read(as_csv(rows("nnhh"))))
    assert lane.face == 1
    np.testing.assert_allclose(lane.time, [0, 0.1, 0.2, 0.3])
    np.testing.assert_allclose(lane.hold, 0.1)
    assert [lane.names[index] for index in lane.shown] == ["neutral"] * 2 + ["happiness"] * 2
    happy = lane.probabilities[:, lane.names.index("happiness")]
    np.testing.assert_allclose(happy, [0.1, 0.1, 0.8, 0.8], atol=1e-6)
    assert np.isnan(lane.probabilities[:, lane.names.index("fear")]).all()


def own_rows(labels, make):
    """Rows of a model of two classes that are not emotions, and neutral."""
    names = ("bored", "neutral", "pain")
    made = []
    for frame, shown in enumerate(labels):
        p = np.where(np.array(names) == shown, 0.8, 0.1)
        values = {"emotions": names, "probabilities": p, "raw_probabilities": p, "likeliest": shown}
        face = dataclasses.replace(prediction(frame, frame / 10, "neutral"), **values)
        row = json_row("a.mp4", frame, frame / 10, face)
        made.append(row if make is json_row else flat_row(row, columns(False, names)))
    return made


def test_other_classes_are_drawn_under_their_names(read):
    labels = ["bored", "pain", "neutral", "pain"]
    lines = "".join(f"{json.dumps(row)}\n" for row in own_rows(labels, json_row))
    header = columns(False, ("bored", "neutral", "pain"))
    for text in (lines, as_csv(own_rows(labels, flat_row), header=header)):
        found = read(text)
        assert found.notes == ()
        lane = one_lane(found)
        assert [lane.names[index] for index in lane.shown] == labels
        assert shares([lane]) == pytest.approx({"neutral": 0.25, "bored": 0.25, "pain": 0.5})
        np.testing.assert_allclose(lane.probabilities[1, lane.names.index("pain")], 0.8)
    both = read(as_csv(rows("nh")) + as_csv(own_rows(labels, flat_row), header=header))
    assert {"bored", "happiness"} <= set(shares(both.lanes))


@pytest.mark.parametrize("name", ["=1", "a<b>", "x" * 99])
def test_columns_that_name_no_class_are_ignored(read, name):
    row = csv_row("x", 0, 0.0, prediction(0, 0.0, "neutral"))
    text = as_csv([row, row | {"frame": 1, "time": 1}], header=(*COLUMNS, f"p_{name}"))
    assert name not in one_lane(read(text)).names


def test_csv_and_json_lines_give_the_same_shares(read):
    faces = ("nnhh?-", "aa---a")
    told = [shares(read(as_csv(rows(*faces))).lanes)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows(*faces, make=json_row))
    told.append(shares(read(lines).lanes))
    assert told[0] == told[1]


def test_shares_are_shares_of_time_not_of_frames(read):
    moments = [(0, 0.0, "neutral"), (1, 0.1, "happiness"), (2, 0.9, "neutral"), (3, 1.0, "anger")]
    text = as_csv([csv_row("x", f, t, prediction(f, t, shown)) for f, t, shown in moments])
    parts = shares(read(text).lanes)
    # The last row stands for one frame, of which the usual length is 0.1 s.
    assert parts == pytest.approx(
        {"happiness": 0.8 / 1.1, "neutral": 0.2 / 1.1, "anger": 0.1 / 1.1}, abs=1e-6
    )


def test_time_without_a_face_does_not_count(read):
    lane = one_lane(read(as_csv(rows("nn------hh"))))
    assert lane.seconds == pytest.approx(0.4)
    assert shares([lane]) == pytest.approx({"anger": 0, "happiness": 0.5, "neutral": 0.5})


def test_rows_of_changes_only_hold_until_the_next_change(read):
    every = rows("nnnnhhhhhn")
    changes = [every[0], every[4], every[9]]
    assert shares(read(as_csv(changes)).lanes) == pytest.approx(shares(read(as_csv(every)).lanes))


def test_time_in_which_the_camera_stalled_does_not_count(read):
    awake = rows("nnnn", source="0")
    later = [dict(row, time=row["time"] + 3600) for row in rows("hhhh", source="0", start=4)]
    lane = one_lane(read(as_csv([*awake, *later])))
    assert lane.seconds == pytest.approx(0.8)


def test_every_face_of_every_source_has_a_lane(read):
    text = as_csv(rows("nn", "hh", source="a/one.mp4"), rows("aaa", source="b/two.mp4"))
    recordings = read(text).recordings
    assert [(r.source, [lane.face for lane in r.lanes]) for r in recordings] == [
        ("one.mp4", [1, 2]),
        ("two.mp4", [1]),
    ]


def test_a_second_recording_of_the_same_source_is_separate(read):
    text = as_csv(rows("nnn", source="0"), rows("-hh", source="0"), rows("hh", source="0"))
    assert [r.source for r in read(text).recordings] == ["camera 0", "camera 0 (2)", "camera 0 (3)"]


def test_the_order_of_rows_does_not_matter(read):
    ordered = rows("nnhhaa-n", "hh---hhh")
    shuffled = [ordered[i] for i in np.random.default_rng(0).permutation(len(ordered))]
    by_face = sorted(ordered, key=lambda row: row["face"] or 9)
    expected = read(as_csv(ordered))
    for order in (shuffled, by_face, ordered[::-1]):
        found = read(as_csv(order))
        assert len(found.recordings) == 1
        for lane, same in zip(found.lanes, expected.lanes, strict=True):
            np.testing.assert_array_equal(lane.time, same.time)
            np.testing.assert_array_equal(lane.shown, same.shown)


@pytest.mark.parametrize(
    ("sources", "labels"),
    [
        (["a/x.mp4", "b/x.mp4"], ["a/x.mp4", "b/x.mp4"]),
        (["C:\\films\\x.mp4", ""], ["x.mp4", "results.csv"]),
        (["rtsp://me:secret@host/one?key=1", "http://me:secret@host"], ["one", "host"]),
        (["y\ud800\n" + 90 * "long", "3"], ["y\\ud800 longlonglonglonglonglongl ...", "camera 3"]),
    ],
)
def test_sources_have_short_unique_names_without_password(read, sources, labels):
    lines = [json.dumps(row) for s in sources for row in rows("nn", source=s, make=json_row)]
    found = [recording.source for recording in read("\n".join(lines)).recordings]
    assert len(set(found)) == len(found)
    for name, label in zip(found, labels, strict=True):
        assert name.startswith(label)
        assert "secret" not in name
        assert len(name) < 80


def damaged():
    lines = as_csv(rows("nnhhnnhh")).splitlines()
    lines[3] = lines[3].replace("happiness", "joyous")
    lines[4] = lines[4].replace(",0.3,", ",soon,")
    lines[5] = '"never closed' + lines[5]
    lines[6] = lines[6].replace("0.8", "7.5")
    lines[8] = lines[8][:30]
    return "\n".join(lines)


def test_damaged_lines_are_counted_and_left_out(read):
    found = read(damaged())
    assert len(one_lane(found).time) == 3
    assert found.notes == ("5 damaged lines left out, first at line 4",)


@pytest.mark.parametrize(
    "line", ["{", "[1]", '"x"', '{"time": true, "face": 1}', '{"time": NaN}', "[" * 5000]
)
def test_damaged_json_is_left_out(read, line):
    good = [json.dumps(row) for row in rows("nn", make=json_row)]
    found = read("\n".join([*good, line]))
    assert len(one_lane(found).time) == 2
    assert found.notes == ("1 damaged line left out, first at line 3",)


@pytest.mark.parametrize(
    "bad",
    [
        {"time": -1},
        {"time": "inf"},
        {"frame": 0.5},
        {"face": 0},
        {"face": 1.5},
        {"face": 1e300},
        {"face": ""},
        {"emotion": "", **{f"p_{name}": "" for name in EMOTIONS}},
        {"p_anger": -0.1},
    ],
)
def test_impossible_values_are_damage(read, bad):
    good = rows("nnn")
    found = read(as_csv([*good, good[2] | {"frame": 3, "time": 0.3} | bad]))
    assert len(one_lane(found).time) == 3
    assert len(found.notes) == 1


def test_missing_columns_are_reported(read):
    header = ("time", "emotion")
    found = read(as_csv(rows("nnh"), header=header))
    lane = one_lane(found)
    assert shares([lane]) == pytest.approx({"happiness": 1 / 3, "neutral": 2 / 3})
    (note,) = found.notes
    assert note.startswith("no column source, frame, face, p_anger")


def test_a_missing_label_is_the_most_probable_emotion(read):
    header = [column for column in COLUMNS if column != "emotion"]
    lane = one_lane(read(as_csv(rows("nh"), header=["face", *header])))
    assert [lane.names[index] for index in lane.shown] == ["neutral", "happiness"]


def test_other_encodings_and_line_ends_are_read(read):
    text = as_csv(rows("nnh"))
    expected = one_lane(read(text))
    for data in (
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("utf-16"),
        text.replace("\n", "\r\n").encode(),
        ("\n\n" + text.replace("\n", "\n\n")).encode(),
    ):
        found = read(data)
        assert found.notes == ()
        np.testing.assert_array_equal(one_lane(found).shown, expected.shown)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (as_csv([]), "empty"),
        (as_csv(rows("---")), "no face in any row"),
        (as_csv(rows("n", source="a.jpg"), rows("h", source="b.jpg")), "single images"),
        ("name,age\nx,3\n", "no column 'time'"),
        ("time\nsoon\n", "no usable row"),
        ('{"accuracy": 1}\n', "no column 'time'"),
        (b"\x89PNG\0\0", "neither text"),
        (as_csv([csv_row("x.mp4", 0, 0.0, None, "no such file")]), "no usable row"),
    ],
)
def test_a_file_that_cannot_be_drawn_gives_a_reason(read, text, words):
    with pytest.raises(ReportError, match=words) as caught:
        read(text)
    message = str(caught.value)
    assert re.search(r"results\.csv: .*; ", message)
    assert "\n" not in message


def test_sources_that_cannot_be_drawn_are_counted(read):
    text = as_csv(
        rows("nn"),
        rows("n", source="one.jpg"),
        rows("---", source="empty.mp4"),
        [csv_row("gone.mp4", 0, 0.0, None, "no such file")],
    )
    assert read(text).notes == (
        "1 unreadable source left out",
        "1 single image left out",
        "1 source without a face left out",
    )


def test_a_missing_file_or_a_folder_gives_one_line(tmp_path):
    for path, words in ((tmp_path / "none.csv", "No such file"), (tmp_path, "cannot be read")):
        with pytest.raises(ReportError, match=words):
            read_timeline(path)


def as_parquet(made, **options):
    """Write rows, empty cells as nothing; skips where pyarrow is missing."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    given = [{name: None if cell == "" else cell for name, cell in row.items()} for row in made]
    parquet.write_table(arrow.Table.from_pylist(given), buffer, **options)
    return buffer.getvalue()


def test_parquet_gives_the_same_as_csv(read):
    expected = one_lane(read(as_csv(rows("nnh-"))))
    found = one_lane(read(as_parquet(rows("nnh-"))))
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    np.testing.assert_array_equal(found.hold, expected.hold)


def test_parquet_without_pyarrow_gives_one_line(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingPackageError, match="pip install -U pyarrow"):
        read(b"PAR1 and so on")


def test_damaged_parquet_gives_one_line(read):
    for data in (b"PAR1 and so on", as_parquet(rows("nnh-"))[:-20]):
        with pytest.raises(ReportError, match=r"^[^\n]+: damaged Parquet [^\n]+$"):
            read(data)
    with pytest.raises(ReportError, match="no column 'time'"):
        read(as_parquet([{"source": "x"}]))


def test_invalid_text_in_parquet_gives_one_line(read):
    data = as_parquet(rows("nnh-", source="photo.png"), compression="none")
    with pytest.raises(ReportError, match=r"^[^\n]+: damaged Parquet [^\n]+$"):
        read(data.replace(b"photo.png", b"ph\xffto.png"))


def test_a_parquet_file_of_too_many_rows_is_refused(read, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 3)
    with pytest.raises(ReportError, match="more than 10 million rows; split it"):
        read(as_parquet(rows("nnh-")))


def test_only_the_beginning_of_an_endless_line_is_kept(read, monkeypatch):
    monkeypatch.setattr(reading, "_LONGEST", 1000)
    good = as_csv(rows("nnhh"))
    for long in ("x" * 5000, '"' + "x" * 2999, "9" * 1000):
        found = read(good + long + "\n" + good.partition("\n")[2])
        assert any("1 damaged line left out" in note for note in found.notes)
    assert max(map(len, reading._lines(io.StringIO("a" * 2500 + "\nb")))) == 1000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "results.csv")
    with pytest.raises(ReportError, match="not a regular file"):
        read_timeline(tmp_path / "results.csv")


def test_a_long_recording_is_drawn_as_means(read):
    rng = np.random.default_rng(0)
    shown = "".join(rng.choice(list("nha-"), 5000))
    found = read(as_csv(rows(shown)))
    lane, recording = one_lane(found), found.recordings[0]
    steps = steps_of(lane, recording, 100)
    assert len(steps.start) == 100
    first = lane.time < recording.end / 100 - 1e-6
    np.testing.assert_allclose(
        steps.probabilities[0], np.nan_to_num(lane.probabilities[first]).mean(axis=0), atol=1e-6
    )
    width = steps.end - steps.start
    np.testing.assert_allclose(width.sum(), recording.end, rtol=0.02)
    assert len(lane_svg(lane, recording, "lane", "wide")) < 200_000


def test_gaps_stay_gaps_when_means_are_drawn(read):
    found = read(as_csv(rows(1003 * "n" + 997 * "-" + 1000 * "h")))
    steps = steps_of(one_lane(found), found.recordings[0], 100)
    bands = [(round(start, 1), round(end, 1), name) for start, end, name in steps.bands()]
    assert bands == [(0, 100.3, "neutral"), (200, 300, "happiness")]
    assert steps.gaps().sum() == 1


def test_a_row_that_holds_for_long_is_in_every_mean(read):
    every = rows(2000 * "n" + 2000 * "h")
    few = [every[0], *every[2000:]]
    a, b = read(as_csv(every)), read(as_csv(few))
    for found in (a, b):
        steps = steps_of(one_lane(found), found.recordings[0], 50)
        assert [name for _, _, name in steps.bands()] == ["neutral", "happiness"]
        np.testing.assert_allclose(steps.start, np.arange(50) * 8)


def test_only_the_faces_visible_longest_are_drawn(read, monkeypatch):
    monkeypatch.setattr(lanes, "MAX_LANES", 2)
    n = 5
    faces = ["n" * (20 + face) + "-" * (n - face) for face in range(n)]
    found = read(as_csv(rows(*faces)))
    table = share_rows(found)
    drawn = [row[0] for row in table[1:-2]]
    assert drawn == [f"face {number}" for number in range(4, n + 1)]
    assert [row[0] for row in table[-2:]] == ["3 more faces", "all faces"]
    page = timeline_page(found).decode()
    assert page.count("<svg") == 2 * 2
    assert "Not drawn: 3 more faces" in page


def test_the_table_has_shares_per_face_and_for_all(read):
    assert share_rows(read(as_csv(rows("nnhh?---", "hhhhhhhh")))) == [
        ("", "visible", "anger", "happiness", "neutral", "uncertain", "events", "longest"),
        ("face 1", "0.5 s", "0 %", "40.0 %", "40.0 %", "20.0 %", "0", ""),
        ("face 2", "0.8 s", "0 %", "100.0 %", "0 %", "0 %", "1", "0.8 s"),
        ("all faces", "1.3 s", "0 %", "76.9 %", "15.4 %", "7.7 %", "1", "0.8 s"),
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "results.csv"
    path.write_text(as_csv(rows("nnnnnhhhh?--", "---nhhhhhhhh")))
    return timeline_page(read_timeline(path)).decode()


def test_the_page_says_in_words_what_it_draws(page, reports):
    parsed = reports.Page(page)
    face = "face 1: neutral 50.0 %, happiness 40.0 %, uncertain 10.0 %"
    # Each lane is drawn twice, for desktops and phones.
    assert parsed.values("aria-label")[:2] == [face, face]
    assert parsed.counts["svg"] == 4
    assert "face 2" in parsed.text
    assert "88.9 %" in parsed.text
    for tooltip in ("neutral, 0:00.0 to 0:00.5", "no event, 0:00.5 to 0:01.0"):
        assert tooltip in parsed.text
    assert "from a probability of 50 % until it falls below 40 %" in parsed.text


def test_the_page_has_the_colors_of_the_emotions(page):
    for name, color in COLORS.items():
        assert f"--{name}: {color};" in page
    for name in ("neutral", "happiness", UNCERTAIN):
        assert f"fill: var(--{name})" in page
    # Ink on these stays as it is, since they do not follow the theme.
    assert set(re.findall(r": (#[0-9a-f]{6})", page[page.index("<body>") :])) <= {"#111111"}


def test_names_of_sources_cannot_become_markup(read, reports):
    bad = "<script>alert('1')</script>&\"x\""
    found = read(as_csv(rows("nn", source=bad), rows("hh", source="other")))
    page = timeline_page(found).decode()
    assert "<script" not in page
    assert 'script>&"x"' in reports.Page(page).text


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures_are_drawn_with_any_names(read, kind, magic):
    found = read(as_csv(rows("nnn?--", "---nhh"), rows("aa", source="$x_1$ 名.mp4")))
    assert draw_timeline(found, kind).startswith(magic)


def test_a_picture_shows_the_texts_it_should(read):
    found = read(as_csv(rows(30 * "n" + 30 * "h", fps=1)))
    svg = draw_timeline(found, "svg")
    for text in ("talk.mp4; 1 face; 1:00 min", "0:30", "50.0 %", "happiness", "100 %"):
        assert text in svg.decode()
    assert draw_timeline(found, "svg") == svg
    bare = draw_timeline(read(as_csv(rows("nnh"), header=("time", "emotion"))), "svg").decode()
    assert "no probabilities in the file" in bare


@pytest.mark.parametrize(
    ("seconds", "first", "last"),
    [(2.4, "0:00.0", "0:02.0"), (31, "0:00", "0:30"), (600, "0:00", "10:00"),
     (3600, "0:00:00", "1:00:00"), (90_000, "0:00:00", "24:00:00"), (1e7, "0:00:00", "2520:00:00")],
)  # fmt: skip
def test_the_axis_has_ticks_in_minutes_and_seconds(seconds, first, last):
    moments, texts = tick_marks(Recording("x", 0.0, seconds, ()))
    assert (texts[0], texts[-1]) == (first, last)
    assert 2 <= len(moments) <= 9
