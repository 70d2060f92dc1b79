import os
import signal
import subprocess
import sys
import time

import pytest

from landmark_emotion.files import scratch
from landmark_emotion.files.scratch import scratch_folder
from landmark_emotion.files.writing import replace_atomically, written_gradually

HOLD = """
import sys, time
from pathlib import Path
from landmark_emotion.files.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print("there", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def fresh():
    """As in a program that has just started."""
    scratch._remove_abandoned.cache_clear()


@pytest.fixture
def other(tmp_path):
    """Another program that is writing into the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "there\n"
        yield process
        process.kill()


def test_it_is_gone_in_the_end(tmp_path):
    with scratch_folder(tmp_path) as folder:
        (folder / "x").write_text("x")
    assert not os.listdir(tmp_path)


def test_what_another_program_writes_is_left_alone(tmp_path, other):
    (folder,) = tmp_path.iterdir()
    replace_atomically(tmp_path / "x", b"x")
    assert sorted(os.listdir(tmp_path)) == sorted([folder.name, "x"])
    assert (folder / "half").read_text() == "half"


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_what_a_killed_program_left_is_removed_with_the_next_file(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert len(os.listdir(tmp_path)) == 1
    replace_atomically(tmp_path / "x", b"x")
    assert os.listdir(tmp_path) == ["x"]


def test_a_folder_without_its_sign_is_removed_when_it_is_old(tmp_path):
    for name, age in (("young", 0), ("old", 100)):
        folder = tmp_path / f"{scratch.PREFIX}{name}"
        folder.mkdir()
        os.utime(folder, (time.time() - age,) * 2)
    replace_atomically(tmp_path / "x", b"x")
    assert sorted(os.listdir(tmp_path)) == [f"{scratch.PREFIX}young", "x"]


def test_folders_of_other_programs_are_no_matter(tmp_path):
    (tmp_path / ".other-1").mkdir()
    os.utime(tmp_path / ".other-1", (0, 0))
    replace_atomically(tmp_path / "x", b"x")
    assert (tmp_path / ".other-1").is_dir()


def test_one_program_may_write_several_files_at_once(tmp_path):
    with written_gradually(tmp_path / "a") as one, written_gradually(tmp_path / "b") as other:
        scratch._remove_abandoned.cache_clear()
        replace_atomically(tmp_path / "c", b"c")
        one.write_bytes(b"a")
        other.write_bytes(b"b")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        name: name for name in "abc"
    }


def test_without_locks_nothing_is_taken_for_abandoned(tmp_path, other, monkeypatch):
    monkeypatch.setattr(scratch, "_lock", lambda number, wait=True: False)
    other.kill()
    other.wait()
    replace_atomically(tmp_path / "x", b"x")
    assert len(os.listdir(tmp_path)) == 2
