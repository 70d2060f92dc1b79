import os

import pytest
from trees import touch

from landmark_emotion.emotions import ALIASES, EMOTIONS
from landmark_emotion.errors import DatasetError
from landmark_emotion.training.datasets import read_dataset


def emotions(root) -> dict[str, str]:
    return {
        sample.path.relative_to(root).as_posix(): sample.emotion
        for sample in read_dataset(root).samples
    }


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_every_alias_names_its_folder(tmp_path, change):
    expected = {}
    for emotion in EMOTIONS:
        for alias in {emotion, *ALIASES[emotion]} - ({"con"} if os.name == "nt" else set()):
            path = tmp_path / f"{change(alias)}" / "x.png"
            touch(path)
            expected[path.relative_to(tmp_path).as_posix()] = emotion
    assert emotions(tmp_path) == expected


def test_crops_of_ckplus_have_subjects(tmp_path):
    for number in (15, 16, 17):
        touch(tmp_path / "CK+48" / "anger" / f"S010_004_{number:08}.png")
    touch(tmp_path / "CK+48" / "happy" / "S011_006_00000013.png")
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "class folders"
    assert [(s.emotion, s.subject, s.sequence) for s in dataset.samples] == [
        *[("anger", "S010", "S010_004")] * 3,
        ("happiness", "S011", "S011_006"),
    ]


def test_other_names_have_no_subject(tmp_path):
    touch(tmp_path / "anger" / "0.jpg", tmp_path / "fear" / "PrivateTest_10131363.jpg")
    assert {(s.subject, s.sequence) for s in read_dataset(tmp_path).samples} == {("", "")}


def test_the_nearest_folder_named_after_an_emotion_decides(tmp_path):
    touch(
        tmp_path / "train" / "Angry" / "1.png",
        tmp_path / "test" / "06_Fear" / "woman" / "2.png",
        tmp_path / "happy" / "sad" / "3.png",
    )
    assert emotions(tmp_path) == {
        "train/Angry/1.png": "anger",
        "test/06_Fear/woman/2.png": "fear",
        "happy/sad/3.png": "sadness",
    }


def test_the_name_of_the_root_is_ignored(tmp_path):
    root = tmp_path / "happy"
    touch(root / "1.png")
    with pytest.raises(DatasetError, match="neither a CK/CK\\+ tree, folders named after"):
        read_dataset(root)


def test_images_in_other_folders_are_counted(tmp_path):
    touch(
        tmp_path / "anger" / "1.PNG",
        tmp_path / "anger" / ".DS_Store",
        tmp_path / "anger" / "._1.PNG",
        tmp_path / "anger" / "notes.txt",
        tmp_path / "anger" / "video.mp4",
        tmp_path / "unsure" / "2.png",
        tmp_path / "unsure" / "3.png",
        tmp_path / "4.png",
    )
    (tmp_path / "fear").mkdir()
    (tmp_path / "anger" / "folder.png").mkdir()
    dataset = read_dataset(tmp_path)
    assert emotions(tmp_path) == {"anger/1.PNG": "anger"}
    assert dataset.left_out == {
        "image in 'unsure', which names no emotion": 2,
        f"image in '{tmp_path.name}', which names no emotion": 1,
    }


def test_images_are_in_natural_order(tmp_path):
    for number in (100, 9, 10):
        touch(tmp_path / "joy" / f"{number}.png")
    assert list(emotions(tmp_path)) == ["joy/9.png", "joy/10.png", "joy/100.png"]


def test_folders_of_kdef_are_no_emotions(tmp_path):
    touch(tmp_path / "AF01" / "AF01ANS.JPG", tmp_path / "AM02" / "AM02HAS.JPG")
    with pytest.raises(DatasetError, match="neither"):
        read_dataset(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_messages_escape_folder_names(tmp_path):
    touch(tmp_path / "fear" / "a.png")
    touch(tmp_path / "on\ntwo" / "a.png")
    (reason,) = read_dataset(tmp_path).left_out
    assert reason == "image in 'on\\ntwo', which names no emotion"


def test_unsupported_formats_are_counted(tmp_path):
    touch(tmp_path / "fear" / "a.png", tmp_path / "fear" / "b.HEIC", tmp_path / "joy" / "c.heic")
    dataset = read_dataset(tmp_path)
    assert len(dataset.samples) == 1
    assert dataset.left_out == {".heic image, unsupported format": 2}


def test_a_folder_of_unsupported_formats_is_told_to_be_converted(tmp_path):
    touch(tmp_path / "fear" / "a.avif", tmp_path / "joy" / "b.gif")
    with pytest.raises(DatasetError, match=r"class folders .*1 x \.avif image.*; convert them to"):
        read_dataset(tmp_path)


def test_folders_of_sequences_in_class_folders_need_no_emotion_files(tmp_path):
    touch(tmp_path / "joy" / "S001" / "007" / "S001_007_00000001.png")
    touch(tmp_path / "fear" / "S001" / "008" / "S001_008_00000001.png")
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "class folders"
    assert [(s.emotion, s.sequence) for s in dataset.samples] == [
        ("fear", "S001_008"),
        ("happiness", "S001_007"),
    ]
