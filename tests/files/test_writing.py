import errno
import os
import time
from pathlib import Path

import pytest

from landmark_emotion.errors import OutputError
from landmark_emotion.files.writing import (
    PREFIX,
    check_writable,
    replace_atomically,
    replace_together,
    scratch_folder,
    written_gradually,
)


def test_missing_folders_are_created(tmp_path):
    path = tmp_path / "a" / "b" / "ü.bin"
    replace_atomically(path, b"\0\xff")
    assert path.read_bytes() == b"\0\xff"
    assert list(path.parent.iterdir()) == [path]


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / ("n" * 255)
    replace_atomically(path, b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_the_old_file_survives_a_failure(tmp_path, monkeypatch, moment):
    path = tmp_path / "model.npz"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if moment == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OutputError, match=r"model\.npz: cannot be written \(No space left"):
        replace_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_open_for_a_moment_is_replaced(tmp_path, monkeypatch):
    moments = iter([PermissionError(errno.EACCES, "Access is denied")] * 4)

    def held(*arguments):
        for moment in moments:
            raise moment
        return replace(*arguments)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr("time.sleep", lambda _: None)
    replace_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_on_windows_the_remedy_is_to_close_the_file(tmp_path, monkeypatch):
    def held(*_):
        raise PermissionError(errno.EACCES, "Access is denied")

    monkeypatch.setattr("sys.platform", "win32")
    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(OutputError, match=r"\(Access is denied\); close it where it is open, or"):
        replace_atomically(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_elsewhere_the_remedy_is_another_place(tmp_path, monkeypatch):
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


@pytest.mark.skipif(os.name == "nt", reason="links need privileges on Windows")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link.npz"
    link.symlink_to(tmp_path / "disk" / "real.npz")
    replace_atomically(link, b"content")
    assert link.is_symlink()
    assert (tmp_path / "disk" / "real.npz").read_bytes() == b"content"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    # Root could replace a device such as /dev/null.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace_atomically(pipe, b"through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_check_writable_creates_nothing(tmp_path):
    check_writable(tmp_path / "new" / "model.npz")
    assert list(tmp_path.iterdir()) == []
    check_writable(Path(os.devnull))
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file" / "model.npz"):
        with pytest.raises(OutputError, match=r"cannot be written \(.+\); choose another place"):
            check_writable(path)
    assert (tmp_path / "file").read_text() == "x"


posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_replaced_file_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "file"

    def gradually():
        with written_gradually(path) as draft:
            draft.path.write_bytes(b"new")
            draft.keep()

    for write in (
        lambda: replace_atomically(path, b"new"),
        lambda: replace_together(tmp_path, {"file": b"new"}),
        gradually,
    ):
        path.write_bytes(b"old")
        path.chmod(mode)
        write()
        assert path.read_bytes() == b"new"
        assert path.stat().st_mode & 0o777 == mode


@posix
def test_new_files_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        replace_atomically(tmp_path / "one", b"")
        replace_together(tmp_path, {"two": b""})
        with written_gradually(tmp_path / "three") as draft:
            draft.keep()
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("one", "two", "three"), 0o640)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_draft_replaces_the_file_only_if_it_is_kept(tmp_path, error, kept, old):
    path = tmp_path / "rows.csv"
    if old is not None:
        path.write_bytes(old)
    try:
        with written_gradually(path) as draft:
            assert draft.path.suffix == ".csv"
            draft.path.write_bytes(b"new")
            if kept:
                draft.keep()
            if error is not None:
                raise error
    except (KeyboardInterrupt, ZeroDivisionError):
        pass
    assert (path.read_bytes() if path.exists() else None) == (b"new" if kept else old)
    assert {file.name for file in tmp_path.iterdir()} <= {"rows.csv"}


def test_only_what_killed_runs_left_long_ago_is_removed(tmp_path):
    now = time.time()
    for name, folder_age, file_age in (
        (f"{PREFIX}old", 1e6, 1e6),
        (f"{PREFIX}new", 100, 100),
        (f"{PREFIX}still-written-to", 1e6, 100),
        (".other-program", 1e6, 1e6),
    ):
        file = tmp_path / name / "file"
        file.parent.mkdir()
        file.touch()
        os.utime(file, (now - file_age,) * 2)
        os.utime(file.parent, (now - folder_age,) * 2)
    with scratch_folder(tmp_path):
        pass
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"{PREFIX}new", f"{PREFIX}still-written-to", ".other-program"}
