"""Usage, exit status and errors of all commands."""

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
    """Make a command raise an error."""

    def run_and_fail(error: BaseException):
        def fail(_):
            raise error

        monkeypatch.setattr("landmark_emotion.cli.draw.run", fail)
        return run("draw", "x")

    return run_and_fail


@pytest.fixture
def shots(tmp_path, png) -> Path:
    """A sequence of faces that takes many seconds to read."""
    folder = tmp_path / "shots"
    folder.mkdir()
    (folder / "0.png").write_bytes(png)
    for number in range(1, 2000):
        os.link(folder / "0.png", folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    result = run(command, "--help")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"usage: landmark-emotion {command}")


def test_help_lists_the_commands_and_the_exit_status(run):
    result = run("--help")
    assert result.status == 0
    assert all(f"\n    {command} " in result.out for command in COMMANDS)
    assert "exit status:\n  0 " in result.out


def test_without_a_command_there_is_the_help(run):
    assert run() == run("--help")


def test_version_names_the_cache(run, cache_folder):
    result = run("--version")
    version, cache, landmarks = result.out.splitlines()
    assert result.status == 0
    assert version == f"landmark-emotion {landmark_emotion.__version__}"
    assert cache.startswith("cache: ")
    assert landmarks in ("landmarks: computed with Numba", "landmarks: computed with NumPy")
    if sys.platform == "linux":
        assert Path(cache.removeprefix("cache: ")) == cache_folder / "landmark_emotion"


@pytest.mark.parametrize(
    "arguments",
    [
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
        *(["webcam", f"--calibrate={seconds}"] for seconds in ("0", "-1", "1e9", "soon", "nan")),
        ["image"],
        ["evaluate", "model.npz"],
        ["extract", "folder"],
        ["extract", "folder", "-o", "no-suffix"],
        ["draw"],
        ["draw", "x", "--subjects", "0"],
        ["draw", "x", "--seed", "99999999999999999999"],
    ],
)
def test_wrong_usage_has_status_2(run, here, arguments):
    result = run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("usage: landmark-emotion")
    assert not list(here.iterdir())


def test_error_is_one_line_on_stderr(failing):
    result = failing(SourceError("camera 0: delivers no frames; plug it in again"))
    assert (result.status, result.out) == (1, "")
    assert result.err == "error: camera 0: delivers no frames; plug it in again\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space", "x.npz"), "x.npz: the disk is full; free some space"),
        (OSError(errno.ENOSPC, "No space"), "output: the disk is full"),
        (PermissionError(errno.EACCES, "denied", "data"), "data: denied; check its permissions"),
        (OSError(errno.EIO, "Input/output error"), "system: Input/output error; check the disk"),
        (ModuleNotFoundError("No module named 'tqdm'", name="tqdm"), "tqdm: not installed;"),
        (ImportError("libGL.so.1: cannot open shared object file"), "package: cannot be loaded ("),
    ],
)
def test_system_error_is_one_line(failing, error, line):
    result = failing(error)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"error: {line}")
    assert result.err.count("\n") == 1


@posix
def test_broken_pipe_other_than_stdout_is_an_error(spawn):
    fail = "def fail(_): raise BrokenPipeError(32, 'Broken pipe')"
    code = "from landmark_emotion.cli import draw, main; draw.run = fail; exit(main(['draw', 'x']))"
    process = spawn("-c", f"{fail}\n{code}")
    assert process.communicate() == (
        "",
        "error: system: Broken pipe; check the disk or network, then try again\n",
    )
    assert process.returncode == 1


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
def test_bugs_are_not_hidden(failing, error):
    with pytest.raises(type(error)):
        failing(error)


def test_overlong_path_is_an_error(run, model):
    for arguments in (["train", "x" * 5000], ["webcam", "--model", model, "--source", "x" * 5000]):
        result = run(*arguments)
        assert result.status == 1
        assert "File name too long" in result.err.splitlines()[-1]


def test_missing_package_is_named_with_a_remedy(spawn):
    program = "import sys; sys.modules['cv2'] = None; from landmark_emotion.cli import main; "
    process = spawn("-c", program + "sys.exit(main(['train']))")
    out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    assert err.startswith("error: cv2: not installed; run 'pip install opencv-python'")
    assert err.count("\n") == 1


@pytest.mark.parametrize("script", ["train.py", "run_webcam.py"])
def test_scripts_are_commands(spawn, script):
    process = spawn(HERE / script, "--help")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    command = script.removeprefix("run_").removesuffix(".py")
    assert out.startswith(f"usage: landmark-emotion {command}")


@posix
def test_closed_pipe_is_quiet(spawn, model, shots):
    process = spawn("-m", "landmark_emotion", "webcam", "--source", shots, "--model", model)
    assert process.stdout.readline().startswith("frame     0")
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read().startswith(f"model: {model} (")


@posix
def test_ctrl_c_keeps_the_results(spawn, model, shots, tmp_path):
    options = ["--model", model, "-o", "r.csv", "--record", "r.avi", "--reconnect", "0"]
    process = spawn("-m", "landmark_emotion", "webcam", "--source", shots, *options)
    assert process.stderr.readline().startswith("model: ")
    while not any(p.read_text().count("\n") > 2 for p in tmp_path.glob(f"{PREFIX}*/file.csv")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "results: r.csv, 1 source" in err.splitlines()
    assert 1 < (tmp_path / "r.csv").read_text().count("\n") < 1900
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.avi", "r.csv", "shots"]


@posix
def test_ctrl_c_stops_workers_and_leaves_nothing(spawn, nobody, tmp_path):
    folder = tmp_path / "faces" / "anger"
    folder.mkdir(parents=True)
    empty = cv2.imencode(".png", nobody)[1].tobytes()
    for number in range(300):  # slow, as each is searched for small faces
        (folder / f"{number}.png").write_bytes(empty + bytes([number % 256, number // 256]))
    arguments = ["extract", "faces", "-o", "table.npz", "--jobs", 2, "--no-cache"]
    process = spawn("-m", "landmark_emotion", *arguments, start_new_session=True)
    assert "300 images" in process.stderr.readline()
    with pytest.raises(subprocess.TimeoutExpired):  # the workers start meanwhile
        process.wait(2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "error" not in err
    assert "main.py" not in err  # only a worker that was just starting may complain
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


@posix
def test_closed_stdout(spawn):
    process = spawn(
        "-m", "landmark_emotion", "--version", stdout=None, preexec_fn=lambda: os.close(1)
    )
    assert process.communicate()[1] == ""
    assert process.returncode == 0


@posix
def test_closed_stderr_does_not_mix_messages_into_the_rows(spawn, model, video, tmp_path):
    arguments = [video, "--model", model, "--format", "json", "--record", "seen.avi"]
    process = spawn(
        *("-m", "landmark_emotion", "video", *arguments, "--max-frames", 5),
        stderr=None,
        preexec_fn=lambda: os.close(2),
    )
    out, _ = process.communicate()
    assert process.returncode == 0
    assert [json.loads(line)["frame"] for line in out.splitlines()] == list(range(5))
    assert (tmp_path / "seen.avi").is_file()


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_full_disk_behind_stdout(spawn, png, tmp_path, model):
    (tmp_path / "face.png").write_bytes(png)
    arguments = ["image", "face.png", "--model", model]
    with Path("/dev/full").open("w") as full:
        process = spawn("-m", "landmark_emotion", *arguments, stdout=full)
        _, err = process.communicate()
    assert process.returncode == 1
    assert err.splitlines()[-1] == "error: output: the disk is full; free some space"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")
def test_names_that_are_no_text_can_be_printed(run, here, model, png):
    name = os.fsdecode(b"gr\xfc\xdfe.png")
    Path(name).write_bytes(png)
    result = run("image", name, "--model", model)
    assert result.status == 0
    assert result.out.startswith("gr\\udcfc\\udcdfe.png ")


@posix
def test_sigterm_removes_unfinished_files(spawn, tmp_path):
    process = spawn("-m", "landmark_emotion", "draw", "faces", "--subjects", "200")
    while not list(tmp_path.glob(f"{PREFIX}*/faces")):
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    assert process.wait(20) == 143
    assert list(tmp_path.iterdir()) == []
