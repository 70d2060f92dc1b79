import pytest
from trees import pollute, touch

from landmark_emotion.training.datasets import read_dataset


def samples(dataset) -> list[tuple[str, str, str]]:
    return [(s.path.name, s.emotion, s.subject) for s in dataset.samples]


@pytest.fixture(params=["", "copy/inner"])
def root(request, tmp_path):
    """A folder to put a data set into, once deeper as well."""
    return tmp_path / "data" / request.param


def test_kdef(root, tmp_path):
    for name in ("AF01ANS.JPG", "BF01NES.jpg", "AF01ANHL.JPG", "AF01ANFR.JPG"):
        touch(root / "AF01" / name)
    touch(root / "AM35" / "AM35AFS.JPG", root / "AM35" / "AM35SUS_crop.png")
    touch(root / "AM35" / "AM35.JPG", root / "AM35" / "AM35XXS.JPG")
    pollute(tmp_path / "data")
    dataset = read_dataset(tmp_path / "data")
    assert dataset.layout == "KDEF"
    assert samples(dataset) == [
        ("AF01ANS.JPG", "anger", "F01"),
        ("BF01NES.jpg", "neutral", "F01"),
        ("AM35AFS.JPG", "fear", "M35"),
        ("AM35SUS_crop.png", "surprise", "M35"),
    ]
    assert dataset.left_out == {"side view": 2, "image whose name is not one of KDEF": 2}


def test_jaffe(root, tmp_path):
    for name in ("KA.AN1.39.tiff", "KA.NE1.26.TIFF", "YM.FE4.70.tif", "KA.HA.1.tiff"):
        touch(root / name)
    touch(root / "average.tiff")
    pollute(tmp_path / "data")
    dataset = read_dataset(tmp_path / "data")
    assert dataset.layout == "JAFFE"
    assert samples(dataset) == [
        ("KA.AN1.39.tiff", "anger", "KA"),
        ("KA.HA.1.tiff", "happiness", "KA"),
        ("KA.NE1.26.TIFF", "neutral", "KA"),
        ("YM.FE4.70.tif", "fear", "YM"),
    ]
    assert dataset.left_out == {"image whose name is not one of JAFFE": 1}


def test_rafd(root, tmp_path):
    for tail in (
        "090_01_Caucasian_female_angry_frontal.jpg",
        "090_01_Caucasian_female_contemptuous_left.JPG",
        "090_47_Moroccan_male_neutral_right.jpg",
        "045_01_Caucasian_female_angry_frontal.jpg",
        "180_01_Kid_female_angry_frontal.jpg",
    ):
        touch(root / f"Rafd{tail}")
    touch(root / "Rafd090_01_Caucasian_female_bored_frontal.jpg")
    pollute(tmp_path / "data")
    dataset = read_dataset(tmp_path / "data")
    assert dataset.layout == "RaFD"
    assert [(emotion, subject) for _, emotion, subject in samples(dataset)] == [
        ("anger", "01"),
        ("contempt", "01"),
        ("neutral", "47"),
    ]
    assert dataset.left_out == {"side view": 2, "image whose name is not one of RaFD": 1}


def test_both_in_one_folder_are_both_named(tmp_path):
    touch(tmp_path / "KA.AN1.39.tiff", tmp_path / "AF01ANS.JPG")
    assert read_dataset(tmp_path).layout == "JAFFE and KDEF"


def test_a_few_such_names_in_class_folders_only_tell_the_person(tmp_path):
    touch(*(tmp_path / "happy" / f"{number}.png" for number in range(3)))
    touch(tmp_path / "angry" / "AF01ANS.JPG")
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "class folders"
    assert samples(dataset)[0] == ("AF01ANS.JPG", "anger", "F01")
