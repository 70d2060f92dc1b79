import os
from pathlib import Path

import pytest
from trees import ckplus, touch

from landmark_emotion.errors import DatasetError
from landmark_emotion.training.datasets import ckplus as module
from landmark_emotion.training.datasets import read_dataset
from landmark_emotion.training.datasets.samples import Dataset, Sample

TWO = {"S005_001": ([1, 2, 11], "   3.0000000e+00\n"), "S010_002": ([1, 14], "5")}


def summary(dataset: Dataset) -> list[tuple[str, str, str, int]]:
    return [
        (sample.emotion, sample.subject, sample.sequence, int(sample.path.stem.rpartition("_")[2]))
        for sample in dataset.samples
    ]


EXPECTED = [
    ("neutral", "S005", "S005_001", 1),
    ("disgust", "S005", "S005_001", 11),
    ("neutral", "S010", "S010_002", 1),
    ("happiness", "S010", "S010_002", 14),
]


def test_first_frame_is_neutral_and_last_the_peak(tmp_path):
    dataset = read_dataset(ckplus(tmp_path / "CK+", TWO))
    assert dataset.layout == "CK/CK+ tree"
    assert summary(dataset) == EXPECTED
    assert not dataset.left_out
    assert all(sample.path.is_file() for sample in dataset.samples)


@pytest.mark.parametrize(
    ("images", "labels", "named"),
    [
        ("cohn-kanade-images", "Emotion", "."),
        ("CK+/cohn-kanade-images", "CK+/Emotion", "."),
        ("extended-cohn-kanade-images/cohn-kanade-images", "Emotion_labels/Emotion", "."),
        ("cohn-kanade", "emotions", "."),
        (".", ".", "."),
        ("cohn-kanade-images", "Emotion", "cohn-kanade-images"),
        ("cohn-kanade-images", "Emotion_labels/Emotion", "cohn-kanade-images"),
        (
            "extended-cohn-kanade-images/cohn-kanade-images",
            "Emotion_labels/Emotion",
            "extended-cohn-kanade-images/cohn-kanade-images",
        ),
    ],
)
def test_every_nesting_is_read_alike(tmp_path, images, labels, named):
    base = ckplus(tmp_path / "data", TWO, images, labels)
    assert summary(read_dataset(base / named)) == EXPECTED


def test_labels_are_found_from_inside_the_images(tmp_path, monkeypatch):
    base = ckplus(tmp_path / "data", TWO)
    monkeypatch.chdir(base / "cohn-kanade-images")
    assert summary(read_dataset(Path())) == EXPECTED


def test_labels_beside_a_link_to_the_images_are_found(tmp_path):
    base = ckplus(tmp_path / "disk", TWO)
    (tmp_path / "data").mkdir()
    (base / "Emotion").rename(tmp_path / "data" / "Emotion")
    try:
        (tmp_path / "data" / "images").symlink_to(base / "cohn-kanade-images")
    except OSError:
        pytest.skip("links need rights on Windows")
    assert summary(read_dataset(tmp_path / "data" / "images")) == EXPECTED


def test_stray_files_change_nothing(tmp_path):
    base = ckplus(tmp_path / "CK+", TWO)
    frames = base / "cohn-kanade-images"
    for stray in (
        base / ".DS_Store",
        base / "ReadMe.txt",
        base / "__MACOSX" / "S005" / "001" / "S005_001_00000099.png",
        frames / "S005" / ".DS_Store",
        frames / "S005" / "001" / "._S005_001_00000099.png",
        frames / "S005" / "001" / "S005_001_00000099.txt",
        frames / "S005" / "001" / "Thumbs.db",
        frames / "S005" / "001" / "cover.png",
        base / "Emotion" / "S005" / "001" / "._S005_001_00000099_emotion.txt",
        base / "FACS" / "S005" / "001" / "S005_001_00000011_facs.txt",
        base / "Landmarks" / "S005" / "001" / "S005_001_00000099_landmarks.txt",
    ):
        touch(stray)
    (frames / "S005" / "001" / "S005_001_00000098.png").mkdir()
    (frames / "S999" / "001").mkdir(parents=True)
    assert summary(read_dataset(base)) == EXPECTED


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_an_endless_emotion_file_is_not_read(tmp_path):
    base = ckplus(tmp_path / "CK+", TWO)
    label = next(path for path in base.rglob("*_emotion.txt"))
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        label.unlink()
        make(label)
        dataset = read_dataset(base)
        (reason,) = dataset.left_out
        assert reason.startswith("sequence whose emotion file cannot be read (")


def test_frames_are_ordered_by_number_whatever_its_width(tmp_path):
    for number in ("9", "10", "100", "0000011"):
        touch(tmp_path / "S001" / "001" / f"S001_001_{number}.png")
    touch(tmp_path / "Emotion" / "S001_001_100_emotion.txt", content=b"7")
    dataset = read_dataset(tmp_path, peak_frames=2)
    assert [(emotion, number) for emotion, _, _, number in summary(dataset)] == [
        ("neutral", 9),
        ("surprise", 11),
        ("surprise", 100),
    ]


def test_names_are_case_insensitive(tmp_path):
    touch(tmp_path / "s005" / "001" / "s005_001_00000001.PNG")
    touch(tmp_path / "s005" / "001" / "S005_001_00000002.Png")
    touch(tmp_path / "Emotion" / "s005_001_00000002_EMOTION.TXT", content=b"1")
    assert [row[:3] for row in summary(read_dataset(tmp_path))] == [
        ("neutral", "S005", "S005_001"),
        ("anger", "S005", "S005_001"),
    ]


def test_duplicate_frames_count_once(tmp_path):
    base = ckplus(tmp_path, TWO)
    ckplus(tmp_path, TWO, images="copy/cohn-kanade-images")
    assert summary(read_dataset(base)) == EXPECTED


@pytest.mark.parametrize(
    ("n", "numbers"), [(1, [11]), (2, [7, 11]), (3, [2, 7, 11]), (50, [2, 7, 11])]
)
def test_peak_frames_never_include_the_neutral_frame(tmp_path, n, numbers):
    base = ckplus(tmp_path, {"S005_001": ([1, 2, 7, 11], "6")})
    dataset = read_dataset(base, peak_frames=n)
    assert [row[3] for row in summary(dataset) if row[0] == "sadness"] == numbers
    assert [row[3] for row in summary(dataset) if row[0] == "neutral"] == [1]


def test_sequences_without_a_label_are_counted(tmp_path):
    base = ckplus(tmp_path, TWO | {"S011_001": ([1, 2], None), "S011_002": ([1, 2], None)})
    dataset = read_dataset(base)
    assert summary(dataset) == EXPECTED
    assert dataset.left_out == {"sequence without an emotion file": 2}


@pytest.mark.parametrize("content", ["", "happy", "8", "-1", "3.5", "nan", "inf", "3 4", "\0", "ü"])
def test_invalid_codes_are_counted(tmp_path, content):
    base = ckplus(tmp_path, TWO | {"S011_001": ([1, 2], content)})
    dataset = read_dataset(base)
    assert summary(dataset) == EXPECTED
    assert dataset.left_out == {"sequence whose emotion file is not a number from 0 to 7": 1}


@pytest.mark.parametrize("content", ["7", " 7\r\n", "7.0", "   7.0000000e+00\n", "+7"])
def test_codes_may_have_any_number_format(tmp_path, content):
    base = ckplus(tmp_path, {"S011_001": ([1, 2], content)})
    assert summary(read_dataset(base))[1][0] == "surprise"


def test_a_sequence_of_one_frame_has_no_neutral_frame(tmp_path):
    dataset = read_dataset(ckplus(tmp_path, TWO | {"S011_001": ([4], "7")}))
    assert summary(dataset) == [*EXPECTED, ("surprise", "S011", "S011_001", 4)]
    assert dataset.left_out == {"neutral frame of a sequence of one frame": 1}


def test_labels_without_frames_are_counted(tmp_path):
    dataset = read_dataset(ckplus(tmp_path, TWO | {"S011_001": ([], "7")}))
    assert summary(dataset) == EXPECTED
    assert dataset.left_out == {"emotion file without frames": 1}


def test_contempt_is_read_like_the_others(tmp_path):
    dataset = read_dataset(ckplus(tmp_path, {"S011_001": ([1, 2], "2")}))
    assert summary(dataset)[1][0] == "contempt"


def test_frames_without_labels_say_what_is_missing(tmp_path):
    base = ckplus(tmp_path / "a" / "b", {"S005_001": ([1, 2], None)}, labels="Other")
    with pytest.raises(DatasetError, match=r"no emotion files .*; unpack Emotion_labels\.zip"):
        read_dataset(base)


def test_labels_without_frames_say_what_is_missing(tmp_path):
    base = ckplus(tmp_path, {"S005_001": ([], "3")})
    with pytest.raises(DatasetError, match="no images; put cohn-kanade-images/ beside Emotion/"):
        read_dataset(base)


def test_frames_in_an_unsupported_format_are_told_to_be_converted(tmp_path):
    base = ckplus(tmp_path, {"S005_001": ([], "3")})
    touch(base / "cohn-kanade-images" / "S005" / "001" / "S005_001_00000001.heic")
    with pytest.raises(DatasetError, match="unsupported format; convert them to JPEG or PNG"):
        read_dataset(base)


def test_an_emotion_file_that_cannot_be_read_says_why(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "read_whole", refuse)
    with pytest.raises(DatasetError, match=r"2 x .* cannot be read \(Permission denied\)"):
        read_dataset(ckplus(tmp_path, TWO))


def test_unlistable_folders_beside_are_ignored(tmp_path, monkeypatch):
    base = ckplus(tmp_path, TWO)
    (tmp_path / "Aemotion-private").mkdir()
    walk = module.walk_files

    def refuse(folder):
        if folder.name == "Aemotion-private":
            raise DatasetError("not yours")
        return walk(folder)

    monkeypatch.setattr(module, "walk_files", refuse)
    assert summary(read_dataset(base / "cohn-kanade-images")) == EXPECTED


def test_class_folders_below_subjects_are_class_folders(tmp_path):
    touch(tmp_path / "S010" / "anger" / "S010_004_00000017.png")
    touch(tmp_path / "S010" / "joy" / "S010_006_00000017.png")
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "class folders of CK+ frames, as CK+48"
    assert dataset.samples[0] == Sample(
        tmp_path / "S010" / "anger" / "S010_004_00000017.png", "anger", "S010", "S010_004"
    )
