import errno
import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from landmark_emotion.errors import OutputError
from landmark_emotion.files.writing import (
    check_writable,
    natural_order,
    open_archive,
    read_whole,
    replace_atomically,
    user_folder,
)


def test_a_file_is_written_with_the_folders_on_the_way(tmp_path):
    path = tmp_path / "a" / "b" / "ü.bin"
    replace_atomically(path, b"\0\xff")
    assert path.read_bytes() == b"\0\xff"
    assert list(path.parent.iterdir()) == [path]


def test_only_files_are_read_and_no_more_than_asked_for(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_whole(tmp_path / "file", 5) == b"12345"
    assert read_whole(tmp_path / "file", 3) == b"1234"
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "none", 5)
    with pytest.raises(OSError, match="no regular file"):
        read_whole(tmp_path, 5)
    with pytest.raises(ValueError, match="null"):
        read_whole(Path("a\0b"), 5)


@pytest.mark.parametrize("comment", [b"", b"of three bytes and more PK"])
def test_an_archive_of_countless_members_is_not_opened(comment):
    for members, opens in ((5, True), (2000, False), (70_000, False)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for number in range(members):
                archive.writestr(str(number), b"")
            archive.comment = comment
        if opens:
            assert len(open_archive(buffer).namelist()) == members
        else:
            with pytest.raises(ValueError, match="too many members"):
                open_archive(buffer)
    for data in (b"", b"PK\5\6", b"no archive" * 10):
        with pytest.raises(zipfile.BadZipFile):
            open_archive(io.BytesIO(data))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_nobody_waits_for_a_pipe_or_reads_a_device_to_its_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="no regular file"):
            read_whole(path, 5)


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / ("n" * 255)
    replace_atomically(path, b"x")
    assert path.read_bytes() == b"x"


def test_rights_are_those_of_any_new_file(tmp_path):
    replace_atomically(tmp_path / "ours", b"")
    (tmp_path / "theirs").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "theirs").stat().st_mode


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_the_old_file_stays_where_writing_fails(tmp_path, monkeypatch, moment):
    path = tmp_path / "model.npz"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if moment == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OutputError, match=r"model\.npz: cannot be written \(No space left"):
        replace_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_behind_where_ctrl_c_stops_it(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        replace_atomically(tmp_path / "file", b"new")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_while_it_cleans_up_leaves_nothing_either(tmp_path, monkeypatch):
    moments = iter([KeyboardInterrupt])

    def stop(*arguments, **options):
        for moment in moments:
            raise moment
        remove(*arguments, **options)

    remove = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", stop)
    with pytest.raises(KeyboardInterrupt):
        replace_atomically(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("tries", [1, 4])
def test_a_file_that_a_scanner_holds_for_a_moment_is_replaced(tmp_path, monkeypatch, tries):
    moments = iter([PermissionError(errno.EACCES, "Access is denied")] * tries)

    def held(*arguments):
        for moment in moments:
            raise moment
        return replace(*arguments)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr("time.sleep", lambda _: None)
    replace_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_file_that_is_open_elsewhere_is_told_with_the_remedy(tmp_path, monkeypatch):
    def held(*_):
        raise PermissionError(errno.EACCES, "Access is denied")

    monkeypatch.setattr("sys.platform", "win32")
    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(OutputError, match=r"\(Access is denied\); close it where it is open, or"):
        replace_atomically(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_without_the_right_nobody_is_told_to_close_something(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(OutputError, match=r"\(Permission denied\); choose another place$"):
        check_writable(tmp_path / "file")


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "models").mkdir()
    with pytest.raises(OutputError, match="models: cannot be written"):
        replace_atomically(tmp_path / "models", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_a_file_on_the_way_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="choose another place"):
        replace_atomically(tmp_path / "file" / "model.npz", b"")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link.npz"
    link.symlink_to(tmp_path / "disk" / "real.npz")
    replace_atomically(link, b"content")
    assert link.is_symlink()
    assert (tmp_path / "disk" / "real.npz").read_bytes() == b"content"


@pytest.mark.skipif(os.name == "nt", reason="there are no such devices on Windows")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    # As /dev/null would be, which root can replace.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace_atomically(pipe, b"through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_numbers_in_names_are_ordered_as_numbers():
    names = ["f100.png", "F9.png", "f10.png", "f09.png", "10", "9", "a", "B"]
    assert sorted(names, key=natural_order) == [
        "9",
        "10",
        "a",
        "B",
        "F9.png",
        "f09.png",
        "f10.png",
        "f100.png",
    ]


def test_the_order_does_not_depend_on_the_listing():
    names = ["1", "01", "001", "a1", "A1", "a01", "", "٣", "²", "\udcff"]
    backwards = names[::-1]
    assert sorted(names, key=natural_order) == sorted(backwards, key=natural_order)


def test_cache_and_settings_lie_where_the_system_wants_it(monkeypatch, cache_folder):
    assert user_folder("cache") == cache_folder / "landmark_emotion"
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert user_folder("cache") == Path("/home/me/.cache/landmark_emotion")
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    monkeypatch.setenv("APPDATA", "/roaming")
    assert user_folder("cache") == Path("/local/landmark_emotion")
    assert user_folder("settings") == Path("/roaming/landmark_emotion")


def test_a_user_without_a_home_has_neither(monkeypatch):
    def fail():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA")
    monkeypatch.setattr(Path, "home", fail)
    assert user_folder("cache") is None


def test_what_cannot_be_written_is_known_beforehand(tmp_path):
    check_writable(tmp_path / "new" / "model.npz")
    assert list(tmp_path.iterdir()) == []
    check_writable(Path(os.devnull))
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file" / "model.npz"):
        with pytest.raises(OutputError, match=r"cannot be written \(.+\); choose another place"):
            check_writable(path)
    assert (tmp_path / "file").read_text() == "x"
