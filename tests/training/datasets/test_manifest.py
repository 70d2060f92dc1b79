import sys
from pathlib import Path

import pytest
from trees import pollute, touch

from landmark_emotion.errors import DatasetError
from landmark_emotion.training.datasets import Labels, read_dataset
from landmark_emotion.training.datasets.labels import CODES
from landmark_emotion.training.datasets.samples import Sample


@pytest.fixture
def write(tmp_path):
    """Write a manifest and read it; paths in the result are relative to its folder."""

    def write_and_read(content: str | bytes, name: str = "list.csv"):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return read_dataset(tmp_path / name)

    return write_and_read


def rows(dataset, folder: Path) -> list[tuple[str, str, str, str]]:
    return [
        (s.path.relative_to(folder).as_posix(), s.emotion, s.subject, s.sequence)
        for s in dataset.samples
    ]


def test_a_row_is_a_sample(write, tmp_path):
    dataset = write("path,emotion,subject,sequence\na.png,Happy,p1,q1\nb/ü c.png,fear,,\n")
    assert dataset.layout == "manifest"
    assert dataset.samples == [
        Sample(tmp_path / "a.png", "happiness", "p1", "q1"),
        Sample(tmp_path / "b" / "ü c.png", "fear", "", ""),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "path;emotion;subject\na.png;sad;p1\n",
        "path\temotion\tsubject\na.png\tsad\tp1\n",
        "path,emotion,subject\r\na.png,sad,p1\r\n",
        "path,emotion,subject\na.png,sad,p1",
        "Path, Emotion , SUBJECT\n a.png , SAD , p1\n",
        '"path","emotion","subject"\n"a.png","sad","p1"\n',
        "age;subject;emotion;path;\n33;p1;sad;a.png;\n",
        "\ufeffpath,emotion,subject\na.png,sad,p1\n",
        "path,emotion,subject\n\na.png,sad,p1\n\n",
        "path,emotion,subject\na.png,sad,p1,one,too,many\n",
    ],
)
def test_csv_dialects(write, tmp_path, content):
    assert rows(write(content), tmp_path) == [("a.png", "sadness", "p1", "")]


def test_messages_escape_labels(write):
    with pytest.raises(DatasetError, match=r"unknown emotion 'on\\ntwo\\x1b\[2J'") as raised:
        write('path,emotion\na.png,"on\ntwo\x1b[2J"\n')
    assert str(raised.value).isprintable()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="it takes the whole file for damaged")
def test_impossible_paths_are_left_out(write, tmp_path):
    dataset = write("path,emotion\na.png,sad\nb\0.png,sad\nc\0/d.png,sad\n")
    assert rows(dataset, tmp_path) == [("a.png", "sadness", "", "")]
    assert dataset.left_out == {"row with an impossible path": 2}


def test_a_comma_in_a_quoted_path_is_part_of_it(write, tmp_path):
    assert rows(write('path,emotion\n"a,b.png",joy\n'), tmp_path)[0][0] == "a,b.png"


def test_paths_are_relative_to_the_manifest_and_not_to_the_current_folder(write, tmp_path):
    assert write("path,emotion\nsub/a.png,joy\n").samples[0].path == tmp_path / "sub" / "a.png"
    absolute = (tmp_path / "else" / "a.png").as_posix()
    assert write(f"path,emotion\n{absolute},joy\n").samples[0].path == Path(absolute)


def test_windows_paths_are_accepted(write, tmp_path):
    assert rows(write("path,emotion\nsub\\deep\\a.png,joy\n"), tmp_path)[0][0] == "sub/deep/a.png"


@pytest.mark.skipif("os.sep == '\\\\'", reason="a backslash separates folders on Windows")
def test_a_backslash_may_be_part_of_a_name(write, tmp_path):
    (tmp_path / "odd\\name.png").touch()
    assert rows(write("path,emotion\nodd\\name.png,joy\n"), tmp_path)[0][0] == "odd\\name.png"


def test_subject_and_sequence_default_to_those_in_the_name(write, tmp_path):
    content = "path,emotion,subject\nS010_004_00000017.png,anger,\nS010_004_00000018.png,anger,me\n"
    assert rows(write(content), tmp_path) == [
        ("S010_004_00000017.png", "anger", "S010", "S010_004"),
        ("S010_004_00000018.png", "anger", "me", "S010_004"),
    ]


def test_rows_that_cannot_be_used_are_counted(write, tmp_path):
    content = "path,emotion\na.png,joy\n,joy\nb.png,hungry\nc.png,hungry\nd.png\n"
    dataset = write(content)
    assert rows(dataset, tmp_path) == [("a.png", "happiness", "", "")]
    assert dataset.left_out == {
        "row without a path": 1,
        "row with the unknown emotion 'hungry'": 2,
        "row with the unknown emotion ''": 1,
    }


@pytest.mark.parametrize("content", ["emotion,subject\njoy,a\n", "path\na.png\n", "", "\n", "a,b"])
def test_a_missing_column_is_named(write, content):
    with pytest.raises(DatasetError, match=r"list\.csv: has no column '(path|emotion)'"):
        write(content)


@pytest.mark.parametrize(
    "content", ["path,emotion\ngrüß.png,joy\n".encode("latin-1"), b"\xff\xfe\0"]
)
def test_other_encodings_are_refused(write, content):
    with pytest.raises(DatasetError, match=r"list\.csv: not UTF-8 text; save it as CSV UTF-8"):
        write(content)


def test_a_damaged_row_does_not_spoil_the_others(write, tmp_path):
    dataset = write('path,emotion\na.png,joy\n"' + "b.png,joy\n" * 20_000 + "c.png,sad\n")
    assert rows(dataset, tmp_path)[0][:2] == ("a.png", "happiness")
    assert rows(dataset, tmp_path)[-1][:2] == ("c.png", "sadness")
    (note,) = dataset.notes
    assert "1 damaged row left out" in note


def test_a_huge_manifest_is_refused(write, monkeypatch):
    monkeypatch.setattr("landmark_emotion.training.datasets.manifest.MAX_ROWS", 1)
    with pytest.raises(DatasetError, match=r"list\.csv: more than 1 rows; split it"):
        write("path,emotion\na.png,joy\nb.png,sad\n")


def test_a_manifest_without_a_usable_row_says_why(write):
    with pytest.raises(DatasetError, match=r"without a usable sample \(it is empty\)"):
        write("path,emotion\n")
    with pytest.raises(DatasetError, match="1 x row with the unknown emotion 'hungry'"):
        write("path,emotion\na.png,hungry\n")


def test_overlong_paths_are_accepted(write):
    assert len(write("path,emotion\n" + "x\\" * 3000 + "a.png,joy\n").samples) == 1


def test_a_manifest_takes_precedence(write, tmp_path):
    write("path,emotion\nanger/a.png,joy\n", "manifest.csv")
    (tmp_path / "anger").mkdir()
    (tmp_path / "anger" / "a.png").touch()
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "manifest manifest.csv"
    assert rows(dataset, tmp_path) == [("anger/a.png", "happiness", "", "")]


@pytest.mark.parametrize(
    "header",
    [
        *("filename,label", "image,emotion", "path,class", "file_path,expression", "img,category"),
        *("Image Name,Emotion Label", "image_path,label_name", "pth,label", "File,Emotion.Name"),
    ],
)
def test_columns_have_the_names_people_use(write, tmp_path, header):
    assert rows(write(f"id,{header}\n7,a.png,sad\n"), tmp_path) == [("a.png", "sadness", "", "")]


def test_people_have_the_names_people_use(write, tmp_path):
    for name in ("subject_id", "Person", "participant", "identity"):
        assert rows(write(f"file,label,{name}\na.png,sad,p\n"), tmp_path)[0][2] == "p"


def test_the_best_name_of_a_column_counts(write, tmp_path):
    content = "label,emotion,name,path\n3,sad,wrong.png,a.png\n"
    assert rows(write(content), tmp_path) == [("a.png", "sadness", "", "")]


@pytest.mark.parametrize("folder", ["", "Manually_Annotated_Images"])
def test_affectnet(tmp_path, folder):
    columns = "face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
    lines = [f"subDirectory_filePath,{columns}"]
    lines += [f'689/{code}.jpg,1,2,3,4,"1;2;3",{code},0.1,-0.2' for code in range(11)]
    (tmp_path / "training.csv").write_text("\n".join(lines))
    touch(
        *(
            tmp_path / folder / "689" / f"{code}.{'JPG' * (code == 3) or 'jpg'}"
            for code in range(11)
        )
    )
    pollute(tmp_path)
    for path in (tmp_path, tmp_path / "training.csv"):
        dataset = read_dataset(path)
        assert dataset.layout.startswith("AffectNet")
        assert [s.emotion for s in dataset.samples] == [
            *("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"),
            "contempt",
        ]
        assert dataset.left_out == {f"row with the expression '{code}'": 1 for code in (8, 9, 10)}
        assert dataset.samples[0].path == tmp_path / folder / "689" / "0.jpg"


def test_images_elsewhere_are_found_by_name_and_that_is_told(write, tmp_path):
    touch(tmp_path / "DATASET" / "train" / "5" / "a.jpg", tmp_path / "DATASET" / "test" / "b.jpg")
    touch(tmp_path / "DATASET" / "x" / "twice.jpg", tmp_path / "DATASET" / "y" / "twice.jpg")
    dataset = write("image,label\na.jpg,sad\nimages\\b.jpg,happy\ntwice.jpg,fear\n")
    assert [s.path.relative_to(tmp_path).as_posix() for s in dataset.samples] == [
        "DATASET/train/5/a.jpg",
        "DATASET/test/b.jpg",
        "twice.jpg",
    ]
    (note,) = dataset.notes
    assert "its paths are wrong; 2 images of the same names were found" in note


def test_numbers_need_a_meaning(write, tmp_path):
    content = "image,label\na.jpg,1\nb.jpg,4\nc.jpg,9\n"
    with pytest.raises(
        DatasetError, match=r"its emotions are numbers \(1, 4, 9 ...\).*--labels 0="
    ):
        write(content)
    dataset = read_dataset(tmp_path / "list.csv", labels=Labels(meanings=CODES["rafdb"]))
    assert [s.emotion for s in dataset.samples] == ["surprise", "happiness"]
    assert dataset.left_out == {"row with the unknown emotion '9'": 1}


def test_labels_without_any_emotion_are_classes(write):
    dataset = write("image,label\na.jpg,bored\nb.jpg,pain\nc.jpg,=1\nd.jpg,neutral\n")
    assert [s.emotion for s in dataset.samples] == ["bored", "pain", "neutral"]
    assert "no label is an emotion, so each is a class: bored, neutral, pain" in dataset.notes[0]


def test_a_misspelled_label_is_asked_about(write):
    dataset = write("image,label\na.jpg,angr\nb.jpg,happy\n")
    assert dataset.left_out == {"row with the unknown emotion 'angr'": 1}
    assert "'angr' is left out; if it means anger" in dataset.notes[0]


def test_of_several_tables_one_must_be_named(tmp_path):
    for name in ("train.csv", "test.csv"):
        touch(tmp_path / name, content=b"image,label\na.jpg,happy\n")
    with pytest.raises(
        DatasetError, match=r"several tables of images \(test.csv, train.csv\); name"
    ):
        read_dataset(tmp_path)
    (tmp_path / "test.csv").unlink()
    assert read_dataset(tmp_path).layout == "manifest train.csv"


def test_a_misspelled_label_with_odd_characters_is_to_be_renamed(write):
    (note,) = write("image,label\na.jpg,\x1b[2Jangr\nb.jpg,happy\n").notes
    assert note.isprintable()
    assert note.endswith("if it means anger, rename it")
