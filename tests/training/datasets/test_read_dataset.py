import os
import re
import shutil

import pytest
from trees import ckplus, touch

from landmark_emotion.errors import DatasetError
from landmark_emotion.training.datasets import read_dataset


@pytest.fixture
def toy(tmp_path, drawn):
    """A folder data/ with drawn faces in it."""
    shutil.copytree(drawn / "Emotion", tmp_path / "data" / "drawn" / "Emotion")
    shutil.copy(drawn / "README.txt", tmp_path / "data" / "drawn")
    names = [path.relative_to(drawn) for path in (drawn / "cohn-kanade-images").rglob("*.png")]
    touch(*(tmp_path / "data" / "drawn" / name for name in names))
    return tmp_path / "data"


def test_a_missing_path_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="none: no such folder or file; check the path"):
        read_dataset(tmp_path / "none")


@pytest.mark.parametrize("name", ["movie.mp4", "table.npy", "noextension", "photo.png"])
def test_other_files_are_refused(tmp_path, name):
    touch(tmp_path / name)
    with pytest.raises(DatasetError, match=r"neither a folder, a \.csv nor an \.npz"):
        read_dataset(tmp_path / name)


@pytest.mark.parametrize("name", ["one.png", "holiday/one.png", "text.txt", "README.md"])
def test_other_folders_are_refused(tmp_path, name):
    touch(tmp_path / "data" / name)
    with pytest.raises(DatasetError, match="neither a known data set, class folders nor"):
        read_dataset(tmp_path / "data")


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "data" / "anger").mkdir(parents=True)
    with pytest.raises(DatasetError, match="name a folder of CK"):
        read_dataset(tmp_path / "data")


def test_a_tree_with_invalid_labels_only_says_why(tmp_path):
    base = ckplus(tmp_path / "CK+", {"S005_001": ([1, 2], "x"), "S005_002": ([1, 2], None)})
    with pytest.raises(DatasetError, match=r"1 x sequence whose .*name a folder of CK"):
        read_dataset(base)


def test_drawn_faces_are_recognized_from_any_path(toy, tmp_path):
    assert read_dataset(toy / "drawn").drawn
    assert read_dataset(toy / "drawn" / "cohn-kanade-images").drawn
    images = sorted(toy.rglob("*.png"))[:2]
    lines = [f"{image.relative_to(tmp_path).as_posix()},joy" for image in images]
    (tmp_path / "list.csv").write_text("\n".join(["path,emotion", *lines]))
    assert read_dataset(tmp_path / "list.csv").drawn


def test_real_faces_are_not_drawn(toy, tmp_path):
    touch(toy / "real" / "anger" / "1.png", toy / "real" / "fear" / "1.png")
    touch(toy / "real" / "README.txt", content=b"Real faces.")
    assert not read_dataset(toy / "real").drawn


def test_drawn_faces_are_never_mixed_with_others(toy):
    # Sequences have the same names in both, and their frames must not be mixed.
    ckplus(toy / "CK+", {"S001_001": ([1, 99], "3"), "S200_001": ([1, 2], "7")})
    dataset = read_dataset(toy)
    assert not dataset.drawn
    assert {sample.path.relative_to(toy).parts[0] for sample in dataset.samples} == {"CK+"}
    assert [(sample.sequence, sample.emotion) for sample in dataset.samples] == [
        ("S001_001", "neutral"),
        ("S001_001", "disgust"),
        ("S200_001", "neutral"),
        ("S200_001", "surprise"),
    ]
    assert dataset.left_out["folder of drawn faces"] == 1


def test_class_folders_beside_drawn_faces_are_read(toy):
    touch(toy / "anger" / "1.png", toy / "fear" / "1.png")
    dataset = read_dataset(toy)
    assert dataset.layout == "class folders"
    assert len(dataset.samples) == 2
    assert not dataset.drawn


def test_a_folder_of_drawn_faces_only_is_refused(toy):
    with pytest.raises(DatasetError, match=r"only drawn faces; .* name the folder .*drawn$"):
        read_dataset(toy)


def test_folders_that_cannot_be_listed_are_counted(tmp_path, monkeypatch):
    touch(tmp_path / "joy" / "a.png")
    plain = os.walk

    def walk(root, onerror, **options):
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "fear")))
        return plain(root, onerror=onerror, **options)

    monkeypatch.setattr("os.walk", walk)
    (reason,) = read_dataset(tmp_path).left_out
    assert "fear: cannot be listed (Permission denied)" in reason


@pytest.mark.parametrize("name", ["CK+.zip", "fer2013.tar.gz", "faces.rar"])
def test_archives_are_to_be_unpacked(tmp_path, name):
    touch(tmp_path / "data" / name)
    with pytest.raises(DatasetError, match="is an archive; unpack it and name the folder"):
        read_dataset(tmp_path / "data" / name)
    with pytest.raises(DatasetError, match=f"'{re.escape(name)}' is left packed, unpack first"):
        read_dataset(tmp_path / "data")
    touch(tmp_path / "data" / "anger" / "1.png")
    (note,) = read_dataset(tmp_path / "data").notes
    assert f"{name!r} is not unpacked and not read; unpack what you need" in note
