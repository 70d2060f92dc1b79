from pathlib import Path

import pytest

from landmark_emotion.training.datasets.names import identity_from_name


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
def test_identity_from_name(name, identity):
    assert identity_from_name(Path("anger", name)) == identity
