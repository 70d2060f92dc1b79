"""The command `image`."""

import csv
import errno
import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from landmark_emotion.drawn.drawing import Subject, draw_face


@pytest.fixture
def folder(tmp_path, png, nobody):
    """Two faces, a third in a subfolder, one picture without a face, and unreadable files."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for name, content in {
        "10.png": png,
        "9.PNG": png,
        "nobody.png": cv2.imencode(".png", nobody)[1].tobytes(),
        "half.png": png[:500],
        "notes.txt": b"text",
        "._9.png": b"junk",
        "more/ü.png": png,
    }.items():
        (folder / name).write_bytes(content)
    return folder


ORDER = ["9.PNG", "10.png", "half.png", "nobody.png", os.path.join("more", "ü.png")]  # noqa: PTH118


@pytest.fixture
def image(run, model):
    return lambda *arguments: run("image", *arguments, "--model", model)


@pytest.fixture
def json_of(image):
    return lambda *arguments: image(*arguments, "--format", "json")


def sources(result) -> list[str]:
    return [row["source"] for row in result.rows]


def files_below(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_text_has_one_line_per_face_and_errors_go_to_stderr(image, folder):
    result = image(folder)
    assert result.status == 0
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert list(lines) == [name for name in ORDER if name != "half.png"]
    face = lines["9.PNG"]
    assert face.startswith("happiness ")
    assert face.count("%") == 3
    assert lines["nobody.png"] == "no face"
    assert len({line.find("%") for line in result.out.splitlines() if "%" in line}) == 1
    assert result.err.splitlines()[1:] == [
        f"error: {folder / 'half.png'}: the image is cut off; replace it",
        "5 images: 3 faces, 1 without a face, 1 could not be read",
    ]


def test_json_and_csv_have_one_row_per_face_or_error(json_of, image, folder):
    rows = json_of(folder).rows
    assert [row["source"] for row in rows] == [str(folder / name) for name in ORDER]
    assert [row["emotion"] for row in rows] == ["happiness", "happiness", None, None, "happiness"]
    assert rows[2]["error"] == "the image is cut off; replace it"
    assert "error" not in rows[3]
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert (rows[0]["frame"], rows[0]["time"], len(rows[0]["box"])) == (0, 0.0, 4)
    flat = list(csv.DictReader(io.StringIO(image(folder, "--format", "csv").out)))
    for key in ("source", "emotion", "error"):
        assert [row[key] for row in flat] == [row.get(key) or "" for row in rows]


def test_named_files_are_read_in_the_given_order_whatever_their_suffix(image, folder, png):
    (folder / "noname").write_bytes(png)
    result = image(folder / "noname", folder / "9.PNG", folder / "notes.txt")
    assert result.status == 0
    assert [line.split()[0] for line in result.out.splitlines()] == ["noname", "9.PNG"]
    assert f"error: {folder / 'notes.txt'}: not an image or damaged" in result.err


def test_a_video_is_told_from_a_damaged_image(image, video):
    result = image(video)
    assert (result.status, result.out) == (1, "")
    assert "is a video, not an image; use 'landmark-emotion video'" in result.err


@pytest.mark.parametrize("name", ["half.png", "none.png", "notes.txt"])
def test_status_is_1_if_no_image_can_be_read(image, folder, name):
    result = image(folder / name)
    assert (result.status, result.out) == (1, "")
    assert result.err.splitlines()[-1].startswith(f"error: {folder / name}: ")


@pytest.mark.parametrize(
    ("name", "kind"), [("a.heic", b"\0\0\0\x18ftypheic"), ("a.gif", b"GIF89a"), ("a.avif", b"")]
)
@pytest.mark.parametrize("argument", ["pictures", "pictures/*", "pictures/**"])
def test_unsupported_formats_are_reported(json_of, tmp_path, monkeypatch, name, kind, argument):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / name).write_bytes(kind)
    monkeypatch.chdir(tmp_path)
    result = json_of(argument)
    assert result.status == 1
    (row,) = result.rows
    assert row["source"].endswith(name)
    assert f"{name}: {row['error']}" in result.err


@pytest.mark.parametrize("suffix", [".csv", ".json", ".txt", ".parquet"])
def test_existing_results_survive_a_run_without_a_result(image, tmp_path, suffix):
    pytest.importorskip("pyarrow")
    old, new = tmp_path / f"old{suffix}", tmp_path / f"new{suffix}"
    old.write_text("earlier results")
    for output in (old, new):
        result = image(tmp_path / "none.jpg", "-o", output)
        assert result.status == 1
        assert f"{output}: not written" in result.err.splitlines()[-1]
    assert old.read_text() == "earlier results"
    assert files_below(tmp_path) == [old.name]


def test_existing_picture_survives_an_unreadable_image(image, folder, tmp_path):
    (tmp_path / "seen.png").write_text("earlier picture")
    assert image(folder / "half.png", "-o", tmp_path / "seen.png").status == 1
    assert (tmp_path / "seen.png").read_text() == "earlier picture"


def test_subfolder_that_cannot_be_listed_is_reported(image, folder, monkeypatch):
    def walk(root, onerror, walk=os.walk, **options):
        onerror(PermissionError(errno.EACCES, "Permission denied", str(Path(root, "locked"))))
        return walk(root, onerror=onerror, **options)

    monkeypatch.setattr("os.walk", walk)
    locked = folder / "locked"
    assert f"error: {locked}: cannot be listed (Permission denied); check its" in image(folder).err


def test_folder_without_images_is_an_error(image, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    both, alone = image(tmp_path / "empty", folder / "9.PNG"), image(tmp_path / "empty")
    assert (both.status, alone.status) == (0, 1)
    for result in (both, alone):
        assert f"error: {tmp_path / 'empty'}: contains no image" in result.err
    assert alone.out == ""


def test_min_face(json_of, folder):
    assert [row["face"] for row in json_of(folder / "10.png", "--min-face", 60).rows] == [1]
    assert [row["face"] for row in json_of(folder / "10.png", "--min-face", 230).rows] == [None]


def test_faces_too_small_to_be_searched_are_reported(image, folder, monkeypatch):
    searched = f"note: {folder / '10.png'}: too large to search for faces below"
    assert searched not in image(folder / "10.png").err
    monkeypatch.setattr("landmark_emotion.faces.search.MAX_SEARCHED", 320 * 240 // 4)
    assert f"{searched} 160 pixels" in image(folder / "10.png").err
    assert f"{searched} 160 pixels" in image(folder / "10.png", "--min-face", 40).err
    assert searched not in image(folder / "10.png", "--min-face", 170).err


def test_no_recursive_leaves_out_subfolders(json_of, folder):
    inside = [str(folder / name) for name in ORDER[:4]]
    below = str(folder / ORDER[4])
    assert sources(json_of(folder, "--no-recursive")) == inside
    assert sources(json_of("-r", folder)) == [*inside, below]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("pictures/*.[pP][nN][gG]", ORDER[:4]),
        ("pictures/**/*.png", [*ORDER[1:4], ORDER[4]]),
        ("pictures/**", ORDER),
        ("*", ORDER),  # a matching folder is read, as it would be after the shell
    ],
)
def test_patterns_are_expanded(json_of, folder, monkeypatch, pattern, expected):
    monkeypatch.chdir(folder.parent)
    (folder / "noname").write_bytes(b"")
    assert sorted(sources(json_of(pattern))) == sorted(
        os.path.join("pictures", name)  # noqa: PTH118
        for name in expected
    )


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("x*.png", "x*.png: matches no image; check the pattern"),
        ("", "path: is empty; name an image or a folder"),  # not the current folder
    ],
)
def test_argument_without_an_image_is_an_error(json_of, folder, monkeypatch, argument, problem):
    monkeypatch.chdir(folder)
    both, alone = json_of(argument, "10.png"), json_of(argument)
    assert (both.status, alone.status) == (0, 1)
    assert both.err.splitlines()[0] == alone.err.splitlines()[0] == f"error: {problem}"
    assert sources(both) == ["10.png"]


def test_file_name_that_looks_like_a_pattern(json_of, folder, png):
    (folder / "a[1].png").write_bytes(png)
    (folder / "a1.png").write_bytes(png)
    assert sources(json_of(folder / "a[1].png")) == [str(folder / "a[1].png")]


def test_files_named_twice_are_read_once(json_of, folder):
    assert sources(json_of(folder / "9.PNG", folder / "*.PNG", folder)) == [
        str(folder / name) for name in ORDER
    ]


def test_standard_input(image, png, monkeypatch):
    for data, status in ((png, 0), (b"", 1)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        result = image("-")
        assert result.status == status
        assert ("stdin     happiness " in result.out) == (status == 0)
        assert ("error: -: the file is empty" in result.err) == (status == 1)


def test_endless_standard_input_is_refused(image, monkeypatch):
    monkeypatch.setattr("landmark_emotion.sources.images.MAX_FILE_BYTES", 10)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(100))))
    assert "error: -: larger than 256 MB; save it smaller\n" in image("-").err


@pytest.mark.parametrize("suffix", [".json", ".csv", ".txt"])
def test_output_file_holds_what_would_be_printed(image, folder, tmp_path, suffix):
    format_ = suffix[1:].replace("txt", "text")
    printed = image(folder, "--format", format_).out
    output = tmp_path / f"results{suffix}"
    output.write_text("earlier results")
    result = image(folder, "-o", output)
    assert (result.status, result.out) == (0, "")
    assert output.read_text(encoding="utf-8") == printed
    assert result.err.splitlines()[-2:] == [
        f"error: {folder / 'half.png'}: the image is cut off; replace it",
        f"results: {output}, 5 images: 3 faces, 1 without a face, 1 could not be read",
    ]


def test_parquet_with_landmarks(image, folder, tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    assert image(folder, "-o", tmp_path / "r.parquet", "--landmarks").status == 0
    table = pandas.read_parquet(tmp_path / "r.parquet")
    assert list(table["source"]) == [str(folder / name) for name in ORDER]
    assert table["x_0"].notna().sum() == 3


def test_output_picture_is_an_annotated_copy(json_of, folder, tmp_path):
    for name in ("ü 1.png", "seen.JPG", "seen.webp"):
        result = json_of(folder / "10.png", "-o", tmp_path / name)
        assert result.status == 0
        assert result.rows[0]["emotion"] == "happiness"
        picture = cv2.imdecode(np.fromfile(tmp_path / name, dtype=np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (240, 320, 3)
        assert np.ptp(picture, axis=2).max() > 50  # the image is gray, the annotation is not


@pytest.mark.parametrize(
    ("name", "target", "problem"),
    [
        (".", "seen.png", "a picture shows one image, not 5; use --annotate"),
        ("10.png", "seen.gif", "cannot write '.gif'; use .png"),
    ],
)
def test_unsuitable_output_picture_is_wrong_usage(image, folder, tmp_path, name, target, problem):
    result = image(folder / name, "-o", tmp_path / target)
    assert result.status == 2
    assert problem in result.err
    assert not (tmp_path / target).exists()


@pytest.mark.parametrize("option", [["-o", "pictures/10.png"], ["--annotate", "pictures"]])
def test_inputs_are_never_overwritten(image, folder, monkeypatch, png, option):
    monkeypatch.chdir(folder.parent)
    result = image(folder / "10.png", *option)
    assert result.status == 1
    assert result.err.rstrip().endswith("is one of the images to read; choose another place")
    assert (folder / "10.png").read_bytes() == png


def test_annotate_writes_every_image_and_does_not_read_its_own_output(image, folder, png):
    (folder / "noname").write_bytes(png)
    (folder / "more" / "10.png").write_bytes(png)
    out = folder / "out"
    arguments = (folder, folder / "noname", "--annotate", out)
    result = image(*arguments)
    assert result.status == 0
    names = ["10.png", "9.PNG", "noname.png", "nobody.png"]
    names += [os.path.join("more", name) for name in ("ü.png", "10.png")]  # noqa: PTH118
    assert files_below(out) == sorted(names)
    assert image(*arguments).out == result.out
    assert files_below(out) == sorted(names)


def test_annotated_pictures_of_equal_names_get_numbers(image, folder, png, tmp_path):
    for name in ("10.png", "10-2.png", "10.PNG"):
        (folder / "more" / name).write_bytes(png)
    images = [folder / "10.png", *(folder / "more" / n for n in ("10-2.png", "10.png", "10.PNG"))]
    result = image(*images, "--annotate", tmp_path / "out")
    assert files_below(tmp_path / "out") == ["10-2.png", "10-3.png", "10-4.PNG", "10.png"]
    assert f"note: {images[2]}: written to {tmp_path / 'out' / '10-3.png'}" in result.err


def test_answers_can_be_restricted_to_some_emotions(json_of, image, folder):
    result = json_of(folder / "9.PNG", "--emotions", "happy,Neutral,sad")
    (row,) = result.rows
    assert tuple(row["probabilities"]) == ("happiness", "neutral", "sadness")
    assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert row["emotion"] == "happiness"
    assert "happiness, neutral, sadness of its 7 emotions" in result.err


@pytest.mark.parametrize(
    ("names", "status", "complaint"),
    [
        ("happy,bored", 1, "does not know bored; choose among anger, disgust,"),
        ("happy", 2, "must be 2 to 30 names, got 'happy'"),
        ("happy,=1", 2, "'=1' is no name for a class"),
        ("happy,joy", 2, "must be 2 to 30 names"),
    ],
)
def test_impossible_restrictions_are_one_line(image, folder, names, status, complaint):
    result = image(folder / "9.PNG", "--emotions", names)
    assert result.status == status
    assert complaint in result.err


@pytest.fixture
def album(here):
    """Three photos of one person in a folder, one of another person in another."""
    for name, emotion in (("a/1", "neutral"), ("a/2", "neutral"), ("a/3", "happiness")):
        (here / "a").mkdir(exist_ok=True)
        cv2.imwrite(f"{name}.png", draw_face(Subject(), emotion))
    (here / "b").mkdir()
    cv2.imwrite("b/1.png", draw_face(Subject(face_width=0.4), "neutral"))
    return here


def _people(result):
    return [(row["source"], row["person"], row["calibration"]) for row in result.rows]


def test_each_folder_is_a_person(run, model, album):
    result = run("image", "a", "b", "--baseline", "person", "--model", model, "--format", "json")
    assert _people(result) == [
        ("a/1.png", "a", "automatic"),
        ("a/2.png", "a", "automatic"),
        ("a/3.png", "a", "automatic"),
        ("b/1.png", "b", "static"),
    ]
    assert "note: b: has 1 of the 3 pictures with a face" in result.err


def test_people_named_in_a_file(run, model, album):
    (album / "people.csv").write_text(
        "source,person,neutral\na/1.png,Anna,\na/3.png,Anna,a/2.png\nb/1.png,Ben,gone.png\n"
    )
    options = ("--people", "people.csv", "--model", model, "--format", "json")
    result = run("image", "a", "b", *options)
    assert _people(result) == [
        ("a/1.png", "Anna", "profile"),
        ("a/2.png", None, "static"),
        ("a/3.png", "Anna", "profile"),
        ("b/1.png", "Ben", "static"),
    ]
    assert "people.csv: line 4: gone.png: no such file; " in result.err
    result = run("image", "a", "b", *options, "--calibrate", "auto")
    assert "note: Ben: has 1 of the 3 pictures" in result.err


def test_a_photo_that_cannot_be_read_does_not_stop_an_estimate(run, model, album):
    (album / "a" / "0.png").write_bytes(b"no image")
    result = run("image", "a", "--baseline", "person", "--model", model, "--format", "json")
    assert result.rows[0]["error"]
    assert [row["calibration"] for row in result.rows[1:]] == ["automatic"] * 3
    assert result.err.count("0.png") == 1


def test_annotated_photos_show_what_the_rows_say(run, model, album):
    result = run("image", "a", "--baseline", "person", "--model", model, "--annotate", "seen")
    assert result.status == 0
    assert [cv2.imread(f"seen/{n}.png").shape for n in (1, 2, 3)] == [(480, 640, 3)] * 3


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--calibrate", "auto"), "needs --people FILE"),
        (("--baseline", "person", "--people", "p.csv"), "not allowed with"),
        (("--baseline", "person", "--neutral", "a/1.png"), "cannot be used with"),
    ],
)
def test_options_that_do_not_fit_together(run, album, options, complaint):
    result = run("image", "a", *options)
    assert result.status == 2
    assert complaint in result.err
