import ast
import builtins
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[1] / "tasks.py"


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """The module as if it were in an empty folder; commands are recorded, not run."""
    spec = importlib.util.spec_from_file_location("tasks", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    for name in ("setup.cfg", "pyproject.toml"):
        (tmp_path / name).write_text("[one]")
    module.ran = []

    def record(command, **_):
        module.ran.append(list(command))
        if command[1:3] == ("-m", "venv"):
            python = Path(module.python_of(module.VENV))
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
            (tmp_path / ".venv/lib/python3.99/site-packages/pip").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(subprocess, "run", record)
    return module


def test_it_needs_only_the_standard_library_and_old_pythons_can_parse_it():
    tree = ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 6))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_python_that_is_too_old_is_refused(tasks, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    assert tasks.main(["install"]) == 1
    assert capsys.readouterr().err == (
        "error: Python 3.9 is too old; run this with Python 3.10 or newer\n"
    )
    assert not tasks.ran


def test_a_python_without_venv_is_refused(tasks, monkeypatch, capsys):
    original = builtins.__import__

    def without_ensurepip(name, *arguments):
        if name == "ensurepip":
            raise ImportError(name)
        return original(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_ensurepip)
    assert tasks.main(["install"]) == 1
    assert "this Python has no ensurepip; on Debian and Ubuntu run" in capsys.readouterr().err
    assert not tasks.ran


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["nonsense"], 2), (["--help"], 0)])
def test_the_usage_lists_all_jobs(tasks, capsys, arguments, status):
    assert tasks.main(arguments) == status
    out = capsys.readouterr().out
    assert all(f"\n  {job} " in out for job in ("demo", "install", "test", "check"))
    assert not tasks.ran


def test_it_installs_once_and_again_if_requirements_change_or_it_failed(tasks, monkeypatch):
    def fail(command, **_):
        raise subprocess.CalledProcessError(3, command)

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", fail)
        assert tasks.main(["install"]) == 3
    assert tasks.main(["install"]) == 0
    python = tasks.python_of(tasks.VENV)
    install = [python, "-m", "pip", "install", "--quiet", "--editable", ".[fast,report]"]
    assert tasks.ran == [[sys.executable, "-m", "venv", str(tasks.VENV)], install]
    tasks.ran.clear()
    assert tasks.main(["install"]) == 0
    assert not tasks.ran
    (tasks.HERE / "setup.cfg").write_text("[two]")
    assert tasks.main(["install", "web"]) == 0
    assert tasks.ran == [[*install[:-1], ".[fast,report,web]"]]


DEMO = ["train", "webcam", "video", "plot", "explain"]


def test_the_demo_draws_once_trains_and_watches(tasks, capsys):
    assert tasks.main(["demo"]) == 0
    programs = [c[3:] for c in tasks.ran if c[1:3] == ["-m", "landmark_emotion"]]
    assert [program[0] for program in programs] == ["draw", "draw", *DEMO]
    out = capsys.readouterr().out
    for name in ("report.html", "plot.png", "picture.png"):
        assert name in out
    (tasks.HERE / "data" / "drawn-faces").mkdir(parents=True)
    (tasks.HERE / "data" / "drawn-video.mp4").touch()
    tasks.ran.clear()
    assert tasks.main(["demo"]) == 0
    assert [command[3] for command in tasks.ran] == DEMO


def test_arguments_after_test_go_to_pytest(tasks):
    assert tasks.main(["test", "-k", "features"]) == 0
    assert tasks.ran[-1][1:3] == ["-m", "pytest"]
    assert tasks.ran[-1][-2:] == ["-k", "features"]
