import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

import landmark_emotion
from landmark_emotion.errors import SourceError
from landmark_emotion.files.writing import PREFIX

HERE = Path(landmark_emotion.__file__).parents[1]
COMMANDS = ("train", "webcam", "image", "evaluate", "extract", "draw", "compare")

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals and pipes")


@pytest.fixture
def failing(monkeypatch, run):
    """Let a command fail in a way of one's choice."""

    def run_and_fail(error: BaseException):
        def fail(_):
            raise error

        monkeypatch.setattr("landmark_emotion.cli.draw.run", fail)
        return run("draw", "x")

    return run_and_fail


@pytest.fixture
def shots(tmp_path, png) -> Path:
    """Frames with a face, which take many seconds to go through."""
    folder = tmp_path / "shots"
    folder.mkdir()
    (folder / "0.png").write_bytes(png)
    for number in range(1, 2000):
        os.link(folder / "0.png", folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    result = run(command, "--help")
    assert result.status == 0
    assert result.out.startswith(f"usage: landmark-emotion {command}")
    assert result.err == ""


def test_help_lists_the_commands(run):
    result = run("--help")
    assert result.status == 0
    assert all(f"\n    {command} " in result.out for command in COMMANDS)


def test_the_version_is_told(run):
    result = run("--version")
    assert (result.status, result.out) == (0, f"landmark-emotion {landmark_emotion.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["train", "--nonsense"],
        ["train", "--runs", "0"],
        ["train", "--runs", "1.5"],
        ["train", "--test-size", "1"],
        ["train", "--test-size", "nan"],
        ["train", "--folds", "1"],
        ["train", "--seed", "-1"],
        ["train", "--peak-frames", "0"],
        ["train", "--jobs", "0"],
        ["webcam", "--format", "xml"],
        ["webcam", "--max-frames", "-1"],
        ["image"],
        ["evaluate", "model.npz"],
        ["extract", "folder"],
        ["extract", "folder", "-o", "no-suffix"],
        ["draw"],
        ["draw", "x", "--subjects", "0"],
        ["draw", "x", "--seed", "99999999999999999999"],
    ],
)
def test_wrong_usage_is_told_on_stderr_with_status_2(run, here, arguments):
    result = run(*arguments)
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("usage: landmark-emotion")
    assert not list(here.iterdir())


def test_an_error_is_one_line_on_stderr(failing):
    result = failing(SourceError("camera 0: gives no picture; plug it in again"))
    assert (result.status, result.out) == (1, "")
    assert result.err == "error: camera 0: gives no picture; plug it in again\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "x.npz"),
            "error: x.npz: the disk is full",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "error: output: the disk is full"),
        (
            PermissionError(errno.EACCES, "Permission denied", "data"),
            "error: data: Permission denied",
        ),
        (OSError(errno.EIO, "Input/output error"), "error: system: Input/output error"),
        (ModuleNotFoundError("No module named 'tqdm'", name="tqdm"), "error: tqdm: not installed;"),
        (
            ImportError("libGL.so.1: cannot open shared object file: No such file or directory"),
            "error: package: cannot be loaded (libGL.so.1",
        ),
    ],
)
def test_what_the_machine_lacks_is_one_line_too(failing, error, line):
    result = failing(error)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(line)
    assert result.err.count("\n") == 1


def test_ctrl_c_is_quiet(failing):
    result = failing(KeyboardInterrupt())
    assert (result.status, result.out, result.err) == (130, "", "")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug"),
        ImportError("cannot import name 'x'"),
        ModuleNotFoundError("No module named 'landmark_emotion.x'", name="landmark_emotion.x"),
    ],
)
def test_our_own_bugs_are_not_hidden(failing, error):
    with pytest.raises(type(error)):
        failing(error)


def test_an_overlong_path_is_an_error_and_no_traceback(run, model):
    for arguments in (["train", "x" * 5000], ["webcam", "--model", model, "--source", "x" * 5000]):
        result = run(*arguments)
        assert result.status == 1
        assert "File name too long" in result.err.splitlines()[-1]


def test_a_missing_package_is_told_with_the_remedy(spawn):
    program = "import sys; sys.modules['cv2'] = None; from landmark_emotion.cli import main; "
    process = spawn("-c", program + "sys.exit(main(['train']))")
    out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    assert err.startswith("error: cv2: not installed; run 'python3 tasks.py install'")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("program", "usage"),
    [
        (["-m", "landmark_emotion"], "usage: landmark-emotion [-h]"),
        ([HERE / "train.py"], "usage: landmark-emotion train"),
        ([HERE / "run_webcam.py"], "usage: landmark-emotion webcam"),
    ],
)
def test_the_programs_are_the_commands(spawn, program, usage):
    process = spawn(*program, "--help")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.startswith(usage)


@posix
def test_a_closed_pipe_ends_it_quietly(spawn, model, shots):
    process = spawn("-m", "landmark_emotion", "webcam", "--source", shots, "--model", model)
    assert process.stdout.readline().startswith("frame     0")
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read().startswith(f"model: {model}, 7 emotions")


@posix
def test_ctrl_c_in_the_middle_ends_it_with_130_and_no_traceback(spawn, model, shots):
    process = spawn("-m", "landmark_emotion", "webcam", "--source", shots, "--model", model)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.count("\n") < 1900
    assert err.count("\n") == 1  # the line about the model


@posix
def test_ctrl_c_while_workers_look_for_faces_leaves_nothing(spawn, nobody, tmp_path):
    folder = tmp_path / "faces" / "anger"
    folder.mkdir(parents=True)
    empty = cv2.imencode(".png", nobody)[1].tobytes()
    for number in range(300):  # which take long, as each is searched for small faces
        (folder / f"{number}.png").write_bytes(empty + bytes([number % 256, number // 256]))
    arguments = ["extract", "faces", "-o", "table.npz", "--jobs", 2, "--no-cache"]
    process = spawn("-m", "landmark_emotion", *arguments, start_new_session=True)
    assert "300 images to look at" in process.stderr.readline()
    with pytest.raises(subprocess.TimeoutExpired):  # the workers start meanwhile
        process.wait(2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "error" not in err
    assert "main.py" not in err  # only a worker that was just starting may complain
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


@posix
def test_without_a_stdout_it_still_works(spawn, model, video):
    arguments = ["webcam", "--source", video, "--model", model, "--max-frames", 1]
    process = spawn(
        "-m", "landmark_emotion", *arguments, stdout=None, preexec_fn=lambda: os.close(1)
    )
    assert "Traceback" not in process.communicate()[1]
    assert process.returncode == 0


@posix
def test_without_a_stderr_nothing_is_said_among_the_rows(spawn, model, video, tmp_path):
    arguments = ["video", video, "--model", model, "--format", "json", "--record", "seen.avi"]
    process = spawn(
        "-m", "landmark_emotion", *arguments, stderr=None, preexec_fn=lambda: os.close(2)
    )
    out, _ = process.communicate()
    assert process.returncode == 0
    assert [json.loads(line)["frame"] for line in out.splitlines()] == list(range(40))
    assert (tmp_path / "seen.avi").is_file()


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_stdout_is_told(spawn, model, video):
    arguments = ["webcam", "--source", video, "--model", model]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = spawn("-m", "landmark_emotion", *arguments, stdout=full)
        _, err = process.communicate()
    assert process.returncode == 1
    assert err.splitlines()[-1] == "error: output: the disk is full; make room"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")
def test_names_that_are_no_text_can_be_printed(run, here, model, png):
    name = os.fsdecode(b"gr\xfc\xdfe.png")
    Path(name).write_bytes(png)
    result = run("image", name, "--model", model)
    assert result.status == 0
    assert result.out.startswith("gr\\udcfc\\udcdfe.png: face 1: ")


@posix
def test_a_process_that_is_told_to_end_cleans_up(spawn, tmp_path):
    process = spawn("-m", "landmark_emotion", "draw", "faces", "--subjects", "200")
    while not list(tmp_path.glob(f"{PREFIX}*/faces")):
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    assert process.wait(20) == 143
    assert list(tmp_path.iterdir()) == []
