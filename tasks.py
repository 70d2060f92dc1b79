"""One command for each job around the project: ``python3 tasks.py demo | install | test | check``.

Needs nothing but Python 3.10 or newer; everything else goes into the folder .venv.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 10)

JOBS = {
    "demo": "see it work on drawn faces: install, train, watch a drawn video",
    "install": "make .venv with the project in it",
    "test": "run the tests",
    "check": "run ruff, mypy, import-linter, and the tests with coverage",
}

# Several processes, but not so many that their predictors (100 MB each) fill the memory.
SIDE_BY_SIDE = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")


class TaskError(Exception):
    """Why a job cannot go on, for the user."""


def main(arguments):
    """Run one job and return the exit status."""
    if len(arguments) < 1 or arguments[0] not in JOBS:
        print("usage: python3 tasks.py JOB")
        for job, meaning in JOBS.items():
            print(f"  {job:<8} {meaning}")
        return 0 if arguments in (["-h"], ["--help"]) else 2
    job, rest = arguments[0], arguments[1:]
    try:
        check_python()
        {"demo": demo, "install": install, "test": test, "check": check}[job](rest)
    except TaskError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"error: {job} failed", file=sys.stderr)
        return error.returncode if 0 < error.returncode < 128 else 1
    except KeyboardInterrupt:
        return 130
    return 0


def check_python():
    """Refuse a Python that cannot do it, with the remedy."""
    if sys.version_info < OLDEST:
        raise TaskError(
            "Python {}.{} is too old; run this with Python 3.10 or newer".format(*sys.version_info)
        )
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            raise TaskError(
                f"this Python has no {module}; on Debian and Ubuntu run 'sudo apt install "
                "python3-venv', elsewhere install Python from python.org"
            ) from None


def install(extras=()):
    """Make .venv and install the project into it, unless that has been done."""
    extras = ",".join(sorted({"report", *extras}))
    wanted = hashlib.sha256(
        b"\0".join(
            [(HERE / name).read_bytes() for name in ("setup.cfg", "pyproject.toml")]
            + [extras.encode(), sys.version.encode(), str(HERE).encode()]
        )
    ).hexdigest()
    stamp = VENV / "installed-{}.txt".format(extras.replace(",", "-"))
    if PYTHON.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return
    # One that was interrupted while it was made has a Python but no pip; this repairs it as well.
    pip = list(VENV.glob("lib/python*/site-packages/pip")) + list(
        VENV.glob("Lib/site-packages/pip")
    )
    if not PYTHON.is_file() or not pip:
        print(f"making {VENV.name} ...", flush=True)
        run(sys.executable, "-m", "venv", str(VENV))
    print("installing ...", flush=True)
    run(str(PYTHON), "-m", "pip", "install", "--quiet", "--editable", f".[{extras}]")
    stamp.write_text(wanted)


def demo(rest):
    """Train on drawn faces and watch a drawn video."""
    install()
    faces, video = Path("data", "drawn-faces"), Path("data", "drawn-video.mp4")
    model = Path("models", "drawn.npz")
    if not (HERE / faces).is_dir():
        program("draw", faces)
    if not (HERE / video).is_file():
        program("draw", "--video", video)
    print("\n--- training on drawn faces ---", flush=True)
    program("train", faces, "--output", model)
    print("\n--- watching a drawn video (only changes are printed) ---", flush=True)
    program("webcam", "--source", video, "--model", model, "--changes-only")
    python = os.path.relpath(str(PYTHON), str(HERE))
    print(
        "\nThat was a toy on drawn faces. For real ones:\n"
        f"  {python} run_webcam.py         watch your camera, with the model that comes along\n"
        f"  {python} train.py PATH/TO/CK+  train on your CK/CK+ folder (see data/README.md)"
    )


def test(rest):
    """Run the tests."""
    install(["test", "tables", "web"])
    run(str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, *rest)


def check(rest):
    """Run everything that must pass before a change lands."""
    install(["test", "check", "dask", "tables", "web"])
    run(str(PYTHON), "-m", "ruff", "check", ".")
    run(str(PYTHON), "-m", "ruff", "format", "--check", ".")
    run(str(PYTHON), "-m", "mypy")
    run(str(PYTHON), "-c", "from importlinter.cli import lint_imports_command as c; c()")
    run(str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, "--cov", *rest)


def program(*arguments):
    """Run a command of the project."""
    run(str(PYTHON), "-m", "landmark_emotion", *[str(argument) for argument in arguments])


def run(*command):
    """Run a program in the project's folder; its failure ends the job."""
    try:
        subprocess.run(command, cwd=str(HERE), check=True)
    except OSError as error:
        raise TaskError(f"{command[0]}: cannot be started ({error.strerror})") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
