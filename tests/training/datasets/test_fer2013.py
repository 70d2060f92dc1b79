import os
import tracemalloc

import cv2
import numpy as np
import pytest
from trees import pollute

from landmark_emotion.errors import DatasetError, ImageError
from landmark_emotion.sources.images import decode_image
from landmark_emotion.training.datasets import Labels, read_dataset
from landmark_emotion.training.datasets.fer2013 import (
    VOTES,
    ferplus_votes,
    has_pixels,
    row_as_image,
    rows,
)

FLAT = " ".join(["7"] * 16)
RAMP = " ".join(map(str, range(16)))


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str = "fer2013.csv"):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write_file


def read(path):
    notes: list[str] = []
    return list(rows(path, notes.append)), notes


@pytest.mark.parametrize(
    "content",
    [
        f"emotion,pixels,Usage\n3,{RAMP},PublicTest\n",
        f"emotion, Usage, pixels\r\n3,PublicTest,{RAMP}\r\n",
        f'"emotion";"pixels";"Usage"\n"3";"{RAMP}";"PublicTest"\n',
        f"\ufeffEmotion\tPixels\tusage\n\n3\t {RAMP} \tpublictest\n\n",
    ],
)
def test_a_row_is_a_picture(write, content):
    ((row,), notes) = read(write(content))
    assert (row.row, row.code, row.usage, notes) == (0, 3, "PublicTest", [])
    assert row.image.dtype == np.uint8
    assert np.array_equal(row.image, np.arange(16).reshape(4, 4))


def test_usage_may_be_missing_or_unknown(write):
    found, _ = read(write(f"emotion,pixels\n0,{FLAT}\n"))
    assert [row.usage for row in found] == [""]
    found, _ = read(write(f"emotion,pixels,Usage\n0,{FLAT},elsewhere\n0,{FLAT}\n"))
    assert [row.usage for row in found] == ["", ""]


def test_damaged_rows_are_left_out_and_keep_their_index(write):
    lines = [
        "emotion,pixels,Usage",
        f"0,{FLAT},Training",
        f"1,{FLAT} 7,Training",
        f"happy,{FLAT},Training",
        "2,1 2 3 4,Training",
        "",
        "3," + FLAT.replace("7", "256") + ",Training",
        "4," + FLAT.replace("7", "99999999999999999999999") + ",Training",
        "4," + FLAT.replace("7", "-1") + ",Training",
        "4,1 2 x 4,Training",
        "5,\x00\x80,Training",
        "6",
        "6,,",
        f"6,{FLAT},Training",
    ]
    found, notes = read(write("\n".join(lines)))
    assert [(row.row, row.code, row.line) for row in found] == [(0, 0, 2), (11, 6, 14)]
    (note,) = notes
    assert "fer2013.csv:3: 17 pixels are no square; 10 damaged rows left out" in note
    assert "(lines 3, 4, 5, 7, 8, ...), download" in note


def test_an_endless_line_takes_no_memory_and_is_one_damaged_row(write):
    path = write(f"emotion,pixels\n0,{'1 ' * 2**24}\n1,{RAMP}\n")
    tracemalloc.start()
    found, notes = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(row.code, row.line, row.row) for row in found] == [(1, 3, 1)]
    assert len(notes) == 1
    assert peak < 2**25


@pytest.mark.parametrize("content", ["", "<html>", "emotion,Usage\n0,Training\n", b"\xff\xfe\0\1"])
def test_other_files_are_refused(write, content):
    path = write(content)
    assert not has_pixels(path)
    with pytest.raises(DatasetError, match=r"fer2013\.csv: has no column 'pixels'; "):
        next(rows(path))


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.csv: cannot be read \(No such file"):
        next(rows(tmp_path / "none.csv"))
    assert not has_pixels(tmp_path / "none.csv")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_each_row_can_be_read_again_as_an_image_file(write, separator):
    lines = [["emotion", "pixels", "Usage"], ["0", FLAT, "Training"], ["1", RAMP, "Training"]]
    path = write("\ufeff" + "\r\n\r\n".join(map(separator.join, lines)))
    found, _ = read(path)
    for row in found:
        image = decode_image(row_as_image(path, row.offset, "here"), "here")
        assert np.array_equal(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), row.image)


def test_rows_that_are_gone_have_a_clear_error(write):
    path = write(f"emotion,pixels\n0,{FLAT}\n")
    ((row,), _) = read(path)
    os.truncate(path, row.offset + 7)
    with pytest.raises(ImageError, match=r"x\.csv:2: changed while it was read; try again"):
        row_as_image(path, row.offset, "x.csv:2")
    path.unlink()
    with pytest.raises(ImageError, match=r"x\.csv:2: cannot be read \(No such file"):
        row_as_image(path, row.offset, "x.csv:2")


def test_votes_of_ferplus(write):
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt"
    lines = [
        f"{header},unknown,NF",
        "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
        "Training,,0,0,0,0,0,0,0,0,0,10",
        "Training,fer0000002.png,4,0,broken",
        "PublicTest,fer0028638.png,0,0,0,0,0,0,0,10,0,0",
    ]
    notes: list[str] = []
    votes = ferplus_votes(write("\r\n".join(lines), "fer2013new.csv"), notes.append)
    assert votes.shape == (4, 10)
    assert votes[0, VOTES.index("anger")] == 3
    assert votes[1, VOTES.index("NF")] == 10
    assert votes[3, VOTES.index("contempt")] == 10
    assert not votes[2].any()
    assert [note.partition(": ")[2].rpartition("/")[2][:17] for note in notes] == [
        "fer2013new.csv:4:"
    ]


def pixels(*codes: int) -> str:
    rows_ = [f"{code},{' '.join([str(code)] * 16)},Training" for code in codes]
    return "\n".join(["emotion,pixels,Usage", *rows_])


@pytest.mark.parametrize("folder", ["", "fer2013/fer2013"])
def test_a_csv_of_pixels_is_a_data_set(write, tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    path = write(pixels(*range(9)) + "\n0,7 7,Training", f"{folder}/fer2013.csv".lstrip("/"))
    write("pixels\n1 2 3 4", f"{folder}/test.csv".lstrip("/"))
    pollute(tmp_path)
    for place in (path, tmp_path):
        dataset = read_dataset(place)
        assert dataset.layout == "pixels in a CSV file, as FER-2013"
        assert [s.emotion for s in dataset.samples] == [
            *("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
            "contempt",
        ]
        assert dataset.left_out == {"row with the unknown code 8": 1}
        assert dataset.samples[2].source == f"{path}:4"
        assert "fer2013.csv:11: 2 pixels are no square; 1 damaged row" in dataset.notes[0]
    named = read_dataset(path, labels=Labels(meanings={"0": "bored", "3": "pain"}))
    assert [s.emotion for s in named.samples] == ["bored", "pain"]


def test_the_largest_csv_of_pixels_is_taken(write, tmp_path):
    write(pixels(0, 1), "train.csv")
    whole = write(pixels(0, 1, 2, 3), "icml_face_data.csv")
    dataset = read_dataset(tmp_path)
    assert {sample.path for sample in dataset.samples} == {whole}
    assert "icml_face_data.csv is read and nothing else" in dataset.notes[-1]


def test_the_parts_that_are_read_together_are_told(write):
    content = f"emotion,pixels,Usage\n0,{FLAT},Training\n1,{FLAT},PublicTest\n2,{FLAT},Training"
    dataset = read_dataset(write(content))
    text = "read together: 2 Training, 1 PublicTest; take one of them with --usage"
    assert text in dataset.together
    assert [sample.part for sample in dataset.samples] == ["training", "validation", "training"]


def test_rows_of_one_usage_can_be_taken(write):
    content = f"emotion,pixels,Usage\n0,{FLAT},Training\n1,{FLAT},PublicTest\n2,{FLAT},"
    dataset = read_dataset(write(content), labels=Labels(usage="PublicTest"))
    assert [s.emotion for s in dataset.samples] == ["disgust"]
    assert dataset.left_out == {"row of Training": 1, "row of no usage": 1}
    assert dataset.notes == ()
