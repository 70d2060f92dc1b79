import csv
import io
import os
import struct
import zlib

import cv2
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
    assert bomb == "bomb.png: too many pixels; save it smaller"
    assert good.startswith("face.png: face 1: ")
