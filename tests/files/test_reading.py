import os
from pathlib import Path

import pytest

from landmark_emotion.errors import read_remedy
from landmark_emotion.files.reading import read_whole


def test_no_more_is_read_than_asked_for(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_whole(tmp_path / "file", 5) == b"12345"
    assert read_whole(tmp_path / "file", 3) == b"1234"


def test_only_regular_files_are_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "none", 5)
    with pytest.raises(OSError, match="not a regular file"):
        read_whole(tmp_path, 5)
    with pytest.raises(ValueError, match="null"):
        read_whole(Path("a\0b"), 5)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_pipes_and_devices_do_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            read_whole(path, 5)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (FileNotFoundError(2, "No such file"), "check the path"),
        (OSError(36, "File name too long"), "check the path"),
        (ValueError("embedded null byte"), "check the path"),
        (PermissionError(13, "Permission denied"), "check its permissions"),
        (OSError(5, "Input/output error"), "check the disk or network, then try again"),
        (OSError(116, "Stale file handle"), "check the disk or network, then try again"),
    ],
)
def test_the_remedy_fits_the_error(error, remedy):
    assert read_remedy(error) == remedy
