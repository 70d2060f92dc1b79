import csv
import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path, png, nobody):
    """Faces 9 and 10, a picture without one, a broken one, and what is no image."""
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
def look(run, model):
    return lambda *arguments: run("image", *arguments, "--model", model)


def test_every_image_of_a_folder_gets_its_lines(look, folder):
    result = look(folder)
    assert result.status == 0
    lines = result.out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [str(folder / name) for name in ORDER]
    texts = [line.partition(": ")[2] for line in lines]
    assert texts[0] == texts[1] == texts[4]
    assert texts[0].startswith("face 1: happiness ")
    assert len(texts[0].split()) == 2 + 2 * 7
    assert texts[2] == "the image is cut off; replace it"
    assert texts[3] == "no face"


def test_json_says_the_same(look, folder):
    rows = look(folder, "--format", "json").rows
    assert [row["source"] for row in rows] == [str(folder / name) for name in ORDER]
    assert [row["emotion"] for row in rows] == ["happiness", "happiness", None, None, "happiness"]
    assert rows[2]["error"] == "the image is cut off; replace it"
    assert "error" not in rows[3]
    for row in (rows[0], rows[4]):
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert (row["frame"], row["time"], len(row["box"])) == (0, 0.0, 4)


def test_csv_says_the_same(look, folder):
    rows = list(csv.DictReader(io.StringIO(look(folder, "--format", "csv").out)))
    assert [row["source"] for row in rows] == [str(folder / name) for name in ORDER]
    assert [row["emotion"] for row in rows] == ["happiness", "happiness", "", "", "happiness"]
    assert rows[2]["error"] == "the image is cut off; replace it"


def test_files_are_taken_in_the_order_given_whatever_their_suffix(look, folder, png):
    (folder / "noname").write_bytes(png)
    result = look(folder / "noname", folder / "9.PNG", folder / "notes.txt")
    assert result.status == 0
    starts = [line.split(": ")[0] for line in result.out.splitlines()]
    assert starts == [str(folder / name) for name in ("noname", "9.PNG", "notes.txt")]
    assert "notes.txt: not an image or damaged" in result.out


@pytest.mark.parametrize("name", ["half.png", "none.png", "notes.txt"])
def test_where_no_image_could_be_read_the_status_is_1(look, folder, name):
    result = look(folder / name)
    assert result.status == 1
    assert result.out.startswith(f"{folder / name}: ")
    assert result.out.count("\n") == 1


def test_a_picture_without_a_face_has_been_read(look, folder):
    result = look(folder / "nobody.png")
    assert (result.status, result.out) == (0, f"{folder / 'nobody.png'}: no face\n")


def test_a_folder_without_images_is_told_beside_the_data(look, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    both, alone = look(tmp_path / "empty", folder / "9.PNG"), look(tmp_path / "empty")
    assert (both.status, alone.status) == (0, 1)
    for result in (both, alone):
        assert f"error: {tmp_path / 'empty'}: holds no image" in result.err
    assert alone.out == ""


def test_small_faces_are_looked_for(look, face, tmp_path):
    path = tmp_path / "crop.png"
    crop = cv2.resize(face[90:450, 140:500], (48, 48), interpolation=cv2.INTER_AREA)
    path.write_bytes(cv2.imencode(".png", crop)[1].tobytes())
    (row,) = look(path, "--format", "json").rows
    left, top, width, height = row["box"]
    assert -5 <= left < left + width < 53
    assert -5 <= top < top + height < 58


def test_real_photos_are_read(look, photos):
    files = sorted((photos / "happiness").glob("*.jpg"))[:3]
    rows = look(*files, "--format", "json").rows
    assert [row["face"] for row in rows] == [1, 1, 1]


def test_a_small_file_that_claims_to_be_enormous_is_refused(spawn, tmp_path, model, png):
    # In a process of its own, since OpenCV reads the limit when it is imported.
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    lines = zlib.compress(bytes(20_000 // 8 + 1) * 20_000)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines)
    (tmp_path / "bomb.png").write_bytes(data + chunk(b"IEND", b""))
    (tmp_path / "face.png").write_bytes(png)
    process = spawn("-m", "landmark_emotion", "image", "bomb.png", "face.png", "--model", model)
    out, _ = process.communicate()
    assert process.returncode == 0
    bomb, good = out.splitlines()
    assert bomb == "bomb.png: 20000x20000 pixels are too many; save it smaller"
    assert good.startswith("face.png: face 1: ")


def sources(result) -> list[str]:
    return [row["source"] for row in result.rows]


@pytest.fixture
def ask(look):
    return lambda *arguments: look(*arguments, "--format", "json")


def test_a_folder_can_be_taken_without_what_is_below_it(ask, folder):
    inside = [str(folder / name) for name in ORDER[:4]]
    below = str(folder / ORDER[4])
    assert sources(ask(folder, "--no-recursive")) == inside
    assert sources(ask("-r", folder)) == sources(ask(folder)) == [*inside, below]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("pictures/*.[pP][nN][gG]", ORDER[:4]),
        ("pictures/1*", ["10.png"]),
        ("pictures/**/*.png", [*ORDER[1:4], ORDER[4]]),
        ("pictures/**", ORDER),
        ("pictures/*", ORDER),  # a folder that matches is taken as a shell would
        ("*", ORDER),
    ],
)
def test_patterns_are_resolved_where_the_shell_does_not(
    ask, folder, monkeypatch, pattern, expected
):
    monkeypatch.chdir(folder.parent)
    (folder / "noname").write_bytes(b"")
    assert sorted(sources(ask(pattern))) == sorted(
        os.path.join("pictures", name)  # noqa: PTH118
        for name in expected
    )


def test_a_pattern_that_matches_nothing_is_told_beside_the_data(ask, folder):
    both, alone = ask(folder / "x*.png", folder / "10.png"), ask(folder / "*.txt")
    assert (both.status, alone.status) == (0, 1)
    assert both.err.splitlines()[0] == (
        f"error: {folder / 'x*.png'}: matches no image; check the pattern"
    )
    assert sources(both) == [str(folder / "10.png")]


def test_a_file_may_be_called_like_a_pattern(ask, folder, png):
    (folder / "a[1].png").write_bytes(png)
    (folder / "a1.png").write_bytes(png)
    assert sources(ask(folder / "a[1].png")) == [str(folder / "a[1].png")]


def test_no_file_is_taken_twice(ask, folder):
    assert sources(ask(folder / "9.PNG", folder / "*.PNG", folder, folder / "9.PNG")) == [
        str(folder / name) for name in ORDER
    ]


def test_an_empty_path_is_not_the_current_folder(ask, folder, monkeypatch):
    monkeypatch.chdir(folder)
    result = ask("")
    assert (result.status, result.out) == (1, "")
    assert "error: path: is empty" in result.err


@pytest.mark.parametrize(("data", "text"), [(None, "face 1: happiness "), (b"", "is empty")])
def test_standard_input_is_an_image(look, png, monkeypatch, data, text):
    stdin = io.TextIOWrapper(io.BytesIO(png if data is None else data))
    monkeypatch.setattr("sys.stdin", stdin)
    result = look("-")
    assert result.status == (0 if data is None else 1)
    assert result.out.startswith("-: ")
    assert text in result.out


def test_standard_input_that_never_ends_is_refused(look, monkeypatch):
    monkeypatch.setattr("landmark_emotion.sources.images.MAX_FILE_BYTES", 10)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(100))))
    assert look("-").out == "-: larger than 256 MB; save it smaller\n"


@pytest.mark.parametrize("suffix", [".json", ".csv", ".txt"])
def test_results_go_into_a_file(look, folder, tmp_path, suffix):
    format_ = suffix[1:].replace("txt", "text")
    printed = look(folder, "--format", format_).out
    result = look(folder, "-o", tmp_path / f"results{suffix}")
    assert (result.status, result.out) == (0, "")
    assert (tmp_path / f"results{suffix}").read_text(encoding="utf-8") == printed
    assert "results" + suffix in result.err
    assert result.err.rstrip().endswith("5 images, 1 of them could not be read")


def test_results_go_into_parquet_with_landmarks(look, folder, tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    assert look(folder, "-o", tmp_path / "r.parquet", "--landmarks").status == 0
    table = pandas.read_parquet(tmp_path / "r.parquet")
    assert list(table["source"]) == [str(folder / name) for name in ORDER]
    assert table["x_0"].notna().sum() == 3


def test_the_annotated_picture_of_one_image(look, folder, tmp_path, png):
    for name in ("ü 1.png", "seen.JPG", "seen.webp"):
        result = look(folder / "10.png", "-o", tmp_path / name)
        assert result.status == 0
        assert "face 1: happiness" in result.out
        picture = cv2.imdecode(np.fromfile(tmp_path / name, dtype=np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (240, 320, 3)
        assert np.ptp(picture, axis=2).max() > 50  # the image is gray, what is drawn is not
    assert not list(tmp_path.glob(".writing*"))


def test_the_rows_may_be_printed_beside_the_picture(ask, folder, tmp_path):
    assert ask(folder / "10.png", "-o", tmp_path / "seen.png").rows[0]["emotion"] == "happiness"
    assert (tmp_path / "seen.png").exists()


def test_one_picture_does_not_hold_many_images(look, folder, tmp_path):
    result = look(folder, "-o", tmp_path / "seen.png")
    assert result.status == 2
    assert "a picture shows one image, not 5; draw them with --annotate" in result.err
    assert not (tmp_path / "seen.png").exists()


def test_a_picture_that_cannot_be_written_is_not_filled_with_text(look, folder, tmp_path):
    result = look(folder / "10.png", "-o", tmp_path / "seen.gif")
    assert result.status == 2
    assert "cannot draw '.gif'; use .png" in result.err


def test_there_is_no_picture_of_what_cannot_be_read(look, folder, tmp_path):
    assert look(folder / "half.png", "-o", tmp_path / "seen.png").status == 1
    assert not (tmp_path / "seen.png").exists()


@pytest.mark.parametrize("way", [["-o", "pictures/10.png"], ["--annotate", "pictures"]])
def test_no_image_is_drawn_over(look, folder, monkeypatch, png, way):
    monkeypatch.chdir(folder.parent)
    result = look(folder / "10.png", *way)
    assert result.status == 1
    assert result.err.rstrip().endswith("is one of the images themselves; choose another place")
    assert (folder / "10.png").read_bytes() == png


def test_every_image_is_annotated_and_none_takes_the_place_of_another(look, folder, png, tmp_path):
    (folder / "noname").write_bytes(png)
    for name in ("10.png", "10-2.png"):
        (folder / "more" / name).write_bytes(png)
    out = folder / "out"
    arguments = (folder, folder / "noname", folder / "more" / "10.png", folder / "more")
    result = look(*arguments, "--annotate", out)
    assert result.status == 0
    names = ["10.png", "9.PNG", "noname.png", "nobody.png"]
    names += [os.path.join("more", name) for name in ("ü.png", "10.png", "10-2.png")]  # noqa: PTH118
    assert files_below(out) == sorted(names)
    # What has been drawn is not looked at the next time.
    assert look(*arguments, "--annotate", out).out == result.out
    assert files_below(out) == sorted(names)


def test_of_equal_names_one_gets_a_number(look, folder, png, tmp_path):
    for name in ("10.png", "10-2.png", "10.PNG"):
        (folder / "more" / name).write_bytes(png)
    images = [folder / "10.png", *(folder / "more" / n for n in ("10-2.png", "10.png", "10.PNG"))]
    result = look(*images, "--annotate", tmp_path / "out")
    assert files_below(tmp_path / "out") == ["10-2.png", "10-3.png", "10-4.PNG", "10.png"]
    assert f"note: {images[2]}: drawn as {tmp_path / 'out' / '10-3.png'}" in result.err


def files_below(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
