"""The files that benchmarks.damage and benchmarks.fuzz start from are good, and their damage is."""

import random
import zipfile
from io import BytesIO

import pytest

from benchmarks import damage
from benchmarks.fuzzing import mutations, pictures
from benchmarks.fuzzing.readers import READERS
from landmark_emotion.image_headers import image_size, png_is_whole


@pytest.mark.parametrize("name", sorted(READERS.keys() - {"image"}))
def test_a_reader_takes_its_seeds(tmp_path, name):
    reader = READERS[name]
    path = tmp_path / "file"
    for data in reader.seeds(()):
        path.write_bytes(data)
        assert damage.outcome(reader, path) == ("read", "")
    path.write_bytes(b"\0\1\2 nonsense")
    assert damage.outcome(reader, path)[0] == "refused"


def test_what_a_reader_must_not_raise_is_found(tmp_path):
    def fail(path):
        raise KeyError(path)

    found, details = damage.outcome(damage.Reader("x", fail, list), tmp_path / "file")
    assert found == "raised KeyError"
    assert "Traceback" in details


def test_the_same_seed_gives_the_same_damage():
    reader = READERS["manifest"]
    runs = [damage.Cases(reader, [], seed, hostile=False) for seed in (1, 1, 2)]
    first, again, other = ([cases[number] for number in range(50)] for cases in runs)
    assert first == again != other


def test_a_damaged_png_or_archive_keeps_its_checksums(png):
    rng = random.Random(0)
    whole = [png_is_whole(mutations.damaged_png(png, rng)) for _ in range(50)]
    assert sum(whole) > 40
    (model, *_) = READERS["model"].seeds(())
    for _ in range(20):
        with zipfile.ZipFile(BytesIO(mutations.damaged_zip(model, rng))) as archive:
            assert archive.testzip() is None


def test_forged_pictures_claim_what_they_are_told_to():
    assert image_size(pictures.png(70, 80, 8, 2)) == (70, 80)
    assert image_size(pictures.bmp(70, -80)) == (70, 80)
    for big in (False, True):
        assert image_size(pictures.tiff(70, 80, bytes(9), big)) == (70, 80)
        assert image_size(pictures.tiff(7, 8, b"", big, tile_width=(322, 900))) == (900, 8)
