import os

import pytest
from trees import pollute, touch

from landmark_emotion.emotions import ALIASES, EMOTIONS
from landmark_emotion.errors import DatasetError
from landmark_emotion.training.datasets import Labels, find_dataset, read_dataset
from landmark_emotion.training.datasets.labels import CODES


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
    assert dataset.layout == "class folders of CK+ frames, as CK+48"
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
    with pytest.raises(DatasetError, match="neither a known data set, class folders nor"):
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
    assert dataset.layout == "class folders of CK+ frames, as CK+48"
    assert [(s.emotion, s.sequence) for s in dataset.samples] == [
        ("fear", "S001_008"),
        ("happiness", "S001_007"),
    ]


def people(dataset) -> set[str]:
    return {sample.subject for sample in dataset.samples}


def note_about(dataset, word: str) -> str:
    (note,) = [note for note in dataset.notes if word in note]
    return note


def test_fer2013_as_folders(tmp_path):
    for part in ("train", "test", "validation"):
        touch(tmp_path / "archive" / part / "angry" / "PrivateTest_1.jpg")
        touch(tmp_path / "archive" / part / "happy" / "Training_2.JPG")
        touch(tmp_path / "archive" / part / "wrong.jpg")
    pollute(tmp_path)
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "class folders"
    assert len(dataset.samples) == 6
    assert dataset.left_out.total() == 3
    assert people(dataset) == {""}
    assert "test and train and validation are read together" in dataset.together
    for sample in dataset.samples:
        folder = sample.path.parts[-3]
        assert sample.part == {"train": "training"}.get(folder, folder)
    alone = read_dataset(tmp_path / "archive" / "train")
    assert [(sample.part, alone.together) for sample in alone.samples] == [("", "")] * 2


def test_ckplus48_polluted(tmp_path):
    touch(tmp_path / "CK+48" / "anger" / "S010_004_00000017.PNG")
    touch(tmp_path / "CK+48" / "happy" / "S011_006_00000013.png", tmp_path / "CK+48" / "happy.png")
    pollute(tmp_path)
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "class folders of CK+ frames, as CK+48"
    assert people(dataset) == {"S010", "S011"}
    assert dataset.left_out == {"image in 'CK+48', which names no emotion": 1}


@pytest.mark.parametrize("outer", ["angry", "06 - Happy"])
def test_initials_inside_a_class_folder_are_people_and_that_is_said(tmp_path, outer):
    for person in ("SU", "MK", "AN"):
        touch(tmp_path / outer / person / "1.png", tmp_path / "sad" / person / "1.png")
    dataset = read_dataset(tmp_path)
    assert people(dataset) == {"AN", "MK", "SU"}
    assert {sample.emotion for sample in dataset.samples} <= {"anger", "happiness", "sadness"}
    assert "(AN, MK, SU) are taken as people; if they are not" in note_about(dataset, "people")


def test_folders_of_the_same_names_in_several_classes_are_people(tmp_path):
    for person in ("anna", "bert"):
        touch(tmp_path / "angry" / person / "1.png", tmp_path / "sad" / person / "1.png")
    touch(tmp_path / "sad" / "clara" / "1.png", tmp_path / "sad" / "2.png")
    dataset = read_dataset(tmp_path)
    assert people(dataset) == {"anna", "bert", "clara", ""}
    assert note_about(dataset, "people")


@pytest.mark.parametrize("kind", ["female", "aligned", "batch1", "train", "left"])
def test_other_folders_inside_class_folders_are_no_people(tmp_path, kind):
    for emotion in ("angry", "sad"):
        touch(tmp_path / emotion / kind / "1.png", tmp_path / emotion / "2.png")
    dataset = read_dataset(tmp_path)
    assert people(dataset) == {""}
    assert not [note for note in dataset.notes if "people" in note]


def test_folders_of_ck_inside_class_folders_are_people_and_sequences(tmp_path):
    touch(tmp_path / "happy" / "S001" / "007" / "a.png", tmp_path / "sad" / "s002" / "b.png")
    found = [(s.subject, s.sequence) for s in read_dataset(tmp_path).samples]
    assert found == [("S001", "S001_007"), ("S002", "")]


def test_two_letter_folders_alone_are_codes(tmp_path):
    touch(tmp_path / "AN" / "1.png", tmp_path / "ha" / "anna" / "1.png")
    assert emotions(tmp_path) == {"AN/1.png": "anger", "ha/anna/1.png": "happiness"}


def test_an_emotion_inside_another_is_told(tmp_path):
    touch(tmp_path / "happy" / "sad" / "3.png", tmp_path / "happy" / "1.png")
    note = note_about(read_dataset(tmp_path), "inside")
    assert "'sad' inside 'happy': images there are taken as sadness; rename" in note


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("angr", "'angr' is left out; if it means anger, rename it or add --labels 'angr=anger'"),
        ("Neutrl", "if it means neutral, rename it or add --labels 'Neutrl=neutral'"),
        ("none", "'none' may mean neutral or no label and is left out; if it means neutral, add"),
        ("faces_backup", "'faces_backup' names no emotion and is left out; to train on such"),
        ("bored", "name all classes with --emotions"),
    ],
)
def test_unknown_folders_among_emotions_are_left_out_and_asked_about(tmp_path, name, complaint):
    touch(tmp_path / "happy" / "1.png", tmp_path / "sad" / "1.png")
    touch(tmp_path / name / "2.png", tmp_path / name / "deeper" / "2.png")
    dataset = read_dataset(tmp_path)
    assert {sample.emotion for sample in dataset.samples} == {"happiness", "sadness"}
    assert dataset.left_out == {f"image in {name!r}, which names no emotion": 2}
    (note,) = dataset.notes
    assert complaint in note


def test_classes_that_are_named_are_classes(tmp_path):
    touch(*(tmp_path / name / "1.png" for name in ("happy", "Bored", "pain", "smile")))
    named = read_dataset(tmp_path, labels=Labels(("bored", "happiness", "smile")))
    assert {s.emotion for s in named.samples} == {"bored", "happiness", "smile"}
    assert named.left_out == {"image in 'pain', which names no emotion": 1}
    meant = read_dataset(tmp_path, labels=Labels(meanings={"pain": "sadness", "bored": "neutral"}))
    assert {s.emotion for s in meant.samples} == {"happiness", "sadness", "neutral"}


@pytest.mark.parametrize("above", ["", "copy", "copy/train"])
def test_folders_without_any_emotion_are_classes_of_their_own(tmp_path, above):
    for name in ("Bored", "drowsy", "neutral", "pain", "smile"):
        touch(
            tmp_path / "data" / above / name / "1.png", tmp_path / "data" / above / name / "2.JPG"
        )
    pollute(tmp_path / "data")
    dataset = read_dataset(tmp_path / "data")
    assert dataset.layout == "folders of other classes than emotions"
    assert {s.emotion for s in dataset.samples} == {"Bored", "drowsy", "neutral", "pain", "smile"}
    note = note_about(dataset, "each is a class")
    assert "no folder names an emotion, so each is a class: Bored, drowsy, neutral, pain" in note
    assert "--emotions" in note


def test_folders_inside_own_classes_can_be_people(tmp_path):
    for name in ("bored", "pain"):
        touch(tmp_path / name / "SU" / "1.png", tmp_path / name / "MK" / "1.png")
    dataset = read_dataset(tmp_path)
    assert {(s.emotion, s.subject) for s in dataset.samples} == {
        (name, person) for name in ("bored", "pain") for person in ("SU", "MK")
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_hostile_folder_names_are_no_classes(tmp_path):
    touch(*(tmp_path / name / "1.png" for name in ("bored", "pain", "=1+1", "a,b", "x" * 99)))
    dataset = read_dataset(tmp_path)
    assert {s.emotion for s in dataset.samples} == {"bored", "pain"}
    assert dataset.left_out.total() == 3


def test_an_angry_misspelling_without_other_emotions_is_asked_about(tmp_path):
    touch(tmp_path / "angr" / "1.png", tmp_path / "neutral" / "1.png")
    dataset = read_dataset(tmp_path)
    assert "'angr' is a class of its own; if it means anger" in note_about(dataset, "means anger")


def test_a_smile_among_emotions_is_happiness(tmp_path):
    touch(tmp_path / "smile" / "1.png", tmp_path / "angry" / "1.png")
    assert emotions(tmp_path) == {"angry/1.png": "anger", "smile/1.png": "happiness"}


def test_nobody_trains_on_any_folders_without_naming_them(tmp_path):
    touch(
        tmp_path / "data" / "photos" / "2019" / "1.png",
        tmp_path / "data" / "photos" / "b" / "1.png",
    )
    path, notes = find_dataset(tmp_path / "data", ignored=tmp_path / "drawn")
    assert path is None
    assert "not used" in notes[0]


@pytest.mark.parametrize("names", ["0123456", "1234567"])
def test_numbers_need_a_meaning(tmp_path, names):
    touch(*(tmp_path / "train" / name / "1.png" for name in names))
    with pytest.raises(DatasetError, match=r"0, 1, 2 ... are numbers|1, 2, 3 ... are numbers") as e:
        read_dataset(tmp_path)
    assert "--labels 0=anger,1=disgust" in str(e.value)
    assert "--labels rafdb" in str(e.value)
    labels = Labels(meanings=CODES["fer2013" if names[0] == "0" else "rafdb"])
    pollute(tmp_path)
    dataset = read_dataset(tmp_path, labels=labels)
    assert next(s.emotion for s in dataset.samples) == ("anger" if names[0] == "0" else "surprise")
    assert len({s.emotion for s in dataset.samples}) == 7


def test_too_many_folders_are_not_taken_for_classes(tmp_path):
    touch(*(tmp_path / f"person {n} x" / "1.png" for n in range(31)))
    with pytest.raises(
        DatasetError, match="31 folders and none names an emotion; name the classes"
    ):
        read_dataset(tmp_path)
