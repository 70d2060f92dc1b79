import pytest

from landmark_emotion.errors import ImageError, is_system_fault
from landmark_emotion.sources.images import read_image


def test_faults_of_the_system_are_told_from_faults_of_the_content(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"no image")
    with pytest.raises(ImageError) as content:
        read_image(path)
    assert not is_system_fault(content.value)

    def fail(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("pathlib.Path.read_bytes", fail)
    monkeypatch.setattr("pathlib.Path.open", fail)
    with pytest.raises(ImageError, match="Too many open files") as system:
        read_image(path)
    assert is_system_fault(system.value)
