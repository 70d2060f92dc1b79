import pytest
from trees import pollute, touch

from landmark_emotion.training.datasets import Labels, read_dataset

LIST = """train_00001.jpg 5
train_00002.jpg 1
test_0001.jpg 7
test_0002.jpg 9
nonsense

test_0003.jpg 3
test_0004.jpg 4
"""


@pytest.fixture(params=["list_patition_label.txt", "list_partition_label.txt"])
def basic(request, tmp_path):
    base = tmp_path / "RAF-DB" / "basic"
    touch(base / "EmoLabel" / request.param, content=LIST.encode())
    touch(base / "Image" / "aligned" / "train_00001_aligned.jpg")
    touch(base / "Image" / "original" / "train_00001.jpg")
    touch(base / "Image" / "original" / "train_00002.JPG", base / "Image" / "original" / "x.jpg")
    touch(base / "Image" / "aligned" / "test_0001_aligned.jpg")
    touch(base / "Image" / "aligned" / "test_0003_aligned.jpg")
    pollute(tmp_path)
    return base


def test_pictures_are_those_of_the_list_aligned_if_possible(basic):
    for path in (basic, basic.parent, next((basic / "EmoLabel").glob("list*"))):
        dataset = read_dataset(path)
        assert dataset.layout == "RAF-DB"
        assert [(s.path.name, s.emotion) for s in dataset.samples] == [
            ("train_00001_aligned.jpg", "sadness"),
            ("train_00002.JPG", "surprise"),
            ("test_0001_aligned.jpg", "neutral"),
            ("test_0003_aligned.jpg", "disgust"),
        ]
        assert dataset.left_out == {
            "row whose image is missing": 1,
            "image that is not in the list": 1,
        }
        (note,) = dataset.notes
        assert "2 damaged rows left out (lines 4, 5)" in note


def test_codes_can_be_given_another_meaning(basic):
    dataset = read_dataset(basic, labels=Labels(meanings={"5": "bored", "1": "pain"}))
    assert [s.emotion for s in dataset.samples] == ["bored", "pain"]
