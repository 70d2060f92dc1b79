import os
from pathlib import Path

import pytest
from trees import touch

from landmark_emotion.errors import DatasetError
from landmark_emotion.training.datasets.samples import identity_from_name, image_files, walk_files


def names(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in walk_files(root)]


def test_files_come_in_the_order_of_their_numbers(tmp_path):
    for name in ("b/10.png", "b/9.png", "b/100.png", "a2/1.png", "a10/1.png", "2.png"):
        touch(tmp_path / name)
    assert names(tmp_path) == [
        "2.png",
        "a2/1.png",
        "a10/1.png",
        "b/9.png",
        "b/10.png",
        "b/100.png",
    ]


def test_hidden_files_and_folders_of_the_system_are_left_out(tmp_path):
    for name in (
        ".DS_Store",
        "._x.png",
        "x.png",
        ".git/y.png",
        "__MACOSX/a/._x.png",
        "__MACOSX/a/x.png",
        "$RECYCLE.BIN/x.png",
        "System Volume Information/x.png",
    ):
        touch(tmp_path / name)
    assert names(tmp_path) == ["x.png"]


def test_only_what_is_named_like_an_image_is_an_image(tmp_path):
    for name in (
        "a.png",
        "B.JPG",
        "c.Jpeg",
        "d.TIFF",
        "e.webp",
        "f.txt",
        "g",
        "h.png.zip",
        "i.gif",
    ):
        touch(tmp_path / name)
    (tmp_path / "folder.png").mkdir()
    touch(tmp_path / "folder.png" / "inside.png")
    found = [path.relative_to(tmp_path).as_posix() for path in image_files(tmp_path)]
    assert found == ["a.png", "B.JPG", "c.Jpeg", "d.TIFF", "e.webp", "folder.png/inside.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_loops_of_links_end_and_every_folder_is_read_once(tmp_path):
    touch(tmp_path / "a" / "1.png", tmp_path / "b" / "2.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "self").symlink_to(".")
    (tmp_path / "c").symlink_to("a")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "round").symlink_to("round")
    pictures = [name for name in names(tmp_path) if name.endswith(".png")]
    assert pictures == ["a/1.png", "b/2.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_linked_folder_is_followed(tmp_path):
    touch(tmp_path / "disk" / "anger" / "1.png")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "faces").symlink_to(tmp_path / "disk")
    assert names(tmp_path / "data") == ["faces/anger/1.png"]


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="none: cannot be listed"):
        list(walk_files(tmp_path / "none"))


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("S010_004_00000017.png", ("S010", "S010_004")),
        ("s010_004_00000017.PNG", ("S010", "S010_004")),
        ("S999_001_00000018_emotion.txt", ("S999", "S999_001")),
        ("S010_004_17_flipped.png", ("S010", "S010_004")),
        ("0.jpg", ("", "")),
        ("S010.png", ("", "")),
        ("Sad_001_1.png", ("", "")),
        ("xS010_004_00000017.png", ("", "")),
    ],
)
def test_identity_is_read_from_names_of_ckplus_only(name, identity):
    assert identity_from_name(Path("anger", name)) == identity
