"""The commands that read a data set, tested with ``extract``."""

import os

import cv2
import numpy as np
import pytest
from trees import ckplus, touch

from landmark_emotion.training.landmark_table import load_table


@pytest.fixture
def extract(run, here):
    """Extract into table.npz and return the result and the table."""

    def run_and_load(dataset, *arguments):
        result = run("extract", dataset, "-o", "table.npz", "--jobs", 1, *arguments)
        return result, load_table("table.npz") if result.status == 0 else None

    return run_and_load


@pytest.fixture
def tree(here, png):
    base = ckplus(
        here / "CK+",
        {
            "S001_001": ([1, 2, 3], "1"),
            "S001_002": ([1, 2, 3], "2"),
            "S002_001": ([1, 2, 3], None),
            "S002_002": ([1, 2, 3], "x"),
        },
        content=png,
    )
    for number, image in enumerate(base.rglob("*.png")):
        image.write_bytes(png + bytes([number]))
    return base


def test_left_out_sequences_are_counted(extract, tree):
    result, table = extract(tree)
    assert result.status == 0
    assert table.emotion.tolist() == ["neutral", "anger", "neutral", "contempt"]
    assert table.subject.tolist() == ["S001"] * 4
    words = " ".join(result.out.split())
    assert "12 image files, 4 samples of 1 subject" in words
    assert "8 x frame other than neutral and peak frames; " in words
    assert "1 x sequence without an emotion file; " in words
    assert "1 x sequence whose emotion file is not a number from 0 to 7" in words
    assert f"{tree}: CK/CK+ tree, 4 images\n" in result.err


def test_the_number_of_peak_frames(extract, tree):
    assert extract(tree, "--peak-frames", 2)[1].emotion.tolist() == [
        *["neutral", "anger", "anger"],
        *["neutral", "contempt", "contempt"],
    ]


def test_skipped_images_are_listed_with_a_reason(extract, here, png):
    touch(here / "faces" / "anger" / "good.png", content=png)
    touch(here / "faces" / "anger" / "half.png", content=png[:-500])
    touch(here / "faces" / "fear" / "text.png", content=b"text")
    touch(here / "faces" / "fear" / "empty.png")
    touch(here / "faces" / "fear" / "notes.txt", content=b"text")
    result, table = extract("faces")
    assert table.emotion.tolist() == ["anger"]
    assert [line for line in result.out.splitlines() if line.startswith("  faces")] == [
        f"  {os.path.join('faces', *name)}: {reason}"  # noqa: PTH118
        for name, reason in (
            (("anger", "half.png"), "the image is cut off"),
            (("fear", "empty.png"), "the file is empty"),
            (("fear", "text.png"), "not an image or damaged"),
        )
    ]


def test_a_data_set_without_a_usable_face_says_why(extract, here, nobody):
    touch(here / "faces" / "anger" / "text.png", content=b"text")
    touch(here / "faces" / "odd" / "1.png", here / "faces" / "fear" / "2.png")
    result, _ = extract("faces")
    assert result.status == 1
    *_, error = result.err.splitlines()
    assert error.startswith("error: faces: no usable face (1 x ")
    assert "1 x not an image or damaged" in error
    assert "1 x the file is empty" in error
    assert "1 x image in 'odd', which names no emotion" in error
    assert not (here / "table.npz").exists()


def test_a_table_is_a_data_set(extract, tree, here):
    _, first = extract(tree)
    os.rename(here / "table.npz", here / "FIRST.NPZ")  # noqa: PTH104
    result, again = extract("FIRST.NPZ")
    assert "FIRST.NPZ: landmark table of 4 faces" in result.err
    assert np.array_equal(again.landmarks, first.landmarks)
    assert again.source.tolist() == first.source.tolist()


def test_an_empty_table_is_an_error(extract, tree, here):
    _, table = extract(tree)
    table.take(np.zeros(len(table), dtype=bool)).save(here / "none.npz")
    result, _ = extract("none.npz")
    assert result.status == 1
    assert result.err.splitlines()[-1].startswith("error: none.npz: no usable face (it is empty);")


def test_the_cache_is_optional(extract, tree, here, cache_folder):
    before = sorted(cache_folder.rglob("*"))
    extract(tree, "--no-cache")
    assert not list(here.rglob("output.pkl"))
    extract(tree, "--cache", "own")
    assert len(list((here / "own").rglob("measure/*/output.pkl"))) == 4
    assert sorted(cache_folder.rglob("*")) == before


def test_an_unusable_cache_is_reported(extract, tree, here):
    (here / "file").touch()
    result, table = extract(tree, "--cache", "file")
    assert len(table) == 4
    assert "note: landmarks are not cached (file: " in result.err


@pytest.mark.parametrize("layout", ["manifest", "crops"])
def test_other_layouts(extract, here, png, layout):
    if layout == "manifest":
        touch(here / "data" / "p.png", content=png)
        (here / "data" / "manifest.csv").write_text("path,emotion,subject\np.png,Joy,me\n")
    else:
        touch(here / "data" / "Happy" / "S010_004_00000017.png", content=png)
    _, table = extract("data")
    assert table.emotion.tolist() == ["happiness"]
    assert table.subject.tolist() == ["me" if layout == "manifest" else "S010"]


def test_drawn_faces_are_labeled(extract, drawn):
    result, table = extract(drawn / "cohn-kanade-images")
    assert "tree), drawn faces read" in " ".join(result.out.split())
    assert "note: these faces are drawn; the scores do not apply to real faces\n" in result.err
    assert table.drawn


def test_the_remedy_fits_the_cause(extract, here, nobody):
    touch(here / "list.csv", content=b"path,emotion\nnone.png,joy\nneither.png,fear\n")
    (here / "views" / "joy").mkdir(parents=True)
    cv2.imwrite(str(here / "views" / "joy" / "a.png"), nobody)
    for dataset, remedy in (
        ("list.csv", "(2 x no such file); check the paths in the manifest"),
        ("views", "(1 x no face found); use images that show faces from the front"),
    ):
        assert extract(dataset)[0].err.splitlines()[-1].endswith(remedy)


def test_without_a_face_the_old_table_is_kept(extract, here):
    touch(here / "table.npz", content=b"old")
    touch(here / "faces" / "joy" / "a.png", content=b"text")
    assert extract("faces")[0].status == 1
    assert (here / "table.npz").read_bytes() == b"old"
