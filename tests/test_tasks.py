import ast
import builtins
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[1] / "tasks.py"


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """The module, as if it lay in an empty folder, which notes instead of running."""
    spec = importlib.util.spec_from_file_location("tasks", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    for name in ("setup.cfg", "pyproject.toml"):
        (tmp_path / name).write_text("[one]")
    module.ran = []

    def note(command, **_):
        module.ran.append(list(command))
        if module.ran[-1][1:3] == ["-m", "venv"]:
            module.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            module.PYTHON.touch()
            (tmp_path / ".venv/lib/python3.99/site-packages/pip").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(subprocess, "run", note)
    return module


def test_it_can_be_parsed_by_pythons_that_are_too_old_so_that_they_can_be_told():
    ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_it_needs_nothing_but_the_standard_library():
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", [(3, 6, 15, "final", 0), (3, 9, 1, "final", 0)])
def test_a_python_that_is_too_old_is_told(tasks, monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", version)
    assert tasks.main(["install"]) == 1
    assert capsys.readouterr().err == (
        f"error: Python 3.{version[1]} is too old; run this with Python 3.10 or newer\n"
    )
    assert not tasks.ran


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told(tasks, monkeypatch, capsys, module):
    original = builtins.__import__

    def without(name, *arguments):
        if name == module:
            raise ImportError(name)
        return original(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    assert tasks.main(["install"]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"error: this Python has no {module}; on Debian and Ubuntu run 'sudo apt")
    assert err.count("\n") == 1
    assert not tasks.ran


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"], ["Test"]])
def test_an_unknown_job_gets_the_usage_and_status_2(tasks, capsys, arguments):
    assert tasks.main(arguments) == 2
    out = capsys.readouterr().out
    assert out.startswith("usage: python3 tasks.py JOB")
    assert all(f"\n  {job} " in out for job in ("demo", "install", "test", "check"))
    assert not tasks.ran


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_no_error(tasks, flag, capsys):
    assert tasks.main([flag]) == 0
    assert "usage" in capsys.readouterr().out


def test_install_makes_an_environment_once(tasks):
    assert tasks.main(["install"]) == 0
    python = str(tasks.PYTHON)
    assert tasks.ran == [
        [sys.executable, "-m", "venv", str(tasks.VENV)],
        [python, "-m", "pip", "install", "--quiet", "--editable", "."],
    ]
    tasks.ran.clear()
    assert tasks.main(["install"]) == 0
    assert not tasks.ran


def test_it_installs_anew_where_the_requirements_changed(tasks):
    tasks.main(["install"])
    tasks.ran.clear()
    (tasks.HERE / "setup.cfg").write_text("[two]")
    tasks.main(["install"])
    assert [command[2] for command in tasks.ran] == ["pip"]


def test_extras_are_installed_besides(tasks):
    tasks.main(["install"])
    tasks.ran.clear()
    tasks.install(["test"])
    tasks.install(["test"])
    assert [command[-1] for command in tasks.ran] == [".[test]"]


def test_an_environment_that_was_interrupted_is_repaired(tasks):
    tasks.PYTHON.parent.mkdir(parents=True)
    tasks.PYTHON.touch()  # but there is no pip yet
    assert tasks.main(["install"]) == 0
    assert tasks.ran[0][1:3] == ["-m", "venv"]


def test_an_installation_that_failed_is_tried_again(tasks, monkeypatch, capsys):
    def fail(command, **_):
        raise subprocess.CalledProcessError(3, command)

    tasks.main(["install"])
    (tasks.HERE / "setup.cfg").write_text("[two]")
    tasks.ran.clear()
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", fail)
        assert tasks.main(["install"]) == 3
    assert capsys.readouterr().err == "error: install failed\n"
    assert tasks.main(["install"]) == 0
    assert [command[2] for command in tasks.ran] == ["pip"]


def test_a_job_that_was_killed_is_a_failure(tasks, monkeypatch):
    def killed(command, **_):
        raise subprocess.CalledProcessError(-9, command)

    monkeypatch.setattr(subprocess, "run", killed)
    assert tasks.main(["test"]) == 1


def test_ctrl_c_ends_a_job_quietly(tasks, monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", stop)
    assert tasks.main(["test"]) == 130
    assert capsys.readouterr().err == ""


def test_a_program_that_cannot_be_started_is_told(tasks, monkeypatch, capsys):
    def missing(*_, **__):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(subprocess, "run", missing)
    assert tasks.main(["install"]) == 1
    assert "cannot be started (No such file or directory)" in capsys.readouterr().err


def test_arguments_after_test_go_to_pytest(tasks):
    assert tasks.main(["test", "-k", "features"]) == 0
    assert tasks.ran[-1][:3] == [str(tasks.PYTHON), "-m", "pytest"]
    assert tasks.ran[-1][-2:] == ["-k", "features"]


def test_the_demo_draws_once_trains_and_watches(tasks, capsys):
    assert tasks.main(["demo"]) == 0
    programs = [c[3:] for c in tasks.ran if c[1:3] == ["-m", "landmark_emotion"]]
    assert [program[0] for program in programs] == ["draw", "draw", "train", "webcam"]
    assert "toy on drawn faces" in capsys.readouterr().out
    (tasks.HERE / "data" / "drawn-faces").mkdir(parents=True)
    (tasks.HERE / "data" / "drawn-video.mp4").touch()
    tasks.ran.clear()
    assert tasks.main(["demo"]) == 0
    assert [command[3] for command in tasks.ran] == ["train", "webcam"]


def test_run_as_a_program_it_gives_the_usage(spawn):
    process = spawn(FILE)
    out, err = process.communicate()
    assert (process.returncode, err) == (2, "")
    assert out.startswith("usage: python3 tasks.py JOB")


def test_an_archive_that_lacks_a_file_or_has_one_too_many_is_refused(tasks):
    tasks.compare("x.whl", {"a.py"}, {"a.py"})
    with pytest.raises(tasks.TaskError, match=r"^x\.whl: lacks \['a'\], has too much: \['b'\]$"):
        tasks.compare("x.whl", {"b"}, {"a"})


def test_the_oldest_versions_have_an_environment_of_their_own(tasks, tmp_path):
    assert tasks.main(["oldest", "-k", "features"]) == 0
    install, tests = tasks.ran[-2:]
    assert "lowest-direct" in install
    assert install[0] == tests[0] != str(tasks.PYTHON)
    assert tests[1:3] == ["-m", "pytest"]
    assert tests[-2:] == ["-k", "features"]


def test_the_jobs_of_the_continuous_integration_exist(tasks):
    path = FILE.parent / ".github" / "workflows" / "test.yml"
    if not path.is_file():
        pytest.skip("not part of the sdist")
    text = path.read_text(encoding="utf-8")
    jobs = re.findall(r"tasks\.py (\w+)", text)
    assert set(jobs) <= set(tasks.JOBS)
    assert {"test", "check"} <= set(jobs)
