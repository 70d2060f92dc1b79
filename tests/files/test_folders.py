import os
from pathlib import Path

import pytest
from trees import touch

from landmark_emotion.errors import DatasetError
from landmark_emotion.files.folders import natural_order, user_folder, walk_files


def names(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in walk_files(root)]


def test_numbers_in_names_sort_as_numbers():
    names = ["f100.png", "F9.png", "f10.png", "f09.png", "10", "9", "a", "B"]
    ordered = ["9", "10", "a", "B", "F9.png", "f09.png", "f10.png", "f100.png"]
    assert sorted(names, key=natural_order) == ordered
    odd = ["1", "01", "001", "a1", "A1", "a01", "", "٣", "²", "\udcff"]
    backwards = odd[::-1]
    assert sorted(odd, key=natural_order) == sorted(backwards, key=natural_order)


def test_files_are_walked_in_natural_order(tmp_path):
    ordered = ["2.png", "a2/1.png", "a10/1.png", "b/9.png", "b/10.png", "b/100.png"]
    for name in ordered[::-1]:
        touch(tmp_path / name)
    assert names(tmp_path) == ordered


def test_hidden_files_and_system_folders_are_left_out(tmp_path):
    for name in (
        ".DS_Store",
        "._x.png",
        "x.png",
        ".git/y.png",
        "__MACOSX/a/._x.png",
        "__MACOSX/a/x.png",
        "$RECYCLE.BIN/x.png",
        "System Volume Information/x.png",
    ):
        touch(tmp_path / name)
    assert names(tmp_path) == ["x.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need privileges on Windows")
def test_links_are_followed_and_every_folder_is_read_once(tmp_path, tmp_path_factory):
    touch(tmp_path / "a" / "1.png", tmp_path / "b" / "2.png")
    elsewhere = tmp_path_factory.mktemp("disk")
    touch(elsewhere / "3.png")
    (tmp_path / "d").symlink_to(elsewhere)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "self").symlink_to(".")
    (tmp_path / "c").symlink_to("a")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "round").symlink_to("round")
    pictures = [name for name in names(tmp_path) if name.endswith(".png")]
    assert pictures == ["a/1.png", "b/2.png", "d/3.png"]


def test_a_folder_that_cannot_be_listed_raises_an_error(tmp_path):
    with pytest.raises(DatasetError, match=r"none: cannot be listed .*; check the path"):
        list(walk_files(tmp_path / "none"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such environment variables")
def test_the_environment_decides_where_cache_and_settings_are(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/settings")
    assert user_folder("cache") == Path("/cache/landmark_emotion")
    assert user_folder("settings") == Path("/settings/landmark_emotion")


@pytest.mark.parametrize("found", [Path("~/.cache"), RuntimeError("no home")])
def test_a_user_without_a_home_has_no_folders(monkeypatch, found):
    def look_up(*_, **__):
        if isinstance(found, Path):
            return found
        raise found

    monkeypatch.setattr("platformdirs.user_cache_path", look_up)
    assert user_folder("cache") is None
